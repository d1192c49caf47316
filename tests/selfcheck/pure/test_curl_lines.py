"""A finding's curl line sends again what was sent, and never holds the token."""

from __future__ import annotations

import os
import subprocess

import pytest
from pure.answers import request
from pure.recording_server import recording_server

from dtma_contract.evidence import TOKEN_PLACEHOLDER
from dtma_contract.redaction import TokenSpellings

JSON = {"Content-Type": "application/json"}
SHELLS = ("bash", "sh")
TOKENS = [
    "s3cr3t-Token_value.42",
    "0123456789",
    "ends-with~",
    "42~",
    "quo\"te's $HOME `id` \\n %s",
    "a",
    "-n",
    "*",
    "base64+/==",
]
VARIANTS = ["", ".truncated", ".extended", ".changed", ".case", ".first"]


@pytest.fixture(scope="module")
def server():
    with recording_server() as running:
        yield running


@pytest.fixture(params=SHELLS)
def run_line(request, server, tmp_path):
    """Run the line of an exchange in a shell that holds the token, and return what arrived."""

    def run(exchange, token=TOKENS[0], prefix=""):
        line = exchange.curl(server.url + prefix, "DROPLET_TOKEN")
        server.seen.clear()
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DROPLET_TOKEN": token}
        # A line may be longer than an argument.
        script = tmp_path / "line.sh"
        script.write_text(line, "utf-8")
        subprocess.run([request.param, script], env=environment, check=True, capture_output=True, timeout=20)
        (seen,) = server.seen
        return seen

    return run


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_line_spells_the_token_as_the_fence_does(run_line, token, variant):
    """Every near miss of every token arrives as the fence would have sent it."""
    header = f"Bearer {TOKEN_PLACEHOLDER}{variant}"

    seen = run_line(request(headers={"Authorization": header}), token)

    expected = TokenSpellings(token).fill_in(header.encode()).decode()
    assert expected.strip() == seen.headers["authorization"]


@pytest.mark.parametrize(
    "header",
    [
        f"bearer {TOKEN_PLACEHOLDER}",
        f"BEARER   {TOKEN_PLACEHOLDER}",
        f"Basic {TOKEN_PLACEHOLDER}",
        TOKEN_PLACEHOLDER,
        f"{TOKEN_PLACEHOLDER}.first",
        f"Bearer {TOKEN_PLACEHOLDER} more",
        f'Bearer "{TOKEN_PLACEHOLDER}"',
        f"Bearer $HOME`id` {TOKEN_PLACEHOLDER}",
        f"Bearer {TOKEN_PLACEHOLDER}.unknown",
        f"Bearer x{TOKEN_PLACEHOLDER}",
        f"Bearer {TOKEN_PLACEHOLDER}, Bearer {TOKEN_PLACEHOLDER}.extended",
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "Bearer it's $HOME",
    ],
)
def test_the_line_sends_the_authorization_that_was_sent(run_line, header):
    """Other schemes, bare tokens, empty and odd values arrive as they were sent."""
    seen = run_line(request(headers={"Authorization": header}), "s3cr3t-Token")

    expected = TokenSpellings("s3cr3t-Token").fill_in(header.encode()).decode()
    assert expected == seen.headers["authorization"]


def test_the_line_sends_no_authorization_where_none_was_sent(run_line):
    """What was refused for want of a token is sent without one again."""
    seen = run_line(request())

    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "it\'s", "text": "$HOME `id` \\"quoted\\" \\\\ 100% !x"}',
        b'{"a":\n 1}\n',
        b"@/etc/passwd",
        b"@-",
        b"-d",
        b"{",
        b"'",
        b"\\n\\x41",
        b" ",
        b"\n",
        b"%s %d %%",
        bytes(range(256)),
        b"\x00",
        b"a\x00b'\n1",
        "Grüße, 世界 🙂".encode(),
        "zero\u200bwidth".encode(),
        b"\xff\xfe{",
        b"x" * 300_000,
        b"'" * 90_000,
    ],
    ids=lambda body: ascii(body[:24]),
)
def test_the_line_sends_the_same_bytes(run_line, body):
    """Quotes, newlines, zero bytes, what looks like an option or a file, other scripts, long bodies: all arrive."""
    seen = run_line(request("POST", headers=JSON, body=body))

    assert ("POST", "application/json", body) == (seen.method, seen.headers["content-type"], seen.body)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/tools",
        "/tools/dtmac-x-a/start",
        "/logs?lines=10&since=1%20h",
        "/tools/a%20b%2Fc%25/start",
        "/tools/%2e%2e/start",
        "/tools/../tools",
        "/tools/./x",
        "//tools",
        "/tools/",
        "/tools/[1-3]",
        "/tools/{a,b}",
        "/tools/it's",
        "/tools/$HOME",
        "/tools/`id`",
        "/tools/a;b&c",
        "/tools/%E4%B8%96",
        "/tools/%ZZ",
    ],
)
def test_the_line_asks_for_the_same_target(run_line, target):
    """Dot segments, globs, quotes and percent-encoding stay as they were sent."""
    seen = run_line(request(target=target))

    assert ("GET", target) == (seen.method, seen.target)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "QUERY"])
def test_the_line_uses_the_same_method(run_line, method):
    """Each method arrives as it was sent, and curl comes to an end."""
    seen = run_line(request(method, "/system"))

    assert (method, "/system", b"") == (seen.method, seen.target, seen.body)


@pytest.mark.parametrize("prefix", ["/base", "/base/"])
def test_the_line_keeps_the_path_of_the_target_s_url(run_line, prefix):
    """A target behind a path prefix is asked below it, as the fence does."""
    seen = run_line(request(target="/tools"), prefix=prefix)

    assert seen.target == "/base/tools"


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_line_names_the_variable_and_never_the_placeholder(variant):
    """What stands in the report is the variable's name."""
    line = request(headers={"Authorization": f"Bearer {TOKEN_PLACEHOLDER}{variant}"}).curl("http://host:30000", "MINE")

    assert ("MINE" in line, TOKEN_PLACEHOLDER in line) == (True, False)


def test_the_plain_line_is_short():
    """The line of an ordinary request is one that a person would write."""
    line = request("POST", "/tools/a/start", {"Authorization": f"Bearer {TOKEN_PLACEHOLDER}"}).curl(
        "http://10.0.0.7:30000/", "DTMA_BEARER_TOKEN"
    )

    assert line == (
        'curl -gisS --path-as-is -X POST -H "Authorization: Bearer $DTMA_BEARER_TOKEN" '
        "http://10.0.0.7:30000/tools/a/start"
    )
