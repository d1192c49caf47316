"""Which operations are mounted is told from answers alone, and nothing is made that could not be removed."""

from __future__ import annotations

import json
import re

import pytest
from pure.answers import answer
from pure.scripted_agent import FALLBACK, ScriptedAgent, honest, json_answer, unknown
from pure.shipped_contract import CONTRACT

from dtma_contract.contract import EffectLevel
from dtma_contract.judgement import TargetGoneError
from dtma_contract.mounting import MountState, compare
from dtma_contract.run_identity import RunIdentity
from dtma_contract.survey import Removal, Survey, survey_target

RUN = RunIdentity("run", "dtmac-k3f9x2ab-")
READ, LIFECYCLE, RESTART = EffectLevel
UNASKED = {operation.id for operation in CONTRACT.operations if operation.effect.level == RESTART}
ALL = {operation.id for operation in CONTRACT.operations}
START, STOP, DELETE, DEPLOY = (f"core.tools.{verb}" for verb in ("start", "stop", "delete", "deploy"))
PAGE = (404, {"content-type": "text/html", "server": "nginx"}, b"<html><h1>404 Not Found</h1></html>")


def survey(agent, effects=LIFECYCLE):
    client = agent.client()
    try:
        return survey_target(client, CONTRACT, RUN, effects, "nginx:latest")
    finally:
        client.close()


def of_state(surveyed, state):
    return {name for name, found in surveyed.states.items() if found == state}


@pytest.mark.parametrize(
    ("probe", "controls", "expected"),
    [
        (answer(404, {"error": "Not Found"}), [answer(404, {"error": "Not Found"})], MountState.MISSING),
        (
            answer(404, "Cannot GET /tools/one", target="/tools/one", media_type="text/html"),
            [answer(404, "Cannot GET /tools/two", target="/tools/two", media_type="text/html")],
            MountState.MISSING,
        ),
        (
            answer(404, {"statusCode": 404, "message": "No GET:/mcp/status"}, target="/mcp/status"),
            [answer(404, {"statusCode": 404, "message": "No GET:/mcp/two"}, target="/mcp/two")],
            MountState.MISSING,
        ),
        (
            answer(404, {"message": "Cannot GET /logs?lines=100"}, target="/logs?lines=100"),
            [answer(404, {"message": "Cannot GET /two"}, target="/two")],
            MountState.MISSING,
        ),
        (answer(404, {"error": "Tool 'a'"}), [answer(404, {"error": "Not Found"})], MountState.MOUNTED),
        (
            answer(404, {"error": "MCP endpoint not found", "availableEndpoints": ["a"]}),
            [
                answer(404, {"error": "Not Found"}),
                answer(404, {"error": "MCP endpoint not found", "availableEndpoints": ["a"]}),
            ],
            MountState.MISSING,
        ),
        (answer(401, {"error": "Unauthorized"}), [answer(404, {"error": "Not Found"})], MountState.MOUNTED),
        (answer(401, {"error": "Unauthorized"}), [answer(401, {"error": "Unauthorized"})], MountState.MISSING),
        (answer(200, {"a": 1}), [answer(404, {"error": "Not Found"})], MountState.MOUNTED),
        (answer(200, {"a": 1}), [answer(200, {"a": 2})], MountState.MISSING),
        (answer(500, {"error": "x"}), [answer(404, {"error": "Not Found"})], MountState.MOUNTED),
        (answer(405, "", headers={"allow": "GET"}), [], MountState.MISSING),
        (answer(405, ""), [answer(404, {"error": "Not Found"})], MountState.MISSING),
        (
            answer(404, "", headers={"server": "nginx"}),
            [answer(404, "", headers={"server": "uvicorn"})],
            MountState.MOUNTED,
        ),
        (answer(200, {"a": 1}), [], MountState.MOUNTED),
    ],
)
def test_a_route_is_told_by_what_surely_does_not_exist(probe, controls, expected):
    """An answer in the shape of a control, or a 405, is no handler's."""
    assert expected == compare(probe, controls).state


def test_a_405_is_told_with_its_methods():
    """The evidence names what the path allows."""
    assert "Allow: GET, HEAD" in compare(answer(405, "", headers={"allow": "GET, HEAD"}), []).evidence


@pytest.mark.parametrize("effects", EffectLevel)
def test_an_honest_agent_has_all_mounted(effects):
    """Only what cannot be asked for without its effect stays unknown, at every level."""
    surveyed = survey(ScriptedAgent(), effects)

    assert (of_state(surveyed, MountState.MOUNTED), of_state(surveyed, MountState.UNKNOWN)) == (ALL - UNASKED, UNASKED)


