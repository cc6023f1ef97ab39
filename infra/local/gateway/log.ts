/** Kong's log levels, most urgent first. */
export const LOG_LEVELS = ['alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = (level: LogLevel, message: string, details?: Record<string, unknown>) => void;

/** One JSON line an entry. Kong's default level is `notice`. Never hand it headers or bodies: they hold API keys. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const limit = LOG_LEVELS.indexOf(level);
  return (entryLevel, message, details) => {
    if (LOG_LEVELS.indexOf(entryLevel) > limit) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level: entryLevel, message, ...details })}\n`);
  };
}
