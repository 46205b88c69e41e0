import type { Column } from '../../../schema/resource.ts'
import { ageColumn, firstFew, nameColumn, text } from '../../columns.ts'
import type { Endpoints } from './endpoints.ts'

const bracketed = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip)

function endpointsText({ subsets }: Endpoints): string | undefined {
  const places = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${bracketed(ip)}:${port}`)),
  )
  return firstFew(places, 3) || undefined
}

/** The table of endpoints. */
export const endpointsColumns: readonly Column<Endpoints>[] = [nameColumn, text('Endpoints', endpointsText), ageColumn]
