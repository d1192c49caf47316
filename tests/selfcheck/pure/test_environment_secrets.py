"""Which values of an environment are kept out of all that is shown."""

from __future__ import annotations

import json

import pytest

from dtma_contract.environment_secrets import secret_arguments, secret_values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DTMA_BEARER_TOKEN", "hunter22"),
        ("DB_PASSWORD", "postgres"),
        ("DB_PASSWORD", "production"),
        ("PIN", "1234"),
        ("REDIS_PASS", "redis"),
        ("BACKEND_TO_DTMA_API_KEY", "local"),
        ("SOMETHING", "correcthorse"),
        ("SOMETHING", "c0rrect-h0rse"),
        ("SOMETHING", "12345678"),
        ("DB_HOST", "aB3aB3aB3aB3aB3aB3"),
        ("WEBHOOK_URL", "https://hooks.example/services"),
        ("NOTIFY", "https://hooks.example/services/T0AB/B0CD/x1y2z3"),
        ("DATABASE_URL", "postgres://app:hunter22@db:5432/app"),
        ("SOMETHING", "https://api.example/?sig=hunter22"),
    ],
)
def test_a_value_is_a_secret(name, value):
    """By the name of its variable, or because nothing says that it is none."""
    assert value in secret_values([(name, value)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/local/sbin:/usr/local/bin"),
        ("NODE_ENV", "production"),
        ("ENVIRONMENT", "staging"),
        ("HOSTNAME", "droplet-7"),
        ("PORT", "30000"),
        ("TOKEN_TTL", "3600"),
        ("AUTH_PORT", "8080"),
        ("AUTH_ENABLED", "true"),
        ("API_TOKEN", "undefined"),
        ("NODE_VERSION", "20.11.1"),
        ("LOG_LEVEL", "debug"),
        ("AGENTOPIA_API_BASE_URL", "https://api.agentopia.example:443/v1"),
        ("DTMA_CONFIG", "/etc/dtma.conf"),
        ("BIND", "0.0.0.0:30000"),
        ("DB_HOST", "db-1.internal"),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("TOKEN", "abc"),
        ("TOKEN", ""),
        ("SELF", "web-1"),
    ],
)
def test_a_value_is_none(name, value):
    """Words that every log is full of, what the list of containers shows, and what is too short to be looked for."""
    assert secret_values([(name, value)], known=["web-1"]) == frozenset()


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("postgres://app:hunter22@db:5432/app", {"hunter22"}),
        ("postgres://app:hunt%21er@db:5432/app", {"hunt%21er", "hunt!er"}),
        ("https://api.example/?sig=hunter22&v=1", {"hunter22"}),
        ("https://hooks.example/services/T0AB12CD9/x", {"T0AB12CD9"}),
        ("admin:hunter22,other:hunter33", {"hunter22", "hunter33"}),
        (json.dumps({"a": {"private_key": "word"}, "b": ["hunter22"], "c": "info"}), {"word", "hunter22"}),
    ],
)
def test_a_part_of_a_value_is_a_secret_too(value, parts):
    """A log prints the password of an address, or one of several keys, by itself."""
    assert secret_values([("SETTINGS", value)]) >= parts | {value}


def test_a_host_in_an_address_stays_readable():
    """That a database cannot be reached is told by its name, which stands in an address with a password."""
    found = secret_values([("DATABASE_URL", "postgres://app:hunter22@db.internal.example:5432/app")])

    assert not [value for value in found if value in "connect ECONNREFUSED db.internal.example:5432"]


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--api-token", "hunter22"],
        ["serve", "--api-token=hunter22"],
        ["redis-server", "--requirepass", "hunter22"],
        ["env", "PASSWORD=hunter22", "serve"],
        ["serve", "postgres://app:hunter22@db/app"],
    ],
)
def test_a_command_line_holds_secrets(words):
    """Whoever lists processes sees them, and so does a log."""
    assert "hunter22" in secret_arguments(words)
    assert not {"serve", "env", "redis-server"} & secret_arguments(words)
