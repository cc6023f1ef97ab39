import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { freePort, requirePort } from '../../../infra/local/free-port.ts';
import { waitUntil } from '../../../infra/local/wait-until.ts';

t.test('waitUntil gives the first truthy value, after as many probes as it takes', async (t) => {
  let probes = 0;
  t.equal(await waitUntil('three', () => (++probes === 3 ? 'three' : null), { everyMs: 1 }), 'three');
  t.equal(probes, 3);
  probes = 0;
  t.equal(await waitUntil('two', async () => ++probes >= 2 && probes, { everyMs: 1 }), 2);
});

t.test('a probe that throws, now or later, counts as no', async (t) => {
  let probes = 0;
  const probe = () => {
    if (++probes === 1) throw new Error('at once');
    return probes === 2 ? Promise.reject(new Error('later')) : 'here';
  };
  t.equal(await waitUntil('it', probe, { everyMs: 1 }), 'here');
});

t.test('what does not come is named, with the time and the reason of the last probe', async (t) => {
  const options = { timeoutMs: 20, everyMs: 1 };
  await t.rejects(
    waitUntil('Redis', () => false, options),
    { message: 'Redis: not within 0.02 s' },
  );
  const refuses = () => {
    throw new Error('connection refused');
  };
  await t.rejects(waitUntil('Redis', refuses, options), {
    message: 'Redis: not within 0.02 s (connection refused)',
  });
});

t.test('a wait that nobody needs any more ends', async (t) => {
  const waiting = new AbortController();
  const wait = waitUntil('Redis', () => waiting.abort(), { everyMs: 1, signal: waiting.signal });
  await t.rejects(wait, { message: 'Redis: no longer waited for' });
});

async function listen(t: Test): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

t.test('a free port is one that can be listened on', async (t) => {
  const port = await freePort();
  t.ok(port > 1_023 && port < 65_536);
  await t.resolves(requirePort(port, 'PISTATS_PORT'));
  await t.resolves(requirePort(port, 'PISTATS_PORT'), 'the check itself lets go of it');
});

t.test('a port in use is told with the variable that sets another', async (t) => {
  const port = await listen(t);
  await t.rejects(requirePort(port, 'PISTATS_PORT'), {
    name: 'StopError',
    exitCode: 1,
    message: `port ${port} is in use; stop what listens there or set PISTATS_PORT to another port.`,
  });
});
