"""Secrets are taken out of a log, whatever they are and however they are spelled; the rest stays readable."""

from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtma_contract.log_redaction import Redactor

# The mark itself is made of these; a secret that is a part of it has a test of its own.
LETTERS = st.characters(exclude_categories=("C", "Z"), exclude_characters="[]-")
SECRETS = st.text(LETTERS, min_size=8, max_size=60)
AROUND = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="[]-"), max_size=40)
SPELLERS = (
    str,
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    # encodeURIComponent
    lambda text: quote(text, safe="!'()*"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nq1w2e3r4t5\n-----END RSA PRIVATE KEY-----"


@settings(max_examples=150, deadline=None)
@given(st.lists(SECRETS, min_size=1, max_size=5), st.data())
def test_no_secret_survives_in_any_spelling(secrets, data):
    """Whatever the secrets are, however each is spelled, and whatever stands around them, also other secrets."""
    pieces = []
    for secret in secrets:
        speller = data.draw(st.sampled_from(SPELLERS))
        pieces += [data.draw(AROUND), speller(secret)]
    result = Redactor(secrets).text("".join([*pieces, data.draw(AROUND)]))

    assert [spelled for secret in secrets for speller in SPELLERS if (spelled := speller(secret)) in result] == []


@settings(max_examples=100, deadline=None)
@given(SECRETS, AROUND, AROUND)
def test_no_secret_survives_in_base64(secret, before, after):
    """Also where it stands in the middle of what was encoded, as in an Authorization header of the kind Basic."""
    encoded = base64.b64encode((before + secret + after).encode()).decode()
    result = Redactor([secret]).text(f"Encoded: {encoded}")

    core = base64.b64encode(b"\0" * (len(before.encode()) % 3) + secret.encode()).decode()[4:-4]
    assert len(core) < 4 or core not in result


@settings(max_examples=100, deadline=None)
@given(st.text(string.ascii_letters + string.digits, min_size=16, max_size=80), st.data())
def test_a_long_piece_of_a_random_secret_does_not_survive(secret, data):
    """Programs cut what they print; twelve characters in a row are a piece of the secret."""
    start = data.draw(st.integers(0, len(secret) - 12))
    piece = secret[start : start + data.draw(st.integers(12, 80))]
    result = Redactor([secret]).text(f"value={piece}... was refused")

    has_kinds = sum(
        any(letter in kind for letter in secret)
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    )
    assert has_kinds < 2 or piece not in result


@settings(max_examples=100, deadline=None)
@given(SECRETS, SECRETS)
def test_secrets_that_overlap_are_both_taken_out(one, other):
    """The end of one is the beginning of the other: nothing of either is left."""
    joined = one[:-3] + one[-3:] + other
    result = Redactor([one, one[-3:] + other]).text(joined)

    assert result == "[redacted]"


@given(st.text(), st.lists(st.text(max_size=20), max_size=5))
def test_every_text_is_taken(text, secrets):
    """Nothing raises, the lines stay where they are, and what was cleaned is clean."""
    redactor = Redactor(secrets)
    cleaned = redactor.text(text)

    assert cleaned.count("\n") == text.count("\n")
    assert len(redactor.lines(text.split("\n"))) == text.count("\n") + 1
    cleaned.encode()


def test_the_lines_of_a_long_secret_are_secrets_by_themselves():
    """A log prints a key line by line, with other lines between."""
    redactor = Redactor(["first-line-77\n  second-line-88\r\nthird-line-99"])

    result = redactor.lines(["x first-line-77", "GET /status", "second-line-88", "and third-line-99."])

    assert result == ["x [redacted]", "GET /status", "[redacted]", "and [redacted]."]


@pytest.mark.parametrize("secret", ["redacted", "[redacted]", "dact", "[red"])
def test_the_mark_holds_no_secret(secret):
    """A secret that is a part of the usual mark has another in its place."""
    assert Redactor([secret]).text(f"a {secret} b") == "a [-] b"


def test_a_secret_behind_colours_is_found():
    """A terminal's colours and other control characters hide nothing."""
    assert Redactor(["hunter22"]).text("\x1b[32mhun\x1b[0mter22\x00!\x1b]0;t\x07") == "[redacted] !"


def test_letters_that_were_lost_hide_nothing():
    """A log in another character set shows a replacement in place of each letter beyond ASCII."""
    log = "Kennwort pässwörd1".encode("latin-1").decode("utf-8", "replace")

    assert Redactor(["pässwörd1"]).text(log) == "Kennwort [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer QSECRETQ",
        "authorization: 'Bearer QSECRETQ'",
        "Authorization: Basic QSECRETQ==",
        "got bearer QSECRETQ from client",
        "token=QSECRETQ",
        "GET /x?token=QSECRETQ&y=1",
        "GET /x?X-Amz-Signature=QSECRETQ&y=1",
        "password: QSECRETQ",
        "Password = 'QSECRETQ'",
        '{"apiKey":"QSECRETQ"}',
        '{"log": "{\\"client_secret\\": \\"QSECRETQ\\"}"}',
        "{ DTMA_BEARER_TOKEN: 'QSECRETQ', PORT: 30000 }",
        "{ pass: `QSECRETQ` }",
        "x-api-key: QSECRETQ",
        "cookie: a=QSECRETQ; session=QSECRETQ",
        "run --api-token QSECRETQ --verbose",
        "run --password=QSECRETQ",
        "redis-server --requirepass QSECRETQ",
        "postgres://user:QSECRETQ@db:5432/app",
        "postgres://user:p@QSECRETQ/x@db:5432/app",
        "https://QSECRETQQSECRETQ@github.com/x.git",
        "jwt eyJhbGciOiJIUzI1NiJ9.QSECRETQ.QSECRETQ",
        "pull with ghp_QSECRETQQSECRETQ",
        "do token dop_v1_QSECRETQ",
        PEM.replace("q1w2e3r4t5", "QSECRETQ"),
        PEM.replace("q1w2e3r4t5", "QSECRETQ").replace("\n", "\\n"),
        PEM.replace("q1w2e3r4t5", "QSECRETQ").partition("\n-----END")[0],
        "MIIEowIBAAKCAQEA7" * 3 + "QSECRETQ/+",
        "secret => QSECRETQ",
        "_auth=QSECRETQ",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text):
    """Nobody has to know its value: containers that are gone have left theirs in the log."""
    assert "QSECRETQ" not in Redactor([]).text(text)


@pytest.mark.parametrize(
    "text",
    [
        "[DTMA] listening on port 30000, environment production",
        "GET /tools/nginx-1/start 404 1.2 ms",
        "Error: Cannot find module './routes/tokens.js'",
        "    at Object.<anonymous> (/app/node_modules/express/lib/router/layer.js:95:5)",
        "SyntaxError: The requested module './auth.js' does not provide an export named 'requireToken'",
        "SyntaxError: Unexpected token < in JSON at position 0",
        "DTMA_BEARER_TOKEN is not set",
        "Bearer token missing",
        "token: missing",
        'token: "undefined"',
        "hasAuthToken: true, hasApiKey: false",
        "Forbidden: invalid token",
        "max_tokens: 4096",
        "ENOENT: no such file or directory, open '/etc/dtma.conf'",
        "Error: listen EADDRINUSE: address already in use 0.0.0.0:30000",
        "connect ENOENT /var/run/docker.sock",
        (
            "Error response from daemon: driver failed programming external connectivity on endpoint web "
            "(e75a8bf4d499a0c2d2bc017dd2d03e02dd7c6d3df961b895c25f8a93731ed7cc): Bind for 0.0.0.0:43521 failed: "
            "port is already allocated"
        ),
        "pull access denied for registry.invalid/x, repository does not exist or may require 'docker login'",
        "image nginx@sha256:0da6c832f83731f356304d43702cdf3b2d3fb3e277dbe6d2832d2ae28be9f7a4",
        "container a5ccfbec7e2515cbf4496b7b50b7193d8d450d5552b851894462136aea339cb7 started",
        "https://api.agentopia.example:443/v1/agents answers 503",
        "http://localhost:4873/@scope/package",
        "Context7 MCP Server-1750278276605 is no valid name",
        "2026-11-24T10:13:26.248014662Z ready",
        "-----BEGIN CERTIFICATE----- of the proxy",
    ],
)
def test_what_a_diagnosis_reads_stays(text):
    """Words about secrets, addresses, ids and errors are none."""
    assert Redactor(["hunter22"]).text(text) == text


def test_redaction_takes_time_in_proportion_to_the_text():
    """Hostile text of a few hundred kilobytes does not hold anything up: squared, these would take minutes."""
    redactor = Redactor(["hunter22"])
    for text in ("token", "a", '"token":"', "TOKEN=", "://", "http://a:", "aA1", "key='\\", "-----BEGIN A-----", "a@"):
        redactor.text(text * (200_000 // len(text)))


@settings(max_examples=60, deadline=None)
@given(SECRETS, AROUND, st.booleans())
def test_a_body_loses_its_secrets_and_stays_what_it_was(secret, around, is_json):
    """JSON stays JSON, with the same members; text stays text."""
    document = {"logs": [f"{around}{secret}", "next"], "data": {"env": secret, "count": 3}}
    text = json.dumps(document) if is_json else f"{around} {secret}"
    cleaned = Redactor([secret]).body(text)

    assert secret not in cleaned
    assert json.dumps(secret)[1:-1] not in cleaned
    assert not is_json or json.loads(cleaned).keys() == document.keys()
    assert not is_json or json.loads(cleaned)["data"]["count"] == 3
