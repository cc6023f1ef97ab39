export { type ErrorCode, PistatsError } from './errors.ts';
export type { EventData, PageData } from './events.ts';
export { type Options, VERSION } from './options.ts';
export { init, type Pistats, type Registered, type Topic } from './pistats.ts';
