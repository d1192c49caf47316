"""Styles that the first tables had not thought of, and code that only looks like a request."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import judge

CASES = {
    "a function under another name": {"a.ts": """
const f = fetch;
await f(`${dtmaUrl}/logs`); //! GET /logs
await globalThis.fetch(`${dtmaUrl}/system`); //! GET /system
await window.fetch.call(window, `${dtmaUrl}/restart`, { method: 'POST' }); //! POST /restart
"""},
    "optional calls": {"a.ts": """
import axios, { type AxiosInstance } from 'axios';
class A {
  private client?: AxiosInstance = axios.create({ baseURL: `http://${ip}:30000` });
  go(n: string) { return this.client?.post?.(`/tools/${n}/start`); } //! POST /tools/{n}/start
}
"""},
    "a client from a static factory": {"a.ts": """
class DtmaClient {
  private constructor(private readonly base: string) {}
  static for(box: { ip: string }) { return new DtmaClient(`http://${box.ip}:30000`); }
  stop(n: string) { return fetch(`${this.base}/tools/${n}/stop`, { method: 'POST' }); } //! POST /tools/{n}/stop
}
await DtmaClient.for(box).stop(name);
"""},
    "a builder": {"a.ts": """
class Call {
  private how = 'GET';
  private where = '/';
  constructor(private base: string) {}
  method(m: string) { this.how = m; return this; }
  path(p: string) { this.where = p; return this; }
  send() { return fetch(this.base + this.where, { method: this.how }); }
}
await new Call(dtmaUrl).method('POST').path('/redeploy').send(); //! POST /redeploy
"""},
    "whatever comes in is passed on": {"a.ts": """
app.all('/dtma/*', async (req, res) => {
  const answer = await fetch(`http://${req.box.ip}:30000${req.params[0]}`, { method: req.method }); //? ALL /{?}
  res.status(answer.status).end();
});
"""},
    "a proxy in front of the agent": {"a.ts": """
import { createProxyMiddleware } from 'http-proxy-middleware';
app.use('/dtma', createProxyMiddleware({ target: process.env.DTMA_URL, changeOrigin: true })); //? ALL /{?}
app.use('/blog', createProxyMiddleware({ target: process.env.BLOG_URL }));
"""},
    "a table of routes that is filled in": {"a.ts": """
const ROUTES = {
  start: { method: 'POST', path: '/tools/:id/start' },
  logs: { method: 'GET', path: '/mcp/servers/:id/logs' },
} as const;
async function dtma(key: keyof typeof ROUTES, params: Record<string, string>) {
  const route = ROUTES[key];
  let path: string = route.path;
  for (const [name, value] of Object.entries(params)) path = path.replace(`:${name}`, encodeURIComponent(value));
  return fetch(`http://${host}:30000${path}`, { method: route.method });
}
await dtma('start', { id }); //! POST /tools/{value}/start
await dtma('logs', { id: server }); //! GET /mcp/servers/{value}/logs
"""},
    "a typed client of an OpenAPI document": {"a.ts": """
import createClient from 'openapi-fetch';
const dtma = createClient<paths>({ baseUrl: process.env.DTMA_URL });
await dtma.POST('/tools/{instanceNameOnToolbox}/stop', { params: { path: { instanceNameOnToolbox: n } } }); //! POST /tools/{instanceNameOnToolbox}/stop
const { data } = await dtma.GET('/status'); //! GET /status
"""},
    "one condition twice": {"a.ts": """
export const group = (add: boolean, id: string) =>
  fetch(dtmaUrl + (add ? '/mcp/groups' : `/mcp/groups/${id}`), { method: add ? 'POST' : 'DELETE' }); //! POST /mcp/groups | DELETE /mcp/groups/{id}
"""},
    "an address that grows": {"a.ts": """
let url = `http://${ip}:30000`;
url += '/tools';
if (id) url += `/${id}`;
await fetch(url); //! GET /tools | GET /tools/{id}
"""},
    "joined by a library": {"a.ts": """
import path from 'node:path';
import urlJoin from 'url-join';
await fetch(dtmaUrl + path.posix.join('/tools', name, 'start'), { method: 'POST' }); //! POST /tools/{name}/start
await fetch(urlJoin(dtmaUrl, 'tools', name)); //! GET /tools/{name}
"""},
    "a namespace": {"a.ts": """
