"""Whose a request is: the agent's, another service's, or a doubtful one. Pure.

A backend calls many services; only what it asks of the agent counts. The rule, the first line that applies decides:

0. What was **declared** to be the agent's base: a variable, a property (``client.baseUrl``), a URL or a host. Where
   something was declared, what would be doubtful by line 6 is another service's.
1. A **known host**: one that holds a word of the agent's (``http://dtma:8080``) is the agent. Any other name with a
   known port other than the agent's (30000), or with a dot in it (``api.github.com``), is another service, whatever
   the variable that held it is called. An unnamed address (an IP, ``localhost``) is the agent on the agent's port.
2. **Port 30000**, or a port whose variable has a word of the agent's (``${DTMA_PORT}``): the agent. Another known
   port on a host that is not known: another service (a tool's own port on the same droplet).
3. **Names of the base** (variable, property, configuration key, environment variable, type): a word of a known service
   (``GITHUB_API``, ``SUPABASE_URL``, ``webhookUrl``): another service. A word of the agent's (``DTMA_URL``,
   ``droplet.ip``, ``toolboxUrl``): the agent.
4. **The token**: an Authorization header whose variable is called after the agent (``BACKEND_TO_DTMA_API_KEY``), on a
   base that is not known: the agent. So is a base whose name says nothing (``baseUrl``) where the enclosing class,
   function or file is called after ``dtma``.
5. **The path**: exactly that of a promised route that no other service is likely to have (a parameter, or two segments)
   on a base that is not known: the agent. A common one (``/health``, ``/status``) counts only where the enclosing
   class, function or file is called after the agent.
6. Else, where the file mentions the agent at all, the request is **doubtful**; where it does not, it is another's. A
   relative URL without a client's base goes to the caller's own server: another's, unless line 5 applies.

Words are those of identifiers (``getDtmaURL`` → get, dtma, url), so ``AGENTOPIA_URL`` holds no ``agent``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dtma_contract.discovery.consumer.addresses import Address, words
from dtma_contract.routes import canonical_path

__all__ = ["AGENT_PORT", "DEFAULT_BASES", "Owner", "OwnershipRule", "Surroundings", "written_base"]

# The port that the agent listens on.
AGENT_PORT = "30000"
# Words that the agent's base is called by.
DEFAULT_BASES = ("dtma", "droplet", "toolbox", "agent")
# Those of them that name much else too, so that they say little about a class, a function or a file.
_COMMON_WORDS = {"droplet", "toolbox", "agent"}
# Words of other services and of addresses that are no agent's.
_OTHERS = {
    "github", "gitlab", "stripe", "digitalocean", "supabase", "openai", "anthropic", "slack", "twilio", "sendgrid",
    "aws", "s3", "google", "gcp", "azure", "cloudflare", "sentry", "datadog", "mailgun", "resend", "auth0", "okta",
    "firebase", "vercel", "netlify", "hubspot", "linear", "notion", "discord", "telegram", "webhook", "callback",
    "oauth", "avatar", "storage", "cdn", "registry", "dockerhub", "hub", "prometheus", "grafana", "elasticsearch",
    "redis", "postgres", "backend", "agentopia", "frontend", "user", "useragent", "keycloak", "minio", "vault",
}  # fmt: skip
# Words that say only that something is a base.
_GENERIC = {
    "base", "url", "host", "endpoint", "address", "ip", "server", "origin", "target", "uri", "this", "self", "config",
    "options", "opts", "settings", "props", "public", "addr", "hostname", "http", "https", "api", "client", "get",
    "resolve", "build", "args", "params", "prefix", "root", "service", "remote", "instance", "full", "request", "req",
    "path", "href", "input", "init", "string", "str", "route", "for",
}  # fmt: skip
# `IP` and `URL` are no constants' names that would tell something.
_SHORT = 4
_ADDRESS = re.compile(
    r"^(?:localhost|\d+\.\d+\.\d+\.\d+|\[?[0-9a-f]*:[0-9a-f:]*\]?|host\.docker\.internal|0\.0\.0\.0)$"
)


class Owner(enum.StrEnum):
    """Whose a request is."""

    AGENT = "agent"
    OTHER = "other"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a request.

    Attributes:
        names: enclosing classes and functions, and the file's name.
        token_names: names of the variables in its Authorization header.
        mentions: whether the file mentions the agent.
    """

    names: tuple[str, ...] = ()
    token_names: tuple[str, ...] = ()
    mentions: bool = False


