"""What a diagnosis asks a target beyond its routes: each question as it is sent, and what came of it. Pure."""

from __future__ import annotations

import json as json_codec
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from dtma_contract.bodies import UNRESOLVABLE_IMAGE, deploy_body
from dtma_contract.diagnosis.facts import KEPT_HEADERS, MOST_BODY, Answer, AuthSent, Question
from dtma_contract.evidence import Exchange
from dtma_contract.redaction import redact_environment
from dtma_contract.run_identity import RunIdentity

__all__ = [
    "Asked",
    "answer_of",
    "distinct",
    "first_questions",
    "further_questions",
    "names_one_segment",
    "prefixed_questions",
    "unanswered",
    "unresolvable_deploy",
]

# Prefixes of the contract's own paths; where a proxy takes one off, the rest of the path reaches the agent.
_OWN_PREFIXES: Final = ("tools", "mcp", "diagnostics")
# Prefixes below which deployments put an agent.
_DEPLOYED_PREFIXES: Final = ("dtma", "api", "agent")

_LOGS: Final = frozenset({Question.LOGS, Question.DIAGNOSTICS_LOGS})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent.

    Attributes:
        question: which.
        path: with the query, percent-encoded.
        auth: which Authorization header it has.
        method: upper case.
        body: JSON body to send; ``...`` for none.
    """

    question: Question
    path: str
    auth: AuthSent = AuthSent.NONE
    method: str = "GET"
    body: Any = ...

    @property
    def request(self) -> tuple[str, str, AuthSent]:
        """What is sent, so that one request can answer two questions."""
        return self.method, self.path, self.auth


def first_questions(run: RunIdentity, token: AuthSent) -> tuple[Asked, ...]:
    """Return the questions that tell whether an agent answers at all.

    Args:
        run: whose names are used.
        token: ``valid`` where there is a token, else ``none``.
    """
    nowhere = run.name("nowhere")
    return (
        Asked(Question.ROOT, "/"),
        Asked(Question.HEALTH, "/health"),
        Asked(Question.STATUS, "/status"),
        Asked(Question.TOOLS, "/tools", token),
        Asked(Question.TOOLS_STATUS, "/tools/status", token),
        Asked(Question.TOOLS_WITHOUT_TOKEN, "/tools"),
        Asked(Question.TOOLS_WRONG_TOKEN, "/tools", AuthSent.WRONG),
        Asked(Question.NOWHERE, f"/{nowhere}"),
        Asked(Question.NOWHERE, f"/tools/{nowhere}", token),
    )


def further_questions(token: AuthSent, instance: str, *, has_health: bool, is_closed: bool) -> tuple[Asked, ...]:
    """Return the questions to what was seen to be an agent.

    Args:
        token: as in :func:`first_questions`.
        instance: name of the instance that is asked about; empty for none.
        has_health: whether ``/health`` answered; below a prefix that is stripped it would do so too.
        is_closed: whether ``/tools`` was seen to ask for a token: only then is an open ``/tools/status`` odd.
    """
    if has_health:
        asked = [Asked(Question.STRIPPED_HEALTH, f"/{prefix}/health") for prefix in _OWN_PREFIXES]
    else:
        # An agent without /health has /status all the same; below /mcp the contract has one of its own, asked below.
        asked = [Asked(Question.STRIPPED_HEALTH, "/diagnostics/status")]
        asked += [Asked(Question.STRIPPED_HEALTH, "/tools/status")] if is_closed else []
    asked += [
        Asked(Question.SYSTEM, "/system", token),
        Asked(Question.LOGS, "/logs", token),
        Asked(Question.DIAGNOSTICS_DOCKER, "/diagnostics/docker", token),
        Asked(Question.DIAGNOSTICS_LOGS, "/diagnostics/logs?lines=100", token),
        Asked(Question.MCP_STATUS, "/mcp/status", token),
        Asked(Question.MCP_STATUS_WITHOUT_TOKEN, "/mcp/status"),
    ]
    if names_one_segment(instance):
        asked.append(Asked(Question.INSTANCE_LOGS, f"/mcp/servers/{quote(instance, safe='')}/logs?tail=1", token))
    return tuple(asked)


def prefixed_questions() -> tuple[Asked, ...]:
    """Return the questions to what was seen to be no agent: it may live below a prefix."""
    return tuple(
        Asked(Question.PREFIXED_HEALTH, f"/{prefix}/{name}")
        for prefix in _DEPLOYED_PREFIXES
        for name in ("health", "status")
    )


def unresolvable_deploy(run: RunIdentity, token: AuthSent) -> Asked:
    """Return the deploy that no agent can carry out; arguments as in :func:`first_questions`."""
    body = deploy_body(run.name("unresolvable"), UNRESOLVABLE_IMAGE)
    return Asked(Question.UNRESOLVABLE_DEPLOY, "/tools", token, "POST", body)


def names_one_segment(name: str) -> bool:
    """Return whether a name can stand in a path so that every server reads it as one segment."""
    return bool(name) and name not in {".", ".."} and "/" not in name and "\\" not in name and name.isprintable()


def answer_of(asked: Asked, at: str, exchange: Exchange) -> Answer:
    """Return what came of a question, without secrets and cut to what facts hold.

    Args:
        asked: the question.
        at: when it was sent, ISO 8601, UTC.
        exchange: what the fence answered, in the target's place or its own.
    """
    verdict, _, reason = exchange.headers.get("x-dtmac-fence", "").partition(";")
    if verdict:
        detail = str(exchange.member("detail") or "").strip().rstrip(".")
        return unanswered(asked, at, "refused-by-fence" if verdict == "refused" else reason.strip(), detail, exchange)
    text = redact_environment(exchange.body).data.decode("utf-8", "replace")
    if asked.question in _LOGS and len(text) > MOST_BODY:
        text = _last_lines(text)
    return Answer(
        question=asked.question,
        method=asked.method,
        path=asked.path,
        auth=asked.auth,
        at=at,
        status=exchange.status,
        headers={name: exchange.headers[name] for name in KEPT_HEADERS if name in exchange.headers},
        body=text[:MOST_BODY],
        milliseconds=round(exchange.milliseconds, 3),
    )


def unanswered(asked: Asked, at: str, failure: str, detail: str, exchange: Exchange | None = None) -> Answer:
    """Return a question that got no proper answer.

    Args:
        asked: the question.
        at: when it was sent, ISO 8601, UTC.
        failure: the fence's id.
        detail: what was seen, without a full stop.
        exchange: the fence's own answer, where there is one.
    """
    return Answer(
        question=asked.question,
        method=asked.method,
        path=asked.path,
        auth=asked.auth,
        at=at,
        failure=failure,
        detail=detail,
        milliseconds=round(exchange.milliseconds, 3) if exchange else 0.0,
    )


def _last_lines(text: str) -> str:
    """Return a document of log lines with only so many of the last ones as facts hold; other text as it is."""
    try:
        document = json_codec.loads(text)
    except (ValueError, RecursionError):
        return text
    lines = document.get("logs") if isinstance(document, dict) else None
    lines = lines.splitlines() if isinstance(lines, str) else lines
    if not isinstance(lines, list):
        return text
    kept: list[Any] = []
    room = MOST_BODY - len(json_codec.dumps(document | {"logs": []}))
    for line in reversed(lines):
        room -= len(json_codec.dumps(line)) + 2
        if room < 0:
            break
        kept.insert(0, line)
    return json_codec.dumps(document | {"logs": kept})


def distinct(questions: Iterable[Asked]) -> dict[tuple[str, str, AuthSent], list[Asked]]:
    """Return the questions by the request that answers them, in their order."""
    found: dict[tuple[str, str, AuthSent], list[Asked]] = {}
    for asked in questions:
        found.setdefault(asked.request, []).append(asked)
    return found
