"""A target that cannot be judged is one finding with its cause, exit code 6, and within five seconds."""

from __future__ import annotations

import socket
import time

import pytest
from neighbours.liars import FLAWS, lying, lying_redirect, lying_self_signed
from neighbours.nginx import dead_upstream, no_upstream
from neighbours.processes import free_port
from runs.commands import TOKEN, agent, command, verify

# The cause of each liar's flaw, as its user would call it.
CAUSES = {
    "html-for-everything": "not-a-dtma",
    "garbage": "not-a-dtma",
    "large-body": "not-a-dtma",
    "gzip-bomb": "not-a-dtma",
    "echoes-the-request": "not-a-dtma",
    "another-json-service": "not-a-dtma",
    "one-byte-a-second": "connection-timeout",
    "never-answers": "connection-timeout",
    "closes-at-once": "connection-refused",
}

# The requirement; measured: 1.4 seconds, and 4 where the target never answers.
LIMIT_SECONDS = 5.0


def assert_unusable(url, cause, tmp_path, token=TOKEN):
    """Judge the target, which fails with one finding of this cause."""
    done = verify(url, token, cwd=tmp_path)

    assert done.exit_code == 6, done
    document = done.document
    assert [finding["cause"] for finding in document["findings"]] == [cause], document["findings"]
    assert (document["outcome"], document["exit_code"]) == ("target-unusable", 6)
    assert (document["not_judged"], document["left_behind"]) == ([], [])
    assert document["findings"][0]["hint"]
    assert "Traceback" not in done.stderr
    assert token not in done.stdout + done.stderr
    return document


@pytest.mark.alone
@pytest.mark.parametrize("flaw", ["never-answers", "one-byte-a-second", "closes-at-once"])
def test_nobody_waits_long(flaw, tmp_path):
    """What takes longest is told within the limit, the start of the program included."""
    with lying(flaw) as liar:
        began = time.monotonic()
        assert_unusable(liar.url, CAUSES[flaw], tmp_path)

    assert time.monotonic() - began < LIMIT_SECONDS


def test_every_flaw_of_a_liar_has_its_cause():
    """No liar is left out below."""
    assert set(CAUSES) == set(FLAWS)


@pytest.mark.parametrize("flaw", CAUSES)
def test_a_liar_is_no_target(flaw, tmp_path):
    """Whatever listens there instead of a DTMA, the run says what it is, and neither hangs nor swallows it all."""
    with lying(flaw) as liar:
        if flaw == "gzip-bomb":
            verify(liar.url, TOKEN, cwd=tmp_path)  # the bomb is built when it is first asked for

        assert_unusable(liar.url, CAUSES[flaw], tmp_path)


def test_nothing_listens(tmp_path):
    """A dead port is connection-refused."""
    assert_unusable(f"http://127.0.0.1:{free_port()}", "connection-refused", tmp_path)


def test_a_port_that_does_not_accept(tmp_path):
    """A full backlog, as a firewall that drops packets, is connection-timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)  # noqa: FBT003 - the name is the socket module's
            second.connect_ex(address)

            assert_unusable(f"http://127.0.0.1:{address[1]}", "connection-timeout", tmp_path)


def test_a_name_that_nobody_has(tmp_path):
    """A name under .invalid, which RFC 2606 keeps free, is name-unresolvable."""
    assert_unusable("http://droplet.invalid:30000", "name-unresolvable", tmp_path)


def test_another_host_is_never_asked(tmp_path):
    """A redirect of everything to another host is no DTMA; that host sees no request, and no token."""
    with lying_redirect() as (liar, other):
        document = assert_unusable(liar.url, "not-a-dtma", tmp_path)

    assert other.asked == []
    assert "redirects to another host" in document["findings"][0]["actual"]


def test_a_certificate_that_nobody_signed(needs_openssl, tmp_path):
    """A self-signed certificate is tls-failure; the token is not sent."""
    with lying_self_signed() as liar:
        assert_unusable(liar.url, "tls-failure", tmp_path)

    assert liar.asked == []


def test_tls_against_plain_http(tmp_path):
    """https:// against the agent's plain port is tls-failure."""
    with agent() as reference:
        assert_unusable(reference.url.replace("http:", "https:"), "tls-failure", tmp_path, reference.token)


def test_a_wrong_token(tmp_path):
    """Another droplet's token is token-rejected."""
    with agent() as reference:
        document = assert_unusable(reference.url, "token-rejected", tmp_path)

    assert "DTMA_BEARER_TOKEN" in document["findings"][0]["actual"]


def test_an_agent_without_a_token(tmp_path):
    """An agent that has no token configured says so, and so does the finding."""
    with agent(DTMA_BEARER_TOKEN="", BACKEND_TO_DTMA_API_KEY="") as reference:
        assert_unusable(reference.url, "token-not-configured", tmp_path)


def test_a_proxy_whose_agent_is_gone(needs_nginx, tmp_path):
    """A real nginx with a dead upstream is proxy-no-upstream."""
    with dead_upstream() as url:
        assert_unusable(url, "proxy-no-upstream", tmp_path)


def test_a_fresh_nginx(needs_nginx, tmp_path):
    """A web server with a welcome page is no DTMA."""
    with no_upstream() as url:
        assert_unusable(url, "not-a-dtma", tmp_path)


def test_people_read_a_few_lines(tmp_path):
    """The text names target, cause and next step, and the three closing lines, in less than ten lines."""
    url = f"http://127.0.0.1:{free_port()}"
    done = command("verify", "--target", url, cwd=tmp_path, env={"DTMA_BEARER_TOKEN": TOKEN})

    assert (done.exit_code, done.stderr) == (6, "")
    lines = [line for line in done.stdout.splitlines() if line]
    assert lines[0] == "target unusable  connection-refused"
    assert url in lines[1]
    assert lines[2].strip().startswith("next")
    assert [line.partition("  ")[0] for line in lines[3:6]] == ["target-unusable", "not judged", "left behind"]
    assert len(lines) < 10
