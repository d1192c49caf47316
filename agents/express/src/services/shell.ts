import { spawn } from 'node:child_process';
import { FailureError, ForbiddenError } from '../errors.js';
import { SECRET_VARIABLES } from '../secrets.js';

// What no caller may run here, whatever the token. A net against accidents; it does not stop an attacker.
const BLOCKED = [
  /\brm\s+(?:-\S+\s+)*(?:--\s+)?\/(?:\*|\s|;|&|\||$)/,
  /\b(?:shutdown|reboot|halt|poweroff|mkfs(?:\.\w+)?|fdisk|parted|wipefs)\b/,
  /\binit\s+[06]\b/,
  /\bdd\b[^;|&]*\b(?:if|of)=/,
  />\s*\/dev\/(?:sd|hd|vd|xvd|nvme)/,
  /:\s*\(\s*\)\s*\{.*\}/,
];
// A caller who wants more should redirect into a file.
const OUTPUT_LIMIT = 1_000_000;

export interface ShellResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Refuses a command on the block list. */
export function refuseBlocked(command: string): void {
  if (BLOCKED.some((pattern) => pattern.test(command))) {
    throw new ForbiddenError('this command is blocked.');
  }
}

/** Runs a command with /bin/sh, without the agent's tokens in its environment. */
export function runShell(command: string, timeoutMs: number): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SECRET_VARIABLES.includes(name)));
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child.pid);
    }, timeoutMs);
    child.once('error', (problem) => {
      clearTimeout(timer);
      reject(new FailureError('The command could not be run.', problem.message));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (late) {
        reject(new FailureError(`The command took longer than ${timeoutMs} ms.`));
      } else {
        resolve({ stdout: stdout(), stderr: stderr(), exitCode: code ?? -1 });
      }
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT) {
      chunks.push(chunk);
      size += chunk.length;
    }
  });
  return () => Buffer.concat(chunks).subarray(0, OUTPUT_LIMIT).toString('utf8');
}

/** Kills a command and everything that it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw problem;
    }
  }
}
