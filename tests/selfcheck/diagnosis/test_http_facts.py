"""What a target shows over HTTP is asked within bounds, through the fence, and changes nothing."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from neighbours import nginx
from neighbours.liars import lying
from neighbours.processes import free_port
from neighbours.reference import running_reference
from neighbours.tls import tls_server, trusted_authority
from pure.shipped_contract import CONTRACT

from dtma_contract import observing
from dtma_contract.diagnosis.facts import MOST_BODY, AuthSent, Origin, Question, StepName
from dtma_contract.errors import UsageError
from dtma_contract.evidence import Exchange
from dtma_contract.observation.questions import Asked, answer_of, further_questions
from dtma_contract.observing import MOST_REQUESTS, observe_http
from dtma_contract.routes import Cell

TOKEN = "s3cr3t-t0ken-VALUE"  # noqa: S105 - made up
LIFECYCLE = {f"core.tools.{verb}" for verb in ("start", "stop", "delete")}
NEEDS_NGINX = pytest.mark.usefixtures("needs_nginx")


def observe(agent, **more):
    return observe_http(agent.url, CONTRACT, agent.token, **more)


def answers_to(facts, question):
    return [answer for answer in facts.answers if answer.question is question]


def only(facts, question):
    (answer,) = answers_to(facts, question)
    return answer


def core(facts, state):
    return {r.operation for r in facts.routes if r.operation.startswith("core.") and r.state is state}


def faulty(*faults):
    with running_reference(*(word for fault in faults for word in ("--fault", fault))) as agent:
        return observe(agent)


@pytest.fixture(scope="module")
def honest():
    with running_reference() as agent:
        yield agent


@pytest.fixture(scope="module")
def facts(honest):
    return observe(honest, instance="Context7 MCP Server-1")


def test_every_question_is_asked_of_an_agent(facts):
    """All but the one to what is no agent, and the deploys of a verification; each got its answer."""
    asked = {answer.question for answer in facts.answers}

    assert set(Question) - {Question.PREFIXED_HEALTH, Question.PROBE_DEPLOY} == asked
    assert [answer for answer in facts.answers if answer.failure] == []
    assert (facts.problems, facts.broken_promises) == ((), {})


def test_the_answers_tell_an_honest_agent(facts):
    """Statuses with the token, without and with a wrong one; a path that does not exist; a deploy that is refused."""
    tools = [Question.TOOLS, Question.TOOLS_WITHOUT_TOKEN, Question.TOOLS_WRONG_TOKEN]

    assert [(only(facts, question).status, only(facts, question).auth) for question in tools] == [
        (200, "valid"),
        (401, "none"),
        (403, "wrong"),
    ]
    assert {404} == {answer.status for answer in answers_to(facts, Question.NOWHERE)}
    assert only(facts, Question.UNRESOLVABLE_DEPLOY).status in {500, 502}
    assert (only(facts, Question.HEALTH).body, only(facts, Question.HEALTH).media_type) == ("OK", "text/plain")
    assert only(facts, Question.INSTANCE_LOGS).path == "/mcp/servers/Context7%20MCP%20Server-1/logs?tail=1"
    assert all(answer.at.endswith("Z") and answer.milliseconds > 0 for answer in facts.answers)


def test_all_routes_of_the_core_are_told(facts):
    """They are mounted, and the secured ones ask for a token; no optional route is said to be absent."""
    secured = {route.operation: route.secured for route in facts.routes}

    assert {operation.id for operation in CONTRACT.operations if operation.profile == "core"} == core(
        facts, Cell.MOUNTED
    )
    assert all(secured[o.id] is o.secured for o in CONTRACT.operations if o.profile == "core")
    assert [route for route in facts.routes if route.state is Cell.ABSENT] == []
    assert not any(
        "dtmac-" in route.detail.replace("dtmac-absent", "").replace("dtmac-nowhere", "") for route in facts.routes
    )


def test_no_target_gets_more_requests_than_promised(facts):
    """The count is of all, those of the clean-up among them."""
    assert 30 < facts.requests <= MOST_REQUESTS == 60


def test_the_requests_are_counted_as_the_target_sees_them():
    """What the facts say is what arrived, and what is no agent is asked by GET alone."""
    with lying("another-json-service") as liar:
        facts = observe_http(liar.url, CONTRACT, TOKEN)

    assert len(liar.asked) == facts.requests == len(facts.answers)
    assert {"GET"} == {asked.method for asked in liar.asked}
    assert len(answers_to(facts, Question.PREFIXED_HEALTH)) == 6
    assert facts.routes == ()


def test_nothing_is_made(honest, facts):
    """After a diagnosis the agent manages what it managed before."""
    listed = httpx.get(f"{honest.url}/tools", headers={"Authorization": f"Bearer {honest.token}"}).json()

    assert facts.requests
    assert listed["tools"] == []


def test_no_token_is_needed(honest):
    """Without one the routes are told all the same, and what asks for it refuses."""
    facts = observe_http(honest.url, CONTRACT, None)

    assert {AuthSent.NONE, AuthSent.WRONG} == {answer.auth for answer in facts.answers}
    assert only(facts, Question.TOOLS).status == 401
    assert core(facts, Cell.MOUNTED) >= LIFECYCLE


def test_a_token_of_another_agent_is_refused(honest):
    """What it reaches is what a wrong one reaches, and the routes are told."""
    facts = observe_http(honest.url, CONTRACT, TOKEN)

    assert {403} == {only(facts, question).status for question in (Question.TOOLS, Question.TOOLS_STATUS)}
    assert core(facts, Cell.MOUNTED) >= LIFECYCLE


def test_a_stub_says_yes_and_has_no_lifecycle():
    """An image that cannot resolve is accepted, and the routes that it lacks are absent for certain."""
    facts = faulty("stub-deployment")

    assert only(facts, Question.UNRESOLVABLE_DEPLOY).status == 200
    assert LIFECYCLE | {"core.health"} == core(facts, Cell.ABSENT)
    # Where /health is not there, it cannot tell a stripped prefix, and /status is asked in its place.
    assert {"/diagnostics/status", "/tools/status"} == {a.path for a in answers_to(facts, Question.STRIPPED_HEALTH)}


def test_a_missing_route_is_absent_and_no_other():
    """The others of the core are there."""
    assert {"core.tools.start"} == core(faulty("start-route-missing"), Cell.ABSENT)


def test_an_answer_in_another_shape_breaks_its_promise():
    """What each lacks is told by operation, in one sentence; the other operations keep theirs."""
    promises = {
        "core.health": "GET /health answers 200, but the media type is application/json",
        "core.status": "GET /status answers 200, but $: 'service' is a required property",
        "core.tools.status": "GET /tools/status answers 200, but $: 'service' is a required property",
        "console.logs": "GET /logs answers 200, but $.logs[0]",
    }
    facts = faulty("health-is-json", "status-field-missing", "logs-are-objects")

    broken = facts.broken_promises
    assert promises.keys() <= broken.keys() <= promises.keys() | {"diagnostics.logs"}
    assert all(broken[operation].startswith(said) for operation, said in promises.items())


def test_docker_s_own_fields_are_told_as_such():
    """A listing of Docker's own fields is one sentence, not one for each field that is missing."""
    with running_reference("--fault", "listing-shows-docker-fields") as agent:
        deploy = {
            "dockerImageUrl": "nginx:latest",
            "instanceNameOnToolbox": "someone-s",
            "accountToolInstanceId": "5f0c3a9e-4b6d-4c43-9c1e-0a1b2c3d4e5f",
        }
        made = httpx.post(f"{agent.url}/tools", json=deploy, headers={"Authorization": f"Bearer {agent.token}"})
        facts = observe(agent)

    assert made.status_code == 201
    assert "tools has Docker's own fields" in facts.broken_promises["core.tools.list"]
    assert "instance_name_on_toolbox" in facts.broken_promises["core.tools.list"]


