import t from 'tap';
import { PROBLEMS, type ProblemCode, problem } from '../../../contracts/problem.ts';

t.test('a problem has the fields of RFC 9457 and a stable code', async (t) => {
  t.same(problem('key_missing'), {
    type: 'urn:pistats:problem:key_missing',
    title: 'An API key is required',
    status: 401,
    code: 'key_missing',
  });
  t.match(problem('body_invalid', { detail: 'd', errors: [{ pointer: '/a', detail: 'e' }] }), {
    status: 400,
    detail: 'd',
    errors: [{ pointer: '/a', detail: 'e' }],
  });
});

t.test('every code has a type that is a URI, an error status and a title of its own', async (t) => {
  const titles = new Set<string>();
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const { type, status, title } = problem(code);
    t.ok(URL.canParse(type), type);
    t.match(code, /^[a-z]+(_[a-z]+)*$/);
    t.ok(Number.isInteger(status) && status >= 400 && status <= 599, `${code}: ${status}`);
    titles.add(title);
  }
  t.equal(titles.size, Object.keys(PROBLEMS).length);
});