@dataclass(frozen=True)
class OwnershipRule:
    """The rule of this module's docstring.

    Attributes:
        bases: words that the agent's base is called by; a word of several parts (``tool_host``) counts as a whole.
        promised: path templates that the contract promises.
        declared: names and addresses that were said to be the agent's base.
    """

    bases: tuple[str, ...] = DEFAULT_BASES
    promised: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    _paths: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_paths", frozenset(canonical_path(path) for path in self.promised))

    def owner(self, address: Address, around: Surroundings) -> Owner:
        """Return whose the request is.

        Args:
            address: where it goes.
            around: what is around it.
        """
        if any(_is_base(address, declared) for declared in self.declared):
            return Owner.AGENT
        known = self._by_host(address) or self._by_names(address)
        if known:
            return known
        if address.absolute and self._by_token_or_place(address, around):
            return Owner.AGENT
        if self._by_path(address, around):
            return Owner.AGENT
        is_doubtful = around.mentions and address.absolute and not self.declared
        return Owner.DOUBTFUL if is_doubtful else Owner.OTHER

    def promises(self, path: str) -> bool:
        """Return whether the contract promises exactly this path, parameters' names aside."""
        return canonical_path(path) in self._paths

    def is_named(self, names: Iterable[str], *, strictly: bool = False) -> bool:
        """Return whether one of the names has a word of the agent's; ``strictly`` without those that name much else."""
        wanted = [words(base) for base in self.bases if not (strictly and base in _COMMON_WORDS)]
        return any(_holds(words(name), base) for name in names for base in wanted)

    def _by_host(self, address: Address) -> Owner | None:
        host = address.host
        literal = bool(host) and "{}" not in host
        if literal and not _ADDRESS.match(host):
            if self.is_named([host.partition(".")[0]]) or self.is_named([host], strictly=True):
                return Owner.AGENT
            return Owner.AGENT if address.port == AGENT_PORT else Owner.OTHER
        if address.port == AGENT_PORT or self.is_named(address.port_names):
            return Owner.AGENT
        if address.port:
            return Owner.OTHER
        if host.startswith("{}.") or host.endswith("}"):
            return None
        return Owner.OTHER if "{}." in host or ".{}" in host else None

    def _by_names(self, address: Address) -> Owner | None:
        names = address.base_names
        if self.is_named(names, strictly=True):
            return Owner.AGENT
        if any(set(words(name)) & _OTHERS for name in names):
            return Owner.OTHER
        # A port that is not known, on a host that is called after something with many ports.
        if address.port_names:
            return None
        return Owner.AGENT if self.is_named(names) else None

    def _by_token_or_place(self, address: Address, around: Surroundings) -> bool:
        if self.is_named(around.token_names, strictly=True):
            return True
        return _says_nothing(address.base_names) and self.is_named(around.names, strictly=True)

    def _by_path(self, address: Address, around: Surroundings) -> bool:
        path = canonical_path(address.path)
        if path not in self._paths:
            return False
        telling = "{}" in path or path.count("/") > 1
        return telling or (address.absolute and self.is_named(around.names))


def written_base(declared: str) -> str:
    """Return what code that has a declared base holds for sure: the host of a URL, the last part of a name."""
    if "://" in declared:
        return _place_of(declared).partition(":")[0]
    return declared if "/" in declared or ":" in declared else declared.rpartition(".")[2]


def _place_of(declared: str) -> str:
    """Return host and port of an address, as they are compared."""
    return declared.rpartition("://")[2].partition("/")[0].lower()


def _is_base(address: Address, declared: str) -> bool:
    """Return whether an address begins with what was declared: its host (and port, where one is named) or its name."""
    host, _, port = _place_of(declared).partition(":")
    if host and address.host == host and port in {"", address.port}:
        return True
    return any(name == declared or name.endswith(f".{declared}") for name in address.base_names)


def _says_nothing(names: tuple[str, ...]) -> bool:
    """Return whether names of a base could be those of any service's; a constant's name is one service's."""
    return all(set(words(name)) <= _GENERIC and not (name.isupper() and len(name) > _SHORT) for name in names)


def _holds(found: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    return bool(size) and any(found[index : index + size] == wanted for index in range(len(found) - size + 1))
