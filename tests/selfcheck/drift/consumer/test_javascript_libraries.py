"""Each library's way to send a request is read from JavaScript and TypeScript."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import judge

CASES = {
    "fetch with a template": """
const url = `http://${ip}:30000`;
await fetch(`${url}/tools/${encodeURIComponent(name)}/start`, { method: 'POST', headers }); //! POST /tools/{name}/start
""",
    "fetch asks with GET where nothing else is said": """
export const status = (ip) => fetch('http://' + ip + ':30000/status'); //! GET /status
""",
    "fetch with a method in small letters and a query": """
await fetch(`${DTMA_URL}/mcp/groups/${id}?forceRemove=true`, { method: 'delete' }); //! DELETE /mcp/groups/{id}
""",
    "the line is that of the call, not of its arguments": """
const answer = await fetch( //! POST /restart
  `${dtmaUrl}/restart`,
  {
    method: 'POST',
  },
);
""",
    "a Request object": """
const request = new Request(`${dtmaUrl}/tools`, { method: 'POST', body });
const answer = await fetch(request); //! POST /tools
""",
    "new URL with a base": """
const url = new URL(`/tools/${name}`, process.env.DTMA_URL);
url.searchParams.set('force', '1');
await fetch(url, { method: 'DELETE' }); //! DELETE /tools/{name}
await fetch(url.toString()); //! GET /tools/{name}
await fetch(url.href, { method: 'HEAD' }); //! HEAD /tools/{name}
""",
    "a URL whose path is set later": """
const url = new URL(process.env.DTMA_URL);
url.pathname = '/system';
await fetch(url); //! GET /system
""",
    "axios verbs": """
import axios from 'axios';
await axios.get(`http://${host}:30000/logs`, { params: { tail: 5 } }); //! GET /logs
await axios.post(`http://${host}:30000/tools`, body, { headers }); //! POST /tools
await axios.delete(`http://${host}:30000/tools/${tool.name}`); //! DELETE /tools/{name}
""",
    "axios with a configuration": """
const axios = require('axios');
axios({ method: 'post', url: `${dtmaUrl}/redeploy` }); //! POST /redeploy
axios.request({ url: '/system', baseURL: dtmaUrl }); //! GET /system
axios(`${dtmaUrl}/health`); //! GET /health
axios(`${dtmaUrl}/restart`, { method: 'POST' }); //! POST /restart
""",
    "axios with a base": """
import axios from 'axios';
const http = axios.create({ baseURL: `http://${droplet.ip}:30000/`, timeout: 1000 });
export const list = () => http.get('/tools'); //! GET /tools
export const one = (id: string) => http.get(`tools/${id}/status`); //! GET /tools/{id}/status
""",
    "axios whose default base is set later": """
import axios from 'axios';
const client = axios.create();
client.defaults.baseURL = process.env.DTMA_BASE_URL;
client.post('/restart'); //! POST /restart
""",
    "an instance of axios in a class field": """
import axios, { AxiosInstance } from 'axios';
export class Manager {
  private readonly client: AxiosInstance;
  constructor(ip: string) {
    this.client = axios.create({ baseURL: `http://${ip}:30000` });
  }
  stop(name: string) {
    return this.client.post<Answer>(`/tools/${name}/stop`, {}); //! POST /tools/{name}/stop
  }
}
""",
    "got": """
import got from 'got';
const agent = got.extend({ prefixUrl: process.env.DTMA_URL, headers: {} });
await agent.post('tools', { json }).json(); //! POST /tools
await agent(`tools/${name}`, { method: 'DELETE' }); //! DELETE /tools/{name}
await got.get(`${process.env.DTMA_URL}/status`).json(); //! GET /status
""",
    "ky": """
import ky from 'ky';
const dtma = ky.create({ prefixUrl: `http://${ip}:30000` });
await dtma.get('system').json(); //! GET /system
await dtma('logs'); //! GET /logs
await dtma.extend({ timeout: 1 }).post('restart'); //! POST /restart
""",
    "superagent": """
import superagent from 'superagent';
await superagent.post(`${dtmaUrl}/tools/${name}/start`).set('Authorization', token).send({}); //! POST /tools/{name}/start
await superagent('DELETE', `${dtmaUrl}/tools/${name}`); //! DELETE /tools/{name}
await superagent.del(`${dtmaUrl}/mcp/groups/${g}`); //! DELETE /mcp/groups/{g}
""",
    "request and request-promise": """
const request = require('request');
const rp = require('request-promise');
request({ uri: `http://${ip}:30000/status`, json: true }, (error, answer) => {}); //! GET /status
request.post(`http://${ip}:30000/tools`, cb); //! POST /tools
rp({ method: 'DELETE', baseUrl: `http://${ip}:30000`, url: `/tools/${name}` }); //! DELETE /tools/{name}
request.defaults({ baseUrl: `http://${ip}:30000` }).get('/logs', cb); //! GET /logs
""",
    "node's http with options": """
