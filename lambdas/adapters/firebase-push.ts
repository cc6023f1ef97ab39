import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, applicationDefault, cert, deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';
import { LRUCache } from 'lru-cache';
import type { Push, PushOutcome } from '../ports/push.ts';

/** An app holds connections and an access token: as many as an environment may keep. */
const MAX_APPS = 20;

/** firebase-admin gives a call 15 s and repeats it four times (14.5, FIREBASE_MESSAGING_TIMEOUT): longer than a run may take. */
const CALL_MS = 10_000;

/** Errors after which a token never works again (Firebase documentation, "Manage registration tokens"). */
const DEAD = new Set([
  'messaging/registration-token-not-registered',
  'messaging/invalid-registration-token',
  'messaging/mismatched-credential',
]);

/** @param credentialsDir holds `<project>.json` service accounts; without it the environment's own credential is used */
export function createFirebasePush(credentialsDir: string | undefined, callMs = CALL_MS): Push {
  const apps = new LRUCache<string, App>({
    max: MAX_APPS,
    dispose: (app) => void deleteApp(app).catch(() => {}),
  });

  function appOf(project: string): App {
    const present = apps.get(project);
    if (present) return present;
    if (!/^[a-z0-9-]{1,64}$/.test(project)) throw new Error('not the name of a Firebase project');
    const credential = credentialsDir
      ? cert(JSON.parse(readFileSync(join(credentialsDir, `${project}.json`), 'utf8')))
      : applicationDefault();
    const app = initializeApp({ credential, projectId: project }, project);
    apps.set(project, app);
    return app;
  }

  return {
    async setTopic(project, action, topic, tokens) {
      const done: PushOutcome = { result: 'done' };
      try {
        const messaging = getMessaging(appOf(project));
        const call =
          action === 'join'
            ? messaging.subscribeToTopic(tokens, topic)
            : messaging.unsubscribeFromTopic(tokens, topic);
        const answer = await within(callMs, call);
        if (!answer) return tokens.map(() => ({ result: 'later', code: 'timeout' }));
        const errors = new Map(answer.errors.map(({ index, error }) => [index, error.code]));
        return tokens.map((_, index) => {
          const code = errors.get(index);
          return code === undefined ? done : { result: DEAD.has(code) ? 'dead' : 'later', code };
        });
      } catch (error) {
        const code = (error as { code?: string }).code ?? 'unreachable';
        return tokens.map(() => ({ result: 'later', code }));
      }
    },
  };
}

/** Undefined when it took longer; what comes of it then is of no interest. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  work.catch(() => {});
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