def test_an_open_agent_lets_the_question_without_a_token_in():
    """That and the routes show it, and an open status below /tools is not taken for a stripped prefix."""
    facts = faulty("auth-off")

    assert only(facts, Question.TOOLS_WITHOUT_TOKEN).status == 200
    assert {False} == {route.secured for route in facts.routes if route.operation in LIFECYCLE}
    assert "/tools/status" not in {answer.path for answer in answers_to(facts, Question.STRIPPED_HEALTH)}


def test_no_token_is_in_the_facts(tmp_path):
    """Whatever the agent shows of it, neither the facts nor the record of the exchanges have it."""
    faults = ("secrets-in-status", "token-echoed", "token-in-logs")
    with running_reference(*(word for fault in faults for word in ("--fault", fault))) as agent:
        facts = observe(agent, folder=tmp_path)

    assert agent.token not in repr(facts)
    assert agent.token not in (tmp_path / "exchanges.jsonl").read_text("utf-8")
    assert "[redacted]" in only(facts, Question.STATUS).body


def exchange(body, headers=()):
    return Exchange("GET", "/logs", {}, b"", 200, {"content-type": "application/json", **dict(headers)}, body, 1.0)


LOGS = Asked(Question.LOGS, "/logs", AuthSent.VALID)


def test_other_secrets_are_taken_out_of_logs():
    """The value of a variable that is called a secret is none of the facts'."""
    answer = answer_of(LOGS, "now", exchange(b'{"logs":["DB_PASSWORD=hunter2hunter2 given"]}'))

    assert "hunter2" not in answer.body
    assert answer.member("logs") == ["DB_PASSWORD=[redacted] given"]


