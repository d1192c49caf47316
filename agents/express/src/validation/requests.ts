import { BadRequestError } from '../errors.js';
import {
  isAddress,
  isArgument,
  isAssignment,
  isContainerPort,
  isHostPort,
  isImageReference,
  isName,
  isObject,
  isUuid,
} from './rules.js';

const DEFAULT_SHELL_TIMEOUT_MS = 30_000;
const LONGEST_SHELL_TIMEOUT_MS = 600_000;

const NAME_RULE = 'must match [a-zA-Z0-9][a-zA-Z0-9_.-]+ and have no more than 128 characters';
const IMAGE_RULE = 'is no image reference, such as nginx:latest';
const UUID_RULE = 'is no UUID';

export type PortBindings = Record<string, { HostIp?: string; HostPort: string }[]>;

/** What a container is created from. */
export interface Deployment {
  name: string;
  image: string;
  /** Empty where the backend's row is not known. */
  accountToolInstanceId: string;
  environment: string[];
  portBindings: PortBindings;
}

export interface GroupRequest {
  groupId: string;
  servers: Deployment[];
}

export interface ExecuteRequest {
  capabilityName: string;
  command: string[];
  accountToolInstanceId: string;
}

export interface ShellRequest {
  command: string;
  timeoutMs: number;
}

type Body = Record<string, unknown>;
type Overrides = { Env?: string[]; HostConfig?: { PortBindings?: PortBindings } };

/** Collects what is wrong with a body, one sentence each. */
class Check {
  readonly problems: string[] = [];

  field(body: Body, name: string, holds: (value: unknown) => boolean, rule: string, where = ''): void {
    if (body[name] === undefined) {
      this.problems.push(`'${where}${name}' is missing.`);
    } else {
      this.optional(body, name, holds, rule, where);
    }
  }

  optional(body: Body, name: string, holds: (value: unknown) => boolean, rule: string, where = ''): void {
    if (body[name] !== undefined && !holds(body[name])) {
      this.problems.push(`'${where}${name}' ${rule}.`);
    }
  }

  refuse(): void {
    if (this.problems.length > 0) {
      throw new BadRequestError(this.problems[0]);
    }
  }
}

/** The body of POST /tools. */
export function deployRequest(body: Body): Deployment {
  const check = new Check();
  check.field(body, 'dockerImageUrl', isImageReference, IMAGE_RULE);
  check.field(body, 'instanceNameOnToolbox', isName, NAME_RULE);
  check.field(body, 'accountToolInstanceId', isUuid, UUID_RULE);
  checkOverrides(check, body);
  check.refuse();
  return deployment(body, body.instanceNameOnToolbox as string);
}

/** The body of POST /mcp/groups. */
export function groupRequest(body: Body): GroupRequest {
  const check = new Check();
  check.field(body, 'groupId', isName, NAME_RULE);
  check.field(body, 'servers', (value) => Array.isArray(value) && value.length > 0, 'must be a list of servers');
  check.optional(body, 'options', isObject, 'must be an object');
  check.refuse();
  const servers = body.servers as unknown[];
  servers.forEach((server, index) => {
    check.problems.push(...serverProblems(server, `servers[${index}].`));
  });
  check.refuse();
  return {
    groupId: body.groupId as string,
    servers: servers.map((server) => deployment(server as Body, (server as Body).instanceName as string)),
  };
}

/** The body of POST /mcp/validate: anything may stand in the list, and is judged in the answer. */
export function validationRequest(body: Body): unknown[] {
  const check = new Check();
  check.field(body, 'servers', Array.isArray, 'must be a list');
  check.refuse();
  return body.servers as unknown[];
}

/** All that is wrong with the definition of a server of an MCP group. */
export function serverProblems(server: unknown, where = ''): string[] {
  if (!isObject(server)) {
    return [`'${where || 'server'}' must be an object.`];
  }
  const check = new Check();
  check.field(server, 'instanceName', isName, NAME_RULE, where);
  check.field(server, 'dockerImageUrl', isImageReference, IMAGE_RULE, where);
  check.optional(server, 'accountToolInstanceId', isUuid, UUID_RULE, where);
  checkOverrides(check, server, where);
  return check.problems;
}

/** The body of POST /tools/:instanceNameOnToolbox/execute. */
export function executeRequest(body: Body): ExecuteRequest {
  const check = new Check();
  check.field(body, 'agentId', (value) => typeof value === 'string' && value !== '', 'must be a text');
  check.field(body, 'capabilityName', (value) => isArgument(value) && value !== '', 'must be a command');
  check.optional(body, 'accountToolInstanceId', (value) => typeof value === 'string', 'must be a text');
  check.optional(body, 'payload', isObject, 'must be an object');
  check.refuse();
  const payload = (body.payload ?? {}) as Body;
  check.optional(payload, 'args', listOf(isArgument), 'must be a list of texts', 'payload.');
  check.refuse();
  const capabilityName = body.capabilityName as string;
  return {
    capabilityName,
    command: [capabilityName, ...((payload.args ?? []) as string[])],
    accountToolInstanceId: (body.accountToolInstanceId ?? '') as string,
  };
}

/** The body of POST /ssh/execute. */
export function shellRequest(body: Body): ShellRequest {
  const check = new Check();
  check.field(body, 'command', (value) => isArgument(value) && value !== '', 'must be a command');
  check.optional(
    body,
    'timeout',
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LONGEST_SHELL_TIMEOUT_MS,
    `must be a whole number of milliseconds from 1 to ${LONGEST_SHELL_TIMEOUT_MS}`,
  );
  check.refuse();
  return { command: body.command as string, timeoutMs: (body.timeout ?? DEFAULT_SHELL_TIMEOUT_MS) as number };
}

function checkOverrides(check: Check, body: Body, where = ''): void {
  check.optional(body, 'baseConfigOverrideJson', isObject, 'must be an object', where);
  if (!isObject(body.baseConfigOverrideJson)) {
    return;
  }
  const overrides = body.baseConfigOverrideJson;
  const path = `${where}baseConfigOverrideJson.`;
  check.optional(overrides, 'Env', listOf(isAssignment), 'must be a list of K=V', path);
  check.optional(overrides, 'HostConfig', isObject, 'must be an object', path);
  if (isObject(overrides.HostConfig)) {
    check.optional(overrides.HostConfig, 'PortBindings', arePortBindings, 'are no port bindings', `${path}HostConfig.`);
  }
}

function arePortBindings(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(([port, bindings]) => isContainerPort(port) && listOf(isPortBinding)(bindings))
  );
}

function isPortBinding(value: unknown): boolean {
  return isObject(value) && isHostPort(value.HostPort) && (value.HostIp === undefined || isAddress(value.HostIp));
}

function listOf(holds: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(holds);
}

/** A deployment from a body that was checked. What is not known in it is left out. */
function deployment(body: Body, name: string): Deployment {
  const overrides = (body.baseConfigOverrideJson ?? {}) as Overrides;
  const portBindings: PortBindings = {};
  for (const [port, bindings] of Object.entries(overrides.HostConfig?.PortBindings ?? {})) {
    portBindings[port] = bindings.map(({ HostIp, HostPort }) => ({ ...(HostIp ? { HostIp } : {}), HostPort }));
  }
  return {
    name,
    image: body.dockerImageUrl as string,
    accountToolInstanceId: (body.accountToolInstanceId ?? '') as string,
    environment: overrides.Env ?? [],
    portBindings,
  };
}
