import { v5 } from 'uuid';

/** UUIDv5 of `consumers.pistats` in the DNS namespace (RFC 9562, section 6.6): the namespace of our consumers. */
const NAMESPACE = v5('consumers.pistats', v5.DNS);

/** A Kong consumer's id follows from its name, so that every environment and every sync agrees on it. */
export function consumerId(client: string): string {
  return v5(client, NAMESPACE);
}