def test_long_logs_keep_their_last_lines():
    """What is cut off is the oldest, and the rest is still a document."""
    lines = [f"line {number} {'x' * 90}" for number in range(2000)]
    kept = answer_of(LOGS, "now", exchange(json.dumps({"logs": lines}).encode())).member("logs")

    assert lines[-len(kept) :] == kept
    assert len(json.dumps(kept)) <= MOST_BODY < len(json.dumps(kept)) + 200


def test_only_headers_that_tell_who_answered_are_kept():
    """Cookies and whatever else may hold a secret are left out."""
    answer = answer_of(LOGS, "now", exchange(b"{}", [("server", "nginx"), ("set-cookie", "sid=1"), ("x-any", "1")]))

    assert answer.headers == {"content-type": "application/json", "server": "nginx"}


@NEEDS_NGINX
def test_a_stripped_prefix_shows_below_it(honest):
    """The health of the agent answers below the prefix, and below that one alone."""
    with nginx.stripping_prefix(honest.url, "/mcp") as proxy:
        facts = observe_http(proxy, CONTRACT, honest.token)

    assert {answer.path: answer.status for answer in answers_to(facts, Question.STRIPPED_HEALTH)} == {
        "/mcp/health": 200,
        "/tools/health": 404,
        "/diagnostics/health": 404,
    }


@NEEDS_NGINX
def test_an_agent_below_a_prefix_is_looked_for(honest):
    """Where the top is not the agent's, it is found at its usual places."""
    server = f"location /dtma/ {{ proxy_pass {honest.url}/; }}\nlocation / {{ root www; index index.html; }}"
    with nginx.running_nginx(server) as proxy:
        facts = observe_http(proxy, CONTRACT, honest.token)
        below = observe_http(f"{proxy}/dtma", CONTRACT, honest.token)

    found = {answer.path: answer.body for answer in answers_to(facts, Question.PREFIXED_HEALTH)}
    assert (found["/dtma/health"], facts.routes) == ("OK", ())
    assert core(below, Cell.MOUNTED) >= LIFECYCLE


