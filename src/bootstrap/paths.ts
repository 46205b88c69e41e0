/** Where a cluster of one machine keeps things. /etc/kubernetes and /var/lib/kubelet are laid out as kubeadm lays them out. */
export const paths = {
  /** Survives a reboot: the database, images, who we are. */
  state: '/var/lib/kobune',
  database: '/var/lib/kobune/server/state.db',
  containerdRoot: '/var/lib/kobune/containerd',
  images: '/var/lib/kobune/images',
  /** The Node of the image, by a name of its own. */
  node: '/var/lib/kobune/images/node',
  /** What `up` changed outside of its own folders, so that `down --purge` can take it back. */
  record: '/var/lib/kobune/up.json',
  /** Gone at a reboot: sockets, pid files, addresses given out. */
  run: '/run/kobune',
  containerdState: '/run/kobune/containerd',
  containerdSocket: '/run/kobune/containerd/containerd.sock',
  cniConf: '/var/lib/kobune/cni/net.d',
  cniData: '/run/kobune/cni',
  serverPid: '/run/kobune/server.pid',
  /** Where the server of a cluster of one machine takes orders of root. */
  serverSocket: '/run/kobune/server.sock',
  agentPid: '/run/kobune/agent.pid',
  logs: '/var/log/kobune',
  serverLog: '/var/log/kobune/server.log',
  agentLog: '/var/log/kobune/agent.log',
  containerdLog: '/var/log/kobune/containerd.log',
  kubernetes: '/etc/kubernetes',
  pki: '/etc/kubernetes/pki',
  manifests: '/etc/kubernetes/manifests',
  adminConf: '/etc/kubernetes/admin.conf',
  superAdminConf: '/etc/kubernetes/super-admin.conf',
  kubeletConf: '/etc/kubernetes/kubelet.conf',
  controllerManagerConf: '/etc/kubernetes/controller-manager.conf',
  /** kubeadm's proxy uses a service account; one without a pod needs a certificate. */
  proxyConf: '/etc/kubernetes/kube-proxy.conf',
  schedulerConf: '/etc/kubernetes/scheduler.conf',
  bootstrapKubeletConf: '/etc/kubernetes/bootstrap-kubelet.conf',
  /** Dry runs, backups of upgrades. */
  kubernetesTmp: '/etc/kubernetes/tmp',
  kubelet: '/var/lib/kubelet',
  kubeletConfig: '/var/lib/kubelet/config.yaml',
  kubeletInstanceConfig: '/var/lib/kubelet/instance-config.yaml',
  kubeletFlags: '/var/lib/kubelet/kubeadm-flags.env',
  kubeletClientCertificate: '/var/lib/kubelet/pki/kubelet-client-current.pem',
  kubeletPid: '/run/kobune/kubelet.pid',
  kubeletLog: '/var/log/kobune/kubelet.log',
  /** What `init` and `join` are doing or have done here. */
  journal: '/var/lib/kobune/node.json',
  /** The command lines of a control plane without pods. */
  controlPlaneProcesses: '/var/lib/kobune/control-plane.json',
  /** What an upgrade of the static pods is doing. */
  upgradeJournal: '/var/lib/kobune/upgrade.json',
  podLogs: '/var/log/pods',
  containerLogs: '/var/log/containers',
} as const
