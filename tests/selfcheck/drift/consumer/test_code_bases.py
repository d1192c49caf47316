"""Code bases as they really are: the agent's requests are found among all others."""

from __future__ import annotations

from drift.consumer.marked_sources import judge, read, requests, unmarked

BACKEND = {
    "package.json": '{"name": "backend", "dependencies": {"axios": "^1.7.0"}}',
    "tsconfig.json": '{"compilerOptions": {"baseUrl": "./src", "paths": {"@app/*": ["./*"]}}}',
    "src/config/index.ts": """import 'dotenv/config';
const required = (name: string): string => { const v = process.env[name]; if (!v) throw new Error(name); return v; };
export const config = {
  dtma: { port: Number(process.env.DTMA_PORT ?? 30000), apiKey: required('BACKEND_TO_DTMA_API_KEY') },
  digitalOcean: { url: 'https://api.digitalocean.com/v2', token: required('DO_API_TOKEN') },
  github: { url: 'https://api.github.com' },
};
""",
    "src/clients/dtma-client.ts": """import axios, { AxiosError, AxiosRequestConfig, Method } from 'axios';
import { config } from '@app/config';
import { logger } from '../logger';

export interface DtmaTarget { ipAddress: string; }

export async function callDtma<T>(target: DtmaTarget, method: Method, path: string, body?: unknown): Promise<T> {
  const request: AxiosRequestConfig = {
    method,
    url: `http://${target.ipAddress}:${config.dtma.port}${path}`,
    headers: { Authorization: `Bearer ${config.dtma.apiKey}`, 'Content-Type': 'application/json' },
    data: body,
    timeout: 30_000,
  };
  try {
    return (await axios.request<T>(request)).data;
  } catch (error) {
    logger.error(`dtma ${method} ${path} failed`, (error as AxiosError).message);
    throw error;
  }
}
""",
    "src/logger.ts": "export const logger = { error: (...m: unknown[]) => console.error(...m) };\n",
    "src/services/tool-service.ts": """import { callDtma } from '../clients/dtma-client';
import { supabase } from '../supabase';
import { config } from '../config';

export class ToolService {
  async deploy(toolbox: Toolbox, tool: Tool) {
    const { data } = await supabase.from('tools').insert({ toolbox_id: toolbox.id }).select().single();
    return callDtma<Deployed>(toolbox, 'POST', '/tools', { dockerImageUrl: tool.image, accountToolInstanceId: data.id }); //! POST /tools
  }
  async remove(toolbox: Toolbox, instance: Instance) {
    await callDtma(toolbox, 'DELETE', `/tools/${encodeURIComponent(instance.instance_name_on_toolbox)}`); //! DELETE /tools/{instance_name_on_toolbox}
  }
  start = (toolbox: Toolbox, instance: Instance) => this.command(toolbox, instance, 'start'); //! POST /tools/{name}/start
  stop = (toolbox: Toolbox, instance: Instance) => this.command(toolbox, instance, 'stop'); //! POST /tools/{name}/stop
  restart(toolbox: Toolbox, id: string) {
    return callDtma(toolbox, 'POST', `/tools/${id}/restart`); //! POST /tools/{id}/restart
  }
  async status(toolbox: Toolbox, id: string) {
    const { state } = await callDtma<{ state: string }>(toolbox, 'GET', `/tools/${id}/status`); //! GET /tools/{id}/status
    return state;
  }
  private async command(toolbox: Toolbox, instance: Instance, verb: 'start' | 'stop') {
    const name = encodeURIComponent(instance.instance_name_on_toolbox);
    return callDtma(toolbox, 'POST', `/tools/${name}/${verb}`);
  }
  async image(tool: Tool) {
    const response = await fetch(`${config.github.url}/repos/${tool.repository}/releases/latest`);
    return response.json();
  }
}
""",
    "src/services/droplet-service.ts": """import axios from 'axios';
import { config } from '@app/config';

const digitalOcean = axios.create({
  baseURL: config.digitalOcean.url,
  headers: { Authorization: `Bearer ${config.digitalOcean.token}` },
});

export async function createDroplet(name: string) {
  const { data } = await digitalOcean.post('/droplets', { name, size: 's-1vcpu-1gb' });
  await fetch(process.env.SLACK_WEBHOOK_URL!, { method: 'POST', body: name });
  return data.droplet;
}
export const removeDroplet = (id: number) => digitalOcean.delete(`/droplets/${id}`);
export const health = (ip: string) => axios.get(`http://${ip}:30000/health`, { timeout: 5000 }); //! GET /health
""",
    "src/jobs/status-poller.ts": """import { setInterval } from 'node:timers';
import { toolboxes } from '../repositories';
const INTERVAL = 10_000;
async function poll(): Promise<void> {
  for (const toolbox of await toolboxes.active()) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), INTERVAL);
    try {
      const response = await fetch(`http://${toolbox.public_ip_address}:30000/status`, { signal: controller.signal }); //! GET /status
      await toolboxes.update(toolbox.id, await response.json());
    } finally {
      clearTimeout(timer);
    }
  }
}
setInterval(poll, INTERVAL);
""",
    "src/routes/tools.ts": """import { Router } from 'express';
import { ToolService } from '../services/tool-service';
export const tools = Router();
const service = new ToolService();
tools.post('/toolboxes/:id/tools/:tool/start', async (req, res) => res.json(await service.start(req.toolbox, req.tool)));
tools.post('/toolboxes/:id/tools/:tool/restart', async (req, res) => res.json(await service.restart(req.toolbox, req.params.tool)));
tools.get('/health', (_req, res) => res.send('OK'));
""",
    "src/services/__tests__/tool-service.test.ts": "fetch('http://localhost:30000/never');\n",
    "node_modules/dtma/index.js": "fetch('http://localhost:30000/never');\n",
    "dist/services/tool-service.js": "fetch('http://localhost:30000/never');\n",
}

