import { readFileSync } from 'node:fs';
import { Reader, type Response } from 'maxmind';

/**
 * Looks countries up in DB-IP's free country database (IP Geolocation by DB-IP, https://db-ip.com, CC BY 4.0: where
 * the results are shown, that line is shown).
 */
export function openCountries(file: string): (ip: string) => string | null {
  const reader = new Reader<Response & { country_code?: string }>(readFileSync(file));
  return (ip) => {
    const code = reader.get(ip)?.country_code;
    return code && /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : null;
  };
}
