"""Requests are followed through wrappers, classes, constants and modules of JavaScript and TypeScript."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import judge

CASES = {
    "a wrapper is told method and path": """
async function callDtma(method, path, body) {
  const answer = await fetch(process.env.DTMA_URL + path, { method, body: JSON.stringify(body) });
  return answer.json();
}
export const stop = (name) => callDtma('POST', '/tools/' + name + '/stop'); //! POST /tools/{name}/stop
export const list = () => callDtma('GET', '/tools'); //! GET /tools
""",
    "a wrapper takes an object": """
const dtmaRequest = async ({ method = 'GET', path, body }) =>
  fetch(`${DTMA_URL}${path}`, { method, body });
await dtmaRequest({ method: 'DELETE', path: `/tools/${id}` }); //! DELETE /tools/{id}
await dtmaRequest({ path: '/status' }); //! GET /status
""",
    "a wrapper of a wrapper": """
const send = (url: string, init: RequestInit) => fetch(url, init);
const call = (path: string, method: string) => send(`http://${ip}:30000${path}`, { method });
const post = (path: string) => call(path, 'POST');
post('/restart'); //! POST /restart
call(`/tools/${name}`, 'DELETE'); //! DELETE /tools/{name}
""",
    "a function with the whole path is where it asks, whoever calls it": """
async function start(ip: string, name: string) {
  return fetch(`http://${ip}:30000/tools/${name}/start`, { method: 'POST' }); //! POST /tools/{name}/start
}
export async function a(t) { await start(t.ip, t.name); }
export async function b(t) { await start(t.address, t.id); }
""",
    "an action that callers name": """
async function act(name: string, action: 'start' | 'stop') {
  return fetch(`${dtmaUrl}/tools/${name}/${action}`, { method: 'POST' });
}
export const start = (n) => act(n, 'start'); //! POST /tools/{name}/start
export const restart = (n) => act(n, 'restart'); //! POST /tools/{name}/restart
""",
    "methods of a client with a request method": """
export class DtmaClient {
  constructor(private readonly baseUrl: string, private readonly token: string) {}
  private async request<T>(path: string, options: RequestInit = {}): Promise<T> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      ...options,
      headers: { Authorization: `Bearer ${this.token}`, ...options.headers },
    });
    return response.json() as Promise<T>;
  }
  deploy(body: Deploy) { return this.request<Deployed>('/tools', { method: 'POST', body: JSON.stringify(body) }); } //! POST /tools
  system() { return this.request('/system'); } //! GET /system
}
""",
    "a client of two services": """
class Client {
  constructor(private base) {}
  get(path) { return fetch(`${this.base}${path}`); }
}
const github = new Client('https://api.github.com');
const dtma = new Client(process.env.DTMA_URL);
export const a = () => github.get('/user/repos');
export const b = () => dtma.get('/tools'); //! GET /tools
""",
    "a base class with its own request method": """
abstract class Base {
  protected abstract base(): string;
  protected async call(method, path) { return fetch(this.base() + path, { method }); }
  protected post(path) { return this.call('POST', path); }
}
class Agent extends Base {
  constructor(private ip) { super(); }
  protected base() { return `http://${this.ip}:30000`; }
  restart() { return this.post('/restart'); } //! POST /restart
}
""",
    "a table of paths": """
const ENDPOINTS = {
  list: '/tools',
  start: (n: string) => `/tools/${n}/start`,
  stop: '/tools/:name/stop',
  logs(id) { return `/mcp/servers/${id}/logs`; },
} as const;
await fetch(dtmaUrl + ENDPOINTS.list); //! GET /tools
await fetch(`${dtmaUrl}${ENDPOINTS.start(tool.name)}`, { method: 'POST' }); //! POST /tools/{n}/start
await fetch(dtmaUrl + ENDPOINTS.stop.replace(':name', tool.name), { method: 'POST' }); //! POST /tools/{name}/stop
await fetch(dtmaUrl + ENDPOINTS['logs'](x)); //! GET /mcp/servers/{id}/logs
""",
    "an enumeration": """
enum Path { System = '/system', Logs = '/logs' }
enum Verb { Post = 'POST' }
await fetch(DTMA_URL + Path.System); //! GET /system
await fetch(`${DTMA_URL}${Path.Logs}`, { method: Verb.Post }); //! POST /logs
""",
    "either path": """
