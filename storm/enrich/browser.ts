import Bowser from 'bowser';

/**
 * What the library does not know or takes for what it is built from, in the order in which it is asked: an app that
 * shows a page in its own window first, since its agent names a system's browser, too.
 */
const BROWSERS: [name: string, pattern: RegExp][] = [
  ['Facebook', /\bFB(?:AN|AV|_IAB)\b/],
  ['Instagram', /\bInstagram [\d.]/],
  ['Line', /\bLine\/\d/],
  ['WeChat', /\bMicroMessenger\//],
  ['TikTok', /\b(?:musical_ly|BytedanceWebview|ByteLocale|trill_)|\bTikTok\b/],
  ['Google Search', /\bGSA\/\d/],
  ['Pinterest', /\[Pinterest\/|\bPinterest for (?:iOS|Android)/],
  ['Snapchat', /\bSnapchat\/?\b/],
  ['X', /\bTwitter for (?:iPhone|iPad)|\bTwitterAndroid\b/],
  ['LinkedIn', /\bLinkedInApp\b/],
  ['Flipboard', /\bFlipboard\/\d/],
  ['SmartNews', /\bSmartNews\b/],
  ['KakaoTalk', /\bKAKAOTALK\b/],
  ['Telegram', /\bTelegram-Android\//],
  ['Yandex Search', /\bYaApp_|\bYaSearchBrowser\//],
  ['Yandex Browser', /\bYaBrowser\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Opera Mini', /\bOpera Mini\/|\bOPiOS\//],
  ['Opera', /\b(?:OPR|OPT|OPX|OPRGX)\//],
  ['UC Browser', /\bUC ?Browser\/|\bUCWEB/],
  ['Brave', /\bBrave(?: Chrome)?\b/],
  ['DuckDuckGo', /\bDuckDuckGo\/|\bDdg\//],
  ['Ecosia', /\bEcosia /],
  ['Huawei Browser', /\bHuaweiBrowser\//],
  ['MIUI Browser', /\bMiuiBrowser\//],
  ['Whale', /\bWhale\//],
  ['QQ Browser', /\bM?QQBrowser\//],
  ['PlayStation', /\bPlayStation\b/i],
  ['Nintendo', /\bNintendo/],
  ['Amazon Silk', /\bSilk\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Microsoft Edge', /\bEdg(?:e|A|iOS|W)?\//],
  ['Firefox Focus', /\b(?:Focus|Klar)\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Android WebView', /; wv\).*Chrome\//],
  ['Safari', /\b(?:iPhone|iPad|Macintosh)\b.*Version\/[\d.]+ .*Safari\//],
  ['iOS WebView', /\b(?:iPhone|iPad|iPod)\b(?!.*\bSafari\/).*AppleWebKit\//],
];

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(Bowser.BROWSER_MAP as Record<string, string>).filter((name) => name !== 'Generic'),
  ...BROWSERS.map(([name]) => name),
]);

/**
 * One of a bounded list of names: the header is a stranger's text, and a report has a line for each.
 * @param named by the library, which gives whatever stands before the first slash when it knows nothing better
 */
export function browserName(agent: string, named: string | undefined): string {
  const own = BROWSERS.find(([, pattern]) => pattern.test(agent))?.[0];
  return own ?? (named && KNOWN.has(named) ? named : 'other');
}
