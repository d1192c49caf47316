"""Each library's way to send a request is read from Python, through wrappers, classes and modules."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import judge

CASES = {
    "requests": """
import requests
requests.get(f"http://{ip}:30000/status", timeout=10)  #! GET /status
requests.request("DELETE", f"http://{ip}:30000/tools/{name}")  #! DELETE /tools/{name}
requests.post(url="http://%s:30000/tools" % ip, json={})  #! POST /tools
""",
    "a session": """
import requests
from requests import Session
session = Session()
session.headers.update({"Authorization": f"Bearer {token}"})
session.post("http://{}:30000/tools/{}/start".format(ip, name))  #! POST /tools/{name}/start
with requests.Session() as other:
    other.get("http://" + ip + ":30000/health")  #! GET /health
""",
    "httpx with a base": """
import httpx
async def restart(ip):
    async with httpx.AsyncClient(base_url=f"http://{ip}:30000", timeout=5) as client:
        await client.post("/restart")  #! POST /restart
        async with client.stream("GET", "/logs") as answer:  #! GET /logs
            pass
        await client.send(client.build_request("GET", "/system"))  #! GET /system
""",
    "httpx at the module": """
import httpx
from urllib.parse import quote
httpx.delete(f"{settings.dtma_url}/tools/{quote(name, safe='')}")  #! DELETE /tools/{name}
httpx.Client(base_url=DTMA_URL).get("system")  #! GET /system
""",
    "aiohttp": """
import aiohttp
async def load(ip: str, name: str):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{ip}:30000/tools") as answer:  #! GET /tools
            await answer.json()
        async with session.post(f"http://{ip}:30000/tools/{name}/stop", json={}) as answer:  #! POST /tools/{name}/stop
            pass
    async with aiohttp.ClientSession(base_url=f"http://{ip}:30000") as session:
        await session.request("GET", "/status")  #! GET /status
""",
    "urllib": """
import urllib.request
from urllib.parse import urljoin, urlencode
urllib.request.urlopen(urljoin(DTMA_URL, "/health"))  #! GET /health
request = urllib.request.Request(f"{DTMA_URL}/tools?{urlencode({})}", data=body, method="POST")
with urllib.request.urlopen(request, timeout=3) as answer:  #! POST /tools
    pass
urllib.request.urlopen(DTMA_URL + "/restart", data=b"{}")  #! POST /restart
""",
    "http.client": """
import http.client
connection = http.client.HTTPConnection(host, 30000, timeout=3)
connection.request("GET", f"/mcp/health/{group}")  #! GET /mcp/health/{group}
""",
    "urllib3": """
import urllib3
pool = urllib3.PoolManager()
pool.request("POST", f"http://{ip}:30000/redeploy")  #! POST /redeploy
""",
    "a client class with a request method": """
class DtmaClient:
    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()

    def _request(self, method: str, path: str, **kwargs):
        answer = self._session.request(method, f"{self.base_url}{path}", timeout=10, **kwargs)
        answer.raise_for_status()
        return answer.json()

    def deploy(self, body):
        return self._request("POST", "/tools", json=body)  #! POST /tools

    def delete(self, name):
        return self._request(path=f"/tools/{name}", method="DELETE")  #! DELETE /tools/{name}

    @property
    def healthy(self):
        return self._session.get(self.base_url + "/health").ok  #! GET /health

import requests
""",
    "a base class and partial functions": """
import functools
import requests

class Base:
    port = 30000
    def __init__(self, host):
        self.root = f"http://{host}:{self.port}"
    def call(self, method, *parts):
        return requests.request(method, "/".join([self.root, *parts]))

class Tools(Base):
    def __init__(self, host):
        super().__init__(host)
        self.post = functools.partial(self.call, "POST")
    def start(self, name):
        return self.call("POST", "tools", name, "start")  #! POST /tools/{name}/start
    def stop(self, name):
        return self.post("tools", name, "stop")  #! POST /tools/{name}/stop
""",
    "a session that knows its base": """
from urllib.parse import urljoin
from requests import Session

class DtmaSession(Session):
    def __init__(self, base):
        super().__init__()
        self.base = base
    def request(self, method, url, *args, **kwargs):
        return super().request(method, urljoin(self.base, url), *args, **kwargs)

