import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { BadRequestError, ConflictError, InstanceNotFoundError } from '../errors.js';
import { isName } from '../validation/rules.js';
import type { Deployment } from '../validation/requests.js';
import { DockerService, EngineError } from './docker.js';
import type { ExecResult, LogOptions } from './docker.js';
import { NameLocks } from './nameLocks.js';

// What ties a container to this agent: with it, nothing has to be remembered from one start to the next.
const MANAGED = 'io.agentopia.dtma.managed';
const ACCOUNT = 'io.agentopia.dtma.account-tool-instance-id';
const IMAGE = 'io.agentopia.dtma.image';
const GROUP = 'io.agentopia.dtma.mcp-group';

export interface Port {
  ip?: string;
  private_port: number;
  public_port?: number;
  type: string;
}

/** A tool instance as the callers read it. */
export interface ToolInstance {
  account_tool_instance_id: string | null;
  instance_name_on_toolbox: string;
  container_id: string;
  status: string;
  image: string;
  ports: Port[];
  created: number;
}

/** A server of an MCP group. */
export interface GroupServer {
  groupId: string;
  instanceName: string;
  containerId: string;
  status: string;
}

/**
 * Tool instances: containers that carry this agent's label. Requests for one name take turns.
 *
 * A container that disappears behind the agent's back is an instance that is not there.
 */
export class InstanceService {
  private readonly locks = new NameLocks();

  constructor(private readonly docker: DockerService) {}

  /** Creates and starts a container; where that fails, nothing is left behind. */
  async deploy(wanted: Deployment, groupId = ''): Promise<ContainerInspectInfo> {
    return this.locks.hold(wanted.name, async () => {
      await this.refuseTakenName(wanted.name);
      if (!(await this.docker.hasImage(wanted.image))) {
        await this.docker.pull(wanted.image);
      }
      const container = await this.create(wanted, groupId);
      await this.startOrRemove(container);
      return this.docker.inspect(container);
    });
  }

  async start(name: string): Promise<ContainerInspectInfo> {
    return this.change(name, (container) => this.docker.start(container));
  }

  async stop(name: string): Promise<ContainerInspectInfo> {
    return this.change(name, (container) => this.docker.stop(container));
  }

  async restart(name: string): Promise<ContainerInspectInfo> {
    return this.change(name, async (container) => {
      await this.docker.stop(container);
      await this.docker.start(container);
    });
  }

  /** Removes an instance, also while it runs; with a grace period it is asked to stop first. */
  async remove(name: string, graceSeconds?: number): Promise<void> {
    await this.locks.hold(name, () =>
      this.withInstance(name, async ({ Id }) => {
        if (graceSeconds !== undefined) {
          await this.docker.stop(Id, graceSeconds);
        }
        await this.docker.remove(Id);
      }),
    );
  }

  /** Runs a command in an instance. Not under the name's lock: a long command must not keep it from being stopped. */
  async execute(name: string, command: string[], accountToolInstanceId: string): Promise<ExecResult> {
    return this.withInstance(name, async ({ Id, Config }) => {
      if (accountToolInstanceId !== '' && accountToolInstanceId !== Config.Labels[ACCOUNT]) {
        throw new BadRequestError("'accountToolInstanceId' is not this instance's.");
      }
      return this.docker.execute(Id, command);
    });
  }

  async logs(name: string, options: LogOptions): Promise<string> {
    return this.withInstance(name, ({ Id }) => this.docker.logs(Id, options));
  }

  /** The instance of that name, or InstanceNotFoundError. */
  async find(name: string): Promise<ContainerInspectInfo> {
    const found = await this.inspectNamed(name);
    if (!found || found.Config.Labels?.[MANAGED] !== 'true') {
      throw new InstanceNotFoundError(name);
    }
    return found;
  }

  /** All instances, as the callers read them. */
  async list(): Promise<ToolInstance[]> {
    return (await this.containers()).map((container) => ({
      account_tool_instance_id: container.Labels[ACCOUNT] || null,
      instance_name_on_toolbox: nameOf(container),
      container_id: container.Id,
      status: container.State,
      image: container.Labels[IMAGE] || container.Image,
      ports: (container.Ports ?? []).map((port) => ({
        ...(port.IP ? { ip: port.IP } : {}),
        private_port: port.PrivatePort,
        ...(port.PublicPort ? { public_port: port.PublicPort } : {}),
        type: port.Type,
      })),
      created: container.Created,
    }));
  }

  /** The servers of all MCP groups. */
  async servers(): Promise<GroupServer[]> {
    return (await this.containers())
      .filter((container) => container.Labels[GROUP])
      .map((container) => ({
        groupId: container.Labels[GROUP],
        instanceName: nameOf(container),
        containerId: container.Id,
        status: container.State,
      }));
  }

  private containers(): Promise<ContainerInfo[]> {
    return this.docker.list(`${MANAGED}=true`);
  }

  private change(name: string, work: (container: string) => Promise<void>): Promise<ContainerInspectInfo> {
    return this.locks.hold(name, () =>
      this.withInstance(name, async ({ Id }) => {
        await work(Id);
        return this.docker.inspect(Id);
      }),
    );
  }

  private async withInstance<T>(name: string, work: (found: ContainerInspectInfo) => Promise<T>): Promise<T> {
    const found = await this.find(name);
    try {
      return await work(found);
    } catch (problem) {
      if (problem instanceof EngineError && problem.kind === 'not-found') {
        throw new InstanceNotFoundError(name);
      }
      throw problem;
    }
  }

  /** The container of exactly that name: the engine would also take the beginning of an id. */
  private async inspectNamed(name: string): Promise<ContainerInspectInfo | undefined> {
    if (!isName(name)) {
      return undefined;
    }
    try {
      const found = await this.docker.inspect(name);
      return found.Name === `/${name}` ? found : undefined;
    } catch (problem) {
      if (problem instanceof EngineError && problem.kind === 'not-found') {
        return undefined;
      }
      throw problem;
    }
  }

  private async refuseTakenName(name: string): Promise<void> {
    const found = await this.inspectNamed(name);
    if (found?.Config.Labels?.[MANAGED] === 'true') {
      throw new ConflictError(`Tool instance '${name}' exists already.`);
    }
    if (found) {
      throw new ConflictError(`The name '${name}' is taken by a container that this DTMA does not manage.`);
    }
  }

  private async create(wanted: Deployment, groupId: string): Promise<string> {
    try {
      return await this.docker.create({
        name: wanted.name,
        Image: wanted.image,
        Env: wanted.environment,
        Labels: {
          [MANAGED]: 'true',
          [ACCOUNT]: wanted.accountToolInstanceId,
          [IMAGE]: wanted.image,
          ...(groupId ? { [GROUP]: groupId } : {}),
        },
        ExposedPorts: Object.fromEntries(Object.keys(wanted.portBindings).map((port) => [port, {}])),
        HostConfig: { PortBindings: wanted.portBindings, RestartPolicy: { Name: 'unless-stopped' } },
      });
    } catch (problem) {
      if (problem instanceof EngineError && problem.kind === 'name-taken') {
        throw new ConflictError(`The name '${wanted.name}' is taken.`, problem.detail);
      }
      throw problem;
    }
  }

  private async startOrRemove(container: string): Promise<void> {
    try {
      await this.docker.start(container);
    } catch (problem) {
      await this.docker.remove(container);
      if (problem instanceof EngineError && problem.kind === 'port-taken') {
        throw new ConflictError('A host port is already taken.', problem.detail);
      }
      throw problem;
    }
  }
}

function nameOf(container: ContainerInfo): string {
  return container.Names[0].replace(/^\//, '');
}
