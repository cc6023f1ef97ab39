import type { PageData } from './events.ts';

interface NavigationLike extends EventTarget {
  currentEntry?: { url?: string };
}

/** The page's address as it is shown; a canonical link is the site's to give by `track`. */
export const currentPage = (referrer: string): PageData => ({
  url: location.href,
  referrer,
  title: document.title.slice(0, 300),
});

/**
 * Calls `view` for each page that is shown: at once (after prerendering, once the page is shown), after each navigation of
 * a single-page app, and when a page comes back from the back/forward cache. Gives how to stop.
 */
export function watchPages(view: (page: PageData) => void): () => void {
  let shown: string | undefined;
  let referrer = document.referrer;
  const look = (again = false) => {
    const url = location.href.split('#', 1)[0] as string;
    if (url === shown && !again) return;
    // within an app the page before is where the visitor comes from
    if (shown && !again) referrer = shown;
    shown = url;
    view(currentPage(referrer));
  };
  // an app sets the title after the address
  const soon = () => setTimeout(look, 0);
  const returned = (event: PageTransitionEvent) => {
    if (event.persisted) look(true);
  };

  const stops = [on(window, 'pageshow', returned as EventListener)];
  const { navigation } = window as Window & { navigation?: NavigationLike };
  if (navigation) stops.push(on(navigation, 'currententrychange', soon));
  else stops.push(on(window, 'popstate', soon), watchHistory(soon));
  const { prerendering } = document as Document & { prerendering?: boolean };
  if (prerendering) document.addEventListener('prerenderingchange', () => look(), { once: true });
  else look();
  return () => {
    for (const stop of stops) stop();
  };
}

/** Browsers without the Navigation API tell nobody of pushState. */
function watchHistory(changed: () => void): () => void {
  const { pushState, replaceState } = history;
  const wrap = (method: typeof pushState) =>
    function (this: History, ...args: Parameters<typeof pushState>) {
      method.apply(this, args);
      changed();
    };
  history.pushState = wrap(pushState);
  history.replaceState = wrap(replaceState);
  return () => Object.assign(history, { pushState, replaceState });
}

export function on(target: EventTarget, type: string, listener: EventListener): () => void {
  target.addEventListener(type, listener, { passive: true, capture: true });
  return () => target.removeEventListener(type, listener, { capture: true });
}
