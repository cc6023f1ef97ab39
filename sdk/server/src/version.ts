/** What this package calls itself: `context.sdk` of events that a server sends for a page. */
export const SDK = { name: '@pistats/server', version: '0.1.0' } as const;
