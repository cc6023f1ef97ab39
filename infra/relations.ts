import {
  CLOCK_BEHIND_MS,
  FACT_WINDOW_MS,
  IDEMPOTENCY_MS,
  MAX_RECORD_BYTES,
} from '../contracts/cloud-event.ts';
import { MAX_EVENTS_BODY_BYTES } from '../contracts/http.ts';
import { MAX_PAYLOAD_BYTES } from '../contracts/invocation.ts';
import { CONNECTIONS_GRACE_MS, PLUGINS_GRACE_MS, STOP_TIMEOUT_MS } from '../kong/plugin-server/server.ts';
import * as times from '../lambdas/time-limits.ts';
import { TALLY_DAYS } from '../stream/spool/index.ts';
import type { DeckModel } from './deck/deck-model.ts';

/** What must hold between two constants or settings, wherever each of them lives. */
export interface Relation {
  what: string;
  left: number;
  than: '<' | '<=';
  right: number;
  /** of deck.yaml, where it is about a route there */
  line?: number;
}

/** Functions that connect to the registry, and their reserved concurrency; what PostgreSQL keeps for others. */
export interface Connections {
  concurrency: number[];
  maxConnections: number;
  /** for migrations, operators, and PostgreSQL's own reserve */
  reserved: number;
}

const DAY_MS = 86_400_000;
/** nginx's client_max_body_size of Kong, and what PutRecords takes as one record. */
const NGINX_BODY_BYTES = 1024 * 1024;
const KINESIS_RECORD_BYTES = 1024 * 1024;

/** Those that hold whatever deck.yaml says. */
function ofConstants(): Relation[] {
  const { FUNCTION_TIMEOUT_MS, ANSWER_MARGIN_MS, SETTLE_MS, LOCK_TIMEOUT_MS } = times;
  const bisecting = LOCK_TIMEOUT_MS * times.triesUntilAlone(times.LARGEST_BATCH);
  return [
    relation(
      'a locked row at every level of bisection, the time a batch is taken apart',
      bisecting,
      '<=',
      SETTLE_MS,
    ),
    relation(
      'the time a batch is taken apart and one more lock, a function’s time until it must answer',
      SETTLE_MS + LOCK_TIMEOUT_MS,
      '<',
      FUNCTION_TIMEOUT_MS - ANSWER_MARGIN_MS,
    ),
    relation(
      'a statement’s time, a function’s time until it must answer',
      times.STATEMENT_TIMEOUT_MS,
      '<',
      FUNCTION_TIMEOUT_MS - ANSWER_MARGIN_MS,
    ),
    relation('a lock’s time, a statement’s', LOCK_TIMEOUT_MS, '<', times.STATEMENT_TIMEOUT_MS),
    relation('a connection’s time, a statement’s', times.CONNECT_TIMEOUT_MS, '<', times.STATEMENT_TIMEOUT_MS),
    relation(
      'a call to FCM and a statement, what a run of reconcile must have left to begin one',
      times.PUSH_CALL_MS + times.STATEMENT_TIMEOUT_MS,
      '<',
      times.LAST_START_MS,
    ),
    relation(
      'what a run of reconcile must have left to begin something, its time',
      times.LAST_START_MS,
      '<',
      times.RECONCILE_TIMEOUT_MS,
    ),
    relation('the time of a run of reconcile, its leases', times.RECONCILE_TIMEOUT_MS, '<', times.LEASE_MS),
    // a fact that is given out again must still be accepted when it arrives
    relation(
      'the age of a repeated fact, the age the topology accepts',
      FACT_WINDOW_MS,
      '<',
      CLOCK_BEHIND_MS,
    ),
    relation(
      'the longest repeat of a request, the age the topology accepts',
      IDEMPOTENCY_MS,
      '<=',
      CLOCK_BEHIND_MS,
    ),
    relation(
      'the age the topology accepts, how long a node keeps its tallies',
      CLOCK_BEHIND_MS,
      '<',
      TALLY_DAYS * DAY_MS,
    ),
    relation('a record of the stream, what Kinesis takes', MAX_RECORD_BYTES, '<', KINESIS_RECORD_BYTES),
    relation('a body of events, what nginx takes', MAX_EVENTS_BODY_BYTES, '<', NGINX_BODY_BYTES),
    relation(
      'the graces of a plugin server that ends, the time until it is killed',
      CONNECTIONS_GRACE_MS + PLUGINS_GRACE_MS,
      '<',
      STOP_TIMEOUT_MS,
    ),
  ];
}

/** Those of each route that deck.yaml declares. */
function ofDeck(deck: DeckModel): Relation[] {
  const found: Relation[] = [];
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
  for (const { name: route, line, plugins } of deck.routes) {
    const config = (name: string) =>
      (plugins.find((plugin) => plugin.name === name)?.value.config ?? {}) as Record<string, unknown>;
    const invoke = config('lambda-invoke');
    const forward = config('kinesis-forward');
    const deadline = number(invoke.deadline_ms);
    const forwardDeadline = number(forward.deadline_ms);
    const add = (
      what: string,
      left: number | undefined,
      than: Relation['than'],
      right: number | undefined,
    ) => {
      if (left !== undefined && right !== undefined)
        found.push({ ...relation(`${route}: ${what}`, left, than, right), line });
    };
    add('three times a function’s time, the deadline', 3 * times.FUNCTION_TIMEOUT_MS, '<=', deadline);
    add('max_size, the largest batch', number(invoke.max_size), '<=', times.LARGEST_BATCH);
    add('min_in_flight, max_in_flight', number(invoke.min_in_flight), '<=', number(invoke.max_in_flight));
    add('an invocation’s payload, max_queue_bytes', MAX_PAYLOAD_BYTES, '<=', number(invoke.max_queue_bytes));
    add('spool_after_ms, the deadline', number(forward.spool_after_ms), '<', forwardDeadline);
    add(
      'both deadlines, the grace of a plugin server that ends',
      (deadline ?? 0) + (forwardDeadline ?? 0) || undefined,
      '<=',
      CONNECTIONS_GRACE_MS,
    );
  }
  return found;
}

function ofConnections({ concurrency, maxConnections, reserved }: Connections): Relation[] {
  const used = concurrency.reduce((sum, one) => sum + one, 0) * times.POOL_SIZE;
  return [
    relation('pool × concurrency of the functions, connections', used, '<=', maxConnections - reserved),
  ];
}

/** Every relation that these settings must keep. */
export function relations(deck: DeckModel, connections?: Connections): Relation[] {
  return [...ofConstants(), ...ofDeck(deck), ...(connections ? ofConnections(connections) : [])];
}

/** Those that do not hold. */
export function brokenRelations(all: Relation[]): Relation[] {
  return all.filter(({ left, than, right }) => !(than === '<' ? left < right : left <= right));
}

export const relationSentence = ({ what, left, than, right }: Relation) =>
  `${what}: ${left} must be ${than === '<' ? 'less than' : 'at most'} ${right}`;

const relation = (what: string, left: number, than: Relation['than'], right: number): Relation => ({
  what,
  left,
  than,
  right,
});
