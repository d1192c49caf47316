"""A mounted route is told from a missing one on servers of every kind, and where nothing can tell, it is unknown."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import pytest
from neighbours.liars import lying
from pure.shipped_contract import CONTRACT

from dtma_contract.discovery.live_target import MOST_REQUESTS, read_target
from dtma_contract.routes import Cell

TOKEN = "s3cr3t-t0ken-VALUE"  # noqa: S105 - made up
START, STOP, DELETE = (f"core.tools.{verb}" for verb in ("start", "stop", "delete"))
NAMED = {operation.id for operation in CONTRACT.operations if operation.subject}
UNASKED = {operation.id for operation in CONTRACT.operations if operation.effect.level.name == "RESTART"}
UNKNOWN_INSTANCE = {"success": False, "error": "Tool instance 'x' not found or not managed by this DTMA."}


@dataclass(frozen=True)
class Server:
    """A web framework in a few lines, with the contract's routes on it.

    Attributes:
        missing: operations that nobody mounts.
        vague: whether an unknown name is answered as an unknown path is.
        express: fails on broken percent-encoding where a pattern matches, of whatever method.
        named: tells its framework in a header.
        routers: answers OPTIONS for what it has, as an Express router does; else nothing does.
        starlette: answers 405 and Allow for a method that a path does not have.
        locked: asks for the token on a prefix, before the routes, in place of each route by itself.
        cors: answers OPTIONS for everything.
        guarded: refuses broken percent-encoding everywhere, as some proxies do.
        unstable: repeats a new id in every fallback.
        catch_all: answers what it does not have with a page and 200.
        token: whether anything asks for one.
    """

    missing: frozenset[str] = frozenset()
    vague: bool = False
    express: bool = False
    named: bool = False
    routers: bool = False
    starlette: bool = False
    locked: bool = False
    cors: bool = False
    guarded: bool = False
    unstable: bool = False
    catch_all: bool = False
    token: bool = True

    def __call__(self, conversation):
        """Answer one request."""
        asked = conversation.asked
        status, body, headers = self.answer(asked.method, asked.path, asked.header("Authorization"), asked.body)
        headers = [*headers, "X-Powered-By: Express"] if self.named else headers
        if isinstance(body, str):
            conversation.answer(f"{status} X", "text/html", body.encode(), *headers)
        else:
            conversation.answer(f"{status} X", "application/json", json.dumps(body).encode(), *headers)

    def answer(self, method, path, authorization, body):
        """Return status, body and further headers: first what stands before the routes, then the routes."""
        return self.before(method, path, authorization) or self.route(method, path, authorization, body)

    def before(self, method, path, authorization):
        """Answer before the routes, or return None."""
        lets_in = authorization == f"Bearer {TOKEN}" or not self.token
        broken = b"\xff" in unquote_to_bytes(path)
        if self.guarded and broken:
            return 400, {"error": "Bad Request"}, []
        if self.cors and method == "OPTIONS":
            return 204, {}, []
        if self.locked and not lets_in and re.match(r"/(tools|mcp|diagnostics|ssh)(/|$)", path):
            return 401, {"error": "Unauthorized"}, []
        return None

    def route(self, method, path, authorization, body):
        """Answer as a router does."""
        lets_in = authorization == f"Bearer {TOKEN}" or not self.token
        broken = b"\xff" in unquote_to_bytes(path)
        matching = [
            operation
            for operation in CONTRACT.operations
            if operation.id not in self.missing and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", operation.path), path)
        ]
        if self.express and broken and any("{" in operation.path for operation in matching):
            return 400, {"error": "Failed to decode param"}, []
        found = next((operation for operation in matching if operation.method == method), None)
        if found is not None:
            return self.handle(found, body) if lets_in or not found.secured else (401, {"error": "Unauthorized"}, [])
        allow = ", ".join(operation.method for operation in matching)
        if matching and self.starlette:
            return 405, {"detail": "Method Not Allowed"}, [f"Allow: {allow}"]
        if matching and self.routers and method == "OPTIONS":
            return 200, allow, [f"Allow: {allow}"]
        return self.fallback()

    def fallback(self):
        """Answer what is not mounted."""
        if self.catch_all:
            return 200, "<html>the console</html>", []
        return 404, {"error": "Not Found"} | ({"trace": str(uuid.uuid4())} if self.unstable else {}), []

    def handle(self, operation, body):
        """Answer what is mounted: as far as a reader looks."""
        if operation.id in NAMED:
            return self.fallback() if self.vague else (404, UNKNOWN_INSTANCE, [])
        if operation.request_schema is not None and operation.request_problems(json.loads(body or b"{}")):
            return 400, {"success": False, "error": "missing field"}, []
        information = {"service": "DTMA", "version": "1", "status": "running", "endpoints": []}
        return operation.success, information if operation.path == "/" else {"success": True, "of": operation.id}, []


def read(server, token=TOKEN):
    with lying(server) as liar:
        table = read_target(liar.url, CONTRACT, token)
        sent = {(asked.method, asked.path) for asked in liar.asked}
    assert not {("POST", "/restart"), ("POST", "/redeploy"), ("POST", "/ssh/execute")} & sent
    assert len(liar.asked) <= MOST_REQUESTS
    ids = {(operation.method, operation.path): operation.id for operation in CONTRACT.operations}
    told = {ids[route.method, route.path]: route.state for route in table.routes}
    return tuple({name for name, cell in told.items() if cell is wanted} for wanted in (Cell.ABSENT, Cell.UNKNOWN))


HABITS = {
    "express": Server(express=True),
    "express, routers": Server(express=True, routers=True),
    "express, routers, locked": Server(express=True, routers=True, locked=True),
    "express, cors": Server(express=True, cors=True),
    "express, trace ids": Server(express=True, unstable=True),
    "express behind a guard": Server(guarded=True),
    "starlette": Server(starlette=True),
    "starlette, locked": Server(starlette=True, locked=True),
    "plain": Server(),
    "a page for everything": Server(express=True, catch_all=True),
}


@pytest.mark.parametrize("server", HABITS.values(), ids=HABITS.keys())
def test_nothing_is_absent_that_is_mounted(server):
    """On servers of every kind, what answers is found."""
    absent, unknown = read(server)

    assert (set(), set()) == (absent, unknown - UNASKED)


@pytest.mark.parametrize(
    ("server", "absent"),
    [
        (Server(frozenset({START}), express=True), {START}),
        (Server(frozenset({START}), express=True, vague=True), {START}),
        (Server(frozenset({START, STOP, DELETE}), express=True, routers=True), {START, STOP, DELETE}),
        (Server(frozenset({START}), express=True, cors=True), {START}),
        (Server(frozenset({START}), express=True, unstable=True), {START}),
        (Server(frozenset({START}), express=True, locked=True), {START}),
        (Server(frozenset({START}), starlette=True), {START}),
        (Server(frozenset({START}), starlette=True, vague=True), {START}),
        (Server(frozenset({START})), {START}),
        (Server(frozenset({"mcp.status", "console.system"})), {"mcp.status", "console.system"}),
        (Server(frozenset(NAMED), express=True, named=True), NAMED),
        (Server(frozenset({"console.system"}), express=True, catch_all=True), {"console.system"}),
    ],
)
def test_what_is_absent_is_told(server, absent):
    """One habit of the server makes an absence certain: choking, 405, its name, or asking for a token."""
    told, unknown = read(server)

    assert (absent, set()) == (told, unknown - UNASKED)


@pytest.mark.parametrize(
    ("server", "unknown"),
    [
        (Server(frozenset({START}), vague=True, token=False), NAMED),
        (Server(vague=True, token=False), NAMED),
        (Server(express=True, vague=True, token=False), NAMED),
        (Server(frozenset({START}), locked=True), {START}),
        (Server(frozenset(NAMED), express=True), NAMED),
    ],
    ids=["vague", "vague, none missing", "vague express", "locked", "a stub without a name"],
)
def test_what_cannot_be_told_is_unknown(server, unknown):
    """Without a habit of the server a fallback's shape is no absence."""
    absent, told = read(server)

    assert (set(), unknown) == (absent, told - UNASKED)


def test_asking_for_a_token_proves_a_vague_route():
    """A route that refuses without a token, where unknown paths do not, is there, however it answers with one."""
    absent, unknown = read(Server(vague=True))

    assert (set(), set()) == (absent, unknown - UNASKED)


@pytest.mark.parametrize(
    ("server", "unknown"),
    [
        (Server(frozenset({START}), express=True), set()),
        (
            Server(frozenset({START}), express=True, locked=True),
            {operation.id for operation in CONTRACT.operations if re.match("/(tools|mcp|diag|ssh)", operation.path)},
        ),
    ],
    ids=["each by itself", "a prefix"],
)
def test_without_a_token_a_refusal_before_the_routes_hides_them(server, unknown):
    """What asks for the token on a prefix says nothing of what is behind it."""
    absent, told = read(server, token=None)

    assert (set() if unknown else {START}, unknown - UNASKED) == (absent, told - UNASKED)


def test_a_silent_route_is_unknown():
    """An answer that does not come in time is no absence, and holds up nothing else."""

    def server(conversation):
        if conversation.asked.path == "/system":
            conversation.connection.close()
        else:
            Server(express=True)(conversation)

    assert ({"console.system"}, set()) == tuple(reversed([each - UNASKED for each in read(server)]))
