"""Secrets are put in, found in any spelling, and taken out."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from dtma_contract.redaction import TokenSpellings, redact_environment

TOKEN = 'S3cr3t/t0k+n"<val>&é'  # noqa: S105 - made up
SPELLINGS = TokenSpellings(TOKEN)


@pytest.mark.parametrize(
    ("placeholder", "expected"),
    [
        ("Bearer dtmac-token", "Bearer abcdeF"),
        ("bearer dtmac-token", "bearer abcdeF"),
        ("Basic dtmac-token", "Basic abcdeF"),
        ("dtmac-token", "abcdeF"),
        ("Bearer dtmac-token.truncated", "Bearer abcde"),
        ("Bearer dtmac-token.extended", "Bearer abcdeFx"),
        ("Bearer dtmac-token.changed", "Bearer abcde~"),
        ("Bearer dtmac-token.case", "Bearer ABCDEf"),
        ("Bearer dtmac-token.first", "Bearer abc"),
        ("Bearer dtmac-tokens", "Bearer dtmac-tokens"),
        ("Bearer dtmac-token.other", "Bearer dtmac-token.other"),
        ("Bearer xdtmac-token", "Bearer xdtmac-token"),
        ("Bearer anything", "Bearer anything"),
    ],
)
def test_the_placeholder_becomes_the_token(placeholder, expected):
    """Only the exact placeholder and its variants are replaced."""
    assert TokenSpellings("abcdeF").fill_in(placeholder.encode()) == expected.encode()


def test_near_misses_differ_from_the_token():
    """No near miss is the token itself, whatever the token ends with."""
    for token in ("12345678", "abc~", "~", "ÄÖ"):
        variants = TokenSpellings(token).variants

        assert token not in [value for name, value in variants.items() if name]


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower().replace("s3cr3t", "S3cr3t"),
        "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
        html.escape(TOKEN),
        TOKEN.encode().hex(),
        TOKEN.encode().hex().upper(),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(b"a" + TOKEN.encode()).decode(),
        base64.b64encode(b"user:x" + b"b" + TOKEN.encode() + b"tail").decode(),
        base64.b64encode(b"ab" + TOKEN.encode() + b"!").decode(),
        base64.urlsafe_b64encode(b"u:" + TOKEN.encode()).decode(),
    ],
)
def test_the_token_is_found_in_every_spelling(spelled):
    """A leak is taken out and told, however the target spells the token."""
    result = SPELLINGS.scrub(b"before " + spelled.encode() + b" after")

    assert result.found
    assert b"[redacted]" in result.data
    assert spelled.encode() not in result.data
    assert result.data.startswith(b"before ")
    assert result.data.endswith(b" after")


def test_near_misses_are_taken_out_without_being_a_leak():
    """An agent that repeats a wrong token is not said to leak the right one."""
    spellings = TokenSpellings("abcdefghijklmnop")

    result = spellings.scrub(b"wrong token: abcdefghijklmnopx or abcdefghijklmno")

    assert not result.found
    assert result.data == b"wrong token: [redacted] or [redacted]"


def test_innocent_text_stays():
    """Text without the token is not touched, and a run without a token scrubs nothing."""
    assert SPELLINGS.scrub(b"S3cr3t").data == b"S3cr3t"
    assert TokenSpellings(None).scrub(b"anything").data == b"anything"
    assert "S3cr3t" not in repr(SPELLINGS)


def test_json_with_a_token_of_digits_stays_valid():
    """A numeric token that stands as a number is replaced by a number."""
    result = TokenSpellings("1234567890").scrub(b'{"a": 1234567890, "b": "1234567890"}')

    assert result.found
    assert json.loads(result.data) == {"a": 9999999999, "b": "9999999999"}


@pytest.mark.parametrize(
    "text",
    [
        '{"env": ["API_TOKEN=hunter22", "PATH=/bin"]}',
        '{"API_KEY": "hunter22"}',
        '{"apiKey" : "hunter22"}',
        '{"db_password":"hunter22"}',
        '{"log": "{\\"SECRET\\": \\"hunter22\\"}"}',
        '{"log": "started with AWS_SECRET_ACCESS_KEY=hunter22 done"}',
        '{"private_key": "hunter22"}',
        '{"credentials": "hunter22"}',
        '{"authToken": "hunt\\"er22"}',
    ],
)
def test_secret_looking_values_are_taken_out(text):
    """Values of secret-looking variables are replaced, and JSON stays valid."""
    result = redact_environment(text.encode())

    assert result.found
    assert b"er22" not in result.data
    json.loads(result.data)


@pytest.mark.parametrize(
    "text",
    [
        '{"environment": {"hasAuthToken": true, "hasApiKey": false, "port": "30000"}}',
        '{"error": "Unauthorized: token missing"}',
        '{"error": "Forbidden", "message": "the token=abc is short"}',
        '{"token": "short"}',
        '{"token": "missing"}',
        '{"apiKey": "********"}',
        '{"secret": "[redacted]"}',
        '{"private_port": "30000/tcp", "PrivatePort": 8080}',
        '{"token_type": "Bearer"}',
        '{"passwords": ["hunter22"]}',
        '{"hint": "Set DTMA_BEARER_TOKEN (or BACKEND_TO_DTMA_API_KEY)"}',
        '{"message": "credentials: refreshed"}',
        '{"secret": "not configured yet"}',
    ],
)
def test_words_about_secrets_stay(text):
    """Booleans, short values and words that only speak of secrets are none."""
    result = redact_environment(text.encode())

    assert not result.found
    assert result.data == text.encode()


def test_redaction_is_linear():
    """Hostile text of a megabyte does not hold the fence up."""
    for text in (b"token" * 200_000, b"a" * 1_000_000, b'"token":"' * 100_000, b"TOKEN=" * 160_000):
        redact_environment(text)
