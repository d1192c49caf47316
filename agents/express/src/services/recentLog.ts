import type { Secrets } from '../secrets.js';

// A day of one status poll each minute and some work; a few hundred kilobytes.
const KEPT_LINES = 2000;

/** The agent's log: to standard output, and its recent lines to whoever asks. No secrets. */
export class RecentLog {
  private readonly kept: string[] = [];

  constructor(private readonly secrets: Secrets) {}

  info(text: string): void {
    this.add('INFO', text);
  }

  warn(text: string): void {
    this.add('WARN', text);
  }

  error(text: string): void {
    this.add('ERROR', text);
  }

  /** The last lines, oldest first. */
  lines(count = KEPT_LINES): string[] {
    return this.kept.slice(-count);
  }

  private add(level: string, text: string): void {
    const line = `${new Date().toISOString()} ${level} ${this.secrets.scrub(text)}`;
    console.log(line);
    this.kept.push(line);
    if (this.kept.length > KEPT_LINES) {
      this.kept.shift();
    }
  }
}
