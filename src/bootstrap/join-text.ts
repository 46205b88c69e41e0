/** What `init` says at its end. Scripts look for the join commands in it, on two lines each as kubeadm prints them. */
import { caHash } from '../pki/ca-hash.ts'
import { pemList } from './discovery/discover.ts'
import type { Init } from './init.ts'
import { joinCommandLines } from './join-command.ts'
import { apiEndpoint } from './node-context.ts'
import { paths } from './paths.ts'

/** How a user comes to use the cluster. */
export const adminText = `To start using your cluster, you need to run the following as a regular user:

  mkdir -p $HOME/.kube
  sudo cp -i ${paths.adminConf} $HOME/.kube/config
  sudo chown $(id -u):$(id -g) $HOME/.kube/config

Alternatively, if you are the root user, you can run:

  export KUBECONFIG=${paths.adminConf}
`

const hidden = '<value withheld>'

export async function joinText(context: Init): Promise<string> {
  const cluster = await context.cluster()
  const ca = await context.host.files.read(`${cluster.certificatesDir}/ca.crt`)
  const token = context.showToken ? context.init.bootstrapTokens[0]?.token : hidden
  const invitation = {
    endpoint: apiEndpoint(cluster, context.endpoint),
    token: token ?? hidden,
    caHashes: pemList(ca).map(caHash),
  }
  const key = context.showCertificateKey ? context.certificateKey : context.certificateKey && hidden
  const controlPlane = `You can now join any number of the control-plane node running the following command on each as root:

  ${joinCommandLines({ ...invitation, controlPlane: true, ...(key && { certificateKey: key }) })}
`
  const warning = `
Please note that the certificate-key gives access to cluster sensitive data, keep it secret!
As a safeguard, uploaded-certs will be deleted in two hours; If necessary, you can use
"kobune init phase upload-certs --upload-certs" to reload certs afterward.
`
  const copy = `
Copy certificate authorities and service account keys to each node first (kobune certs export), or upload them with
"kobune init phase upload-certs --upload-certs".
`
  const network = cluster.networking.podSubnet
    ? `A pod network for ${cluster.networking.podSubnet} is built in and runs.`
    : `You should now deploy a pod network to the cluster.
Run "kubectl apply -f [podnetwork].yaml" with one of the options listed at:
  https://kubernetes.io/docs/concepts/cluster-administration/addons/`
  return `
Your Kubernetes control-plane has initialized successfully!

${adminText}
${network}

${controlPlane}${key ? warning : copy}
Then you can join any number of worker nodes by running the following on each as root:

${joinCommandLines(invitation)}
`
}
