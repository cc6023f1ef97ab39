export interface Options {
  /** a public key (pk) */
  key: string;
  /** where the gateway is, as `https://push.example.com` */
  endpoint: string;
  /** the site, as it is registered */
  property: string;
  /** `required`: nothing is stored or sent before consent.grant() */
  consent?: 'required' | 'implied';
  /** Do Not Track and Global Privacy Control of the browser count as a refusal */
  honourPrivacySignals?: boolean;
  /** `false`: page views are the site's to track */
  pageViews?: boolean;
  /** `false`: the time that pages are read is not measured */
  engagement?: boolean;
  /** tells on the console what it does */
  debug?: boolean;
}

export const VERSION = '0.1.0';
export const SDK = { name: '@pistats/web', version: VERSION };

/** Names what belongs to one client and site in this browser. */
export const storeName = ({ key, property }: Options): string => `pistats ${key.split('_')[1]} ${property}`;

/** A page that is not asked about: the browser says what its user wants (W3C GPC; DNT is its forerunner). */
export const hasPrivacySignal = (): boolean => {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & { globalPrivacyControl?: boolean };
  return globalPrivacyControl === true || doNotTrack === '1';
};
