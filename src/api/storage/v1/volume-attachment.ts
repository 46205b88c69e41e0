import { always, bool, int32, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { PersistentVolumeSpec } from '../../core/v1/persistent-volume-spec.ts'
import { storage } from '../../group-version.ts'
import { time } from '../../meta/v1/scalars.ts'

export class VolumeAttachmentSource extends storage.type({
  inlineVolumeSpec: PersistentVolumeSpec,
  persistentVolumeName: string(),
}) {}

export class VolumeAttachmentSpec extends storage.type({
  attacher: required(string()),
  nodeName: required(string()),
  source: required(VolumeAttachmentSource),
}) {}

export class VolumeError extends storage.type({
  errorCode: int32(),
  message: string(),
  time: time(),
}) {}

export class VolumeAttachmentStatus extends storage.type({
  attachError: VolumeError,
  attached: required(bool()),
  attachmentMetadata: map(string()),
  detachError: VolumeError,
}) {}

export class VolumeAttachment extends storage.object({
  spec: required(VolumeAttachmentSpec),
  status: always(VolumeAttachmentStatus),
}) {}

export const volumeAttachments = storage.resource(VolumeAttachment, {
  plural: 'volumeattachments',
  namespaced: false,
  status: true,
  columns: [
    nameColumn,
    text('Attacher', ({ spec }) => spec.attacher),
    text('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    text('Node', ({ spec }) => spec.nodeName),
    { name: 'Attached', type: 'boolean', of: ({ status }) => status.attached },
    ageColumn,
  ],
})
