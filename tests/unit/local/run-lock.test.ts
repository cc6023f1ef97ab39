import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startOf } from '../../../infra/local/processes.ts';
import { holdLock } from '../../../infra/local/run-lock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const never = () => t.fail('there was nobody to wait for');

t.test('one holds it at a time, in turn, and a waiter is told once for whom', async (t) => {
  const file = join(tempDir(t), 'state', 'a.lock');
  const first = await holdLock(file, never);
  t.equal(readFileSync(file, 'utf8'), `${process.pid} ${startOf(process.pid)}`);
  const told: number[] = [];
  let held = 0;
  let most = 0;
  const others = [1, 2, 3].map(async () => {
    const unlock = await holdLock(file, (holder) => told.push(holder));
    most = Math.max(most, ++held);
    await new Promise(setImmediate);
    held--;
    unlock();
  });
  first();
  await Promise.all(others);
  t.equal(most, 1);
  t.ok(told.length <= 3 && told.every((holder) => holder === process.pid));
  t.notOk(existsSync(file));
});

t.test('one who was killed, whose number came again, or who wrote nothing, holds nothing', async (t) => {
  const file = join(tempDir(t), 'a.lock');
  for (const left of ['4194304 7', `${process.pid} 7`, `${process.pid}`, '', 'nonsense']) {
    writeFileSync(file, left);
    const unlock = await holdLock(file, never);
    t.equal(readFileSync(file, 'utf8'), `${process.pid} ${startOf(process.pid)}`, left);
    unlock();
  }
});

t.test('who is interrupted while he waits is told so, and the lock stays with its holder', async (t) => {
  const file = join(tempDir(t), 'a.lock');
  const unlock = await holdLock(file, never);
  const abort = new AbortController();
  await t.rejects(
    holdLock(file, () => abort.abort(), abort.signal),
    { name: 'StopError', message: 'interrupted.', exitCode: 130 },
  );
  t.ok(existsSync(file));
  unlock();
});
