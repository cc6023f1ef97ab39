import type { DeviceClass } from './enriched-event.ts';

/**
 * HTTP libraries by which apps send: okhttp (Android), CFNetwork (Apple's systems), the Android runtime's own, Dart's
 * (Flutter), Ktor's, Cronet, ExoPlayer; an Apple TV by its model. A list of robots has them, too, since they are no browser.
 */
const LIBRARY =
  /^okhttp\/|^Dalvik\/|\bCFNetwork\/|^Dart\/[\d.]+ \(dart:io\)|\bAlamofire\/|^ktor-client|\bCronet\/|^AppleTV\d+,|\bExoPlayerLib\//;
const OF_A_MAC = /\bMac(?:intosh|OS| ?OS X)|\(x86_64\)|\bmacOS\b/i;
/** What calls itself a robot, against what merely is no browser. */
const DECLARED_BOT = /bot\b|\bbot|crawl|spider|headless/i;

/** A page in an app's own window, as Android and iOS mark it: Safari itself names its version. */
const WEB_VIEW = /\bAndroid\b.*; wv\)|\b(?:iPhone|iPad|iPod)\b(?!.*\bVersion\/\d).*AppleWebKit\//;
const MARK_OF_A_BOT = /https?:\/\/|\(compatible|lighthouse/i;

/**
 * An app's name follows a web view's agent, and a media house's app is called News, Feed, Radar or Library: words by which a list
 * of robots goes.
 */
export function isWebView(agent: string): boolean {
  return WEB_VIEW.test(agent) && !MARK_OF_A_BOT.test(agent) && !declaresBot(agent);
}

export function declaresBot(agent: string): boolean {
  return DECLARED_BOT.test(agent);
}

/** An app that sends by its library, by whatever route. */
export function isAppLibrary(agent: string): boolean {
  return LIBRARY.test(agent) && !declaresBot(agent);
}

/** CFNetwork tells no model: a Mac where it says so, else a device in the hand, as most are. */
export function libraryClass(agent: string): DeviceClass {
  return OF_A_MAC.test(agent) ? 'desktop' : 'mobile';
}

export function librarySystem(agent: string): string | null {
  if (/\bCFNetwork\//.test(agent)) return OF_A_MAC.test(agent) ? 'macOS' : 'iOS';
  if (/\biOS \d/.test(agent)) return 'iOS';
  return /^okhttp\/|^Dalvik\//.test(agent) ? 'Android' : null;
}
