import { Router } from 'express';
import { asyncHandler } from '../middleware/errorHandling.js';
import { jsonBody } from '../middleware/jsonBody.js';
import type { AgentStatusService } from '../services/agentStatus.js';
import type { InstanceService } from '../services/instances.js';
import { deployRequest } from '../validation/requests.js';

/** Tool instances; mounted under /tools, behind the authentication. */
export function createToolsRouter(instances: InstanceService, status: AgentStatusService): Router {
  const router = Router();

  router.get(
    '/',
    asyncHandler(async (_req, res) => {
      res.json({ tools: await instances.list() });
    }),
  );

  router.get(
    '/status',
    asyncHandler(async (_req, res) => {
      res.json(await status.read());
    }),
  );

  router.post(
    '/',
    jsonBody,
    asyncHandler(async (req, res) => {
      const wanted = deployRequest(req.body);
      const container = await instances.deploy(wanted);
      res.status(201).json({
        success: true,
        message: `Tool instance '${wanted.name}' deployed.`,
        data: {
          container_id: container.Id,
          instance_name_on_toolbox: wanted.name,
          account_tool_instance_id: wanted.accountToolInstanceId,
          image: wanted.image,
          ports: container.NetworkSettings.Ports ?? {},
          state: container.State,
        },
      });
    }),
  );

  router.delete(
    '/:instanceNameOnToolbox',
    asyncHandler(async (req, res) => {
      const name = req.params.instanceNameOnToolbox;
      await instances.remove(name);
      res.json({ success: true, message: `Tool instance '${name}' deleted.` });
    }),
  );

  router.post(
    '/:instanceNameOnToolbox/restart',
    asyncHandler(async (req, res) => {
      const name = req.params.instanceNameOnToolbox;
      const { State } = await instances.restart(name);
      res.json({ success: true, message: `Tool instance '${name}' restarted.`, data: { state: State } });
    }),
  );

  return router;
}
