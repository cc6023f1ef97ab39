import { clientIn } from '../../../sdk/server/src/client.ts';
import type { RetryRules, World } from '../../../sdk/server/src/retry.ts';

export const KEY = 'sk_first_0123456789abcdefghijklmno';
export const REGISTRATION = {
  property: 'www',
  device: { installationId: 'installation-1', platform: 'web' as const },
};

export interface Sent {
  url: string;
  headers: Headers;
  body: string | undefined;
  redirect: string | undefined;
}

type Step = Response | Error | ((signal: AbortSignal) => Promise<Response>);

/** A problem as the gateway answers it. */
export const problemAnswer = (
  status: number,
  code: string,
  headers: Record<string, string> = {},
  extra: object = {},
) =>
  new Response(JSON.stringify({ type: 'urn:x', title: `a title of ${code}`, status, code, ...extra }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });

export const registered = () =>
  Response.json(
    { registrationId: 'r', userId: 'u', deviceId: 'd', deviceToken: 't', created: true },
    { status: 201 },
  );

/** A client whose requests are answered by these steps, one after the other; it waits by a clock of its own. */
export function scripted(steps: Step[], retry?: Partial<RetryRules>, random = 0.5) {
  const sent: Sent[] = [];
  const pauses: number[] = [];
  let now = 0;
  const world: World = {
    now: () => now,
    random: () => random,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      pauses.push(ms);
      now += ms;
    },
  };
  const fetch = async (input: unknown, init: RequestInit = {}) => {
    const { headers, body, redirect } = init;
    sent.push({
      url: String(input),
      headers: new Headers(headers),
      body: body as string | undefined,
      redirect,
    });
    const step = steps.shift();
    if (!step) throw new Error('one request more than the test has answers');
    if (step instanceof Error) throw step;
    return typeof step === 'function' ? step(init.signal as AbortSignal) : step;
  };
  const client = clientIn(world, { endpoint: 'https://gateway.example/', key: KEY, fetch, retry });
  return { client, sent, pauses, left: steps };
}
