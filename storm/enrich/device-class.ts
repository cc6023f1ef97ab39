import type { DeviceClass } from './enriched-event.ts';

/** The families of devices in the order in which they are asked; most come from what a shared word would mistake. */
const FAMILIES: [DeviceClass, RegExp][] = [
  // Fire TV, Android TV, Tizen, webOS, Apple TV, Roku, Chromecast, HbbTV, and what Android sets say of themselves
  ['tv', /\bAFT[A-Z][A-Z0-9]*\b|smart-?tv|\bGoogle ?TV\b|Android ?TV|BRAVIA|\bHbbTV\b|Web0S|\bNetCast\b/i],
  [
    'tv',
    /Apple ?TV|\btvOS\b|\bRoku\b|\bCrKey\b|Chromecast|\bMiTV|\bMIBOX|\bSHIELD Android TV\b|\bVIDAA\b|Viera/i,
  ],
  ['tv', /\bTizen\b.*\bTV\b|\bTV Safari\b|\bDTV\b|\bOpera TV\b|\bLG Browser\/|\bOMI\/|\bstbapp\b/],
  // consoles that a television shows; those in the hand are held as a phone is
  ['mobile', /PlayStation (?:Vita|Portable)|Nintendo (?:3DS|DSi)/i],
  ['tv', /PlayStation|\bXbox\b|Nintendo (?:Switch|WiiU?)/i],
  [
    'other',
    /Apple ?Watch|\bwatchOS\b|\bWear ?OS\b|\bWatch\d*,\d|\bTizen\b.*\bSM-R\d|\bSM-R\d{3}|\bOculusBrowser\b|\bQuest \d?/i,
  ],
  ['desktop', /\bCrOS\b|\b(?:Free|Open|Net|DragonFly ?)BSD\b|\bSunOS\b/],
  ['tablet', /\biPad|\bKF[A-Z]{2,5}\b|\bSilk\/(?!.*\bMobile\b)|\bPlayBook\b|\bKindle\b/],
  [
    'tablet',
    /\bSM-[TPX]\d|\bGT-P\d|\bLenovo (?:TB|YT)|\bTab\b|\bMediaPad|\bMatePad|\bNexus (?:7|9|10)\b|Pixel (?:Tablet|C)\b/,
  ],
  ['tablet', /\bAndroid\b.*\b(?:Redmi |Xiaomi |OnePlus |OPPO |HONOR |Mi |vivo )?Pad\b/i],
  ['mobile', /\biPhone|\biPod|\bWindows Phone|\bOpera Mini\/|\bKAIOS\//],
  // the runtime of Android's apps never says Mobile, as a browser does on a phone
  ['mobile', /^Dalvik\//],
  ['mobile', /\bAndroid\b.*\bMobile\b/],
];

/** `type`: the library's opinion where no family fits. An iPad that calls itself a Macintosh is a desktop. */
export function deviceClass(agent: string, type: string | undefined): DeviceClass {
  const family = FAMILIES.find(([, pattern]) => pattern.test(agent))?.[0];
  if (family) return family;
  return type === 'desktop' || type === 'mobile' || type === 'tablet' || type === 'tv' ? type : 'other';
}
