"""Rules on what answers in the agent's place: another service, a proxy without an upstream, a rewritten path. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from dtma_contract.diagnosis.facts import Answer, Facts, Question, StepName
from dtma_contract.diagnosis.reading import (
    answered,
    closes_when_asked,
    is_agent,
    is_agents_fallback,
    is_agents_health,
    is_behind_a_proxy,
    is_success,
    missing_routes,
    named,
    proxy_of,
    refused_oddly,
)
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion, of_answer, of_line, of_step
from dtma_contract.routes import Cell

__all__ = ["not_a_dtma", "proxy_no_upstream", "proxy_path_rewrite"]

# RFC 9110 sections 15.6.3 to 15.6.5, and Cloudflare's own for an origin that it cannot reach (its documentation,
# "Cloudflare 5xx errors").
_GATEWAY_ERRORS = {502, 503, 504, *range(520, 528), 530}
_NOT_FOUND = 404
_REDIRECTS = {301, 302, 307, 308}
_SERVER_ERROR = 500
_PROXIES = re.compile(r"error occurred while trying to proxy", re.IGNORECASE)
_BASIC = (Question.ROOT, Question.STATUS, Question.HEALTH)
# The whole page is the proxy's own, whatever headers it adds to what it passes on.
_OWN_PAGE = re.compile(r"<center>\s*(?:nginx|openresty)|<address>\s*Apache", re.IGNORECASE)
# Proxies whose own error pages are always such.
_PAGED = re.compile(r"nginx|openresty", re.IGNORECASE)
# What frameworks answer for a path that they do not know; behind such a proxy it shows that something was reached.
_FRAMEWORKS_404 = re.compile(
    r"\A\s*\Z|\A(?:404[ :]*)?(?:page )?not[ _]found\s*\Z|cannot (?:GET|POST)\b|If you entered the URL manually|"
    r"requested resource was not found on this server|<title>404: Not Found|\A\{.*not.?found",
    re.IGNORECASE | re.DOTALL,
)
_FORBIDDEN = 403
_BLOCKED = {_FORBIDDEN, 404, 405}
_ANYWHERE = (
    Question.ROOT,
    Question.STATUS,
    Question.HEALTH,
    Question.TOOLS,
    Question.TOOLS_STATUS,
    Question.TOOLS_WITHOUT_TOKEN,
    Question.NOWHERE,
)
# Failures of the kind that no agent shows, and what they say of what answers.
_NO_AGENTS = {
    "response-malformed": "What answers there does not speak HTTP.",
    "response-too-large": "What answers there sends more than any agent does.",
}
_REQUEST_LINE = re.compile(r"\b(GET|POST|DELETE|OPTIONS|PUT|HEAD) (/\S*)")
_OWN_NAME = re.compile(r"dtmac-[\w.-]+")


def proxy_no_upstream(facts: Facts) -> Iterator[Suspicion]:
    """A gateway's own error page; or a proxy that answers 404 by itself for every path."""
    yield from _passes_some_paths(facts)
    basic = answered(facts, *_BASIC)
    gateway = [answer for answer in basic if _is_gateways(answer)]
    if len({answer.question for answer in basic if answer.status in _GATEWAY_ERRORS}) == len(_BASIC):
        # No agent fails so at all of its public paths.
        gateway = [answer for answer in basic if answer.status in _GATEWAY_ERRORS]
    if gateway and not is_agent(facts):
        marks = ", ".join(sorted({mark for answer in gateway if (mark := proxy_of(answer))}))
        by = f", which is a proxy's own page ({marks})" if marks else ", which is no answer of an agent"
        said = f"GET {gateway[0].path} is answered {gateway[0].describe(80)}{by}"
        confidence = 0.95 if marks else 0.8
        yield Suspicion(
            "proxy-no-upstream", confidence, (of_answer(gateway[0], said), *_behind(facts)), would_tell=_docker(facts)
        )
        return
    if not is_agent(facts):
        # Proxies answer what looks whether they live themselves, or pass on nothing else.
        basic = tuple(answer for answer in basic if not is_agents_health(answer))
    own = [a for a in basic if a.status == _NOT_FOUND and proxy_of(a) and _is_by_proxy(a) and not _is_passed_on(a)]
    if basic and len(own) == len(basic) and not _repeats_another_path(facts):
        said = f"every path is answered by the proxy itself: {own[0].describe(80)}, {proxy_of(own[0])}"
        yield Suspicion(
            "proxy-no-upstream", 0.75, (of_answer(own[0], said), *_behind(facts)), would_tell=_docker(facts)
        )


