/** A UUIDv7 (RFC 9562, section 5.7) of a moment in ms since the epoch. */
export function uuidv7(ms: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const time = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  const variant = '89ab'[(bytes[9] as number) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}