const path = running ? '/tools/status' : '/status';
await fetch(`${dtmaUrl}${path}`); //! GET /tools/status | GET /status
""",
    "method and path of one branch belong together": """
let method, path;
if (on) { method = 'POST'; path = `/tools/${n}/start`; } else { method = 'DELETE'; path = `/tools/${n}`; }
await fetch(dtmaUrl + path, { method }); //! POST /tools/{n}/start | DELETE /tools/{n}
""",
    "a switch": """
function route(action) {
  switch (action) {
    case 'a': return '/system';
    case 'b': { return '/logs'; }
    default: throw new Error('no');
  }
}
export const both = (action) => fetch(dtmaUrl + route(action)); //! GET /system | GET /logs
export const one = () => fetch(dtmaUrl + route('a')); //! GET /system
""",
    "a loop over actions": """
for (const action of ['start', 'stop']) {
  await fetch(`${dtmaUrl}/tools/${name}/${action}`, { method: 'POST' }); //! POST /tools/{name}/start | POST /tools/{name}/stop
}
for (const [kind, path] of Object.entries({ a: '/system', b: '/logs' })) await fetch(dtmaUrl + path); //! GET /system | GET /logs
await Promise.all(['docker', 'system'].map((k) => fetch(`${dtmaUrl}/diagnostics/${k}`))); //! GET /diagnostics/docker | GET /diagnostics/system
""",
    "segments that are joined": """
await fetch([dtmaUrl, 'tools', name, 'start'].join('/'), { method: 'POST' }); //! POST /tools/{name}/start
await fetch(dtmaUrl.concat('/tools/', name)); //! GET /tools/{name}
""",
    "a base without the slash at its end": """
const base = process.env.DTMA_URL.replace(/\\/+$/, '');
await fetch(`${base}/status`); //! GET /status
""",
    "query strings": """
const query = new URLSearchParams({ lines: '100' });
await fetch(`${dtmaUrl}/diagnostics/logs?${query}`); //! GET /diagnostics/logs
const qs = params ? `?${params}` : '';
await fetch(`${dtmaUrl}/logs${qs}`); //! GET /logs
await fetch(`${dtmaUrl}/mcp/servers/${id}/logs${query}`); //! GET /mcp/servers/{id}/logs
""",
    "a retry around the request": """
async function withRetry(action, times = 3) { for (let i = 0; i < times; i++) { try { return await action(); } catch (e) {} } }
export const start = (n) => withRetry(() => fetch(`${dtmaUrl}/tools/${n}/start`, { method: 'POST' })); //! POST /tools/{n}/start
""",
    "a factory of clients": """
export function createClient(baseUrl) {
  const send = (method, path) => fetch(`${baseUrl}${path}`, { method });
  return { restart: () => send('POST', '/restart'), logs: () => send('GET', '/logs') }; //! POST /restart | GET /logs
}
const dtma = createClient(`http://${ip}:30000`);
dtma.restart();
""",
    "a handler of a router": """
const router = Router();
router.post('/tools/:id/start', auth, async (req, res) => {
  const box = await db.find(req.params.id);
  const answer = await fetch(`http://${box.ip}:30000/tools/${req.params.id}/start`, { method: 'POST' }); //! POST /tools/{id}/start
  res.json(await answer.json());
});
""",
    "a client that is not in the tree": """
import { dtma } from '@company/clients';
await dtma.post('/tools', body); //! POST /tools
await dtma.request({ method: 'DELETE', path: `/tools/${name}` }); //! DELETE /tools/{name}
""",
    "a static class": """
export class DtmaService {
  private static readonly PORT = 30000;
  private static url(ip: string, path: string) { return `http://${ip}:${DtmaService.PORT}${path}`; }
  static async health(ip: string) { return fetch(this.url(ip, '/health')); } //! GET /health
  static async stop(ip: string, n: string) { return fetch(DtmaService.url(ip, `/tools/${n}/stop`), { method: 'POST' }); } //! POST /tools/{n}/stop
}
""",
    "a private field and a getter": """
