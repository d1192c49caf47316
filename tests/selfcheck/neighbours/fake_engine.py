"""Something that speaks a Docker Engine's API on a socket, and says whatever a test wants it to say."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

__all__ = ["FakeEngine", "running_fake_engine"]

# JSON, bytes, a status with JSON, or what writes to the connection by itself.
Answer = Any


@dataclass(frozen=True, slots=True)
class FakeEngine:
    """A fake and what it was asked. It knows ``GET`` alone; another method is a 501.

    Attributes:
        endpoint: ``unix://…``
        requests: method and path of each request, in the order of their arrival.
    """

    endpoint: str
    requests: list[str] = field(default_factory=list)


@contextlib.contextmanager
def running_fake_engine(folder: Path, answers: Mapping[str, Answer]) -> Iterator[FakeEngine]:
    """Answer until the block ends.

    Args:
        folder: for the socket.
        answers: by the beginning of the path, the longest first: JSON, bytes, a pair of status and JSON, or a function
            of the writable connection and an event that is set when the block ends. Anything else is a 404.
    """
    ended = threading.Event()
    fake = FakeEngine(f"unix://{folder}/fake.sock")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def parse_request(self) -> bool:
            is_read = super().parse_request()
            fake.requests.append(f"{self.command} {getattr(self, 'path', '')}")
            return is_read

        def do_GET(self) -> None:
            found = max((start for start in answers if self.path.startswith(start)), key=len, default=None)
            answer = (404, {"message": "no such thing"}) if found is None else answers[found]
            if callable(answer):
                self.close_connection = True
                with contextlib.suppress(OSError):
                    answer(self.wfile.write, ended)
                return
            status, content = answer if isinstance(answer, tuple) else (200, answer)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *words: object) -> None:
            """Say nothing of a client that hung up."""

    with Server(str(folder / "fake.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield fake
        finally:
            ended.set()
            server.shutdown()
            thread.join()