@pytest.mark.parametrize("operation", sorted(ALL - UNASKED))
@pytest.mark.parametrize("effects", [READ, LIFECYCLE])
def test_one_missing_route_is_told_from_all_others(operation, effects):
    """Whichever one is not mounted, it alone is missing."""
    surveyed = survey(ScriptedAgent(missing=(operation,)), effects)

    assert {operation} == of_state(surveyed, MountState.MISSING)


def router_fallback(_method, path):
    body = {"success": False, "error": "MCP endpoint not found", "availableEndpoints": ["GET /status"]}
    return json_answer(404, body) if path.startswith("/mcp") else FALLBACK


def express_page(method, path):
    return 404, {"content-type": "text/html", "x-powered-by": "Express"}, f"<pre>Cannot {method} {path}</pre>".encode()


def starlette(method, path):
    found = next((o for o in CONTRACT.operations if o.path == path and method not in {o.method, "OPTIONS"}), None)
    return json_answer(405, {"detail": "Method Not Allowed"}, allow=found.method) if found else FALLBACK


def locked(_method, path):
    return json_answer(401, {"error": "Unauthorized"}) if path.startswith("/mcp") else FALLBACK


@pytest.mark.parametrize(
    "fallback",
    [router_fallback, express_page, starlette, locked, lambda *_: PAGE, lambda *_: json_answer(200, {"a": "spa"})],
    ids=["router", "express", "405", "401 below a prefix", "page of a proxy", "200 for everything"],
)
@pytest.mark.parametrize("operation", [START, DEPLOY, "core.tools.status", "mcp.status", "mcp.health", "mcp.validate"])
def test_every_fallback_is_known_by_its_shape(fallback, operation):
    """A router's own 404, a page, a 405 with Allow, a 401 or a 200 for everything: the missing one is told."""
    surveyed = survey(ScriptedAgent(missing=(operation,), fallback=fallback), READ)

    assert {operation} == of_state(surveyed, MountState.MISSING)


def test_a_proxy_without_an_agent_has_nothing_mounted():
    """Where every path is answered with the proxy's page, every operation is missing."""
    surveyed = survey(ScriptedAgent(before=lambda _method, _path: PAGE))

    assert (of_state(surveyed, MountState.MISSING), of_state(surveyed, MountState.UNKNOWN)) == (ALL - UNASKED, UNASKED)


def test_a_stub_entry_point_has_only_its_own_routes():
    """An entry point with status routes alone shows all routers as missing, and nothing is made."""
    stub = ("core.service", "core.health", "core.status")
    agent = ScriptedAgent(missing=tuple(ALL - set(stub)))

    surveyed = survey(agent)

    assert (set(stub), [], Removal.REFUSED) == (of_state(surveyed, MountState.MOUNTED), agent.made, surveyed.removal)


def vague(agent, operation, names, body):
    """Answer an unknown name in the fallback's own words."""
    return (
        FALLBACK if names and names[0] not in agent.instances | agent.groups else honest(agent, operation, names, body)
    )


NAMED = {operation.id: vague for operation in CONTRACT.operations if operation.subject}


def test_a_404_in_the_fallback_s_shape_is_decided_with_an_instance():
    """What looks missing for an unknown name, and answers an existing one, is mounted; what was made is gone again."""
    agent = ScriptedAgent(handlers=NAMED)

    surveyed = survey(agent)

    assert (set(), set(), set()) == (of_state(surveyed, MountState.MISSING), agent.instances, agent.groups)


def test_a_404_in_the_fallback_s_shape_stays_missing_at_the_level_read():
    """Nothing is made at the level read, so that the routes are told by their look."""
    agent = ScriptedAgent(handlers=NAMED)

    surveyed = survey(agent, READ)

    assert (set(NAMED), []) == (of_state(surveyed, MountState.MISSING), agent.made)


def choking(missing=()):
    """Return what fails on broken percent-encoding where a pattern matches, as Express does."""
    patterns = [
        re.compile(re.sub(r"\{[^}]+\}", "[^/]+", operation.path))
        for operation in CONTRACT.operations
        if operation.subject and operation.id not in missing
    ]

    def before(_method, path):
        broken = "\ufffd" in path and any(pattern.fullmatch(path) for pattern in patterns)
        return json_answer(400, {"error": "Failed to decode param"}) if broken else None

    return before


