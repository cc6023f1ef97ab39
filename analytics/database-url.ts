import { readFileSync } from 'node:fs';

/**
 * The analytics database to read: ANALYTICS_URL, else the one of the stack that runs on this machine (its run.json,
 * or the one PISTATS_RUN names).
 * @throws Error with one sentence for the user when there is neither
 */
export function analyticsUrl(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ANALYTICS_URL) return env.ANALYTICS_URL;
  const file = env.PISTATS_RUN ?? '.pistats/run.json';
  try {
    const { analyticsUrl: url } = JSON.parse(readFileSync(file, 'utf8')) as { analyticsUrl?: string };
    if (url) return url;
  } catch {
    // said below
  }
  throw new Error(
    `no analytics database is known: start piStats with "npm start", or set ANALYTICS_URL (${file} names none).`,
  );
}