export namespace Api {
  const base = `http://${host}:30000`;
  export const restart = () => fetch(`${base}/restart`, { method: 'POST' }); //! POST /restart
}
"""},
    "a default export without a name": {
        "client.ts": "export default async (ip: string, path: string) => fetch(`http://${ip}:30000${path}`);\n",
        "a.ts": "import ask from './client';\nawait ask(ip, '/system'); //! GET /system\n",
        "b.ts": "import { default as ask } from './client';\nexport const logs = (ip: string) => ask(ip, '/logs'); //! GET /logs\n",
    },
    "a module that is imported late": {
        "client.ts": "export const call = (path: string) => fetch(`${process.env.DTMA_URL}${path}`);\n",
        "a.ts": """export async function a() {
  const { call } = await import('./client');
  await call('/system'); //! GET /system
  return import('./client').then((m) => m.call('/logs')); //! GET /logs
}
""",
    },
    "paths in a JSON file": {
        "paths.json": '{"logs": "/logs", "tools": {"one": "/tools/{name}"}}',
        "a.ts": "import paths from './paths.json';\nawait fetch(dtmaUrl + paths.logs); //! GET /logs\n"
        "await fetch(dtmaUrl + paths.tools.one.replace('{name}', n), { method: 'DELETE' }); //! DELETE /tools/{n}\n",
    },
    "a component with options": {"a.vue": """<script>
export default {
  props: ['dtmaUrl'],
  data() { return { tools: [] }; },
  methods: {
    async load() { this.tools = await this.$axios.$get(`http://${this.ip}:30000/tools`); }, //! GET /tools
    stop(name) { return fetch(`${this.dtmaUrl}/tools/${name}/stop`, { method: 'POST' }); }, //! POST /tools/{name}/stop
  },
};
</script>
"""},
    "a client that is made after the constructor": {"a.ts": """
import axios from 'axios';
export class Poller {
  private http!: Http;
  async onModuleInit() { this.http = axios.create({ baseURL: await this.find() }); }
  private async find() { return `http://${await lookup()}:30000`; }
  poll() { return this.http.get('/status'); } //! GET /status
}
"""},
    "a session that is made on entering": {"a.py": """
import aiohttp
class Dtma:
    def __init__(self, ip):
        self.base = f"http://{ip}:30000"
        self._session = None
    async def __aenter__(self):
        self._session = aiohttp.ClientSession(headers={})
        return self
    async def logs(self):
        async with self._session.get(f"{self.base}/logs") as answer:  #! GET /logs
            return await answer.json()
"""},
    "environment in a pattern": {"a.js": """
const { DTMA_URL: base, OTHER_URL } = process.env;
fetch(`${base}/system`); //! GET /system
fetch(`${OTHER_URL}/system`);
"""},
    "templates in a class": {"a.py": """
import requests
class Api:
    START = "/tools/%s/start"
    GROUP = "/mcp/groups/%(id)s"
    def __init__(self, dtma_url):
        self.dtma_url = dtma_url
    def start(self, name):
        return requests.post(self.dtma_url + self.START % name)  #! POST /tools/{name}/start
    def group(self, group):
        return requests.delete(self.dtma_url + self.GROUP % {"id": group})  #! DELETE /mcp/groups/{group}
"""},
    "a host and port in one text": {"a.py": """
import http.client
import os
port = int(os.environ.get("DTMA_PORT", 30000))
c = http.client.HTTPConnection(f"{host}:{port}", timeout=5)
c.request("POST", "/tools/" + name + "/stop", body="{}")  #! POST /tools/{name}/stop
"""},
    "a cached client": {"a.py": """
from functools import lru_cache
import httpx
@lru_cache
def client() -> httpx.Client:
    return httpx.Client(base_url="http://dtma:30000")
def ask(*, method="GET", url):
    return client().request(method=method, url=url)
ask(url="/system")  #! GET /system
ask(method="POST", url="/restart")  #! POST /restart
"""},
    "a function of the same name that sends nothing": {"a.ts": """
const fetch = (key: string) => cache.get(key);
fetch('dtma:/tools');
export const get = (key: string) => fetch(`http://dtma:30000/${key}`);
"""},
    "a server's own routes": {"a.ts": """
const dtmaRouter = Router();
dtmaRouter.get('/status', requireAuth, async (req, res) => res.json({}));
dtmaRouter.post('/tools/:name/start', handler);
app.delete('/tools/:name', (req, res) => res.end());
fastify.post('/ssh/execute', async () => ({}));
"""},
    "paths that are no URLs": {"a.ts": """
import fs from 'fs';
const dtmaDir = '/opt/dtma';
fs.readFileSync(`${dtmaDir}/tools/${name}/start`);
navigate(`/dtma/tools/${name}`);
logger.info(`POST /tools/${name}/start on dtma`);
expect(dtmaMock.post).toHaveBeenCalledWith('/tools');
cache.get('/tools'); new Map().get('/tools/x/start');
const link = <a href={`${dtmaUrl}/health`}>health</a>;
""".replace("const link = <a href={`${dtmaUrl}/health`}>health</a>;\n", "")},
    "a tool's own port on the droplet": {"a.ts": """
