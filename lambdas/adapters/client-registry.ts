import pg from 'pg';

export interface NewClient {
  name: string;
  properties: string[];
  firebaseProject?: string;
  identityVerification?: 'off' | 'required';
}

export interface RegisteredClient {
  name: string;
  status: 'active' | 'disabled';
  properties: string[];
  firebaseProject: string | null;
  identityVerification: 'off' | 'required';
}

/** Adds a client, or completes one that is there: its properties are added to, nothing is taken away. */
export async function addClient(registryUrl: string, client: NewClient): Promise<void> {
  await withConnection(registryUrl, async (connection) => {
    await connection.query('begin');
    await connection.query(
      `insert into client (name, firebase_project, identity_verification) values ($1, $2, coalesce($3, 'off'))
       on conflict (name) do update set status = 'active',
         firebase_project = coalesce($2, client.firebase_project),
         identity_verification = coalesce($3, client.identity_verification)`,
      [client.name, client.firebaseProject ?? null, client.identityVerification ?? null],
    );
    await connection.query(
      'insert into property (client_id, name) select $1, unnest($2::text[]) on conflict do nothing',
      [client.name, client.properties],
    );
    await connection.query('commit');
  });
}

/** False when there is no such client. */
export async function disableClient(registryUrl: string, name: string): Promise<boolean> {
  return withConnection(registryUrl, async (connection) => {
    const { rowCount } = await connection.query(`update client set status = 'disabled' where name = $1`, [
      name,
    ]);
    return (rowCount ?? 0) > 0;
  });
}

/** False when there is no such client. The secret verifies user tokens; whatever was signed with the one before is refused. */
export async function setIdentitySecret(registryUrl: string, name: string, secret: string): Promise<boolean> {
  return withConnection(registryUrl, async (connection) => {
    const { rowCount } = await connection.query('update client set identity_secret = $2 where name = $1', [
      name,
      secret,
    ]);
    return (rowCount ?? 0) > 0;
  });
}

export async function listClients(registryUrl: string): Promise<RegisteredClient[]> {
  return withConnection(registryUrl, async (connection) => {
    const { rows } = await connection.query<RegisteredClient>(
      `select name, status, firebase_project as "firebaseProject",
         identity_verification as "identityVerification",
         array(select p.name from property p where p.client_id = client.name order by p.name) as properties
       from client order by name`,
    );
    return rows;
  });
}

async function withConnection<T>(url: string, work: (connection: pg.Client) => Promise<T>): Promise<T> {
  const connection = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await connection.connect();
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
