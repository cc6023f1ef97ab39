// `node --import` of a process that is profiled: SIGUSR2 begins, the next one ends and writes to PISTATS_PROFILE.
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const file = process.env.PISTATS_PROFILE as string;
let session: Session | undefined;

async function begin(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  writeFileSync(`${file}.begun`, '');
}

async function end({ post, disconnect }: { post: Session['post']; disconnect(): void }): Promise<void> {
  const { profile } = await post('Profiler.stop');
  disconnect();
  writeFileSync(`${file}.new`, JSON.stringify(profile));
  renameSync(`${file}.new`, file);
}

process.on('SIGUSR2', () => {
  if (!session) return void begin();
  const running = session;
  void end({ post: running.post.bind(running), disconnect: () => running.disconnect() });
});
