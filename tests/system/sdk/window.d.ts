import type { Pistats } from '../../../sdk/web/src/index.ts';

declare global {
  interface Window {
    /** the SDK of a page that `start` started it in */
    sdk: Pistats;
  }
}
