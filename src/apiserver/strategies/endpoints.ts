import type { Endpoints } from '../../api/core/v1/endpoints.ts'
import { fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { portNumber } from '../../machinery/names.ts'
import type { Strategy } from '../registry/strategy.ts'
import { each, ipAddress, none, oneOf } from '../validation/rules.ts'

/** Addresses and ports that are some. */
export const endpointsStrategy: Strategy<Endpoints> = {
  validate({ subsets }) {
    return each(subsets, 'subsets', ({ addresses, notReadyAddresses, ports }, at) => [
      ...(addresses?.length || notReadyAddresses?.length
        ? none
        : [fieldRequired(at, 'must specify `addresses` or `notReadyAddresses`')]),
      ...each(addresses, `${at}.addresses`, ({ ip }, one) => ipAddress(ip || undefined, `${one}.ip`)),
      ...each(notReadyAddresses, `${at}.notReadyAddresses`, ({ ip }, one) => ipAddress(ip || undefined, `${one}.ip`)),
      ...each(ports, `${at}.ports`, ({ name, port, protocol }, one) => [
        ...(ports!.length > 1 && !name ? [fieldRequired(`${one}.name`)] : none),
        ...portNumber(port).map(why => fieldInvalid(`${one}.port`, port, why)),
        ...oneOf(protocol, `${one}.protocol`, ['SCTP', 'TCP', 'UDP']),
      ]),
    ])
  },
}
