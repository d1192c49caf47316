"""A stateful agent of a page, with switches for the ways in which removal fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "s3cr3t-t0ken-VALUE"  # noqa: S105 - made up


@dataclass
class TinyAgent:
    """What it has and how it behaves."""

    instances: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    removal: str = "works"
    token: str = TOKEN
    url: str = ""

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, object]:
        """Return status and body; two routes are public."""
        self.requests.append(f"{method} {path}")
        path = path.partition("?")[0]
        if (method, path) == ("GET", "/status"):
            return 200, {"tool_instances": [{"instance_name_on_toolbox": name} for name in self.instances]}
        if (method, path) == ("GET", "/health"):
            return 200, "OK"
        return self.answer_known(method, path, body) if authorization == f"Bearer {self.token}" else (403, {})

    def answer_known(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """Return status and body for a caller with the token."""
        if (method, path) == ("GET", "/tools"):
            return 200, {"tools": [{"names": ["/" + name]} for name in self.instances]}
        if method == "POST" and path in {"/tools", "/mcp/groups"}:
            return self.create(json.loads(body))
        if method == "DELETE":
            return self.remove(path)
        return 404, {"error": "Not Found"}

    def create(self, body: dict[str, object]) -> tuple[int, object]:
        """Deploy an instance, or a group with its servers."""
        if "groupId" in body:
            self.groups.add(str(body["groupId"]))
            self.instances |= {str(server["instanceName"]) for server in body["servers"]}
        else:
            self.instances.add(str(body["instanceNameOnToolbox"]))
        return 201, {"success": True}

    def remove(self, path: str) -> tuple[int, object]:
        """Remove an instance or a group, in the way that the switch says."""
        name = path.rpartition("/")[2]
        if self.removal == "fails":
            return 500, {"success": False, "error": "engine"}
        if self.removal == "no route":
            return 404, {"error": "Not Found"}
        if self.removal == "forgotten":
            return 404, {"success": False, "error": f"Tool instance '{name}' not found or not managed by this DTMA."}
        things = self.groups if path.startswith("/mcp") else self.instances
        if name not in things:
            return 404, {"success": False, "error": f"Tool instance '{name}' not found or not managed by this DTMA."}
        if self.removal != "lies":
            things.discard(name)
        return 200, {"success": True}


@contextmanager
def tiny_agent() -> Iterator[TinyAgent]:
    agent = TinyAgent()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = agent.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            # One write: two would wait for each other's acknowledgement.
            self._headers_buffer.append(b"\r\n" + data)
            self.flush_headers()

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    agent.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield agent
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
