import { createHmac, timingSafeEqual } from 'node:crypto';
import { SettingError } from './errors.ts';

const SECRETS = 'DEVICE_TOKEN_SECRETS';

/** Signs and checks device tokens: HMAC-SHA-256 over client and device, with the id of the secret in front. */
export interface DeviceTokens {
  issue(client: string, deviceId: string): string;
  verify(token: string | undefined, client: string, deviceId: string): boolean;
}

/** @param secrets key id → secret, ≥ 32 characters; the first signs, all verify (rotation) */
export function createDeviceTokens(secrets: Record<string, string>): DeviceTokens {
  const ids = Object.keys(secrets);
  const [current] = ids;
  if (!current) throw new SettingError(SECRETS, 'has no secret');
  for (const id of ids) {
    // a number would not keep its place: JavaScript puts those names first, in their order
    if (!/^[a-z][a-z0-9]{0,15}$/.test(id)) throw new SettingError(SECRETS, `has an id that is none: ${id}`);
    if ((secrets[id] as string).length < 32)
      throw new SettingError(SECRETS, `has a secret, ${id}, of less than 32 characters`);
  }
  const sign = (id: string, client: string, deviceId: string) => {
    const mac = createHmac('sha256', secrets[id] as string).update(`${client}:${deviceId}`);
    return `dt_${id}_${mac.digest('base64url')}`;
  };
  return {
    issue: (client, deviceId) => sign(current, client, deviceId),
    verify(token, client, deviceId) {
      const id = /^dt_([a-z0-9]{1,16})_/.exec(token ?? '')?.[1];
      if (!id || !Object.hasOwn(secrets, id)) return false;
      const wanted = Buffer.from(sign(id, client, deviceId));
      const given = Buffer.from(token as string);
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    },
  };
}