CONSOLE = {
    "src/lib/supabase.ts": "import { createClient } from '@supabase/supabase-js';\n"
    "export const supabase = createClient(import.meta.env.VITE_SUPABASE_URL, import.meta.env.VITE_SUPABASE_ANON_KEY);\n",
    "src/pages/DtmaConsole.tsx": """import { useCallback, useEffect, useState } from 'react';
import { useQuery, useMutation } from '@tanstack/react-query';
import { supabase } from '@/lib/supabase';
import type { Toolbox } from '@/types';

const PATHS = { status: '/status', system: '/system', logs: '/logs' } as const;

export function DtmaConsole({ toolbox, token }: { toolbox: Toolbox; token: string }) {
  const base = `http://${toolbox.public_ip_address}:30000`;
  const call = useCallback(
    async (path: string, method: 'GET' | 'POST' = 'GET') => {
      const response = await fetch(`${base}${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`${response.status}`);
      return response.json();
    },
    [base, token],
  );
  const status = useQuery({ queryKey: ['status'], queryFn: () => call(PATHS.status) }); //! GET /status
  const system = useQuery({ queryKey: ['system'], queryFn: () => call(PATHS.system) }); //! GET /system
  const logs = useQuery({ queryKey: ['logs'], queryFn: async () => (await call(`${PATHS.logs}?lines=100`)).logs }); //! GET /logs
  const restart = useMutation({ mutationFn: () => call('/restart', 'POST') }); //! POST /restart
  const tools = async () => supabase.functions.invoke('list-tools', { body: { toolbox: toolbox.id } });
  useEffect(() => { fetch('/api/me').then((r) => r.json()); }, []);
  return (
    <section>
      <button onClick={() => restart.mutate()}>Restart</button>
      <button onClick={() => call('/redeploy', 'POST').catch(alert)}>Redeploy</button> {/*! POST /redeploy*/}
      <a href={`${base}/health`}>health</a>
    </section>
  );
}
""",
    "supabase/functions/_shared/dtma.ts": """export const DTMA_PORT = Deno.env.get('DTMA_PORT') || '30000';
export class DtmaError extends Error {}
export async function dtmaFetch(ip: string, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`http://${ip}:${DTMA_PORT}${path}`, {
    ...init,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${Deno.env.get('BACKEND_TO_DTMA_API_KEY')}`, ...init.headers },
  });
  if (!response.ok) throw new DtmaError(await response.text());
  return response;
}
""",
    "supabase/functions/deploy-tool/index.ts": """import { serve } from 'https://deno.land/std@0.177.0/http/server.ts';
import { createClient } from 'https://esm.sh/@supabase/supabase-js@2';
import { dtmaFetch } from '../_shared/dtma.ts';
serve(async (req: Request) => {
  if (req.method === 'OPTIONS') return new Response('ok');
  const supabase = createClient(Deno.env.get('SUPABASE_URL')!, Deno.env.get('SUPABASE_SERVICE_ROLE_KEY')!);
  const { toolboxId, image, name } = await req.json();
  const { data: box } = await supabase.from('toolboxes').select('*').eq('id', toolboxId).single();
  const deployed = await dtmaFetch(box.ip, '/tools', { method: 'POST', body: JSON.stringify({ image, name }) }); //! POST /tools
  await fetch(`${Deno.env.get('SUPABASE_URL')}/functions/v1/notify`, { method: 'POST' });
  await fetch('https://api.stripe.com/v1/charges', { method: 'POST' });
  return deployed;
});
""",
}

