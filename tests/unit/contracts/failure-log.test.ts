import t from 'tap';
import {
  causeOf,
  createFailureLog,
  type FailureDetails,
  failureLine,
} from '../../../contracts/failure-log.ts';

function logging() {
  const lines: string[] = [];
  let ms = 0;
  const report = createFailureLog({ service: 'part', write: (line) => void lines.push(line), now: () => ms });
  return {
    report,
    lines,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    pass: (more: number) => {
      ms += more;
    },
  };
}

const SECRET = 'postgres://user:hunter2@db.internal/x 81.2.69.142 pk_live_abc {"email":"a@b.c"}';
const error = (fields: object = {}) => Object.assign(new Error(SECRET), fields);

t.test('a line has the code, the class of the cause and ids, on one line', async (t) => {
  const { report, lines, parsed } = logging();
  report('rows_not_stored', error({ code: '28P01', detail: SECRET, hint: SECRET }), () => ({
    count: 7,
    stream: 'events',
    shardIds: ['shardId-000000000000'],
    requestIds: ['a1', 'a1', 'b2', 'no id:\n81.2.69.142'],
  }));
  t.match(parsed(), [
    {
      level: 'WARN',
      message: 'rows_not_stored',
      service: 'part',
      cause: '28P01',
      count: 7,
      stream: 'events',
      timestamp: /^\d{4}-.*Z$/,
    },
  ]);
  t.same(parsed()[0]?.requestIds, ['a1', 'b2']);
  t.same(parsed()[0]?.shardIds, ['shardId-000000000000']);
  t.notMatch(lines[0], /\n|hunter2|81\.2|pk_live|a@b/);
});

t.test('what is written of a cause is never its message', async (t) => {
  class AccessDenied extends Error {
    override name = 'AccessDenied';
  }
  t.equal(causeOf(new AccessDenied(SECRET)), 'AccessDenied');
  t.equal(causeOf(error({ code: 'ECONNREFUSED' })), 'ECONNREFUSED');
  t.equal(causeOf(new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } })), 'ENOTFOUND');
  t.equal(causeOf(new Error('Query read timeout')), 'timeout');
  t.equal(causeOf(new Error('Connection terminated unexpectedly')), 'terminated');
  t.equal(causeOf(error({ code: SECRET, name: SECRET })), 'Error');
  for (const thrown of [SECRET, undefined, 5]) t.equal(causeOf(thrown), typeof thrown);
  t.equal(causeOf(null), 'object');
  t.equal(causeOf(error()), 'Error');
  const line = failureLine('part', 'died', error());
  t.match(line, /failure-log\.test/, 'where it was thrown');
  t.notMatch(line, /hunter2/);
});

t.test('the same failure is written once in ten seconds, with how many there were', async (t) => {
  const { report, parsed, pass } = logging();
  let asked = 0;
  const details = (): FailureDetails => {
    asked++;
    return {};
  };
  for (let i = 0; i < 1_000; i++) report('rows_not_stored', error({ code: '57P01' }), details);
  t.equal(parsed().length, 1);
  t.equal(asked, 1, 'nothing is gathered for a line that is not written');
  report('rows_not_stored', error({ code: '28P01' }));
  report('shard_not_read', error({ code: '57P01' }));
  t.equal(parsed().length, 3, 'another cause or code is another failure');
  pass(9_999);
  report('rows_not_stored', error({ code: '57P01' }));
  t.equal(parsed().length, 3);
  pass(1);
  report('rows_not_stored', error({ code: '57P01' }));
  t.match(parsed()[3], { cause: '57P01', suppressed: 1_000 });
  pass(10_000);
  report('rows_not_stored', error({ code: '57P01' }));
  t.notOk('suppressed' in (parsed()[4] ?? {}));
});

t.test('ids are few, and so is what is remembered', async (t) => {
  const { report, parsed } = logging();
  report('x', error(), () => ({ requestIds: Array.from({ length: 500 }, (_, n) => `r${n}`) }));
  t.match(parsed()[0], { requestIds: { length: 10 } });
  for (let n = 0; n < 1_000; n++) report(`code_${n}`, error());
  t.equal(parsed().length, 1_001);
});

t.test('codes of Redis and of Firebase are causes; what only looks like one is not', async (t) => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  t.equal(causeOf(reply('WRONGPASS invalid username-password pair')), 'WRONGPASS');
  t.equal(causeOf(reply('NOAUTH Authentication required.')), 'NOAUTH');
  t.equal(causeOf(reply(SECRET)), 'ReplyError');
  t.equal(causeOf(error({ code: 'messaging/server-unavailable' })), 'messaging/server-unavailable');
  t.equal(causeOf(error({ code: 'a b' })), 'Error');
  t.equal(causeOf(error({ code: SECRET })), 'Error');
});
