export type { components, paths } from './api.ts';
export { type Answer, type ClientOptions, createClient, type PistatsClient } from './client.ts';
export { type ErrorCode, type FieldError, PistatsError, type ProblemCode } from './errors.ts';
export { createEvent, type Event } from './event.ts';
export type { RetryRules } from './retry.ts';
export { signUserToken, type UserTokenOptions } from './user-token.ts';
export { SDK } from './version.ts';