SCRIPTS = {
    "scripts/droplet/health-check.sh": """#!/usr/bin/env bash
set -euo pipefail
readonly DTMA_PORT="${DTMA_PORT:-30000}"
check() {
  local host="$1"
  if ! curl --fail --silent --max-time 5 "http://${host}:${DTMA_PORT}/health" > /dev/null; then #! GET /health
    echo "unhealthy: $host"
    docker restart dtma_manager
  fi
}
for host in $(doctl compute droplet list --format PublicIPv4 --no-header); do check "$host"; done
curl -fsS -X POST "$SLACK_WEBHOOK" -d "{}"
""",
    "cloud-init/user-data.yaml": """#cloud-config
runcmd:
  - docker run -d --name dtma_manager -p 30000:30000 agentopia/dtma:latest
  - for i in 1 2 3; do curl -sf http://localhost:30000/health && break; sleep 5; done #! GET /health
  - [ sh, -c, "curl -sf http://localhost:30000/status" ] #! GET /status
  - curl -fsSL https://get.docker.com -o get-docker.sh
""",
    "agent/Dockerfile": """FROM node:20-slim
HEALTHCHECK --interval=30s --timeout=3s \\
  CMD curl -f http://localhost:30000/health || exit 1 #! GET /health
""",
}

PYTHON = {
    "ops/__init__.py": "",
    "ops/settings.py": """from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    dtma_port: int = 30000
    backend_to_dtma_api_key: str = ""
    github_url: str = "https://api.github.com"


settings = Settings()
""",
    "ops/dtma.py": '''"""A client of the agent."""

from __future__ import annotations

from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from .settings import settings


class DtmaClient:
    def __init__(self, host: str, *, token: str | None = None, timeout: float = 10.0) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"http://{host}:{settings.dtma_port}",
            headers={"Authorization": f"Bearer {token or settings.backend_to_dtma_api_key}"},
            timeout=timeout,
        )

    async def __aenter__(self) -> DtmaClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = await self._http.request(method, path, **options)
        response.raise_for_status()
        return response.json()

    async def tools(self) -> list[dict[str, Any]]:
        return (await self._call("GET", "/tools"))["tools"]  #! GET /tools

    async def start(self, name: str) -> None:
        await self._call("POST", f"/tools/{quote(name, safe='')}/start")  #! POST /tools/{name}/start

    async def logs(self, name: str, tail: int = 100) -> str:
        answer = await self._call("GET", f"/mcp/servers/{name}/logs", params={"tail": tail})  #! GET /mcp/servers/{name}/logs
        return answer["data"]["logs"]

    async def healthy(self) -> bool:
        return (await self._http.get("/health")).text == "OK"  #! GET /health
''',
    "ops/report.py": """import asyncio

import requests

from ops.dtma import DtmaClient
from ops.settings import settings


async def report(hosts):
    for host in hosts:
        async with DtmaClient(host) as agent:
            await agent.start("x")
            print(await agent.tools())
    requests.get(f"{settings.github_url}/rate_limit", timeout=5)
""",
    "tests/test_dtma.py": "import requests\nrequests.get('http://localhost:30000/never')\n",
}


def test_a_backend_asks_for_what_its_tool_service_says():
    """Deploy, delete, start and stop go through one wrapper; two routes that never existed are asked for as well."""
    judge(BACKEND)


def test_a_backend_sends_its_token_with_all_but_the_health_checks():
    """What has an Authorization header is told from what has none."""
    table = read(unmarked(BACKEND)[0])

    assert {one.path for one in table.routes if not one.secured} == {"/health", "/status"}


def test_nothing_of_a_backend_is_doubtful():
    """Requests to GitHub, DigitalOcean, Slack and the own database are another's, and none is unknown."""
    table = read(unmarked(BACKEND)[0])

    assert table.unknown == ()


def test_folders_that_hold_no_own_code_are_left_out_and_listed():
    """Tests, dependencies and compiled output ask for nothing; a test file beside the code is named."""
    plain = {**unmarked(BACKEND)[0], "src/tool.test.ts": "fetch('http://localhost:30000/never')"}
    table = read(plain)

    assert not [one for one in table.routes if "never" in one.path]
    assert table.provenance["skipped"] == ["src/tool.test.ts"]


def test_a_console_page_and_edge_functions():
    """React's hooks, edge functions and their shared wrapper are followed."""
    judge(CONSOLE)


def test_health_scripts():
    """Scripts, cloud-init and a Dockerfile ask for health."""
    judge(SCRIPTS)


def test_a_python_client():
    """A client class, and those that use it, are followed over modules."""
    judge(PYTHON)


def test_all_code_bases_in_one_tree():
    """Several callers in one repository do not disturb each other."""
    parts = {"backend": BACKEND, "console": CONSOLE, "infra": SCRIPTS, "python": PYTHON}
    whole, expected = {}, set()
    for name, files in parts.items():
        plain, resolved, _ = unmarked({f"{name}/{path}": source for path, source in files.items()})
        whole |= plain
        expected |= resolved

    assert requests(read(whole)) == (expected, set())
