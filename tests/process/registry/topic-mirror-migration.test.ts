import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { readRunInfo } from '../../../infra/local/run-info.ts';

const FOLDER = join(import.meta.dirname, '../../../prisma/migrations');
const MIGRATION = '0004_topic_mirror';
const folders = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const sqlOf = (name: string) => readFileSync(join(FOLDER, name, 'migration.sql'), 'utf8');

t.test(
  'what FCM was told before migration 0004 is known after it, and what was given up is taken up',
  async (t) => {
    const { adminUrl } = readRunInfo();
    const url = new URL(adminUrl);
    url.pathname = `/mirror_migration_${randomBytes(6).toString('hex')}`;
    const admin = new pg.Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(`create database ${url.pathname.slice(1)}`);
    const database = new pg.Client({ connectionString: url.href });
    await database.connect();
    t.teardown(async () => {
      await database.end();
      await admin.query(`drop database ${url.pathname.slice(1)} with (force)`);
      await admin.end();
    });
    for (const name of folders.filter((one) => one < MIGRATION)) await database.query(sqlOf(name));

    await database.query(`
    insert into client (name, firebase_project) values ('demo', 'project-1'), ('bare', null);
    insert into property (client_id, name) values ('demo', 'www'), ('bare', 'www');
    insert into topic (client_id, name) values ('demo', 'a'), ('demo', 'b'), ('bare', 'a')`);
    const device = async (
      client: string,
      address: string | null,
      subscriptions: [topic: string, state: string, mirror: string][],
    ) => {
      const { rows } = await database.query(
        `with u as (insert into app_user (client_id, id) values ($1, gen_random_uuid()) returning id),
         f as (insert into fact (client_id, id, type, source, time, data) values ($1, gen_random_uuid(), 't', 's', now(), '{}') returning id)
       insert into device (client_id, id, registration_id, property, installation_id, user_id, platform, address_kind,
         address_value, last_fact_id, created_at, updated_at)
       select $1, gen_random_uuid(), gen_random_uuid(), 'www', gen_random_uuid(), u.id, 'web', $3, $2, f.id, now(), now()
       from u, f returning id`,
        [client, address, address && 'fcm_token'],
      );
      for (const [topic, state, mirror] of subscriptions)
        await database.query(
          `insert into subscription (client_id, device_id, topic, state, mirror, updated_at) values ($1, $2, $3, $4, $5, now())`,
          [client, rows[0].id, topic, state, mirror],
        );
    };
    await device('demo', 'well', [
      ['a', 'joined', 'mirrored'],
      ['b', 'left', 'mirrored'],
    ]);
    await device('demo', 'given-up', [
      ['a', 'joined', 'failed'],
      ['b', 'left', 'failed'],
    ]);
    await device('demo', 'shared', [['a', 'joined', 'mirrored']]);
    await device('demo', 'shared', [['a', 'left', 'mirrored']]);
    await device('demo', 'before-the-project', [['a', 'joined', 'none']]);
    await device('bare', 'without-project', [['a', 'joined', 'none']]);
    await device('demo', null, [['a', 'joined', 'none']]);
    await database.query(`insert into topic_leave (client_id, topic, address_value, attempts, updated_at)
    values ('demo', 'a', 'opted-out', 9, now()), ('demo', 'a', 'well', 0, now())`);

    await database.query(sqlOf(MIGRATION));

    const { rows } = await database.query(
      `select address_value, topic, firebase_project, state, sent, attempts from topic_mirror order by 1, 2`,
    );
    const row = (
      address_value: string,
      topic: string,
      state: string,
      sent: boolean,
      firebase_project = 'project-1',
    ) => ({
      ...{ address_value, topic, firebase_project, state, sent },
      attempts: 0,
    });
    t.same(rows, [
      row('before-the-project', 'a', 'pending', false),
      row('given-up', 'a', 'pending', true),
      row('given-up', 'b', 'pending', true),
      row('opted-out', 'a', 'pending', true),
      row('shared', 'a', 'pending', true),
      row('well', 'a', 'pending', true),
      row('without-project', 'a', 'pending', false, ''),
    ]);
  },
);