@NEEDS_NGINX
@pytest.mark.parametrize(
    ("proxy", "statuses"),
    [
        (lambda agent: nginx.adding_prefix(agent.url), {404}),
        (lambda _agent: nginx.dead_upstream(), {502}),
        (lambda _agent: nginx.no_upstream(), {200, 404}),
    ],
    ids=["adds a prefix", "agent gone", "none"],
)
def test_what_stands_in_front_of_no_agent_is_not_probed_for_routes(honest, proxy, statuses):
    """A few questions tell it; nothing but GET is sent."""
    with proxy(honest) as url:
        facts = observe_http(url, CONTRACT, honest.token)

    assert statuses == {answer.status for answer in facts.answers}
    assert {"GET"} == {answer.method for answer in facts.answers}
    assert (facts.routes, facts.broken_promises, facts.problems) == ((), {}, ())


@NEEDS_NGINX
@pytest.mark.usefixtures("needs_openssl")
def test_an_agent_behind_tls_is_asked(honest, monkeypatch):
    """A good certificate is one more step, and all else is as without."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted_authority()))
    with tls_server(honest.url) as url:
        facts = observe_http(url, CONTRACT, honest.token)

    assert list(StepName) == [step.name for step in facts.network if not step.failure]
    assert core(facts, Cell.MOUNTED) >= LIFECYCLE


def test_where_no_connection_stands_nothing_is_asked():
    """The failed step is the only fact."""
    facts = observe_http(f"http://127.0.0.1:{free_port()}", CONTRACT, TOKEN)

    assert facts.network[-1].failure == "connection-refused"
    assert (facts.answers, facts.requests) == ((), 0)


def test_a_wrong_target_raises_nothing_and_a_wrong_token_does():
    """The first is a fact of the target, the second a mistake of the caller."""
    facts = observe_http("http://", CONTRACT, TOKEN)

    assert [step.failure for step in facts.network] == ["name-unresolvable"]
    with pytest.raises(UsageError, match="holds white space"):
        observe_http("http://127.0.0.1:1", CONTRACT, "with space")


def test_a_connection_that_is_closed_is_told_for_each_question():
    """The first questions fail, each with the fence's id, and no further ones are asked."""
    with lying("closes-at-once") as liar:
        facts = observe_http(liar.url, CONTRACT, TOKEN)

    assert {("connection-reset", 0)} == {(answer.failure, answer.status) for answer in facts.answers}
    assert 9 == facts.requests == len(facts.answers)


@pytest.mark.parametrize("instance", ["", "a/b", "..", "a\nb", "a\\b"])
def test_a_name_that_is_no_segment_is_not_asked_for(instance):
    """It could only be read as another path."""
    asked = further_questions(AuthSent.VALID, instance, has_health=True, is_closed=True)

    assert Question.INSTANCE_LOGS not in {one.question for one in asked}


def test_a_probe_that_breaks_is_a_problem_and_the_rest_stays(honest, monkeypatch):
    """What was seen before it is kept."""

    def broken(*_args, **_more):
        raise RuntimeError("the probe is broken")

    monkeypatch.setattr(observing, "observe_routes", broken)
    facts = observe(honest)

    assert [(p.origin, p.detail) for p in facts.problems] == [(Origin.HTTP, "RuntimeError: the probe is broken")]
    assert {Question.STATUS, Question.LOGS, Question.UNRESOLVABLE_DEPLOY} <= {a.question for a in facts.answers}


@pytest.mark.alone
def test_nobody_waits_long(honest):
    """Three seconds do for an agent and for a closed port, ten for what accepts and never answers."""
    seconds = []
    with lying("never-answers") as silent:
        for url in (honest.url, f"http://127.0.0.1:{free_port()}", silent.url):
            began = time.monotonic()
            observe_http(url, CONTRACT, honest.token)
            seconds.append(time.monotonic() - began)

    assert [took < most for took, most in zip(seconds, (3, 3, 10), strict=True)] == [True, True, True], seconds
