import Docker from 'dockerode';
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { FailureError, ImageUnavailableError } from '../errors.js';

// How long the engine may be silent. Stopping takes up to its grace period.
const ENGINE_TIMEOUT_MS = 60_000;
const STOP_GRACE_SECONDS = 10;
// What Docker says where a host port is taken, by a container or by anything else.
const PORT_TAKEN = ['port is already allocated', 'address already in use', 'failed to bind port'];

export interface ExecResult {
  output: string;
  exitCode: number;
}

export interface LogOptions {
  tail?: number;
  since?: number;
}

/** The engine failed, or refused what it was asked for. */
export class EngineError extends FailureError {
  constructor(
    readonly kind: 'not-found' | 'name-taken' | 'port-taken' | 'other',
    detail: string,
  ) {
    super('The container engine refused or failed.', detail);
  }
}

/** The Docker Engine of the host. Connects on each request, so that an agent starts without one. */
export class DockerService {
  private readonly docker = new Docker({ timeout: ENGINE_TIMEOUT_MS });

  async describe(): Promise<Record<string, unknown>> {
    const [version, info] = await translated(Promise.all([this.docker.version(), this.docker.info()]));
    return {
      version: version.Version,
      apiVersion: version.ApiVersion,
      containers: info.Containers,
      images: info.Images,
      operatingSystem: info.OperatingSystem,
    };
  }

  /** All containers with that label, in any state; every container where none is given. */
  async list(label?: string): Promise<ContainerInfo[]> {
    return translated(this.docker.listContainers({ all: true, filters: label ? { label: [label] } : {} }));
  }

  async inspect(container: string): Promise<ContainerInspectInfo> {
    return translated(this.docker.getContainer(container).inspect());
  }

  async hasImage(reference: string): Promise<boolean> {
    try {
      await translated(this.docker.getImage(reference).inspect());
      return true;
    } catch (problem) {
      if (problem instanceof EngineError && problem.kind === 'not-found') {
        return false;
      }
      throw problem;
    }
  }

  async pull(reference: string): Promise<void> {
    try {
      const stream: NodeJS.ReadableStream = await this.docker.pull(reference);
      await new Promise<void>((resolve, reject) => {
        this.docker.modem.followProgress(stream, (problem) => (problem ? reject(problem) : resolve()));
      });
    } catch (problem) {
      // Without a status nobody has answered: it is the engine that is not there.
      const failure = engineError(problem);
      throw isUnreachable(problem) ? failure : new ImageUnavailableError(failure.detail);
    }
  }

  async create(options: ContainerCreateOptions): Promise<string> {
    const container = await translated(this.docker.createContainer(options));
    return container.id;
  }

  /** Starts it; a running one stays as it is. */
  async start(container: string): Promise<void> {
    await unlessUnchanged(this.docker.getContainer(container).start());
  }

  /** Stops it; one that does not run stays as it is. */
  async stop(container: string, graceSeconds = STOP_GRACE_SECONDS): Promise<void> {
    await unlessUnchanged(this.docker.getContainer(container).stop({ t: graceSeconds }));
  }

  /** Removes it, also while it runs. */
  async remove(container: string): Promise<void> {
    await translated(this.docker.getContainer(container).remove({ force: true, v: true }));
  }

  /** Runs a command in it and waits for its end. */
  async execute(container: string, command: string[]): Promise<ExecResult> {
    const exec = await translated(
      this.docker.getContainer(container).exec({ Cmd: command, AttachStdout: true, AttachStderr: true }),
    );
    const stream = await translated(exec.start({ Detach: false, Tty: false }));
    const output = demultiplexed(await translated(bytesOf(stream)));
    const { ExitCode } = await translated(exec.inspect());
    return { output, exitCode: ExitCode ?? -1 };
  }

  /** What it has printed. */
  async logs(container: string, { tail, since }: LogOptions): Promise<string> {
    const content = await translated(
      this.docker.getContainer(container).logs({ stdout: true, stderr: true, follow: false, tail, since }),
    );
    return demultiplexed(content);
  }
}

/** The text of a stream in which standard output and standard error alternate, each piece behind eight bytes. */
export function demultiplexed(content: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= content.length; ) {
    const size = content.readUInt32BE(at + 4);
    pieces.push(content.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

async function translated<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (problem) {
    throw engineError(problem);
  }
}

/** Docker says 304 where a container is already as it was asked to be. */
async function unlessUnchanged(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (problem) {
    if ((problem as { statusCode?: number }).statusCode !== 304) {
      throw engineError(problem);
    }
  }
}

function engineError(problem: unknown): EngineError {
  const { statusCode, json } = problem as { statusCode?: number; json?: { message?: string } };
  const text = json?.message ?? (problem instanceof Error ? problem.message : String(problem));
  const lowered = text.toLowerCase();
  if (PORT_TAKEN.some((sign) => lowered.includes(sign))) {
    return new EngineError('port-taken', text);
  }
  if (statusCode === 404) {
    return new EngineError('not-found', text);
  }
  if (statusCode === 409 && lowered.includes('is already in use by container')) {
    return new EngineError('name-taken', text);
  }
  return new EngineError('other', text);
}

function isUnreachable(problem: unknown): boolean {
  const { statusCode, code } = problem as { statusCode?: number; code?: string };
  return statusCode === undefined && code !== undefined;
}
