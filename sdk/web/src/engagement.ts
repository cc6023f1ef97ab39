import { on } from './page-views.ts';

/** A visitor who did nothing for so long has stopped reading, as far as anybody can tell. */
const USED_MS = 30_000;
const REPORT_MS = 30_000;
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'scroll'];

export interface Engagement {
  /** Reports what was not yet, at the end of a page. */
  end(): void;
  stop(): void;
}

/**
 * Measures the time that the page is visible and used, and how deep it was scrolled; reports both since the last report:
 * when the page is hidden or left, and at most every 30 s meanwhile.
 */
export function measureEngagement(report: (seconds: number, scroll: number) => void): Engagement {
  const now = () => performance.now();
  let used = 0;
  /** until when what is visible counts, and since when it does */
  let until = now() + USED_MS;
  let since = document.visibilityState === 'visible' ? now() : undefined;
  let deepest = 0;
  let told = 0;

  function count(): void {
    if (since === undefined) return;
    used += Math.max(0, Math.min(now(), until) - since);
    since = now();
  }
  function tell(): void {
    count();
    const seconds = Math.round(used / 1_000);
    if (seconds < 1) return;
    used -= seconds * 1_000;
    report(seconds, deepest);
    told = now();
  }
  function act(): void {
    count();
    until = now() + USED_MS;
    const { scrollHeight, clientHeight } = document.documentElement;
    const depth = scrollHeight > clientHeight ? (scrollY + clientHeight) / scrollHeight : 1;
    deepest = Math.max(deepest, Math.min(100, Math.round(depth * 100)));
  }
  function changed(): void {
    if (document.visibilityState === 'visible') {
      since = now();
      until = now() + USED_MS;
    } else {
      tell();
      since = undefined;
    }
  }

  const stops = ACTIVITY.map((type) => on(window, type, act));
  stops.push(on(document, 'visibilitychange', changed));
  const timer = setInterval(() => {
    if (since !== undefined && now() - told >= REPORT_MS) tell();
  }, REPORT_MS);
  return {
    end() {
      tell();
      deepest = 0;
    },
    stop() {
      clearInterval(timer);
      for (const stop of stops) stop();
    },
  };
}
