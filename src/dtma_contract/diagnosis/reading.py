"""What the rules have in common: whether an agent answers, what its answers look like, which routes it lacks. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable

from dtma_contract.diagnosis.agent_choice import looks_like_agent
from dtma_contract.diagnosis.facts import UNASKED_SECONDS, Answer, Facts, LogLine, Question, RouteState, StepName
from dtma_contract.routes import Cell, canonical_path

__all__ = [
    "NO_ENGINE",
    "all_failed",
    "answered",
    "closes_when_asked",
    "is_agent",
    "is_agents_fallback",
    "is_agents_health",
    "is_behind_a_proxy",
    "is_success",
    "missing_routes",
    "named",
    "profile_of",
    "proxy_of",
    "refused_oddly",
    "says_not_configured",
    "seconds_between",
    "telling_lines",
]

_OK = 200
_NOT_FOUND = 404
_REFUSING = {401, 403}  # RFC 9110 sections 15.5.2 and 15.5.4
# What a probe of a route says where it was refused.
_REFUSES = re.compile(
    r"[A-Z]+ \S+ is answered (?:with (?P<alone>40[13])\b|like \S+, which surely does not exist: (?P<all>40[13])\b)"
)
_BAD_REQUEST = 400  # RFC 9110 section 15.5.1, the first of the failures
_SERVER_ERRORS = 500  # RFC 9110 section 15.6
_CREDENTIAL = r"(?:token|auth\w*|secret|api[ _-]?key|credentials?|bearer|[A-Z]+_(?:TOKEN|KEY))"
_ABSENT = r"(?:not (?:been |yet )?(?:configured|set|provided|defined|available)|missing|unset|undefined|misconfigured)"
_NOT_CONFIGURED = re.compile(
    rf"configuration error|misconfigur|{_CREDENTIAL}\b[^.\n]{{0,40}}\b{_ABSENT}|"
    rf"\b(?:no|missing|without(?: a| an)?) (?:\w+ ){{0,2}}{_CREDENTIAL}\b|"
    rf"\bneither [^.\n]{{0,60}}{_CREDENTIAL}\b[^.\n]{{0,60}}\b(?:configured|set|provided|defined|available)|"
    r"\b(?:agent|DTMA|service|server|authentication) (?:is |was )?not configured",
    re.IGNORECASE,
)

# How runtimes and agents say that there is no Engine to ask.
NO_ENGINE = re.compile(
    r"docker\.sock|engine\.sock|cannot connect to the docker daemon|(?:engine|docker)[^.\n]{0,40}(?:unavailable|"
    r"unreachable|not reachable|cannot be reached|not running|not available|did not answer)|"
    r"is the docker daemon running|"
    r"connect (?:ENOENT|ECONNREFUSED|EACCES) |error while fetching server API version|"
    r"(?:permission denied|connection refused|no such file)[^\n]{0,60}\.sock",
    re.IGNORECASE,
)

# How proxies, load balancers and their error pages name themselves.
_PROXY_SERVERS = re.compile(
    r"nginx|openresty|apache|caddy|traefik|envoy|haproxy|varnish|cloudflare|awselb|akamai|istio|gws|lighttpd|kong|"
    r"squid|cloudfront|microsoft-azure|apisix|tengine|fastly|heroku|google frontend|imperva|\bfly/",
    re.IGNORECASE,
)
_PROXY_PAGES = re.compile(
    r"<center>\s*(nginx|openresty)|no healthy upstream|upstream connect error|no server is available to handle|"
    r"default backend - 404|404 page not found|bad gateway|service unavailable|gateway time-?out|proxy error|"
    r"application is not available|the proxy server received an invalid response|no Route matched with those values|"
    r"an invalid response was received from the upstream server|error code: (?:5[23]\d|10\d\d)|ERR_NGROK_\d+|"
    r"backend NotFound|no valid upstream node|404 Route Not Found|error occurred while trying to proxy|"
    r"no available server|problem proxying the request",
    re.IGNORECASE,
)

# As an agent calls itself, whatever else it says.
_IS_NAMED = re.compile(r"dtma(?:[ -](?:agent|service))?|droplet tool management agent(?: \(dtma\))?", re.IGNORECASE)
# Questions whose answers every agent gives.
_BASIC = (Question.ROOT, Question.HEALTH, Question.STATUS)


def answered(facts: Facts, *questions: Question) -> tuple[Answer, ...]:
    """Return the proper answers to some questions, to all where none is named."""
    return tuple(
        answer for answer in facts.answers if answer.status and (not questions or answer.question in questions)
    )


def all_failed(facts: Facts, failures: set[str]) -> Answer | None:
    """Return the first answer where all failed, mostly in one of these ways."""
    asked = [answer for answer in facts.answers if answer.failure not in {"refused-by-fence", "not-asked"}]
    if not asked or any(answer.status for answer in asked):
        return None
    most = Counter(answer.failure for answer in asked).most_common(1)[0][0]
    return next(answer for answer in asked if answer.failure == most) if most in failures else None


def closes_when_asked(facts: Facts) -> Answer | None:
    """Return the first answer where each request has the connection closed, which stays open while nothing is said.

    So do servers of other protocols; a published port with nothing behind it closes unasked.
    """
    step = facts.step(StepName.CONNECT)
    broken = all_failed(facts, {"connection-reset"})
    if broken is None or step is None or not step.stays_open:
        return None
    container = facts.docker.agent_container if facts.docker else None
    if container is not None and facts.port in container.host_ports and looks_like_agent(container, facts.port):
        return None
    # A balancer that looks for its backend first closes a connection on which nothing is said as late.
    return broken if all(answer.milliseconds < UNASKED_SECONDS * 1000 for answer in facts.answers) else None


def is_success(answer: Answer | None) -> bool:
    """Return whether an answer is a success (RFC 9110 section 15.3)."""
    return answer is not None and 200 <= answer.status < 300  # noqa: PLR2004 - as the docstring says


def is_agent(facts: Facts) -> bool:
    """Return whether a DTMA answers: any one of its own documents will do, since a broken agent is one too."""
    for answer in answered(facts, Question.ROOT):
        service = answer.member("service")
        if service is not None and (answer.member("endpoints") is not None or _IS_NAMED.fullmatch(str(service))):
            return True
    for answer in answered(facts, Question.STATUS, Question.TOOLS_STATUS):
        if answer.member("service") == "DTMA":
            return True
        if answer.member("environment") is not None and answer.member("tool_instances") is not None:
            return True
    return False


def is_agents_health(answer: Answer) -> bool:
    """Return whether an answer is the agent's ``OK`` in plain text."""
    return answer.status == _OK and answer.body.strip() == "OK"


