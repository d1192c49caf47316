import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';

const MOUNT = '/';

export interface HostMetrics {
  cpu_load_percent: number;
  memory: { total_bytes: number; active_bytes: number; free_bytes: number; used_bytes: number };
  disk: { mount: string; total_bytes: number; used_bytes: number; free_bytes: number };
}

/** Load, memory and disk of the host. */
export async function hostMetrics(): Promise<HostMetrics> {
  const [available, disk] = await Promise.all([availableMemory(), statfs(MOUNT)]);
  const total = os.totalmem();
  const free = os.freemem();
  return {
    cpu_load_percent: loadPercent(),
    memory: {
      total_bytes: total,
      active_bytes: Math.max(0, total - available),
      free_bytes: free,
      used_bytes: total - free,
    },
    disk: {
      mount: MOUNT,
      total_bytes: disk.blocks * disk.bsize,
      used_bytes: (disk.blocks - disk.bfree) * disk.bsize,
      free_bytes: disk.bavail * disk.bsize,
    },
  };
}

/** One process that always wants to run is the load of one processor. */
export function loadPercent(): number {
  const percent = (os.loadavg()[0] / Math.max(1, os.cpus().length)) * 100;
  return Math.round(Math.min(100, percent) * 100) / 100;
}

/** What GET /diagnostics/system tells beside the figures. */
export function describeHost(): Record<string, unknown> {
  return {
    platform: os.platform(),
    architecture: os.arch(),
    hostname: os.hostname(),
    node: process.version,
    pid: process.pid,
    uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
    host_uptime_seconds: os.uptime(),
  };
}

async function availableMemory(): Promise<number> {
  try {
    const match = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'));
    return match ? Number(match[1]) * 1024 : os.freemem();
  } catch {
    return os.freemem();
  }
}