def _is_gateways(answer: Answer) -> bool:
    """Return whether an answer is a gateway's error; some frameworks' proxies say so with a plain 500."""
    says_so = answer.status == _SERVER_ERROR and bool(_PROXIES.search(answer.body))
    return says_so or (answer.status in _GATEWAY_ERRORS and _is_by_proxy(answer))


def _is_passed_on(answer: Answer) -> bool:
    """Return whether a 404 came through a proxy whose own page looks otherwise, from a service that it reached."""
    return (
        answer.status == _NOT_FOUND
        and bool(_PAGED.search(answer.headers.get("server", "")))
        and not _OWN_PAGE.search(answer.body)
        and bool(_FRAMEWORKS_404.search(answer.body))
    )


def _passes_some_paths(facts: Facts) -> Iterator[Suspicion]:
    """The agent answers at some paths, and for others the proxy in front gives a page of its own."""
    asked = answered(facts, *_ANYWHERE)
    failing = [a for a in asked if a.status in _GATEWAY_ERRORS - {504} and a.json is None and proxy_of(a)]
    lost = [route for route in missing_routes(facts) if route.operation.startswith("core.")]
    pages = [a for a in answered(facts, Question.NOWHERE) if a.path.startswith("/tools/") and _OWN_PAGE.search(a.body)]
    if any(route.path.startswith("/tools/") for route in facts.routes_in(Cell.MOUNTED)):
        # Then it passes on what is below /tools, and only has pages of its own for the agent's 404.
        pages = []
    blocked = [a for a in answered(facts, Question.UNRESOLVABLE_DEPLOY) if _is_blocked(a)]
    if not any(is_success(a) for a in answered(facts, Question.TOOLS)):
        # It may be the agent that refuses, in a page of the proxy's.
        blocked = []
    if is_agent(facts) and not (failing or (pages and lost) or blocked):
        yield from _refuses_some_paths(facts)
    if not is_agent(facts) or not (failing or (pages and lost) or blocked):
        return
    answer = (failing or pages or blocked)[0]
    evidence = [of_answer(answer), *_behind(facts)]
    if lost:
        evidence.insert(1, Evidence(f"these are answered so: {named(lost)}", "http: probes of the routes"))
    well = next(a for a in asked if is_success(a) and a.json is not None)
    yield Suspicion(
        "proxy-no-upstream",
        0.93 if failing else 0.88,
        (*evidence, of_answer(well, f"{well.method} {well.path} is answered by the agent")),
        title="A proxy in front passes only some paths on to the agent.",
        remedy="Let the proxy pass every path on to the agent; look at which of its rules the other paths meet.",
        would_tell=_docker(facts),
        explains=("engine-unavailable", "route-missing", "response-drift"),
    )


def _is_blocked(answer: Answer) -> bool:
    """Return whether a proxy refuses a deploy in a page of its own; an agent that refuses one says so in JSON."""
    is_page = answer.media_type == "text/html" and bool(proxy_of(answer))
    return (answer.status in _BLOCKED and bool(_OWN_PAGE.search(answer.body))) or (
        answer.status == _FORBIDDEN and is_page
    )


