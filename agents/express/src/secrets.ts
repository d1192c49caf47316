import { createHash, timingSafeEqual } from 'node:crypto';

/** Names of the environment variables that hold a secret. */
export const SECRET_VARIABLES = ['DTMA_BEARER_TOKEN', 'BACKEND_TO_DTMA_API_KEY'];

/** The tokens that let a caller in, and the one place that takes them out of texts. */
export class Secrets {
  readonly hasAuthToken: boolean;
  readonly hasApiKey: boolean;
  private readonly values: string[];

  constructor(authTokens: string[], apiKey: string) {
    this.hasAuthToken = authTokens.some((token) => token !== '');
    this.hasApiKey = apiKey !== '';
    this.values = [...authTokens, apiKey].filter((value) => value !== '');
  }

  get configured(): boolean {
    return this.values.length > 0;
  }

  /** Whether this is one of the tokens. Digests of one length are compared, all of them, in constant time. */
  admits(token: Buffer): boolean {
    const given = digest(token);
    let known = false;
    for (const value of this.values) {
      known = timingSafeEqual(given, digest(Buffer.from(value, 'utf8'))) || known;
    }
    return known;
  }

  /** The text without any token's value. */
  scrub(text: string): string {
    return this.values.reduce((scrubbed, value) => scrubbed.replaceAll(value, '[redacted]'), text);
  }
}

function digest(value: Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
