import { Router } from 'express';
import type { Config } from '../config.js';
import { ForbiddenError } from '../errors.js';
import { asyncHandler } from '../middleware/errorHandling.js';
import { jsonBody } from '../middleware/jsonBody.js';
import { refuseBlocked, runShell } from '../services/shell.js';
import { shellRequest } from '../validation/requests.js';

/** Shell commands on the agent's host; mounted under /ssh. */
export function createSshRouter(config: Config): Router {
  const router = Router();

  router.post(
    '/execute',
    jsonBody,
    asyncHandler(async (req, res) => {
      if (!config.allowShell) {
        throw new ForbiddenError('shell commands are switched off.');
      }
      const { command, timeoutMs } = shellRequest(req.body);
      refuseBlocked(command);
      const { stdout, stderr, exitCode } = await runShell(command, timeoutMs);
      res.json({
        success: true,
        command: config.secrets.scrub(command),
        stdout: config.secrets.scrub(stdout),
        stderr: config.secrets.scrub(stderr),
        exitCode,
        timestamp: new Date().toISOString(),
      });
    }),
  );

  return router;
}
