import pg from 'pg';
import { connectionUrl } from '../../contracts/database-url.ts';
import { explainDatabaseError } from './database-error.ts';

/** What waits for FCM for one client in one Firebase project. */
export interface WaitingMirror {
  client: string;
  /** null: the client has none, and FCM has nothing of it */
  firebaseProject: string | null;
  /** addresses × topics */
  pending: number;
  /** of these, tried in vain before */
  retried: number;
  /** ISO 8601 */
  since: string;
  /** ISO 8601; the next try of the one that is due first */
  due: string;
  /** FCM's codes and how many rows have them */
  errors: Record<string, number>;
}

export interface MirrorSelection {
  client?: string;
  firebaseProject?: string;
}

/** What FCM has not been told yet, by client and Firebase project. @throws OperatorError of the database */
export async function listMirrors(url: string, selection: MirrorSelection): Promise<WaitingMirror[]> {
  const rows = await query<Omit<WaitingMirror, 'since' | 'due'> & { since: Date; due: Date }>(
    url,
    `WITH waiting AS (
       SELECT * FROM topic_mirror
       WHERE state = 'pending' AND client_id = coalesce($1, client_id) AND firebase_project = coalesce($2, firebase_project)
     ), failed AS (
       SELECT client_id, firebase_project, json_object_agg(error, n ORDER BY n DESC) AS errors FROM (
         SELECT client_id, firebase_project, error, count(*)::int AS n FROM waiting WHERE error IS NOT NULL
         GROUP BY client_id, firebase_project, error) e
       GROUP BY 1, 2
     )
     SELECT client_id AS client, nullif(firebase_project, '') AS "firebaseProject", count(*)::int AS pending,
       count(*) FILTER (WHERE attempts > 0)::int AS retried, min(changed_at) AS since, min(due_at) AS due,
       coalesce((SELECT errors FROM failed f
         WHERE f.client_id = w.client_id AND f.firebase_project = w.firebase_project), '{}') AS errors
     FROM waiting w GROUP BY client_id, firebase_project ORDER BY 1, 2`,
    selection,
  );
  return rows.map((row) => ({ ...row, since: row.since.toISOString(), due: row.due.toISOString() }));
}

/** What has been tried in vain is due at once; gives how many rows. */
export function driveMirrors(url: string, selection: MirrorSelection): Promise<number> {
  return change(
    url,
    `WITH driven AS (
       UPDATE topic_mirror SET due_at = now(), attempts = 0
       WHERE state = 'pending' AND attempts > 0
         AND client_id = coalesce($1, client_id) AND firebase_project = coalesce($2, firebase_project)
       RETURNING 1
     ) SELECT count(*)::int AS n FROM driven`,
    selection,
  );
}

/**
 * Everything is told anew, what FCM has already included: joins that devices and subscriptions ask for, and leaves of all
 * that is known beside them. For an FCM that lost something, or a registry that came back from a backup. Gives how many rows.
 */
export function driveAllMirrors(url: string, selection: MirrorSelection): Promise<number> {
  return change(
    url,
    `WITH wanted AS (
       SELECT DISTINCT d.client_id, d.address_value, s.topic, coalesce(c.firebase_project, '') AS firebase_project
       FROM device d
         JOIN subscription s ON s.client_id = d.client_id AND s.device_id = d.id
         JOIN client c ON c.name = d.client_id
       WHERE d.address_kind = 'fcm_token' AND d.address_state = 'live' AND s.state = 'joined'
     ), known AS (
       SELECT client_id, address_value, topic, firebase_project FROM topic_mirror UNION SELECT * FROM wanted
     ), driven AS (
       INSERT INTO topic_mirror AS m (client_id, address_value, topic, firebase_project)
       SELECT * FROM known
       WHERE client_id = coalesce($1, client_id) AND firebase_project = coalesce($2, firebase_project)
       ORDER BY 1, 2, 3, 4
       ON CONFLICT (client_id, address_value, topic, firebase_project) DO UPDATE
         SET state = 'pending', version = m.version + 1, attempts = 0, error = NULL, changed_at = now(), due_at = now()
       RETURNING 1
     ) SELECT count(*)::int AS n FROM driven`,
    selection,
  );
}

/** As `query`, for a statement that gives how many rows it changed. */
async function change(url: string, text: string, selection: MirrorSelection): Promise<number> {
  const [row] = await query<{ n: number }>(url, text, selection);
  return row?.n ?? 0;
}

/** Runs a statement whose $1 and $2 are the selection's client and Firebase project, null for any. */
async function query<T extends pg.QueryResultRow>(
  url: string,
  text: string,
  { client, firebaseProject }: MirrorSelection,
): Promise<T[]> {
  const connection = new pg.Client({ connectionString: connectionUrl(url) });
  connection.on('error', () => {});
  try {
    await connection.connect();
    return (await connection.query<T>(text, [client ?? null, firebaseProject ?? null])).rows;
  } catch (error) {
    throw explainDatabaseError('registry', error as Error) ?? error;
  } finally {
    await connection.end().catch(() => {});
  }
}
