import t from 'tap';
import { statementNames } from '../../lambdas/adapters/statement-names.ts';

t.test('the same text has the same name, another text another, short enough for PostgreSQL', async (t) => {
  const nameOf = statementNames();
  const name = nameOf({ sql: 'select 1' });
  t.match(name, /^s_[0-9a-f]{32}$/);
  t.equal(nameOf({ sql: 'select 1' }), name);
  t.not(nameOf({ sql: 'select 2' }), name);
  t.equal(statementNames()({ sql: 'select 1' }), name, 'on every connection alike');
});

t.test('a statement whose text grows with its values does not fill the connection', async (t) => {
  const nameOf = statementNames();
  const first = nameOf({ sql: 'select 0' });
  const named = Array.from({ length: 200 }, (_, n) => nameOf({ sql: `select ${n}` })).filter(Boolean);
  t.equal(named.length, 64);
  t.equal(nameOf({ sql: 'select 0' }), first);
});