def _refuses_some_paths(facts: Facts) -> Iterator[Suspicion]:
    """Behind a proxy some routes refuse everyone, the token that others take included."""
    refused = [route for route in refused_oddly(facts) if route.secured is None]
    if not refused or not is_behind_a_proxy(facts):
        return
    shown = next(answer for answer in answered(facts) if proxy_of(answer))
    said = f"with the token and without it these are refused alike: {named(refused)}; {refused[0].detail}"
    yield Suspicion(
        "proxy-no-upstream",
        0.75,
        (
            Evidence(said, "http: probes of the routes"),
            *map(of_answer, answered(facts, Question.TOOLS)[:1]),
            of_answer(shown, f"a proxy stands in front ({proxy_of(shown)})"),
            *_behind(facts),
        ),
        title="A proxy in front refuses some paths.",
        remedy="Let the proxy pass every path and method on to the agent; look at which of its rules these meet.",
        would_tell=_docker(facts),
    )


def _is_by_proxy(answer: Answer) -> bool:
    """Return whether a failure may be a proxy's own answer; an agent says `error`, gateways of APIs something else."""
    says = answer.member("message") or answer.member("error_msg")
    return answer.json is None or (says is not None and answer.member("error") is None)


def _behind(facts: Facts) -> Iterator[Evidence]:
    docker = facts.docker
    container = docker.agent_container if docker else None
    if docker is None or docker.problem:
        return
    if container is None:
        yield Evidence("no container of the host looks like an agent's", f"docker: list of {docker.endpoint}")
    else:
        ports = ", ".join(map(str, sorted(container.host_ports))) or "none"
        yield Evidence(
            f"the agent's container {container.name} is {container.state}; the host ports that it publishes: {ports}",
            f"docker: inspection at {docker.endpoint}",
        )


def _docker(facts: Facts) -> tuple[str, ...]:
    return () if facts.docker else ("--docker would tell whether the agent itself runs",)


def proxy_path_rewrite(facts: Facts) -> Iterator[Suspicion]:
    """The agent is asked for another path than the caller named."""
    yield from _rewritten_in_log(facts)
    yield from _rewritten_in_answers(facts)
    lives_below = [a for a in answered(facts, Question.PREFIXED_HEALTH) if is_agents_health(a)]
    if lives_below and not is_agent(facts):
        answer = lives_below[0]
        prefix = answer.path.rpartition("/")[0]
        yield Suspicion(
            "proxy-path-rewrite",
            0.93,
            (of_answer(answer, f"GET {answer.path} is answered like the agent's /health, and GET /health is not"),),
            title=f"The agent answers below {prefix}, not at the top.",
            remedy=f"Name the target with the prefix, {facts.target.rstrip('/')}{prefix}, or let the proxy pass every "
            "path on to the agent.",
            explains=("proxy-no-upstream",),
        )
    stripped = [a for a in answered(facts, Question.STRIPPED_HEALTH) if _answers_like_the_top(a, facts)]
    if stripped:
        answer = stripped[0]
        prefix, _, asked = answer.path.rpartition("/")
        lost = named(route for route in missing_routes(facts) if route.path.startswith(prefix))
        evidence = [of_answer(answer, f"GET {answer.path}, which no agent has, is answered like GET /{asked}")]
        evidence += (
            [Evidence(f"below {prefix} these do not answer: {lost}", "http: probes of the routes")] if lost else []
        )
        yield Suspicion(
            "proxy-path-rewrite", 0.96, tuple(evidence), title=f"Something in front of the agent strips {prefix}."
        )
    else:
        yield from _public_status_below(facts)
    yield from _prefix_added(facts)


def _public_status_below(facts: Facts) -> Iterator[Suspicion]:
    """Behind a proxy ``/tools/status`` is as open as ``/status``, and no route beside it is there."""
    below = [route for route in facts.routes if route.path.startswith("/tools/")]
    status = next((route for route in below if route.path == "/tools/status" and route.secured is False), None)
    others = [route for route in below if route is not status]
    if status is None or not others or not all(route.state is Cell.ABSENT or route.seems_absent for route in others):
        return
    for answer in answered(facts, Question.TOOLS_STATUS):
        if mark := proxy_of(answer):
            said = "GET /tools/status asks for no token, as /status does, and no other route below /tools is there"
            yield Suspicion(
                "proxy-path-rewrite",
                0.88,
                (of_answer(answer, f"{said}, behind a proxy ({mark})"),),
                title="Something in front of the agent strips /tools.",
            )