def test_broken_encoding_keeps_a_vague_route_from_being_called_missing():
    """At the level read a path that fails on broken encoding is there, whatever it answers to an unknown name."""
    agent = ScriptedAgent(missing=(START,), handlers=NAMED, before=choking(missing=(START,)))
    surveyed = survey(agent, READ)

    assert ({START}, []) == (of_state(surveyed, MountState.MISSING), agent.made)
    assert NAMED.keys() - {START} <= of_state(surveyed, MountState.UNKNOWN)


@pytest.mark.parametrize("operation", [START, STOP, "mcp.servers.logs", "mcp.health"])
def test_a_missing_route_is_told_among_vague_ones(operation):
    """An instance that exists shows which of the vague ones is missing indeed."""
    surveyed = survey(ScriptedAgent(missing=(operation,), handlers=NAMED))

    assert {operation} == of_state(surveyed, MountState.MISSING)


def test_options_proves_a_vague_route_at_the_level_read():
    """Where OPTIONS names the method, a 404 in the fallback's shape is the handler's own."""
    agent = ScriptedAgent(handlers={START: vague}, options=lambda path: "POST" if path.endswith("/start") else None)

    assert survey(agent, READ).states[START] == MountState.MOUNTED


def test_options_that_allows_the_same_everywhere_proves_nothing():
    """CORS in front of everything names methods for paths that do not exist too."""
    agent = ScriptedAgent(missing=(START,), options=lambda _path: "GET, POST, DELETE")

    surveyed = survey(agent, READ)

    assert (surveyed.states[START], of_state(surveyed, MountState.UNKNOWN)) == (MountState.MISSING, UNASKED)


def test_options_tells_what_cannot_be_asked_for():
    """POST /restart is mounted where OPTIONS says so, and is never sent."""
    agent = ScriptedAgent(options=lambda path: "POST" if path == "/restart" else None)

    surveyed = survey(agent, RESTART)

    sent = {(method, path) for method, path, _status in agent.asked}
    assert (surveyed.states["console.restart"], ("POST", "/restart") in sent) == (MountState.MOUNTED, False)


@pytest.mark.parametrize("handlers", [{}, NAMED], ids=["exact", "vague"])
def test_nothing_is_made_where_delete_alone_is_missing(handlers):
    """What could not be removed is not made."""
    only = {name: handler for name, handler in handlers.items() if name == DELETE}
    agent = ScriptedAgent(missing=(DELETE,), handlers=only)

    surveyed = survey(agent)

    assert (
        agent.made, surveyed.states[DELETE], surveyed.removal, surveyed.removal.safe,
    ) == ([], MountState.MISSING, Removal.REFUSED, False)  # fmt: skip


def test_nothing_is_made_for_a_deploy_that_accepts_everything():
    """A stub that says yes to an image that cannot resolve is asked for nothing more to decide the doubtful ones."""

    def yes(_agent, operation, _names, _body):
        return json_answer(operation.success, {"success": True, "message": "Deployed"})

    agent = ScriptedAgent(missing=(START, STOP), handlers={DEPLOY: yes})

    surveyed = survey(agent)

    assert {START, STOP} == of_state(surveyed, MountState.MISSING)


def kept(agent, operation, names, body):
    """Say that it was removed, and keep it."""
    return json_answer(200, {"success": True}) if names[0] in agent.instances else unknown(names[0])


def refused(agent, operation, names, body):
    """Refuse to remove what there is."""
    return json_answer(500, {"success": False, "error": "busy"}) if names[0] in agent.instances else unknown(names[0])


def left_container(agent, operation, names, body):
    """Forget the instance and leave its container, which holds the name."""
    answered = honest(agent, operation, names, body)
    agent.containers = {names[0]}
    return answered


def taken(agent, operation, names, body):
    """Refuse a name that a container holds."""
    if (body or {}).get("instanceNameOnToolbox") in getattr(agent, "containers", set()):
        return json_answer(409, {"success": False, "error": "name taken by a container"})
    return honest(agent, operation, names, body)


def failing(agent, operation, names, body):
    """Fail every deploy that is not refused."""
    answered = honest(agent, operation, names, body)
    agent.instances.clear()
    return json_answer(500, {"success": False, "error": "no engine"}) if answered[0] == 201 else answered


def stubbed(agent, operation, names, body):
    """Say yes, and make nothing."""
    return json_answer(201, {"success": True}) if body else honest(agent, operation, names, body)


