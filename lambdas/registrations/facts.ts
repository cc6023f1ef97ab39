import type { Fact, FactType } from '../../contracts/cloud-event.ts';
import type { RegistrationRequest } from '../../contracts/http.ts';
import type { DeviceRow } from '../ports/registration-store.ts';

type Described = Omit<DeviceRow, 'lastFact'>;

/** A fact about a device. It names the kind of its push address, never the address. */
export function registrationFact(
  type: FactType,
  id: string,
  time: Date,
  device: Described,
  page?: RegistrationRequest['page'],
): Fact {
  return {
    specversion: '1.0',
    id,
    source: `/clients/${device.clientId}/properties/${device.property}`,
    type,
    time: time.toISOString(),
    subject: device.userId,
    datacontenttype: 'application/json',
    data: {
      property: device.property,
      registrationId: device.registrationId,
      userId: device.userId,
      deviceId: device.id,
      platform: device.platform,
      ...(device.addressKind === null ? {} : { addressKind: device.addressKind }),
      ...(device.locale === null ? {} : { locale: device.locale }),
      ...(device.timeZone === null ? {} : { timeZone: device.timeZone }),
      ...(page === undefined ? {} : { page }),
    },
  };
}
