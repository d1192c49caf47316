import { isIPv4, isIPv6 } from 'node:net';

// Docker's rule for container names (moby, daemon/names), which an instance's name becomes.
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const NAME_MAX_LENGTH = 128;

// The grammar of image references (distribution/reference): [domain[:port]/]path[:tag][@digest].
const LABEL = '[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*';
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const TAG = '[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}';
const DIGEST = '[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}';
const IMAGE = new RegExp(`^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::${TAG})?(?:@${DIGEST})?$`);
// 64 hexadecimal digits alone would be an image's id.
const IMAGE_ID = /^[a-f0-9]{64}$/;
const IMAGE_MAX_LENGTH = 512;

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const CONTAINER_PORT = /^([1-9][0-9]{0,4})\/(?:tcp|udp|sctp)$/;
const HOST_PORT = /^(?:0|[1-9][0-9]{0,4})$/;
const HIGHEST_PORT = 65535;

export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= NAME_MAX_LENGTH && NAME.test(value);
}

export function isImageReference(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= IMAGE_MAX_LENGTH && !IMAGE_ID.test(value) && IMAGE.test(value)
  );
}

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** Text that a process can be given: no zero byte, which ends it there. */
export function isArgument(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

export function isAssignment(value: unknown): value is string {
  return isArgument(value) && value.indexOf('=') > 0;
}

export function isContainerPort(value: string): boolean {
  const match = CONTAINER_PORT.exec(value);
  return match !== null && Number(match[1]) <= HIGHEST_PORT;
}

export function isHostPort(value: unknown): value is string {
  return typeof value === 'string' && HOST_PORT.test(value) && Number(value) <= HIGHEST_PORT;
}

export function isAddress(value: unknown): value is string {
  return typeof value === 'string' && (isIPv4(value) || (isIPv6(value) && !value.includes('%')));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