def _answers_like_the_top(answer: Answer, facts: Facts) -> bool:
    if answer.path.endswith("/health"):
        health = facts.answer(Question.HEALTH)
        nowhere = facts.answer(Question.NOWHERE)
        same_for_all = nowhere is not None and is_agents_health(nowhere)
        return is_agents_health(answer) and health is not None and is_agents_health(health) and not same_for_all
    # The public status, where the contract has none or asks for a token, and the routes beside it are gone.
    status, prefix = facts.answer(Question.STATUS), answer.path.rpartition("/")[0]
    is_status = answer.member("tool_instances") is not None and answer.member("environment") is not None
    lacked = (route for route in facts.routes if route.state is Cell.ABSENT or route.seems_absent)
    gone = any(route.path.startswith(f"{prefix}/") for route in lacked)
    return is_status and gone and status is not None and status.member("environment") is not None


def _prefix_added(facts: Facts) -> Iterator[Suspicion]:
    basic = answered(facts, *_BASIC)
    passed_on = [answer for answer in basic if _is_passed_on(answer)]
    own = [answer for answer in basic if is_agents_fallback(answer)] or passed_on
    if not basic or len(own) < len(basic) or _repeats_another_path(facts):
        return
    marks = ", ".join(sorted({mark for answer in own if (mark := proxy_of(answer))}))
    whose = "the agent's own 404" if is_agents_fallback(own[0]) else "a 404 that is not the proxy's page, as"
    said = f"even /, /health and /status are answered with {whose} of an unknown path"
    evidence = [of_answer(own[0], said + (f", through a proxy ({marks})" if marks else ""))]
    yield Suspicion(
        "proxy-path-rewrite",
        (0.85 if marks else 0.6) if is_agents_fallback(own[0]) else 0.55,
        tuple(evidence),
        title="Something in front of the agent puts a prefix before every path.",
        would_tell=("--docker would show in the agent's log which paths reach it",) if facts.docker is None else (),
    )


def _rewritten_in_log(facts: Facts) -> Iterator[Suspicion]:
    """What was asked for holds a random name, so that the agent's log shows what became of the path."""
    sent = {answer.path.partition("?")[0] for answer in facts.answers}
    # Other probes ask for the same names below the prefixes of the routes.
    known = {path.split("/")[1] for path in (*sent, *(route.path for route in facts.routes))}
    for line in facts.log_lines:
        request = _REQUEST_LINE.search(line.text)
        arrived = request[2].partition("?")[0] if request else ""
        if not _OWN_NAME.search(arrived) or arrived in sent:
            continue
        asked = max((path for path in sent if _OWN_NAME.search(path) and arrived.endswith(path)), key=len, default="")
        added = arrived.removesuffix(asked)
        if not asked or (added.split("/")[1] in known and asked.count("/") == 1):
            continue
        yield Suspicion(
            "proxy-path-rewrite",
            0.98,
            (of_line(line), Evidence(f"what was sent is {asked}, what arrived is {arrived}", "http and log")),
            title=f"Something in front of the agent puts {added} before the path.",
        )
        return


def _rewritten_in_answers(facts: Facts) -> Iterator[Suspicion]:
    """Many frameworks repeat in their 404 the path that they were asked for."""
    for answer, arrived in _repeated_paths(facts):
        yield Suspicion(
            "proxy-path-rewrite",
            0.95,
            (of_answer(answer), Evidence(f"what was sent is {answer.path}, what arrived is {arrived}", "http")),
            title=f"Something in front of the agent puts {arrived.removesuffix(answer.path)} before the path.",
            explains=("proxy-no-upstream",),
        )
        return


