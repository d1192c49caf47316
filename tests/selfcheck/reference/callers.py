"""A client of an agent in this process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from dtma_reference.engines.memory import DEFAULT_IMAGE, MemoryEngine

__all__ = ["API_KEY", "ROW", "TOKEN", "Caller", "deployment"]

TOKEN = "Bearer0f6c2b7e91"  # noqa: S105 - opens nothing but the agents of these tests
API_KEY = "Backend51d0c9aa37"
ROW = "3f0c8f6e-6a0e-4b44-9d5b-2f7f1c1f8a11"


@dataclass
class Caller:
    """A client of an agent in this process, and the parts that it looks at from behind."""

    http: httpx.AsyncClient
    runner: asyncio.Runner
    engine: MemoryEngine
    restarts: list[None]

    def __call__(self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **rest: Any) -> Any:
        """Send a request and return the response."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers.update(rest.pop("headers", {}))
        if isinstance(body, bytes):
            rest["content"] = body
        elif body is not None:
            rest["json"] = body
        return self.runner.run(self.http.request(method, path, headers=headers, **rest))

    def raw(self, method: str, path: str) -> Any:
        """Send a request whose path is not normalised."""
        url = httpx.URL("http://agent/").copy_with(raw_path=path.encode())
        request = httpx.Request(method, url, headers={"Authorization": f"Bearer {TOKEN}"})
        return self.runner.run(self.http.send(request))

    def deploy(self, name: str, **changes: Any) -> Any:
        """Deploy an instance."""
        return self("POST", "/tools", deployment(name, **changes))

    def listed(self) -> dict[str, str]:
        """Return the status of each listed instance."""
        tools = self("GET", "/tools").json()["tools"]
        return {tool["instance_name_on_toolbox"]: tool["status"] for tool in tools}

    def contained(self) -> dict[str, str]:
        """Return the status of each container of the engine."""
        return {container.name: container.status for container in self.engine.list()}


def deployment(name: str, *, port: int | None = None, **changes: Any) -> dict[str, Any]:
    body = {"dockerImageUrl": DEFAULT_IMAGE, "instanceNameOnToolbox": name, "accountToolInstanceId": ROW, **changes}
    if port is not None:
        body["baseConfigOverrideJson"] = {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": str(port)}]}}}
    return body
