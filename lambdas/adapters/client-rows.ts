import type { ClientRow } from '../ports/registration-store.ts';

/** A row of `client` as JSON, with the names of its properties. */
export interface ClientJson {
  name: string;
  status: ClientRow['status'];
  identity_verification: ClientRow['identityVerification'];
  identity_secret: string | null;
  properties: string[];
}

export const toClient = (row: ClientJson): ClientRow => ({
  name: row.name,
  status: row.status,
  identityVerification: row.identity_verification,
  identitySecret: row.identity_secret,
  properties: row.properties,
});
