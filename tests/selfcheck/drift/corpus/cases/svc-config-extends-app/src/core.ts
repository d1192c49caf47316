import type { Express } from 'express';

export interface Config {
  lists: Record<string, { fields: Record<string, string> }>;
  server?: { port?: number; extendExpressApp?: (app: Express, context: object) => void | Promise<void> };
  graphql?: { path?: string };
}

export function config(input: Config): Config {
  return { ...input, graphql: { path: '/api/graphql', ...input.graphql } };
}

export const list = <T extends object>(input: T): T => ({ ...input });