import http from 'node:http';
const req = http.request({ hostname: ip, port: 30000, path: `/tools/${name}/stop`, method: 'POST' }, (res) => {}); //! POST /tools/{name}/stop
http.get({ host: ip, port: 30000, path: '/health?x=1' }, () => {}); //! GET /health
""",
    "node's http with a URL": """
const http = require('http');
http.get(`http://${ip}:30000/health`, (res) => res.resume()); //! GET /health
const { request } = require('https');
request(`https://${process.env.DTMA_HOST}/tools`, { method: 'POST' }, () => {}).end(); //! POST /tools
""",
    "undici": """
import { request, Client, fetch as get } from 'undici';
await request(`${dtmaUrl}/tools`, { method: 'POST' }); //! POST /tools
const client = new Client(dtmaUrl);
await client.request({ path: '/system', method: 'GET' }); //! GET /system
await get(`${dtmaUrl}/logs`); //! GET /logs
""",
    "ofetch": """
import { ofetch } from 'ofetch';
const api = ofetch.create({ baseURL: dtmaUrl });
await api('/tools', { method: 'POST' }); //! POST /tools
await $fetch('/status', { baseURL: dtmaUrl }); //! GET /status
""",
    "XMLHttpRequest": """
const xhr = new XMLHttpRequest();
xhr.open('GET', `http://${location.hostname}:30000/status`, true); //! GET /status
xhr.send();
""",
    "jQuery": """
$.ajax({ url: dtmaUrl + '/tools', type: 'POST', data: {} }); //! POST /tools
$.get(dtmaUrl + '/status', (data) => {}); //! GET /status
""",
    "Angular's client": """
import { HttpClient } from '@angular/common/http';
@Injectable()
export class ToolsService {
  private base = environment.dtmaUrl;
  constructor(private http: HttpClient) {}
  list() { return this.http.get<Tool[]>(`${this.base}/tools`); } //! GET /tools
  stop(n: string) { return this.http.post(`${this.base}/tools/${n}/stop`, {}); } //! POST /tools/{n}/stop
}
""",
    "NestJS' service": """
import { HttpService } from '@nestjs/axios';
export class Poller {
  constructor(private readonly httpService: HttpService, private readonly config: ConfigService) {}
  async poll() {
    const url = this.config.get<string>('DTMA_URL');
    await firstValueFrom(this.httpService.get(`${url}/status`, { timeout: 10_000 })); //! GET /status
    await this.httpService.axiosRef.post(`${url}/restart`); //! POST /restart
  }
}
""",
    "an edge function of Deno": """
import { serve } from 'https://deno.land/std@0.168.0/http/server.ts';
import axios from 'https://esm.sh/axios@1.6.2';
import ky from 'npm:ky@1';
Deno.serve(async (req) => {
  const { name } = await req.json();
  const base = `http://${toolbox.public_ip_address}:${Deno.env.get('DTMA_PORT') ?? '30000'}`;
  await axios.post(`${base}/tools/${name}/start`); //! POST /tools/{name}/start
  const answer = await ky.get(`${base}/tools`); //! GET /tools
  return new Response(answer.body);
});
""",
    "an event source and a beacon": """
const source = new EventSource(`${dtmaUrl}/logs`); //! GET /logs
navigator.sendBeacon(`${dtmaUrl}/mcp/validate`, data); //! POST /mcp/validate
""",
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES)
def test_a_request_is_read_with_its_method_path_and_line(source):
    """Exactly the marked lines ask, for exactly what is marked."""
    judge({"src/calls.ts": source})


def test_the_same_is_read_from_javascript_with_jsx():
    """The grammar with tags reads plain JavaScript too."""
    judge(
        {
            "src/Page.jsx": """
export default function Page({ droplet }) {
  const restart = () => fetch(`http://${droplet.ip}:30000/restart`, { method: 'POST' }); //! POST /restart
  return <div><button onClick={restart}>a</button><Logs load={() => fetch(`http://${droplet.ip}:30000/logs`)} /></div>; //! GET /logs
}
"""
        }
    )


def test_casts_in_angle_brackets_do_not_hide_what_follows():
    """TypeScript's old casts are read as such in a file that may hold them."""
    judge(
        {
            "src/old.ts": """
const name = <string>tool.name;
await fetch(`${<string>dtmaUrl}/tools/${name}/start`, <RequestInit>{ method: 'POST' }); //! POST /tools/{name}/start
"""
        }
    )


def test_the_scripts_of_single_file_components_are_read():
    """Vue and Svelte files hold scripts on their own lines."""
    judge(
        {
            "src/Tools.vue": """<template><b>{{ x }}</b></template>
<script setup lang="ts">
const props = defineProps<{ dtmaUrl: string }>();
const load = async () => (await fetch(`${props.dtmaUrl}/tools`)).json(); //! GET /tools
</script>
""",
            "src/Logs.svelte": """<script lang="ts">
  export let dtmaUrl: string;
  async function load() { return fetch(`${dtmaUrl}/logs`); } //! GET /logs
</script>
<p>{a < b}</p>
""",
        }
    )
