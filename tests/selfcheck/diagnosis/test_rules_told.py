"""From facts to the cause: what the rules make of every kind of observation, without any process."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from diagnosis.observed import (
    AT,
    HEALTHY,
    NOT_FOUND,
    TARGET,
    all_answering,
    answer,
    answering,
    code,
    container,
    docker,
    drift,
    instance,
    lacking,
    silent,
    status_body,
    unreachable,
)
from diagnosis.others_agents import OTHERS_ILL, OTHERS_WELL

from dtma_contract.diagnosis.causes import CAUSES
from dtma_contract.diagnosis.diagnosis import diagnose
from dtma_contract.diagnosis.facts import DockerFacts, Question
from dtma_contract.routes import Cell
from dtma_contract.verdict import ExitCode

START = "core.tools.start"
STUB = answer(Question.UNRESOLVABLE_DEPLOY, 200, {"status": "accepted", "note": "queued"})
OPEN = (
    answer(Question.TOOLS_WITHOUT_TOKEN, 200, {"tools": []}),
    answer(Question.TOOLS_WRONG_TOKEN, 200, {"tools": []}),
)
NGINX_404 = "<html><center><h1>404 Not Found</h1></center><hr><center>nginx/1.22.1</center></html>"
NGINX_502 = "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.22.1</center></html>"
# Of its own documents, all that it has.
TERSE = (
    answer(Question.ROOT, 200, {"service": "DTMA", "version": "0.0.1"}),
    answer(Question.STATUS, 404, NOT_FOUND),
    answer(Question.TOOLS_STATUS, 404, NOT_FOUND),
)
STUBBED = ("core.tools.start", "core.tools.stop", "core.tools.delete", "core.health")
COMPOSE = {"com.docker.compose.project": "shop"}
MANAGED = {"dtma.managed": "true"}
TAKEN = "driver failed programming external connectivity: Bind for 0.0.0.0:18080 failed: port is already allocated"
YOUNG = "2026-03-01T02:59:58Z"
RESTARTING = container(state="restarting", restart_count=7, exit_code=1, started_at=YOUNG)
EXPORT = "SyntaxError: The requested module './errors.js' does not provide an export named 'HttpError'"

# What was observed, and the causes told, best first.
ILL = OTHERS_ILL | {
    "a name without an address": (unreachable("name-unresolvable"), ["name-unresolvable"]),
    "a closed port": (unreachable("connection-refused"), ["connection-refused"]),
    "a port that is taken and closed": (silent("connection-reset"), ["connection-refused"]),
    "a firewall": (unreachable("connection-timeout"), ["connection-timeout"]),
    "an agent that hangs": (silent("response-timeout"), ["connection-timeout"]),
    "a certificate that has expired": (unreachable("tls-failure"), ["tls-failure"]),
    "http spoken to https": (
        all_answering(400, "<h1>400</h1> The plain HTTP request was sent to HTTPS port"),
        ["tls-failure", "not-a-dtma"],
    ),
    "another protocol": (silent("response-malformed", "b'SSH-2.0-OpenSSH_9.2'"), ["not-a-dtma"]),
    "a stopped container": (
        unreachable("connection-refused", docker=docker(agent=container(state="exited", exit_code=137))),
        ["connection-refused"],
    ),
    "no container at all": (
        unreachable("connection-refused", docker=DockerFacts("unix:///x", AT)),
        ["connection-refused"],
    ),
    "a container that restarts for ever": (
        unreachable("connection-refused", docker=docker(agent=RESTARTING, log=[EXPORT])),
        ["agent-crash-loop", "connection-refused"],
    ),
    "a container that ended while it started": (
        unreachable(
            "connection-refused",
            docker=docker(
                agent=container(state="exited", exit_code=1, started_at=YOUNG, finished_at="2026-03-01T02:59:59Z"),
                log=["dtma listening on 30000", "Error: ENOENT: no such file or directory, open '/etc/dtma.conf'"],
            ),
        ),
        ["agent-crash-loop", "connection-refused"],
    ),
    "a loop behind a proxy": (
        replace(all_answering(502, NGINX_502, server="nginx/1.22.1"), docker=docker(agent=RESTARTING)),
        ["agent-crash-loop", "proxy-no-upstream"],
    ),
    "source that cannot load, and a closed port": (
        unreachable("connection-refused", code=code(None, drift("crashes-at-load"))),
        ["agent-crash-loop", "connection-refused"],
    ),
    "a proxy without its agent": (all_answering(502, NGINX_502, server="nginx/1.22.1"), ["proxy-no-upstream"]),
    "a proxy that knows no such host": (
        all_answering(404, NGINX_404, server="nginx/1.22.1"),
        ["proxy-no-upstream", "not-a-dtma"],
    ),
    "a welcome page": (
        answering(
            answer(Question.ROOT, 200, "<title>Welcome to nginx!</title>", server="nginx"),
            facts=all_answering(404, NGINX_404, server="nginx"),
        ),
        ["not-a-dtma"],
    ),
    "another service of JSON": (all_answering(200, {"name": "grafana"}), ["not-a-dtma"]),
    "a prefix that is stripped": (
        lacking(
            START,
            "core.tools.stop",
            facts=answering(answer(Question.STRIPPED_HEALTH, 200, "OK", server="nginx")),
        ),
        ["proxy-path-rewrite", "route-missing"],
    ),
    "a prefix that is added": (
        all_answering(404, NOT_FOUND, server="nginx/1.22.1"),
        ["proxy-path-rewrite", "not-a-dtma"],
    ),
    "an agent below a prefix": (
        answering(answer(Question.PREFIXED_HEALTH, 200, "OK"), facts=all_answering(404, NGINX_404, server="nginx")),
        ["proxy-path-rewrite", "not-a-dtma", "proxy-no-upstream"],
    ),
    "a path that arrives changed": (
        lacking(
            START,
            docker=docker(log=["INFO GET /api/dtmac-nowhere 404 1 ms"]),
        ),
        ["proxy-path-rewrite", "route-missing"],
    ),
    "another droplet's token": (
        answering(
            answer(Question.TOOLS, 403, {"error": "Forbidden"}),
            answer(Question.TOOLS_STATUS, 403, {"error": "Forbidden"}),
        ),
        ["token-rejected"],
    ),
    "no token configured": (
        answering(
            answer(Question.TOOLS, 500, {"error": "DTMA configuration error"}),
            answer(Question.TOOLS_STATUS, 500, {"error": "DTMA configuration error"}),
            answer(Question.TOOLS_WITHOUT_TOKEN, 500, {"error": "DTMA configuration error"}),
        ),
        ["token-not-configured"],
    ),
    "no token, and refused for it": (
        answering(
            answer(Question.STATUS, 200, status_body(hasAuthToken=False, hasApiKey=False)),
            answer(Question.TOOLS, 403, {"error": "Forbidden"}),
            answer(Question.TOOLS_STATUS, 403, {"error": "Forbidden"}),
        ),
        ["token-not-configured", "token-rejected"],
    ),
    "everyone let in": (
        answering(*OPEN, routes=tuple(replace(route, secured=False) for route in HEALTHY.routes)),
        ["authentication-open"],
    ),
    "any token let in": (
        answering(answer(Question.TOOLS_WRONG_TOKEN, 200, {"tools": []})),
        ["authentication-open"],
    ),
    "a route gone": (lacking(START), ["route-missing"]),
    "half a profile": (lacking("mcp.templates"), ["route-missing"]),
    "a stub that says little of itself": (
        lacking(*STUBBED, "core.status", "core.tools.status", facts=answering(STUB, *TERSE)),
        ["stub-deployment", "route-missing"],
    ),
    "a stub, by its URL alone": (lacking(*STUBBED, facts=answering(STUB)), ["stub-deployment", "route-missing"]),
    "a stub that asks nobody for a token": (
        lacking(*STUBBED, facts=answering(STUB, *OPEN)),
        ["stub-deployment", "route-missing", "authentication-open"],
    ),
    "a stub that asks nobody for a token, and the full source": (
        lacking(*STUBBED, facts=answering(STUB, *OPEN), code=code()),
        ["stale-image", "stub-deployment", "authentication-open"],
    ),
    "deploys that are accepted, and everyone let in": (
        answering(STUB, *OPEN),
        ["stub-deployment", "authentication-open"],
    ),
    "a stub, and the source that mounts nothing": (
        lacking(*STUBBED, facts=answering(STUB), code=code(dict.fromkeys(STUBBED, (Cell.DECLARED, None)))),
        ["route-not-mounted", "stub-deployment"],
    ),
    "a stub, and the full source": (
        lacking(*STUBBED, facts=answering(STUB), code=code()),
        ["stale-image", "stub-deployment"],
    ),
    "a stub, its image and the full source": (
        lacking(
            *STUBBED,
            facts=answering(STUB),
            code=code(dict.fromkeys(STUBBED, (Cell.MOUNTED, Cell.DECLARED)), image="dtma.tar"),
        ),
        ["route-not-mounted", "stub-deployment"],
    ),
    "an image that lacks what the source has": (
        lacking(START, code=code({START: (Cell.MOUNTED, Cell.ABSENT)}, image="dtma.tar", commits_behind=3)),
        ["stale-image"],
    ),
    "a router below another prefix": (
        lacking(
            START,
            code=code({START: (Cell.ABSENT, None)}, drift("prefix-differs", "POST /tools/{name}/start")),
        ),
        ["route-not-mounted"],
    ),
    "a route that nobody wrote": (lacking(START, code=code({START: (Cell.ABSENT, None)})), ["route-missing"]),
    "a route behind a switch": (lacking(START, code=code({START: (Cell.CONDITIONAL, None)})), ["route-not-mounted"]),
    "a catch-all before it": (
        lacking(START, code=code({START: (Cell.SHADOWED, None)}, drift("shadowed", "POST /tools/{x}/start"))),
        ["route-shadowed"],
    ),
    "one route without its authentication": (
        replace(
            HEALTHY,
            routes=tuple(
                replace(route, secured=False) if route.operation == "mcp.status" else route for route in HEALTHY.routes
            ),
        ),
        ["route-shadowed"],
    ),
    "an engine that is away": (
        answering(
            answer(
                Question.UNRESOLVABLE_DEPLOY,
                500,
                {"success": False, "error": "x", "message": "connect ENOENT /var/run/docker.sock"},
            )
        ),
        ["engine-unavailable"],
    ),
    "a socket that is not mounted": (
        answering(
            answer(Question.TOOLS, 500, {"success": False, "error": "The container engine refused or failed."}),
            docker=docker(agent=container(socket_mounted=False)),
            broken_promises={"core.tools.list": "GET /tools is answered with 500"},
        ),
        ["engine-unavailable", "response-drift"],
    ),
    "other fields than callers read": (
        replace(HEALTHY, broken_promises={"core.tools.list": "GET /tools lacks container_id"}),
        ["response-drift"],
    ),
    "a name with a space": (replace(HEALTHY, instance="Context7 MCP Server-175"), ["instance-name-invalid"]),
    "a name that never was": (replace(HEALTHY, instance="web", docker=docker()), ["instance-unknown"]),
    "a container that the agent forgot": (
        replace(HEALTHY, instance="web", docker=docker(container("web", labels=MANAGED))),
        ["state-lost"],
    ),
    "a forgotten container, and nobody asked": (
        replace(HEALTHY, docker=docker(container("web", labels=MANAGED))),
        ["state-lost"],
    ),
    "a status that lists what the agent does not manage": (
        answering(answer(Question.STATUS, 200, status_body("web"))),
        ["state-lost"],
    ),
    "a container of others": (
        replace(HEALTHY, instance="web", docker=docker(container("web", labels=COMPOSE))),
        ["container-name-taken"],
    ),
    "a container made by hand while the agent ran": (
        replace(HEALTHY, instance="web", docker=docker(container("web", created_at="2026-03-01T02:30:00Z"))),
        ["container-name-taken"],
    ),
    "a port that is taken": (
        replace(
            HEALTHY,
            instance="web",
            docker=docker(
                container("web", "created", error=TAKEN, labels=MANAGED, ports={"80/tcp": (18080,)}),
                container("shop", ports={"80/tcp": (18080,)}),
            ),
        ),
        ["port-conflict", "state-lost"],
    ),
    "an image that nobody has": (
        replace(
            HEALTHY,
            docker=docker(log=["WARN POST /tools: pull access denied for tool/none:1, repository does not exist"]),
        ),
        ["image-unpullable"],
    ),
    "a route gone and everyone let in": (
        lacking(
            START,
            facts=answering(
                *OPEN,
                routes=tuple(replace(route, secured=False) for route in HEALTHY.routes),
            ),
        ),
        ["authentication-open", "route-missing"],
    ),
}

# What is odd, and no cause of anything.
WELL = OTHERS_WELL | {
    "nothing at all": HEALTHY,
    "no token": answering(
        answer(Question.TOOLS, 401, {"error": "Unauthorized"}),
        answer(Question.TOOLS_STATUS, 401, {"error": "Unauthorized"}),
        has_token=False,
    ),
    "a proxy in front": replace(
        HEALTHY, answers=tuple(replace(a, headers={**a.headers, "server": "nginx"}) for a in HEALTHY.answers)
    ),
    "a profile that is not there": lacking(*(r.operation for r in HEALTHY.routes if r.operation.startswith("mcp."))),
    "containers of others, some ended with errors": replace(
        HEALTHY,
        docker=docker(
            container("shop", labels=COMPOSE),
            container("job", "exited", exit_code=1),
            container("bad", "created", error=TAKEN),
        ),
    ),
    "restarted once, long ago": replace(HEALTHY, docker=docker(agent=container(restart_count=1, exit_code=1))),
    "restarted just now by itself": replace(
        HEALTHY, docker=docker(agent=container(restart_count=1, exit_code=0, started_at=YOUNG))
    ),
    "an instance that is there": answering(
        answer(Question.TOOLS, 200, {"tools": [instance("web", "exited")]}),
        instance="web",
        docker=docker(container("web", "exited", labels=MANAGED)),
    ),
    "drift in the source that the target does not show": replace(
        HEALTHY, code=code({START: (Cell.DECLARED, None)}, drift("declared-not-mounted", "POST /tools/{x}/start"))
    ),
    "a failed deploy that went well later": replace(
        HEALTHY, docker=docker(log=["WARN pull access denied for x/y:1", "INFO POST /tools 201 80 ms"])
    ),
    "a failed deploy of yesterday": replace(
        HEALTHY, docker=docker(log=["2026-02-27T02:00:00Z WARN pull access denied for x/y:1"])
    ),
    "an engine that cannot be asked": replace(HEALTHY, docker=DockerFacts("ssh://x", AT, problem="refused")),
    "its own questions in the log": replace(
        HEALTHY,
        docker=docker(log=["WARN POST /tools: cannot pull registry.invalid/dtmac-x", "INFO GET /dtmac-nowhere 404"]),
    ),
}


@pytest.mark.parametrize(("facts", "expected"), ILL.values(), ids=ILL)
def test_what_is_wrong_is_told(facts, expected):
    """The causes, roots before consequences, the surest first; none besides."""
    diagnosis = diagnose(facts)

    assert [cause.id for cause in diagnosis.causes] == expected
    assert (diagnosis.healthy, diagnosis.exit_code) == (False, ExitCode.VIOLATED)


@pytest.mark.parametrize("facts", WELL.values(), ids=WELL)
def test_what_is_odd_and_legal_is_no_cause(facts):
    """A healthy agent is said to be healthy."""
    diagnosis = diagnose(facts)

    assert [cause.id for cause in diagnosis.causes] == []
    assert (diagnosis.healthy, diagnosis.exit_code) == (True, ExitCode.KEPT)


def test_every_cause_is_told_by_some_facts():
    """The catalogue has no entry that no rule reaches, and rules tell nothing that it does not have."""
    told = {cause.id for facts, _ in ILL.values() for cause in diagnose(facts).causes}

    assert told == CAUSES.keys()


def test_an_error_of_its_own_is_no_health():
    """What no rule knows is said, and is no pass."""
    facts = answering(answer(Question.TOOLS, 503, {"error": "The registry of instances cannot be used now."}))
    diagnosis = diagnose(facts)

    assert (diagnosis.causes, diagnosis.healthy, diagnosis.exit_code) == ((), False, ExitCode.NOTHING_JUDGED)
    assert diagnosis.notes[0].startswith("no cause is known for this: GET /tools is answered 503")


def test_nothing_observed_is_no_health():
    """Without an answer nothing can be told, which is not a pass."""
    diagnosis = diagnose(replace(HEALTHY, network=(), answers=(), routes=()))

    assert (diagnosis.causes, diagnosis.healthy, diagnosis.exit_code) == ((), False, ExitCode.NOTHING_JUDGED)


@pytest.mark.parametrize(("facts", "expected"), ILL.values(), ids=ILL)
def test_a_remedy_has_this_targets_names(facts, expected):
    """No placeholder is left, and the verification names the target."""
    for cause in diagnose(facts).causes:
        lines = (*cause.remedy.commands, *cause.remedy.verify)
        assert not [line for line in lines if "{target" in line or "{container" in line or "{image" in line]
        assert all(TARGET in line for line in cause.remedy.verify if "--target" in line)
        assert cause.evidence
        assert all(each.observed and each.source for each in cause.evidence)
    assert len(expected) == len({cause.id for cause in diagnose(facts).causes})


def test_a_redirect_to_another_scheme_of_the_same_host_is_told_as_one():
    """The fence hands it on as the path that was asked for, which alone would lead back to where it came from."""
    (told, *_) = diagnose(all_answering(301, "moved", location="/")).causes

    assert (told.id, "by another scheme or port, such as https" in told.title) == ("not-a-dtma", True)


def test_the_document_is_json():
    """The keys that others rely on are there."""
    document = json.loads(json.dumps(diagnose(ILL["a route gone"][0]).to_json()))

    assert document.keys() >= {"target", "healthy", "causes", "facts"}
    assert document["causes"][0].keys() >= {"id", "title", "confidence", "evidence", "remedy"}
    assert document["causes"][0]["evidence"][0].keys() == {"observed", "source"}
    assert document["causes"][0]["remedy"].keys() >= {"scenario", "text", "commands"}
