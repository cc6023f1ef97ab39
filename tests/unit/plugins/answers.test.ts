import t from 'tap';
import {
  isResponse,
  problemResponse,
  readAnswers,
  takeColdStart,
} from '../../../plugins/lambda-invoke/answers.ts';

const good = { statusCode: 200 };

const responses: [what: string, value: unknown, sound: boolean][] = [
  ['a status alone', good, true],
  ['everything', { statusCode: 201, headers: { a: 'b' }, body: '{}', events: [] }, true],
  ['the lowest and the highest status', { statusCode: 599 }, true],
  ['a status below 200', { statusCode: 199 }, false],
  ['a status above 599', { statusCode: 600 }, false],
  ['a status as text', { statusCode: '200' }, false],
  ['a broken status', { statusCode: 200.5 }, false],
  ['no status', { body: 'x' }, false],
  ['a body that is no text', { ...good, body: { a: 1 } }, false],
  ['headers that are none', { ...good, headers: 'x' }, false],
  ['headers null', { ...good, headers: null }, false],
  ['headers in a list', { ...good, headers: ['x'] }, false],
  ['header values as API Gateway takes them', { ...good, headers: { a: 1, b: true, c: 'ü' } }, true],
  ['a header that is no text', { ...good, headers: { a: { b: 1 } } }, false],
  ['a header that would end the line', { ...good, headers: { a: 'b\r\nc: d' } }, false],
  ['a header without a name', { ...good, headers: { '': 'a' } }, false],
  ['events that are no list', { ...good, events: {} }, false],
  ['events with an id and a type', { ...good, events: [{ id: 'a', type: 'b' }] }, true],
  ['events that are none', { ...good, events: [{ id: 'a', type: 'b' }, null] }, false],
  ['an event without an id', { ...good, events: [{ type: 'b' }] }, false],
  ['text', '200', false],
  ['null', null, false],
  ['nothing', undefined, false],
];
t.test('what counts as an answer of a function', async (t) => {
  for (const [what, value, sound] of responses) t.equal(isResponse(value), sound, what);
});

t.test('the answers of one and of many', async (t) => {
  t.same(readAnswers(good, 1), [good]);
  t.same(readAnswers({ batch: [good, { statusCode: 400 }] }, 2), [good, { statusCode: 400 }]);
});

t.test('a payload of another shape is no answers at all', async (t) => {
  const payloads: [unknown, number][] = [
    [null, 1],
    [{ batch: [good] }, 1],
    [{ batch: [good] }, 2],
    [{ batch: [good, good, good] }, 2],
    [{ batch: [good, { statusCode: 'x' }] }, 2],
    [{ batch: 'xx' }, 2],
    [good, 2],
    [[good, good], 2],
    [null, 2],
    [undefined, 2],
  ];
  for (const [payload, count] of payloads)
    t.equal(readAnswers(payload, count), null, `${JSON.stringify(payload)} for ${count}`);
});

t.test('what an environment says of its start is taken out, of one answer and of many', async (t) => {
  const coldStart = { initMs: 250 };
  const [one, many] = [
    { ...good, coldStart },
    { batch: [good, good], coldStart },
  ];
  t.same([takeColdStart(one), takeColdStart(many)], [0.25, 0.25]);
  t.same([one, many], [good, { batch: [good, good] }]);
  t.equal(takeColdStart(one), null, 'once');
  for (const nonsense of [null, undefined, 'x', 7, [], { coldStart: null }, { coldStart: { initMs: '9' } }])
    t.equal(takeColdStart(nonsense), null);
});

t.test('a problem as an answer', async (t) => {
  const { statusCode, headers, body } = problemResponse('busy', 2.2);
  t.equal(statusCode, 503);
  t.same(headers, { 'content-type': 'application/problem+json', 'retry-after': '3' });
  t.match(JSON.parse(body ?? ''), { type: 'urn:pistats:problem:busy', status: 503, code: 'busy' });
  t.same(problemResponse('busy', 0).headers?.['retry-after'], '1', 'at least a second');
  t.notOk('retry-after' in (problemResponse('function_failed').headers ?? {}));
});