await fetch(`http://${droplet.ip}:8080/tools/${name}/start`, { method: 'POST' });
await fetch(`http://${droplet.ip}:${30000}/logs`); //! GET /logs
"""},
    "other services that are called alike": {"a.ts": """
import axios from 'axios';
const droplets = axios.create({ baseURL: 'https://api.digitalocean.com/v2/droplets' });
await droplets.get(`/${id}`);
await axios.get(`${process.env.TOOL_REGISTRY_URL}/tools`);
await axios.post(`${process.env.SUPABASE_URL}/functions/v1/dtma`, {});
await fetch(`/api/dtma/tools/${name}/start`, { method: 'POST' });
await axios.post(agent.webhookUrl, {});
await axios.get(`${dtmaUrl}/logs`); //! GET /logs
"""},
    "a wrapper that decides by its method": {"a.ts": """
async function api(method, path, body) {
  if (method === 'GET') return (await fetch(`${DTMA_URL}${path}`)).json();
  const answer = await fetch(`${DTMA_URL}${path}`, { method, body });
  return answer.json();
}
await api('GET', '/system'); //! GET /system
await api('POST', '/restart', {}); //! POST /restart
"""},
    "wrappers with arguments in an array": {"a.js": """
async function send(...args) { const [path, method = 'GET'] = args; return fetch(dtmaUrl + path, { method }); }
send('/logs'); //! GET /logs
send(...['/restart', 'POST']); //! POST /restart
"""},
    "events and timers": {"a.js": """
queue.process('start-tool', async ({ data: { ip, name } }) => {
  await fetch(`http://${ip}:30000/tools/${name}/start`, { method: 'POST' }); //! POST /tools/{name}/start
});
cron.schedule('* * * * *', checkAll);
async function checkAll() { for await (const box of boxes()) setTimeout(() => check(box), 10); }
function check(box) { return fetch(`http://${box.ip}:30000/health`); } //! GET /health
"""},
    "compiled output": {"lib/client.js": """"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) { return (mod && mod.__esModule) ? mod : { "default": mod }; };
Object.defineProperty(exports, "__esModule", { value: true });
exports.start = void 0;
const axios_1 = __importDefault(require("axios"));
const settings_1 = require("./settings");
const start = (ip, name) => __awaiter(void 0, void 0, void 0, function* () {
    return yield (0, axios_1.default).post((0, settings_1.base)(ip) + `/tools/${name}/start`); //! POST /tools/{name}/start
});
exports.start = start;
""", "lib/settings.js": """"use strict";
exports.base = void 0;
const base = (ip) => "http://" + ip + ":30000";
exports.base = base;
"""},
    "mixins and a class in an expression": {"a.js": """
const Asking = (Base) => class extends Base {
  ask(path, method = 'GET') { return fetch(`${this.base}${path}`, { method }); }
};
class Box { constructor(ip) { this.base = `http://${ip}:30000`; } }
class Dtma extends Asking(Box) { restart() { return this.ask('/restart', 'POST'); } } //! POST /restart
new Dtma('1').restart();
"""},
    "a client of a library that is not known": {"a.ts": """
import { Sdk } from '@company/sdk';
import { createApi, fetchBaseQuery } from '@reduxjs/toolkit/query/react';
export const sdk = new Sdk({ baseUrl: process.env.DTMA_URL, timeout: 5 }); //? ALL /{?}
export const api = createApi({ baseQuery: fetchBaseQuery({ baseUrl: `http://${ip}:30000` }) }); //? ALL /{?}
export const other = new Sdk({ baseUrl: 'https://api.stripe.com' });
"""},
    "a hook that fetches": {"a.tsx": """
import useSWR from 'swr';
export const useStatus = (droplet) => useSWR(`http://${droplet.ip}:30000/status`, fetcher).data; //! GET /status
"""},
    "python's other ways": {"a.py": """
import asyncio
import httpx
from httpx import AsyncClient as Http
class Agent:
    base: str
    def url(self, *parts: str) -> str:
        return "/".join([f"http://{self.host}:30000", *parts])
    async def go(self, name: str, http: Http):
        jobs = [asyncio.create_task(http.post(self.url("tools", name, verb))) for verb in ("start", "stop")]  #! POST /tools/{name}/start | POST /tools/{name}/stop
        return await asyncio.gather(*jobs)
ask = lambda path: httpx.get(f"{DTMA_URL}{path}")
ask("/system")  #! GET /system
with httpx.Client() as c: c.put(DTMA_URL + "/x" if flag else DTMA_URL + "/y")  #! PUT /x | PUT /y
"""},
}  # fmt: skip


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_a_style_is_read_as_what_it_asks_for(files):
    """Exactly the marked lines ask, for exactly what is marked; what cannot be resolved is said."""
    judge(files)
