import t from 'tap';
import { DISCARD_PLANS, planAge, statementNames } from '../../../lambdas/adapters/statement-plans.ts';

t.test('the same text has the same name, another text another, short enough for PostgreSQL', async (t) => {
  const nameOf = statementNames();
  const name = nameOf({ sql: 'select 1' });
  t.match(name, /^s_[0-9a-f]{32}$/);
  t.equal(nameOf({ sql: 'select 1' }), name);
  t.not(nameOf({ sql: 'select 2' }), name);
  t.equal(statementNames()({ sql: 'select 1' }), name, 'on every connection alike');
  t.equal(nameOf({ sql: DISCARD_PLANS }), undefined);
});

t.test('a statement whose text grows with its values does not fill the connection', async (t) => {
  const nameOf = statementNames();
  const first = nameOf({ sql: 'select 0' });
  const named = Array.from({ length: 200 }, (_, n) => nameOf({ sql: `select ${n}` })).filter(Boolean);
  t.equal(named.length, 32);
  t.equal(nameOf({ sql: 'select 0' }), first);
});

t.test('plans are made anew ever less often, and whenever they are older than 5 s', async (t) => {
  let now = 0;
  const plans = planAge(() => now);
  const due = Array.from({ length: 40 }, (_, index) => (plans.due() ? index + 1 : 0)).filter(Boolean);
  t.same(due, [2, 4, 8, 16, 32]);
  now = 4_999;
  t.notOk(plans.due());
  now = 5_000;
  t.ok(plans.due(), 'execution 42');
  t.notOk(plans.due());
  now = 10_000;
  t.ok(plans.due(), 'an environment that slept');
});
