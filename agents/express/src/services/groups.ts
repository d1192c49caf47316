import type { GroupRequest } from '../validation/requests.js';
import { BadRequestError, FailureError, GroupNotFoundError, HttpError, InstanceNotFoundError } from '../errors.js';
import type { GroupServer, InstanceService } from './instances.js';
import { NameLocks } from './nameLocks.js';

export interface DeployedServer {
  instanceName: string;
  containerId: string;
  status: string;
}

export interface GroupDeployment {
  deployedServers: DeployedServer[];
  errors: { instanceName: string; error: string }[];
}

/** MCP groups: instances that are deployed and removed together. A group exists as long as one of them does. */
export class GroupService {
  private readonly locks = new NameLocks();

  constructor(private readonly instances: InstanceService) {}

  /** Deploys all servers of a group, those that can be. */
  async deploy(request: GroupRequest): Promise<GroupDeployment> {
    return this.locks.hold(request.groupId, async () => {
      if ((await this.all()).has(request.groupId)) {
        throw new BadRequestError(`MCP group '${request.groupId}' exists already.`);
      }
      const result: GroupDeployment = { deployedServers: [], errors: [] };
      for (const server of request.servers) {
        try {
          const { Id, State } = await this.instances.deploy(server, request.groupId);
          result.deployedServers.push({ instanceName: server.name, containerId: Id, status: State.Status });
        } catch (problem) {
          if (!(problem instanceof HttpError)) {
            throw problem;
          }
          result.errors.push({ instanceName: server.name, error: problem.message });
        }
      }
      if (result.deployedServers.length === 0) {
        const reasons = result.errors.map(({ error }) => error).join('; ');
        throw new FailureError('No server of the group could be deployed.', reasons);
      }
      return result;
    });
  }

  /** Removes a group with its servers, and returns their names. */
  async remove(groupId: string, graceSeconds?: number): Promise<string[]> {
    return this.locks.hold(groupId, async () => {
      const names = (await this.members(groupId)).map(({ instanceName }) => instanceName);
      await Promise.all(names.map((name) => this.removeServer(name, graceSeconds)));
      return names;
    });
  }

  async members(groupId: string): Promise<GroupServer[]> {
    const members = (await this.all()).get(groupId);
    if (!members) {
      throw new GroupNotFoundError(groupId);
    }
    return members;
  }

  async all(): Promise<Map<string, GroupServer[]>> {
    const groups = new Map<string, GroupServer[]>();
    for (const server of await this.instances.servers()) {
      groups.set(server.groupId, [...(groups.get(server.groupId) ?? []), server]);
    }
    return groups;
  }

  private async removeServer(name: string, graceSeconds?: number): Promise<void> {
    try {
      await this.instances.remove(name, graceSeconds);
    } catch (problem) {
      // Somebody else has removed it meanwhile.
      if (!(problem instanceof InstanceNotFoundError)) {
        throw problem;
      }
    }
  }
}
