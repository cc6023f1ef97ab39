import t from 'tap';
import { z } from 'zod';
import { parseBody } from '../../../contracts/validate.ts';

const errors = (schema: z.ZodType, body: unknown) => {
  const result = parseBody(schema, JSON.stringify(body));
  return result.ok ? [] : (result.problem.errors ?? []);
};

t.test('a pointer leads to the value: names, indexes, the root', async (t) => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ name: z.string() })) });
  t.match(errors(schema, { list: [{ name: 'a' }, { name: 1 }] }), [{ pointer: '/list/1/name' }]);
  t.match(errors(schema, { list: [{}] }), [{ pointer: '/list/0/name' }]);
  t.match(errors(schema, []), [{ pointer: '' }]);
});

t.test('~ and / in a name are escaped (RFC 6901), in that order', async (t) => {
  const schema = z.strictObject({ 'a/b': z.strictObject({ 'm~n': z.strictObject({ '~1': z.int() }) }) });
  t.match(errors(schema, { 'a/b': { 'm~n': { '~1': 'x' } } }), [{ pointer: '/a~1b/m~0n/~01' }]);
});

t.test('the value comes back as its schema made it', async (t) => {
  const schema = z.strictObject({ a: z.int().default(7) });
  t.same(parseBody(schema, '{}'), { ok: true, value: { a: 7 } });
});

t.test('no error repeats a value, which may be a push token', async (t) => {
  const secret = 'fcm-token-that-must-not-return';
  const schema = z.strictObject({ kind: z.enum(['a', 'b']), value: z.string().max(5), n: z.int() });
  t.notMatch(JSON.stringify(errors(schema, { kind: secret, value: secret, n: secret })), secret);
});
