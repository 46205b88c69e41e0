import { atomicList, bool, dflt, int32, int64, map, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { ObjectMeta } from '../../meta/v1/object-meta.ts'
import { quantity } from '../../meta/v1/scalars.ts'
import { fillVolume } from './defaults.ts'
import { ObjectFieldSelector, ResourceFieldSelector } from './env-var.ts'
import { PersistentVolumeClaimSpec } from './persistent-volume-claim.ts'
import { LocalObjectReference } from './service-account.ts'

export class AWSElasticBlockStoreVolumeSource extends core.type({
  fsType: string(),
  partition: int32(),
  readOnly: bool(),
  volumeID: required(string()),
}) {}

export class AzureDiskVolumeSource extends core.type({
  cachingMode: dflt(string(), 'ReadWrite'),
  diskName: required(string()),
  diskURI: required(string()),
  fsType: dflt(string(), 'ext4'),
  kind: dflt(string(), 'Shared'),
  readOnly: dflt(bool(), false),
}) {}

export class AzureFileVolumeSource extends core.type({
  readOnly: bool(),
  secretName: required(string()),
  shareName: required(string()),
}) {}

export class CSIVolumeSource extends core.type({
  driver: required(string()),
  fsType: string(),
  nodePublishSecretRef: LocalObjectReference,
  readOnly: bool(),
  volumeAttributes: map(string()),
}) {}

export class CephFSVolumeSource extends core.type({
  monitors: required(atomicList(string())),
  path: string(),
  readOnly: bool(),
  secretFile: string(),
  secretRef: LocalObjectReference,
  user: string(),
}) {}

export class CinderVolumeSource extends core.type({
  fsType: string(),
  readOnly: bool(),
  secretRef: LocalObjectReference,
  volumeID: required(string()),
}) {}

export class ClusterTrustBundleProjection extends core.type({
  labelSelector: LabelSelector,
  name: string(),
  optional: bool(),
  path: required(string()),
  signerName: string(),
}) {}

export class KeyToPath extends core.type({
  key: required(string()),
  mode: int32(),
  path: required(string()),
}) {}

export class ConfigMapProjection extends core.type({
  items: atomicList(KeyToPath),
  name: string(),
  optional: bool(),
}) {}

export class ConfigMapVolumeSource extends core.type({
  defaultMode: dflt(int32(), 420),
  items: atomicList(KeyToPath),
  name: string(),
  optional: bool(),
}) {}

export class DownwardAPIVolumeFile extends core.type({
  fieldRef: ObjectFieldSelector,
  mode: int32(),
  path: required(string()),
  resourceFieldRef: ResourceFieldSelector,
}) {}

export class DownwardAPIProjection extends core.type({
  items: atomicList(DownwardAPIVolumeFile),
}) {}

export class DownwardAPIVolumeSource extends core.type({
  defaultMode: dflt(int32(), 420),
  items: atomicList(DownwardAPIVolumeFile),
}) {}

export class EmptyDirVolumeSource extends core.type({
  medium: string(),
  sizeLimit: quantity(),
}) {}

export class PersistentVolumeClaimTemplate extends core.type({
  metadata: ObjectMeta,
  spec: required(PersistentVolumeClaimSpec),
}) {}

export class EphemeralVolumeSource extends core.type({
  volumeClaimTemplate: PersistentVolumeClaimTemplate,
}) {}

export class FCVolumeSource extends core.type({
  fsType: string(),
  lun: int32(),
  readOnly: bool(),
  targetWWNs: atomicList(string()),
  wwids: atomicList(string()),
}) {}

export class FlexVolumeSource extends core.type({
  driver: required(string()),
  fsType: string(),
  options: map(string()),
  readOnly: bool(),
  secretRef: LocalObjectReference,
}) {}

export class FlockerVolumeSource extends core.type({
  datasetName: string(),
  datasetUUID: string(),
}) {}

export class GCEPersistentDiskVolumeSource extends core.type({
  fsType: string(),
  partition: int32(),
  pdName: required(string()),
  readOnly: bool(),
}) {}

export class GitRepoVolumeSource extends core.type({
  directory: string(),
  repository: required(string()),
  revision: string(),
}) {}

export class GlusterfsVolumeSource extends core.type({
  endpoints: required(string()),
  path: required(string()),
  readOnly: bool(),
}) {}

export class HostPathVolumeSource extends core.type({
  path: required(string()),
  type: dflt(string(), ''),
}) {}

export class ISCSIVolumeSource extends core.type({
  chapAuthDiscovery: bool(),
  chapAuthSession: bool(),
  fsType: string(),
  initiatorName: string(),
  iqn: required(string()),
  iscsiInterface: dflt(string(), 'default'),
  lun: required(int32()),
  portals: atomicList(string()),
  readOnly: bool(),
  secretRef: LocalObjectReference,
  targetPortal: required(string()),
}) {}

export class ImageVolumeSource extends core.type({
  pullPolicy: string(),
  reference: string(),
}) {}

export class NFSVolumeSource extends core.type({
  path: required(string()),
  readOnly: bool(),
  server: required(string()),
}) {}

export class PersistentVolumeClaimVolumeSource extends core.type({
  claimName: required(string()),
  readOnly: bool(),
}) {}

export class PhotonPersistentDiskVolumeSource extends core.type({
  fsType: string(),
  pdID: required(string()),
}) {}

export class PodCertificateProjection extends core.type({
  certificateChainPath: string(),
  credentialBundlePath: string(),
  keyPath: string(),
  keyType: required(string()),
  maxExpirationSeconds: int32(),
  signerName: required(string()),
  userAnnotations: map(string()),
}) {}

export class PortworxVolumeSource extends core.type({
  fsType: string(),
  readOnly: bool(),
  volumeID: required(string()),
}) {}

export class SecretProjection extends core.type({
  items: atomicList(KeyToPath),
  name: string(),
  optional: bool(),
}) {}

export class ServiceAccountTokenProjection extends core.type({
  audience: string(),
  expirationSeconds: dflt(int64(), 3600),
  path: required(string()),
}) {}

export class VolumeProjection extends core.type({
  clusterTrustBundle: ClusterTrustBundleProjection,
  configMap: ConfigMapProjection,
  downwardAPI: DownwardAPIProjection,
  podCertificate: PodCertificateProjection,
  secret: SecretProjection,
  serviceAccountToken: ServiceAccountTokenProjection,
}) {}

export class ProjectedVolumeSource extends core.type({
  defaultMode: dflt(int32(), 420),
  sources: atomicList(VolumeProjection),
}) {}

export class QuobyteVolumeSource extends core.type({
  group: string(),
  readOnly: bool(),
  registry: required(string()),
  tenant: string(),
  user: string(),
  volume: required(string()),
}) {}

export class RBDVolumeSource extends core.type({
  fsType: string(),
  image: required(string()),
  keyring: dflt(string(), '/etc/ceph/keyring'),
  monitors: required(atomicList(string())),
  pool: dflt(string(), 'rbd'),
  readOnly: bool(),
  secretRef: LocalObjectReference,
  user: dflt(string(), 'admin'),
}) {}

export class ScaleIOVolumeSource extends core.type({
  fsType: dflt(string(), 'xfs'),
  gateway: required(string()),
  protectionDomain: string(),
  readOnly: bool(),
  secretRef: required(LocalObjectReference),
  sslEnabled: bool(),
  storageMode: dflt(string(), 'ThinProvisioned'),
  storagePool: string(),
  system: required(string()),
  volumeName: string(),
}) {}

export class SecretVolumeSource extends core.type({
  defaultMode: dflt(int32(), 420),
  items: atomicList(KeyToPath),
  optional: bool(),
  secretName: string(),
}) {}

export class StorageOSVolumeSource extends core.type({
  fsType: string(),
  readOnly: bool(),
  secretRef: LocalObjectReference,
  volumeName: string(),
  volumeNamespace: string(),
}) {}

export class VsphereVirtualDiskVolumeSource extends core.type({
  fsType: string(),
  storagePolicyID: string(),
  storagePolicyName: string(),
  volumePath: required(string()),
}) {}

export class Volume extends core.type(
  {
    awsElasticBlockStore: AWSElasticBlockStoreVolumeSource,
    azureDisk: AzureDiskVolumeSource,
    azureFile: AzureFileVolumeSource,
    cephfs: CephFSVolumeSource,
    cinder: CinderVolumeSource,
    configMap: ConfigMapVolumeSource,
    csi: CSIVolumeSource,
    downwardAPI: DownwardAPIVolumeSource,
    emptyDir: EmptyDirVolumeSource,
    ephemeral: EphemeralVolumeSource,
    fc: FCVolumeSource,
    flexVolume: FlexVolumeSource,
    flocker: FlockerVolumeSource,
    gcePersistentDisk: GCEPersistentDiskVolumeSource,
    gitRepo: GitRepoVolumeSource,
    glusterfs: GlusterfsVolumeSource,
    hostPath: HostPathVolumeSource,
    image: ImageVolumeSource,
    iscsi: ISCSIVolumeSource,
    name: required(string()),
    nfs: NFSVolumeSource,
    persistentVolumeClaim: PersistentVolumeClaimVolumeSource,
    photonPersistentDisk: PhotonPersistentDiskVolumeSource,
    portworxVolume: PortworxVolumeSource,
    projected: ProjectedVolumeSource,
    quobyte: QuobyteVolumeSource,
    rbd: RBDVolumeSource,
    scaleIO: ScaleIOVolumeSource,
    secret: SecretVolumeSource,
    storageos: StorageOSVolumeSource,
    vsphereVolume: VsphereVirtualDiskVolumeSource,
  },
  { fill: fillVolume },
) {}