def says_not_configured(answer: Answer) -> bool:
    """Return whether a server error says that the agent has no secret to compare a token with."""
    return answer.status >= _SERVER_ERRORS and bool(_NOT_CONFIGURED.search(answer.body))


def is_agents_fallback(answer: Answer) -> bool:
    """Return whether an answer has the shape of the agent's own 404 of an unknown path."""
    return answer.status == _NOT_FOUND and answer.json == {"error": "Not Found"}


def proxy_of(answer: Answer) -> str:
    """Return by what a proxy shows in an answer, such as ``Server: nginx/1.22.1``; empty where none does."""
    server = answer.headers.get("server", "")
    if _PROXY_SERVERS.search(server):
        return f"Server: {server}"
    if "via" in answer.headers:
        return f"Via: {answer.headers['via']}"
    if answer.status >= _BAD_REQUEST and (page := _PROXY_PAGES.search(answer.body)) and not answer.member("error"):
        return f"a page with “{' '.join(page[0].split())}”"
    return ""


def is_behind_a_proxy(facts: Facts) -> bool:
    """Return whether any answer shows a proxy."""
    return any(proxy_of(answer) for answer in answered(facts))


def profile_of(route: RouteState) -> str:
    """Return the profile of a route."""
    return route.operation.partition(".")[0]


def missing_routes(facts: Facts) -> tuple[RouteState, ...]:
    """Return the routes that the target lacks: core's, and those of a profile of which it or the code has others.

    Where a neighbour was seen to know an unknown name from an unknown path, one that does not is missing too.
    """
    mounted = facts.routes_in(Cell.MOUNTED)
    offered = {
        "core",
        *map(profile_of, mounted),
        *(profile_of(route) for route in facts.routes if _is_coded(route, facts)),
    }
    telling = {profile_of(route) for route in mounted if "{" in route.path}
    return tuple(
        route
        for route in facts.routes
        if profile_of(route) in offered
        and (route.state is Cell.ABSENT or (route.seems_absent and profile_of(route) in telling))
    )


def refused_oddly(facts: Facts) -> tuple[RouteState, ...]:
    """Return core's routes that refuse the token which GET /tools takes, in another way than where there is none.

    One that refuses alike without a token never looked at it; an unknown name may be refused by the agent itself.
    """
    without = facts.answer(Question.TOOLS_WITHOUT_TOKEN)
    taken = any(is_success(answer) and answer.json is not None for answer in answered(facts, Question.TOOLS))
    if without is None or without.status not in _REFUSING or not taken or not facts.has_token:
        return ()
    return tuple(
        route
        for route in facts.routes
        if profile_of(route) == "core"
        and (found := _REFUSES.match(route.detail))
        and int(found["alone"] or found["all"]) != without.status
        and (route.secured is None or "{" not in route.path)
    )


def _is_coded(route: RouteState, facts: Facts) -> bool:
    """Return whether the code means to serve a route; one behind a switch may be off by intent."""
    told = facts.code.route(route.method, route.path) if facts.code else None
    cells = {told.source, told.image} if told else set()
    return bool(cells & {Cell.MOUNTED, Cell.DECLARED, Cell.SHADOWED}) or _is_moved(route, facts)


def _is_moved(route: RouteState, facts: Facts) -> bool:
    findings = facts.code.findings if facts.code else ()
    wanted = route.method, canonical_path(route.path)
    return any(
        (method, canonical_path(path)) == wanted
        for finding in findings
        if finding.kind == "prefix-differs"
        for method, _, path in (name.partition(" ") for name in finding.routes)
    )


def named(routes: Iterable[RouteState], most: int = 4) -> str:
    """Return a list of routes as a reader reads it."""
    names = [route.name for route in routes]
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def telling_lines(lines: Iterable[LogLine], pattern: re.Pattern[str], most: int = 3) -> tuple[LogLine, ...]:
    """Return the last different lines in which a pattern stands, oldest first."""
    found: dict[str, LogLine] = {}
    for line in lines:
        if pattern.search(line.text):
            found.pop(line.text, None)
            found[line.text] = line
    return tuple(found.values())[-most:]


def seconds_between(earlier: str, later: str) -> float | None:
    """Return the seconds between two times of ISO 8601; None where one is none."""
    try:
        return (_time(later) - _time(earlier)).total_seconds()
    except ValueError:
        return None


def _time(text: str) -> dt.datetime:
    # Docker writes nanoseconds, which no datetime holds.
    moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
