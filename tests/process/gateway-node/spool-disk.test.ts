import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { waitUntil } from '../../../infra/local/wait-until.ts';
import { startGatewayNode } from './gateway-node.ts';
import { gaps, takesAll } from './kinesis-failures.ts';
import { ACME, RIGHT_KEY, startLoad, statuses } from './load.ts';
import { acceptedSince, assertNothingLost } from './spool-loss.ts';

/** A disk of its own, where the tests may mount one; spool-disk of tests/plugins has the same with one made up. */
function mountDisk(t: { teardown(run: () => unknown): void }, size: string) {
  const dir = mkdtempSync(join(tmpdir(), 'pistats-disk-'));
  const mount = (options: string) =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]).status === 0;
  const mounted = process.getuid?.() === 0 && mount(`size=${size}`);
  t.teardown(() => {
    // whoever still has a file of it open keeps it
    if (mounted) spawnSync('umount', ['-l', dir]);
    rmdirSync(dir);
  });
  if (!mounted) return undefined;
  return { dir, remount: (how: 'ro' | 'rw') => mount(`remount,${how}`) };
}

t.test('a disk that is full while Kinesis is away: 503, nothing lost, and then as before', async (t) => {
  const disk = mountDisk(t, '256k');
  if (!disk) return t.comment('no tmpfs can be mounted here');
  // as much as other things take up
  const ballast = join(disk.dir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(128 * 1024));
  const node = await startGatewayNode(t, {
    consumers: [ACME],
    spool: { PISTATS_SPOOL_DIR: join(disk.dir, 'spool') },
  });
  const { cloud } = node;
  cloud.kinesis = () => 'drop';
  const { outcomes, stop } = startLoad(t, node, { connections: 24, senders: { right: RIGHT_KEY } });
  const refusedSince = (since: number) =>
    outcomes.filter(({ status, startedAt }) => status === 503 && startedAt > since).length;
  await waitUntil('it is full', () => refusedSince(0) > 24, { everyMs: 5 });
  t.match(node.logs(), /the disk fails \(ENOSPC\)/);
  const accepted = acceptedSince(outcomes, 0);
  t.ok(accepted > 50, `${accepted} are in the spool`);
  // Kinesis alone decides now
  cloud.kinesis = takesAll;
  const upAt = performance.now();
  await waitUntil('registrations again', () => acceptedSince(outcomes, upAt) > 50, { everyMs: 5 });
  rmSync(ballast);
  await waitUntil('the spool is written again', () => /the disk is back/.test(node.logs()), { everyMs: 20 });
  await stop();
  t.same(statuses(outcomes), [201, 503]);
  await assertNothingLost(t, node, outcomes);
});

t.test('a disk that is read-only from the start, and then is not', async (t) => {
  const disk = mountDisk(t, '1m');
  if (!disk) return t.comment('no tmpfs can be mounted here');
  mkdirSync(join(disk.dir, 'spool'));
  if (!disk.remount('ro')) return t.comment('no tmpfs can be mounted read-only here');
  const node = await startGatewayNode(t, {
    consumers: [ACME],
    spool: { PISTATS_SPOOL_DIR: join(disk.dir, 'spool') },
  });
  const { cloud } = node;
  const ask = () => node.ask({ headers: RIGHT_KEY });
  const direct = await ask();
  t.match(direct, { status: 201, acknowledged: true }, 'Kinesis has it');
  cloud.kinesis = () => 'drop';
  const refused = await ask();
  t.equal(refused.status, 503);
  t.ok(Number(refused.headers['retry-after']) >= 1);
  t.match(node.logs(), /the disk fails \(EROFS\)/);
  disk.remount('rw');
  await waitUntil('2xx from the spool', async () => (await ask()).status === 201);
  cloud.kinesis = takesAll;
  await waitUntil('all is forwarded, that of the 503, too', () => {
    const numbers = cloud.sent.filter(({ taken }) => taken).map(({ stamp }) => stamp.split(' ')[2]);
    return numbers.includes('2') && gaps(cloud.sent).length === 0;
  });
});
