import { execFile } from 'node:child_process';
import { checkHealth } from './health.ts';

/** What systemd set for a unit of Type=notify (sd_notify(3), sd_watchdog_enabled(3)). */
export interface WatchdogEnvironment {
  NOTIFY_SOCKET?: string;
  WATCHDOG_USEC?: string;
}

/** systemd.service(5) advises half the time; a third leaves room for a slow check. */
const PART_OF_THE_TIME = 3;

/**
 * Tells systemd that the plugin server is ready, and, as long as it answers on its socket, that it lives. Node has no
 * Unix datagram sockets, hence the command. Does nothing outside systemd.
 */
export function startWatchdog(socketPath: string, env: WatchdogEnvironment = process.env): { stop(): void } {
  if (!env.NOTIFY_SOCKET) return { stop() {} };
  const notify = (state: string) =>
    execFile('systemd-notify', [state], (error) => {
      if (error) process.stderr.write(`systemd-notify ${state}: ${error.message}\n`);
    });
  notify('READY=1');
  const timeoutMs = Number(env.WATCHDOG_USEC ?? 0) / 1_000 / PART_OF_THE_TIME;
  if (!(timeoutMs > 0)) return { stop() {} };
  const timer = setInterval(() => {
    checkHealth(socketPath, timeoutMs).then(
      () => notify('WATCHDOG=1'),
      (error: Error) => process.stderr.write(`not healthy: ${error.message}\n`),
    );
  }, timeoutMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
