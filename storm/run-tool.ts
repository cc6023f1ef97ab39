import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a tool of a build; its own output is the message of the error. */
export async function runTool(command: string, args: string[], cwd: string): Promise<void> {
  try {
    await run(command, args, { cwd, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stdout, stderr, message } = error as Error & {
      code?: string;
      stdout?: string;
      stderr?: string;
    };
    if (code === 'ENOENT') throw new Error(`there is no "${command}": install a JDK (17 or newer) and Maven`);
    throw new Error(`${command} failed: ${`${stdout ?? ''}${stderr ?? ''}`.trim() || message}`);
  }
}

/** The end of a build that failed: one message, exit code 1. */
export function reportBuildError(error: Error): void {
  process.stderr.write(`pistats: ${error.message}\n`);
  process.exitCode = 1;
}