@pytest.mark.parametrize(
    ("handlers", "removal", "safe", "creates"),
    [
        ({}, Removal.WORKS, True, 2),
        ({DELETE: refused}, Removal.REFUSED, False, 1),
        ({DELETE: kept}, Removal.WITHOUT_EFFECT, False, 1),
        ({DELETE: left_container, DEPLOY: taken}, Removal.LEAVES_CONTAINER, False, 1),
        ({DEPLOY: failing}, Removal.UNTRIED, True, 0),
        ({DEPLOY: stubbed}, Removal.UNTRIED, True, 1),
    ],
    ids=["works", "refused", "without effect", "leaves its container", "deploy fails", "deploy makes nothing"],
)
def test_one_instance_shows_whether_more_may_be_made(handlers, removal, safe, creates):
    """One is made, removed and made again; where that fails, no more are made."""
    agent = ScriptedAgent(handlers=handlers)

    surveyed = survey(agent)

    assert (removal, safe, creates) == (surveyed.removal, surveyed.removal.safe, len(agent.made))


def test_an_agent_that_removes_leaves_nothing():
    """After the trial there is no instance."""
    agent = ScriptedAgent()

    survey(agent)

    assert set() == agent.instances


def test_a_delete_that_works_on_stopped_instances_only_is_refused_and_cleaned_up():
    """A running instance that cannot be deleted is stopped and deleted, so that none is left."""
    stopped = set()

    def stop(agent, operation, names, body):
        stopped.add(names[0])
        return honest(agent, operation, names, body)

    def delete(agent, operation, names, body):
        return honest(agent, operation, names, body) if names[0] in stopped else refused(agent, operation, names, body)

    agent = ScriptedAgent(handlers={STOP: stop, DELETE: delete})

    assert (Removal.REFUSED, set()) == (survey(agent).removal, agent.instances)


def test_nothing_is_tried_at_the_level_read():
    """A run that makes nothing has nothing to remove."""
    agent = ScriptedAgent()

    assert (survey(agent, READ).removal, agent.made) == (Removal.UNTRIED, [])


def test_every_name_is_of_the_run():
    """Whatever is asked with an effect speaks of a name of the run's own."""
    agent = ScriptedAgent(handlers=NAMED)

    survey(agent, RESTART)

    foreign = [
        (method, path)
        for method, path, _status in agent.asked
        if method not in {"GET", "OPTIONS"}
        and RUN.namespace not in path
        and path not in {"/tools", "/mcp/groups", "/mcp/validate"}
    ]
    assert foreign == []


def test_a_broken_answer_is_unknown():
    """An operation whose answer breaks off is neither mounted nor missing."""

    def broken(_method, path):
        fence = {"x-dtmac-fence": "failed; response-timeout"}
        return json_answer(504, {"detail": "No complete answer."}, **fence) if path == "/system" else None

    assert survey(ScriptedAgent(before=broken), READ).states["console.system"] == MountState.UNKNOWN


def test_what_the_fence_refuses_is_unknown():
    """An operation that may not be asked for is neither mounted nor missing."""

    def fenced(method, path):
        fence = {"x-dtmac-fence": "refused; not-owned"}
        return json_answer(403, {"detail": "Not owned."}, **fence) if path.endswith("/execute") else None

    assert survey(ScriptedAgent(before=fenced), READ).states["execute.tools.execute"] == MountState.UNKNOWN


def test_a_target_that_is_gone_ends_the_survey():
    """Nothing is said of an agent that does not answer any more."""
    fence = {"x-dtmac-fence": "failed; connection-refused"}

    with pytest.raises(TargetGoneError, match="connection-refused"):
        survey(ScriptedAgent(before=lambda _method, _path: json_answer(502, {"detail": "Nothing listens."}, **fence)))


def test_profiles_are_offered_by_any_of_their_routes():
    """One mounted route is enough; what is unknown offers nothing."""
    missing = {operation.id for operation in CONTRACT.operations if operation.profile == "mcp"} - {"mcp.status"}
    surveyed = survey(ScriptedAgent(missing=(*missing, "execute.tools.execute")), READ)

    assert {"core", "console", "diagnostics", "mcp"} == surveyed.offered(CONTRACT)


def test_a_survey_survives_json():
    """Workers are told the survey as JSON, and read the same one."""
    surveyed = survey(ScriptedAgent(missing=(START,)))

    assert surveyed == Survey.from_json(json.loads(json.dumps(surveyed.to_json())))