def _repeats_another_path(facts: Facts) -> bool:
    return any(True for _ in _repeated_paths(facts))


def _repeated_paths(facts: Facts) -> Iterator[tuple[Answer, str]]:
    """Yield the answers that repeat the path that was asked for with another before it.

    A path that lost its beginning shows nothing: routers repeat what is left of it where they are mounted.
    """
    for answer in answered(facts, Question.NOWHERE):
        if answer.status != _NOT_FOUND or not _OWN_NAME.search(answer.path):
            continue
        # JSON may write a slash with a backslash, HTML as an entity.
        text = answer.body.replace("\\/", "/").replace("&#x2F;", "/").replace("&#47;", "/")
        found = re.findall(rf"(?<![\w./-])((?:/[\w.~-]+)+{re.escape(answer.path)})(?![\w-])", text)
        if found:
            yield answer, found[0]


def not_a_dtma(facts: Facts) -> Iterator[Suspicion]:
    """Something answers, and nothing of it is an agent's."""
    answers = answered(facts)
    if not answers:
        yield from _another_protocol(facts)
        return
    well = any(is_agents_health(answer) for answer in answered(facts, Question.HEALTH))
    if is_agent(facts) or (well and not _is_another_page(facts)):
        return
    first = next(iter(answered(facts, *_BASIC)), answers[0])
    if first.status in _GATEWAY_ERRORS and _is_by_proxy(first):
        return
    elsewhere = urlsplit(first.headers.get("location", ""))
    title = ""
    if elsewhere.hostname and elsewhere.hostname != facts.host:
        title = f"The target redirects to another host ({elsewhere.hostname}), which is not followed."
    elif elsewhere.scheme == "https" and facts.target.startswith("http:"):
        title = "The target redirects to https, which is not followed."
    elif first.status in _REDIRECTS and elsewhere.path == first.path:
        # The fence makes a redirect to the target's own host a path: the same one can differ in scheme or port alone.
        title = "The target redirects to its own host by another scheme or port, such as https, which is not followed."
    yield Suspicion("not-a-dtma", 0.8, (of_answer(first), *_who(facts)), title=title)


def _is_another_page(facts: Facts) -> bool:
    """Return whether what answers at ``/`` is a page, and nothing else is an agent's: others have an ``OK`` too."""
    root = facts.answer(Question.ROOT)
    tools = answered(facts, Question.TOOLS, Question.TOOLS_WITHOUT_TOKEN, Question.TOOLS_STATUS)
    return root is not None and is_success(root) and root.json is None and not any(a.member("error") for a in tools)


def _another_protocol(facts: Facts) -> Iterator[Suspicion]:
    step = facts.step(StepName.CONNECT)
    if step is not None and step.greeting:
        yield Suspicion(
            "not-a-dtma",
            0.96,
            (of_step(step), *_who(facts)),
            title=f"What listens there is no HTTP server: it greets with “{step.greeting}”.",
            explains=("connection-refused", "connection-timeout", "tls-failure"),
        )
        return
    if (closing := closes_when_asked(facts)) and not facts.step(StepName.TLS):
        said = f"the connection stays open while nothing is said, and is closed when asked, {len(facts.answers)} times"
        title = "What listens there takes a request and closes the connection, as servers of other protocols do."
        yield Suspicion("not-a-dtma", 0.8, (of_answer(closing, said), *_who(facts)), title=title)
        return
    broken = next((answer for answer in facts.answers if answer.failure in _NO_AGENTS), None)
    if broken is not None:
        title = _NO_AGENTS[broken.failure]
        yield Suspicion("not-a-dtma", 0.8, (of_answer(broken), *_who(facts)), title=title)


def _who(facts: Facts) -> Iterator[Evidence]:
    docker = facts.docker
    for container in docker.containers if docker else ():
        if docker and facts.port in container.host_ports and container.state == "running":
            yield Evidence(
                f"port {facts.port} is published by the container {container.name} ({container.image})",
                f"docker: inspection at {docker.endpoint}",
            )
