import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { waitUntil } from '../../infra/local/wait-until.ts';
import { type AwsExchange, type AwsProxy, refuseRecords } from './aws-proxy.ts';
import type { Load } from './load.ts';
import { PARTS, type Part, pidOf } from './parts.ts';
import { familyOf, isAlive } from './processes.ts';
import { pickFrom, seeded } from './random.ts';
import { bytesLeft } from './small-disk.ts';
import type { FcmBehaviour, System } from './system.ts';

type Heal = () => void | Promise<void>;

export interface Fault {
  name: string;
  /** Resolves once it is there; what it gives ends it. A fault without an end is the supervision's to mend. */
  inject(system: System): Promise<Heal | undefined>;
  /** until it is ended */
  seconds?: number;
  /** what else must hold, after all is stored */
  check?(t: Test, system: System, load: Load): Promise<void>;
}

const STOPPED_S = 20;
const RESTART_MS = 60_000;

/** Kills it where it stands; resolves once the supervision has started another. */
async function kill(system: System, part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<undefined> {
  const pid = await pidOf(system, part);
  process.kill(pid, signal);
  await waitUntil(`the end of ${part}`, () => !isAlive(pid));
  await pidOf(system, part);
  return undefined;
}

/** Stops it where it stands, PostgreSQL with all its backends; gives what lets it go on. */
async function stop(system: System, part: Part): Promise<Heal> {
  const pid = await pidOf(system, part);
  const pids = part === 'PostgreSQL' ? familyOf(pid) : [pid];
  const each = (signal: NodeJS.Signals) => {
    for (const one of pids)
      try {
        process.kill(one, signal);
      } catch {
        // ended meanwhile
      }
  };
  each('SIGSTOP');
  return () => each('SIGCONT');
}

const killed = (part: Part): Fault => ({
  name: `kill -9 of ${PARTS[part].article}${part}`,
  inject: (system) => kill(system, part),
});

const stopped = (part: Part): Fault => ({
  name: `SIGSTOP of ${PARTS[part].article}${part}, ${STOPPED_S} s`,
  seconds: STOPPED_S,
  inject: (system) => stop(system, part),
});

/** Kills the plugin server three times, each time when a service has done its work and the answer is on its way. */
const killedBefore = (
  name: string,
  proxyOf: (system: System) => AwsProxy,
  matches: (exchange: AwsExchange) => boolean,
): Fault => ({
  name,
  async inject(system) {
    const proxy = proxyOf(system);
    const usual = proxy.intercept;
    let kills = 0;
    let last = 0;
    proxy.intercept = async (exchange, forward) => {
      const answer = await forward();
      const pid = await pidOf(system, 'plugin server');
      if (kills < 3 && pid !== last && answer.status === 200 && matches(exchange)) {
        kills++;
        last = pid;
        process.kill(pid, 'SIGKILL');
        throw new Error('nobody is there to hear it');
      }
      return answer;
    };
    await waitUntil('three kills', () => kills === 3, { timeoutMs: RESTART_MS });
    return () => {
      proxy.intercept = usual;
    };
  },
});

const kinesisDown = (seconds: number): Fault => ({
  name: `Kinesis down for ${seconds} s`,
  seconds,
  async inject({ kinesis }) {
    await kinesis.down();
    return kinesis.up;
  },
});

/** Nothing more can be written on the spool's file system. */
async function fillDisk({ spoolDir }: System): Promise<Heal> {
  const file = join(spoolDir, 'filler');
  try {
    for (let bytes = bytesLeft(spoolDir); bytes > 0; bytes = bytesLeft(spoolDir))
      appendFileSync(file, Buffer.alloc(Math.min(bytes, 1024 ** 2)));
  } catch (error) {
    // the spool had the last of it meanwhile
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => rmSync(file);
}

const refusesTheExcess: Fault['check'] = async (t, _, load) => {
  t.ok((load.answers[503] ?? 0) > 0, `${load.answers[503]} attempts were answered 503`);
};

/** Needs a system whose spool is on a small file system. */
const diskFull: Fault[] = [
  { name: "the spool's disk is full, 10 s", seconds: 10, inject: fillDisk },
  {
    ...both("two at once: the spool's disk is full, and Kinesis down, 15 s", fillDisk, ({ kinesis }) =>
      kinesis.down().then(() => kinesis.up),
    ),
    seconds: 15,
    check: refusesTheExcess,
  },
];

/** Needs a system whose spool may hold no more than a few seconds' records. */
export const spoolFull: Fault = {
  ...kinesisDown(15),
  name: 'Kinesis down for 15 s, and the spool at its bound',
  check: refusesTheExcess,
};

const kinesisRefusing = (probability: number): Fault => ({
  name: `Kinesis refuses ${probability * 100} % of the records, 10 s`,
  seconds: 10,
  async inject({ kinesis }) {
    const usual = kinesis.intercept;
    kinesis.intercept = refuseRecords(probability, Math.random);
    return () => {
      kinesis.intercept = usual;
    };
  },
});

function fcm(behaviour: Exclude<FcmBehaviour, 'ok'>): Fault {
  let refused = 0;
  return {
    name: behaviour === 'hang' ? 'FCM hangs, 10 s' : `FCM answers ${behaviour}, 10 s`,
    seconds: 10,
    async inject(system) {
      const before = await system.setFcm(behaviour);
      return async () => {
        refused = (await system.setFcm('ok')) - before;
      };
    },
    async check(t, { registry }) {
      t.ok(refused > 0, `${refused} calls met it`);
      const waiting = "select count(*)::int as n from topic_mirror where state = 'pending'";
      await waitUntil('every topic mirrored', async () => (await registry.query(waiting)).rows[0].n === 0, {
        timeoutMs: 120_000,
        everyMs: 500,
      });
      t.pass('mirrored later');
    },
  };
}

function both(name: string, ...injections: ((system: System) => Promise<Heal | undefined>)[]): Fault {
  return {
    name,
    async inject(system) {
      const heals = await Promise.all(injections.map((inject) => inject(system)));
      return async () => {
        for (const heal of heals) await heal?.();
      };
    },
  };
}

/** Kills, and stops of up to three seconds, one after the other and now and then two at once. */
const random = (seed: number, seconds: number, say: (line: string) => void): Fault => ({
  name: `a random schedule, ${seconds} s`,
  async inject(system) {
    const next = seeded(seed);
    const parts = Object.keys(PARTS) as Part[];
    const until = performance.now() + seconds * 1_000;
    const strike = async () => {
      const part = pickFrom(parts, next);
      const stops = next() < 0.4;
      const ms = 500 + next() * 2_500;
      say(`${new Date().toISOString()} ${stops ? `SIGSTOP, ${Math.round(ms)} ms` : 'kill -9'}: ${part}`);
      if (!stops) return process.kill(await pidOf(system, part), 'SIGKILL');
      const goOn = await stop(system, part);
      await delay(ms);
      return goOn();
    };
    while (performance.now() < until) {
      const twice = next() < 0.25;
      await Promise.all(twice ? [strike(), strike()] : [strike()]);
      await delay(500 + next() * 2_000);
    }
    return undefined;
  },
});

/**
 * @param smallDisk whether the spool is on a small file system
 * @param seed of the random schedule
 * @param say hears what the random schedule does
 */
export function faults(smallDisk: boolean, seed: number, say: (line: string) => void): Fault[] {
  const parts = Object.keys(PARTS) as Part[];
  return [
    ...parts.map(killed),
    {
      name: 'PostgreSQL: stop -m immediate',
      inject: (system) => kill(system, 'PostgreSQL', 'SIGQUIT'),
    },
    killedBefore(
      'plugin server killed between invocation and answer, 3 times',
      ({ lambda }) => lambda,
      ({ path }) => /pistats-(registrations|subscriptions)/.test(path),
    ),
    killedBefore(
      'plugin server killed between PutRecords and its answer, 3 times',
      ({ kinesis }) => kinesis,
      ({ operation }) => operation.endsWith('.PutRecords'),
    ),
    kinesisRefusing(0.3),
    kinesisDown(60),
    ...(smallDisk ? diskFull : []),
    fcm(429),
    fcm(503),
    fcm('hang'),
    both(
      'two at once: Kinesis down, and kill -9 of the plugin server',
      (system) => kinesisDown(0).inject(system),
      (system) => kill(system, 'plugin server'),
    ),
    both(
      'two at once: PostgreSQL stop -m immediate, and kill -9 of the Storm JVM',
      (system) => kill(system, 'PostgreSQL', 'SIGQUIT'),
      (system) => kill(system, 'Storm JVM'),
    ),
    both(
      'two at once: kill -9 of Redis, and of a Lambda environment',
      (system) => kill(system, 'Redis'),
      (system) => kill(system, 'Lambda environment'),
    ),
    ...parts.map(stopped),
    random(seed, 60, say),
  ];
}