class Box {
  #port = 30000;
  get base() { return `http://${this.ip}:${this.#port}`; }
  async logs() { return fetch(`${this.base}/logs`); } //! GET /logs
}
""",
    "promises": """
getToolbox(id).then((box) => fetch(`http://${box.ip}:30000/status`)).then((r) => r.json()); //! GET /status
""",
    "the options of a request in a variable": """
const options: RequestInit = { method: 'POST', headers: {} };
const { signal } = controller;
await fetch(`${dtmaUrl}/restart`, { ...options, signal }); //! POST /restart
""",
    "wrappers that call themselves": """
async function poll(path, left) {
  const answer = await fetch(dtmaUrl + path);
  if (!answer.ok && left) return poll(path, left - 1);
  return answer;
}
poll('/status', 3); //! GET /status
""",
    "old style with prototypes and callbacks": """
var http = require('http');
function Dtma(ip) { this.ip = ip; }
exports.health = function (ip, done) {
  var options = { host: ip, port: 30000, path: '/health', method: 'GET' };
  http.request(options, function (res) { done(res.statusCode); }).end(); //! GET /health
};
""",
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES)
def test_a_request_is_where_its_method_and_path_are_put_together(source):
    """Exactly the marked lines ask, for exactly what is marked."""
    judge({"src/calls.ts": source})


def test_wrappers_constants_and_classes_are_followed_over_modules():
    """Imports by relative path, alias, index file, re-export and require lead to the same values."""
    judge(
        {
            "tsconfig.json": '{ // comment\n "compilerOptions": { "baseUrl": ".", "paths": { "@lib/*": ["src/lib/*"] } },\n}',
            "src/lib/settings.ts": "export const PORT = 30000;\nexport const Paths = { restart: '/restart' } as const;\nexport default { port: PORT };\n",
            "src/lib/http/index.ts": "export * from './call.js';\nexport { Client as AgentClient } from './client';\n",
            "src/lib/http/call.ts": """import settings from '../settings';
export const call = (ip: string, path: string, method = 'GET') => fetch(`http://${ip}:${settings.port}${path}`, { method });
""",
            "src/lib/http/client.ts": """import { PORT } from '../settings';
export class Client {
  constructor(private ip: string) {}
  send(method: string, path: string) { return fetch(`http://${this.ip}:${PORT}${path}`, { method }); }
}
""",
            "src/a.ts": """import { call, AgentClient } from '@lib/http';
import * as settings from './lib/settings';
export async function a(ip: string) {
  await call(ip, '/status'); //! GET /status
  await call(ip, settings.Paths.restart, 'POST'); //! POST /restart
  await new AgentClient(ip).send('DELETE', `/tools/${ip}`); //! DELETE /tools/{ip}
}
""",
            "src/b.js": """const { call } = require('./lib/http/call');
module.exports = { logs: (ip) => call(ip, '/logs') }; //! GET /logs
""",
            "src/c.js": """const b = require('./b');
b.logs('1');
""",
        }
    )


def test_a_service_that_is_injected_is_known_by_its_type():
    """A constructor's parameter stands for an instance of the class that its type names."""
    judge(
        {
            "src/dtma.client.ts": """@Injectable()
export class DtmaClient {
  post(ip: string, path: string) { return fetch(`http://${ip}:30000${path}`, { method: 'POST' }); }
}
""",
            "src/tools.service.ts": """import { DtmaClient } from './dtma.client';
export class ToolsService {
  constructor(private readonly client: DtmaClient, private readonly mail: Mailer) {}
  async start(ip: string, name: string) {
    await this.client.post(ip, `/tools/${name}/start`); //! POST /tools/{name}/start
    await this.mail.post('/tools/x/start');
  }
}
""",
        }
    )


def test_modules_that_import_each_other_are_read():
    """A circle of imports ends, and what stands in it is still evaluated."""
    judge(
        {
            "src/a.ts": "import { path } from './b';\nexport const base = `http://${ip}:30000`;\n"
            "export const go = () => fetch(base + path()); //! GET /logs\n",
            "src/b.ts": "import { base } from './a';\nexport function path() { return '/logs'; }\n"
            "export const other = () => fetch(`${base}/system`); //! GET /system\n",
        }
    )
