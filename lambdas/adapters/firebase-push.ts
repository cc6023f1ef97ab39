import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, applicationDefault, cert, deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging, type Messaging } from 'firebase-admin/messaging';
import { LRUCache } from 'lru-cache';
import type { ReportFailure } from '../../contracts/failure-log.ts';
import type { Push, PushOutcome } from '../ports/push.ts';
import { PUSH_CALL_MS } from '../time-limits.ts';
import { CallAgent } from './call-agent.ts';

/** An app holds connections and an access token: as many as an environment may keep. */
const MAX_APPS = 20;

/**
 * Errors after which a token never works again (Firebase documentation, "Manage registration tokens"). One that belongs to
 * another sender is not among them: with the right project or credential it works.
 */
const DEAD = new Set(['messaging/registration-token-not-registered', 'messaging/invalid-registration-token']);

interface Connected {
  app: App;
  agent: CallAgent;
  messaging: Messaging;
}

/** @param credentialsDir holds `<project>.json` service accounts; without it the environment's own credential is used */
export function createFirebasePush(
  credentialsDir: string | undefined,
  { callMs = PUSH_CALL_MS, report = () => {} }: { callMs?: number; report?: ReportFailure } = {},
): Push {
  const apps = new LRUCache<string, Connected>({ max: MAX_APPS, dispose: close });
  /** firebase-admin finds apps by their names, and one that is being deleted still has its own */
  let made = 0;

  function connect(project: string): Connected {
    const present = apps.get(project);
    if (present) return present;
    if (!/^[a-z0-9-]{1,64}$/.test(project)) throw new Error('not the name of a Firebase project');
    const agent = new CallAgent();
    const credential = credentialsDir
      ? cert(JSON.parse(readFileSync(join(credentialsDir, `${project}.json`), 'utf8')), agent)
      : applicationDefault(agent);
    const app = initializeApp({ credential, projectId: project, httpAgent: agent }, `${project} ${++made}`);
    const messaging = getMessaging(app);
    // over HTTP/2 firebase-admin opens a session a call and gives nobody the means to end it (CallAgent)
    messaging.enableLegacyHttpTransport();
    const connected = { app, agent, messaging };
    apps.set(project, connected);
    return connected;
  }

  return {
    async setTopic(project, action, topic, tokens) {
      try {
        const { messaging } = connect(project);
        const answer = await within(
          callMs,
          action === 'join'
            ? messaging.subscribeToTopic(tokens, topic)
            : messaging.unsubscribeFromTopic(tokens, topic),
        );
        if (!answer) {
          // nothing of it may arrive after what is sent next
          apps.delete(project);
          report('push_unavailable', { code: 'timeout' }, () => ({ project, count: tokens.length }));
          return { outage: 'timeout' };
        }
        const errors = new Map(answer.errors.map(({ index, error }) => [index, error.code]));
        const [refused] = [...errors.values()].filter((code) => !DEAD.has(code));
        if (refused) report('push_refused', { code: refused }, () => ({ project, count: errors.size }));
        return tokens.map((_, index) => outcomeOf(errors.get(index)));
      } catch (error) {
        report('push_unavailable', error, () => ({ project, count: tokens.length }));
        return { outage: (error as { code?: string }).code ?? 'unreachable' };
      }
    },
  };
}

function outcomeOf(code: string | undefined): PushOutcome {
  if (code === undefined) return { result: 'done' };
  return { result: DEAD.has(code) ? 'dead' : 'later', code };
}

function close({ app, agent }: Connected): void {
  agent.close();
  deleteApp(app).catch(() => {});
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
