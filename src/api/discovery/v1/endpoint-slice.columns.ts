import type { Column } from '../../../schema/resource.ts'
import { ageColumn, firstFew, nameColumn, text } from '../../columns.ts'
import type { EndpointSlice } from './endpoint-slice.ts'

const most = 3

/** The table of endpoint slices. */
export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  text('AddressType', slice => slice.addressType),
  text(
    'Ports',
    ({ ports }) =>
      firstFew(
        (ports ?? []).map(({ port }) => String(port ?? '*')),
        most,
      ) || '<unset>',
  ),
  text(
    'Endpoints',
    ({ endpoints }) =>
      firstFew(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        most,
      ) || '<unset>',
  ),
  ageColumn,
]
