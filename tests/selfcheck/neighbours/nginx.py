"""A real nginx between a client and an agent, well or badly configured."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import dedent

from .certificates import Certificate
from .processes import free_port, is_listening, running
from .tools import path_of

__all__ = [
    "adding_prefix",
    "dead_upstream",
    "dropping_authorization",
    "expecting_prefix",
    "limiting_connections",
    "no_upstream",
    "passing",
    "running_nginx",
    "speaking_tls",
    "stripping_prefix",
    "unavailable",
]


def passing(upstream: str) -> AbstractContextManager[str]:
    """A proxy as it should be: every request reaches ``upstream``, its path byte for byte."""
    return running_nginx(f"location / {{ proxy_pass {upstream}; }}")


def dead_upstream() -> AbstractContextManager[str]:
    """A proxy whose agent is gone: its own 502 page for every request."""
    return running_nginx(f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}")


def stripping_prefix(upstream: str, prefix: str = "/tools") -> AbstractContextManager[str]:
    """A proxy that takes ``prefix`` off: ``/tools/x`` reaches ``upstream`` as ``/x``; other paths pass unchanged."""
    return running_nginx(f"location / {{ proxy_pass {upstream}; }}\nlocation {prefix}/ {{ proxy_pass {upstream}/; }}")


def adding_prefix(upstream: str, prefix: str = "/api") -> AbstractContextManager[str]:
    """A proxy that puts ``prefix`` on: ``/tools`` reaches ``upstream`` as ``/api/tools``."""
    return running_nginx(f"location / {{ proxy_pass {upstream}{prefix}/; }}")


def expecting_prefix(upstream: str, prefix: str = "/api") -> AbstractContextManager[str]:
    """A proxy that has the agent below ``prefix`` only: ``/api/tools`` reaches ``upstream`` as ``/tools``."""
    return running_nginx(f"location {prefix}/ {{ proxy_pass {upstream}/; }}")


def limiting_connections(upstream: str, most: int = 2) -> AbstractContextManager[str]:
    """A proxy that refuses a caller who asks for more than so many things at once, with its own 503 page."""
    return running_nginx(f"location / {{ limit_conn callers {most}; proxy_pass {upstream}; }}")


def dropping_authorization(upstream: str) -> AbstractContextManager[str]:
    """A proxy that keeps the caller's token to itself: what reaches ``upstream`` has no Authorization."""
    return running_nginx(f'location / {{ proxy_pass {upstream}; proxy_set_header Authorization ""; }}')


def unavailable() -> AbstractContextManager[str]:
    """A balancer that has no agent in service: its own 503 page for every request."""
    return running_nginx("location / { return 503; }")


@contextlib.contextmanager
def speaking_tls(upstream: str, certificate: Certificate) -> Iterator[str]:
    """A proxy as it should be, that speaks TLS; yields its ``https`` URL."""
    port = free_port()
    server = f"""listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate.file};
        ssl_certificate_key {certificate.key};
        location / {{ proxy_pass {upstream}; }}"""
    with running_nginx(server):
        yield f"https://127.0.0.1:{port}"


def no_upstream() -> AbstractContextManager[str]:
    """A fresh installation that proxies to nobody: a welcome page at ``/``, its own 404 page elsewhere."""
    return running_nginx("location / { root www; index index.html; }")


@contextlib.contextmanager
def running_nginx(server: str, *, tls: bool = False) -> Iterator[str]:
    """Run nginx until the block ends, and yield its URL.

    Args:
        server: what stands in its ``server`` block, besides the port.
        tls: speak TLS; ``server`` names certificate and key.

    Raises:
        MissingToolError: nginx is not installed.
        NeighbourError: it does not start, such as for a mistake in ``server``.
    """
    program = path_of("nginx")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dtmac-nginx-") as name:
        folder = Path(name)
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_text("<!DOCTYPE html><title>Welcome to nginx!</title>\n")
        (folder / "nginx.conf").write_text(_configuration(port, server, " ssl" if tls else ""))
        command = [program, "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]
        with running(command, log=folder / "log", ready=lambda: is_listening(port)):
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


def _configuration(port: int, server: str, how: str) -> str:
    # One process in the foreground, and no path of the machine's own nginx.
    head = """\
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr;
        events { worker_connections 64; }
        http {
            access_log off;
            limit_conn_zone $binary_remote_addr zone=callers:1m;
            default_type application/octet-stream;
            types { text/html html; }
            client_body_temp_path temp-body;
            proxy_temp_path temp-proxy;
            fastcgi_temp_path temp-fastcgi;
            uwsgi_temp_path temp-uwsgi;
            scgi_temp_path temp-scgi;
        """
    return f"{dedent(head)}server {{\nlisten 127.0.0.1:{port}{how};\n{server}\n}}\n}}\n"
