import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createFailureReports, type ReportFailure } from '../contracts/failure-log.ts';
import { SettingError } from './errors.ts';

/** Its lines carry the invocation's request id and the function's name, as Powertools has them. */
const logger = new Logger({ serviceName: 'pistats-functions' });

/** Tells of a failure, in a line of JSON: a code of ours, the class of the cause, ids. Never what a client or a database said. */
export const report: ReportFailure = createFailureReports({
  write: ({ message, ...entry }) => logger.warn(message, entry),
});

/** `handler` whose failures are told with the invocation they happened in. */
export const logged =
  <Event, Answer>(handler: (event: Event, context: Context) => Promise<Answer>) =>
  (event: Event, context: Context): Promise<Answer> => {
    logger.addContext(context);
    return handler(event, context);
  };

/** What an environment is made of when it starts; a setting that is wrong is told before the environment ends by it. */
export function configured<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    report('setting_wrong', error, () => (error instanceof SettingError ? { setting: error.setting } : {}));
    throw error;
  }
}
