import { atomicList, bool, dflt, int32, map, noted, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'
import { NodeSelector } from './node-selector.ts'
import { ObjectReference } from './object-reference.ts'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume.ts'

export class AzureFilePersistentVolumeSource extends core.type({
  readOnly: bool(),
  secretName: required(string()),
  secretNamespace: string(),
  shareName: required(string()),
}) {}

export class SecretReference extends core.type(
  {
    name: string(),
    namespace: string(),
  },
  { mapType: 'atomic' },
) {}

export class CSIPersistentVolumeSource extends core.type({
  controllerExpandSecretRef: SecretReference,
  controllerPublishSecretRef: SecretReference,
  driver: required(string()),
  fsType: string(),
  nodeExpandSecretRef: SecretReference,
  nodePublishSecretRef: SecretReference,
  nodeStageSecretRef: SecretReference,
  readOnly: bool(),
  volumeAttributes: map(string()),
  volumeHandle: required(string()),
}) {}

export class CephFSPersistentVolumeSource extends core.type({
  monitors: required(atomicList(string())),
  path: string(),
  readOnly: bool(),
  secretFile: string(),
  secretRef: SecretReference,
  user: string(),
}) {}

export class CinderPersistentVolumeSource extends core.type({
  fsType: string(),
  readOnly: bool(),
  secretRef: SecretReference,
  volumeID: required(string()),
}) {}

export class FlexPersistentVolumeSource extends core.type({
  driver: required(string()),
  fsType: string(),
  options: map(string()),
  readOnly: bool(),
  secretRef: SecretReference,
}) {}

export class GlusterfsPersistentVolumeSource extends core.type({
  endpoints: required(string()),
  endpointsNamespace: string(),
  path: required(string()),
  readOnly: bool(),
}) {}

export class ISCSIPersistentVolumeSource extends core.type({
  chapAuthDiscovery: bool(),
  chapAuthSession: bool(),
  fsType: string(),
  initiatorName: string(),
  iqn: required(string()),
  iscsiInterface: dflt(string(), 'default'),
  lun: required(int32()),
  portals: atomicList(string()),
  readOnly: bool(),
  secretRef: SecretReference,
  targetPortal: required(string()),
}) {}

export class LocalVolumeSource extends core.type({
  fsType: string(),
  path: required(string()),
}) {}

export class RBDPersistentVolumeSource extends core.type({
  fsType: string(),
  image: required(string()),
  keyring: dflt(string(), '/etc/ceph/keyring'),
  monitors: required(atomicList(string())),
  pool: dflt(string(), 'rbd'),
  readOnly: bool(),
  secretRef: SecretReference,
  user: dflt(string(), 'admin'),
}) {}

export class ScaleIOPersistentVolumeSource extends core.type({
  fsType: dflt(string(), 'xfs'),
  gateway: required(string()),
  protectionDomain: string(),
  readOnly: bool(),
  secretRef: required(SecretReference),
  sslEnabled: bool(),
  storageMode: dflt(string(), 'ThinProvisioned'),
  storagePool: string(),
  system: required(string()),
  volumeName: string(),
}) {}

export class StorageOSPersistentVolumeSource extends core.type({
  fsType: string(),
  readOnly: bool(),
  secretRef: ObjectReference,
  volumeName: string(),
  volumeNamespace: string(),
}) {}

export class VolumeNodeAffinity extends core.type({
  required: NodeSelector,
}) {}

export class PersistentVolumeSpec extends core.type({
  accessModes: atomicList(string()),
  awsElasticBlockStore: AWSElasticBlockStoreVolumeSource,
  azureDisk: AzureDiskVolumeSource,
  azureFile: AzureFilePersistentVolumeSource,
  capacity: map(quantity()),
  cephfs: CephFSPersistentVolumeSource,
  cinder: CinderPersistentVolumeSource,
  claimRef: noted(ObjectReference, { mapType: 'granular' }),
  csi: CSIPersistentVolumeSource,
  fc: FCVolumeSource,
  flexVolume: FlexPersistentVolumeSource,
  flocker: FlockerVolumeSource,
  gcePersistentDisk: GCEPersistentDiskVolumeSource,
  glusterfs: GlusterfsPersistentVolumeSource,
  hostPath: HostPathVolumeSource,
  iscsi: ISCSIPersistentVolumeSource,
  local: LocalVolumeSource,
  mountOptions: atomicList(string()),
  nfs: NFSVolumeSource,
  nodeAffinity: VolumeNodeAffinity,
  persistentVolumeReclaimPolicy: dflt(string(), 'Retain'),
  photonPersistentDisk: PhotonPersistentDiskVolumeSource,
  portworxVolume: PortworxVolumeSource,
  quobyte: QuobyteVolumeSource,
  rbd: RBDPersistentVolumeSource,
  scaleIO: ScaleIOPersistentVolumeSource,
  storageClassName: string(),
  storageos: StorageOSPersistentVolumeSource,
  volumeAttributesClassName: string(),
  volumeMode: dflt(string(), 'Filesystem'),
  vsphereVolume: VsphereVirtualDiskVolumeSource,
}) {}
