import { v7 } from 'uuid';
import type { Fact } from '../../contracts/cloud-event.ts';
import type { StampedEvent } from '../../contracts/stamped-event.ts';

export const BOOT = '0b7c2f7e-5a3d-4f4e-9a51-1d0f4a1c2b3d';
export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

let count = 0;

/** A valid event as the gateway stamps it, received now; every call gives another id and another `n`. */
export function stamped(changes: Partial<StampedEvent> = {}): StampedEvent & Fact {
  count++;
  const now = new Date().toISOString();
  return {
    specversion: '1.0',
    id: v7(),
    source: '/clients/demo/properties/www',
    type: 'pistats.registration.created',
    time: now,
    subject: `user-${count}`,
    datacontenttype: 'application/json',
    data: { deviceId: `device-${count}`, platform: 'web' },
    clientid: 'demo',
    requestid: `request-${count}`,
    receivedtime: now,
    clientip: '81.2.69.142',
    useragent: CHROME,
    producer: 'gateway-1',
    boot: BOOT,
    n: String(count),
    ...changes,
  } as StampedEvent & Fact;
}

/** An id whose time lies `ms` from `received` (negative: before). */
export function idAt(received: string, ms: number): string {
  return v7({ msecs: Date.parse(received) + ms });
}
