"""Clean-up: what a run created goes, nothing else does, and what stays is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dtma_contract import cleanup
from dtma_contract.cleanup import CleanupReport, LeftBehind
from dtma_contract.errors import EngineError
from dtma_contract.fence import service as service_module

AUTHORIZED = {"Authorization": "Bearer dtmac-token", "Content-Type": "application/json"}


def deploy(fence: Any, name: str, image: str = "nginx:latest") -> int:
    body = json.dumps({"dockerImageUrl": image, "instanceNameOnToolbox": name}).encode()
    return fence.ask("POST", "/tools", AUTHORIZED, body)[0]


def deploy_group(fence: Any, group: str, *servers: str) -> int:
    items = [{"instanceName": name, "dockerImageUrl": "nginx:latest"} for name in servers]
    body = json.dumps({"groupId": group, "servers": items}).encode()
    return fence.ask("POST", "/mcp/groups", AUTHORIZED, body)[0]


class Engine:
    """Stands for a Docker Engine."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.asked: list[set[str]] = []

    def remove_named(self, names: Any) -> tuple[str, ...]:
        """Remove by exact name."""
        self.asked.append(set(names))
        gone = self.names & set(names)
        self.names -= gone
        return tuple(gone)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    found = Engine("customer")
    monkeypatch.setattr(service_module, "docker_connector", lambda url: (lambda: found) if url else None)
    return found


def test_nothing_created_is_nothing_asked(agent, fence):
    """A run that created nothing ends without a single request."""
    running = fence(agent.url)

    report = running.run(running.service.finish())

    assert (report, agent.requests) == (CleanupReport(), [])


def test_everything_of_the_run_goes_and_nothing_else(agent, fence, identity):
    """Groups go before instances, and a customer's instances stay, also those with a similar name."""
    others = {"customer", identity.name("not-mine"), identity.namespace}
    agent.instances |= others
    running = fence(agent.url)
    assert deploy(running, identity.name("a")) == 201
    assert deploy(running, identity.name("b")) == 201
    assert deploy_group(running, identity.name("g"), identity.name("c")) == 201
    agent.requests.clear()

    report = running.run(running.service.finish())

    assert set(report.removed) == {identity.name(suffix) for suffix in "abcg"}
    assert report.left_behind == ()
    assert agent.instances == others
    assert agent.groups == set()
    removals = [request for request in agent.requests if request.startswith("DELETE")]
    assert removals[0] == f"DELETE /mcp/groups/{identity.name('g')}?forceRemove=true"
    assert len(removals) == 4


def test_what_the_run_removed_itself_is_looked_at_and_not_removed_again(agent, fence, identity):
    """A confirmed removal is not repeated, unless the agent still lists the name."""
    running = fence(agent.url)
    for suffix in ("a", "b"):
        deploy(running, identity.name(suffix))
        running.ask("DELETE", f"/tools/{identity.name(suffix)}", AUTHORIZED)
    agent.instances.add(identity.name("b"))
    agent.requests.clear()

    report = running.run(running.service.finish())

    assert report == CleanupReport((identity.name("b"),), ())
    assert [request for request in agent.requests if "DELETE" in request] == [f"DELETE /tools/{identity.name('b')}"]


def test_what_was_denied_is_not_removed(agent, fence, identity):
    """A create that the agent answered 403 made nothing, so that a wrong token leaves no false alarm behind."""
    running = fence(agent.url, "another-token")
    assert deploy(running, identity.name("a")) == 403

    assert running.run(running.service.finish()) == CleanupReport()


@pytest.mark.parametrize("removal", ["fails", "no route", "lies", "forgotten"])
def test_what_stays_is_named_with_its_reason(agent, fence, identity, removal):
    """Whatever goes wrong with a removal, what the agent still lists is left behind with a command."""
    running = fence(agent.url)
    deploy(running, identity.name("a"))
    agent.removal = removal

    report = running.run(running.service.finish())

    (left,) = report.left_behind
    assert (left.kind, left.name, left.command) == (
        "instance",
        identity.name("a"),
        f"docker rm -f {identity.name('a')}",
    )
    assert left.reason.startswith("The agent still lists it.")


def test_a_later_clean_up_can_succeed(agent, fence, identity):
    """Clean-up can run twice; the second one removes what the first could not."""
    running = fence(agent.url)
    deploy(running, identity.name("a"))
    agent.removal = "fails"
    assert running.run(running.service.finish()).left_behind
    agent.removal = "works"

    assert running.run(running.service.finish()) == CleanupReport((identity.name("a"),), ())
    assert running.service.gate.ledger.state.left_behind == []


@pytest.mark.parametrize("removal", ["fails", "no route", "lies", "forgotten"])
def test_the_engine_removes_what_the_agent_does_not(agent, fence, identity, engine, removal):
    """Where the Docker Engine is known, exactly the run's names go there, whatever the agent still lists."""
    running = fence(agent.url, docker="unix:///somewhere")
    deploy(running, identity.name("a"))
    engine.names |= agent.instances
    agent.removal = removal

    report = running.run(running.service.finish())

    assert report.left_behind == ()
    assert engine.names == {"customer"}
    assert engine.asked == [{identity.name("a")}]


def test_an_engine_that_cannot_be_reached_is_told(agent, fence, identity, monkeypatch):
    """Without the engine the reason says so, and the agent's own word decides."""

    def unreachable() -> Engine:
        raise EngineError("no engine")

    monkeypatch.setattr(service_module, "docker_connector", lambda _: unreachable)
    running = fence(agent.url, docker="unix:///somewhere")
    deploy(running, identity.name("a"))
    agent.removal = "fails"

    (left,) = running.run(running.service.finish()).left_behind

    assert "no engine" in left.reason


def test_a_dead_target_leaves_what_may_be_there(agent, fence, identity, target):
    """When no one can be asked, everything that may be there is left behind, and what was never sent is not."""
    running = fence(agent.url)
    deploy(running, identity.name("a"))
    address = running.service.gate._upstream.address
    object.__setattr__(address, "port", 1)
    deploy(running, identity.name("never-sent"))

    report = running.run(running.service.finish())

    assert [item.name for item in report.left_behind] == [identity.name("a")]
    assert "cannot be asked" in report.left_behind[0].reason


def test_a_run_that_is_over_sends_nothing(agent, fence):
    """After the clean-up each request is refused."""
    running = fence(agent.url)
    running.run(running.service.finish())

    status, headers, _ = running.ask("GET", "/tools", AUTHORIZED)

    assert (status, headers["x-dtmac-fence"], agent.requests) == (403, "refused; run-over", [])


def test_a_report_crosses_a_process_boundary():
    """A report survives its way through JSON."""
    report = CleanupReport(("a",), (LeftBehind("group", "g", "why", "how"),))

    assert CleanupReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_the_command_for_a_group_names_the_route():
    """What cannot be removed with Docker alone is removed through the agent."""
    command = cleanup._command(cleanup.Thing("group", "dtmac-x"), "http://h:1", "TOKEN_ENV")

    assert command == (
        "curl -X DELETE -H \"Authorization: Bearer $TOKEN_ENV\" 'http://h:1/mcp/groups/dtmac-x?forceRemove=true'"
    )