dtma = DtmaSession("http://10.0.0.7:30000")
dtma.get("/tools")  #! GET /tools
dtma.request("POST", "/restart")  #! POST /restart
""",
    "constants, dictionaries and enumerations": """
import enum
import httpx
PORT = 30000
PATHS = {"logs": "/logs", "start": "/tools/{name}/start"}
class Path(str, enum.Enum):
    SYSTEM = "/system"
def base(ip):
    return f"http://{ip}:{PORT}"
httpx.get(base(ip) + PATHS["logs"])  #! GET /logs
httpx.post(base(ip) + PATHS["start"].format(name=tool))  #! POST /tools/{tool}/start
httpx.get(f"{base(ip)}{Path.SYSTEM.value}")  #! GET /system
""",
    "a dataclass of settings": """
import os
from dataclasses import dataclass
import requests

@dataclass
class Settings:
    dtma_url: str = os.environ.get("DTMA_URL", "http://localhost:30000")

settings = Settings()
requests.get(settings.dtma_url + "/tools/status")  #! GET /tools/status
""",
    "environment variables": """
import os
import requests
requests.get(os.environ["DTMA_URL"] + "/status")  #! GET /status
requests.get(f"http://{os.getenv('HOST')}:{os.getenv('PORT', '30000')}/system")  #! GET /system
""",
    "either method": """
import httpx
def toggle(name, on):
    action = "start" if on else "stop"
    httpx.post(f"{dtma_url}/tools/{name}/{action}")  #! POST /tools/{name}/start | POST /tools/{name}/stop
def by_name(path, verb):
    return getattr(httpx, verb)(dtma_url + path)
by_name("/logs", "get")  #! GET /logs
""",
    "a loop and a comprehension": """
import asyncio, httpx
async def all_of(client: httpx.AsyncClient, tools):
    await asyncio.gather(*[client.post(f"{dtma_url}/tools/{t}/stop") for t in tools])  #! POST /tools/{t}/stop
    for path in ("/system", "/logs"):
        await client.get(dtma_url + path)  #! GET /system | GET /logs
""",
    "match and walrus": """
import requests
def run(action):
    match action:
        case "restart":
            path = "/restart"
        case "redeploy":
            path = "/redeploy"
        case _:
            raise ValueError(action)
    if (answer := requests.post(f"{dtma_url}{path}")).ok:  #! POST /restart | POST /redeploy
        return answer
""",
    "yarl": """
from yarl import URL
import aiohttp
async def go(session: aiohttp.ClientSession):
    await session.get(URL(dtma_url) / "tools" / name)  #! GET /tools/{name}
""",
    "clients that come from elsewhere": """
from company.http import client, fetch_json
client.post(f"http://{ip}:30000/restart", retries=3)  #! POST /restart
fetch_json(f"http://{ip}:30000/system")  #! GET /system
client.post(f"http://{ip}:8080/restart")
""",
    "a broken function beside a sound one": """
import requests
def broken(:
    return requests.get(f"{dtma_url}/system")

def sound():
    return requests.get(f"{dtma_url}/logs")  #! GET /logs
""",
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES)
def test_a_request_is_read_with_its_method_path_and_line(source):
    """Exactly the marked lines ask, for exactly what is marked."""
    judge({"app/calls.py": source})


def test_modules_and_packages_are_followed():
    """Absolute, relative and package imports lead to the same functions."""
    judge(
        {
            "app/__init__.py": "",
            "app/core/__init__.py": "from .http import call as call_agent\n",
            "app/core/settings.py": "DTMA_PORT = 30000\n",
            "app/core/http.py": "import requests\nfrom app.core import settings\n"
            "def call(ip, method, path):\n    return requests.request(method, f'http://{ip}:{settings.DTMA_PORT}{path}')\n",
            "app/tools.py": "from .core import call_agent, http\nimport app.core.http as calls\n"
            "def a(ip):\n    call_agent(ip, 'GET', '/tools')  #! GET /tools\n"
            "    http.call(ip, 'POST', '/restart')  #! POST /restart\n"
            "    calls.call(ip, 'GET', '/logs')  #! GET /logs\n",
        }
    )
