"""Does a valid request to every operation get the documented success?"""

from collections.abc import Callable

import pytest

from dtma_contract.bodies import account_id, execute_body, valid_body
from dtma_contract.contract import Effect
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import require, require_success
from dtma_contract.restarting import LEAVES_WITHIN, RETURNS_WITHIN, has_left, has_returned


@pytest.mark.aspect("success")
def test_valid_request_succeeds(agent, contract, operation, instances, settings, identity):
    answer = _ASK.get(operation.id, _plain)(agent, operation, instances, settings)

    stub = "stub-deployment" if answer.member("status") == "accepted" else None
    require_success(operation, answer, cause=stub)
    _CHECK.get(operation.effect, _nothing_more)(agent, contract, operation, instances, answer)


def _plain(agent, operation, instances, settings) -> Exchange:
    return agent.call(operation, json=valid_body(operation, instances.fresh_name(), settings.probe_image))


def _on_instance(agent, operation, instances, settings) -> Exchange:
    name = instances.deploy().name
    return agent.call(operation, name, json=valid_body(operation, name, settings.probe_image))


def _start(agent, operation, instances, settings) -> Exchange:
    # From stopped, where it can be stopped: starting what runs is a clause of its own.
    name = instances.deploy().name
    agent.call(operation.contract.operation("core.tools.stop"), name)
    return agent.call(operation, name)


def _on_group(agent, operation, instances, settings) -> Exchange:
    return agent.call(operation, instances.deploy_group().group)


def _on_server(agent, operation, instances, settings) -> Exchange:
    return agent.call(operation, instances.deploy_group().server)


def _deploy(agent, operation, instances, settings) -> Exchange:
    name = instances.fresh_name()
    answer = instances.send_deploy(name)
    if answer.status == operation.success:
        said = (answer.member("data", "instance_name_on_toolbox"), answer.member("data", "account_tool_instance_id"))
        require(
            said == (name, account_id(name)),
            f"the answer speaks of {said}",
            expected=[f"the answer to speak of {(name, account_id(name))}"],
            exchange=answer,
            cause="response-drift",
        )
    return answer


def _execute(agent, operation, instances, settings) -> Exchange:
    name = instances.deploy().name
    failed = agent.call(operation, name, json=execute_body(name, "false"))
    require_success(operation, failed)
    require(
        failed.member("data", "exitCode") == 1,
        failed.describe(),
        expected=["exitCode 1 of the command `false`"],
        exchange=failed,
    )
    said = agent.call(operation, name, json=execute_body(name, "echo", "dtmac", "says"))
    require(
        "dtmac says" in str(said.member("data", "output")) and said.member("data", "exitCode") == 0,
        said.describe(),
        expected=["output `dtmac says` and exitCode 0 of the command `echo dtmac says`"],
        exchange=said,
    )
    return said


def _group(agent, operation, instances, settings) -> Exchange:
    return instances.send_group(instances.fresh_name(), [instances.fresh_name()])


def _validate(agent, operation, instances, settings) -> Exchange:
    good = agent.call(operation, json=valid_body(operation, instances.fresh_name(), settings.probe_image))
    bad = agent.call(operation, json={"servers": [{"instanceName": "no image"}]})
    require_success(operation, bad)
    for answer, valid in ((good, True), (bad, False)):
        require(
            answer.member("data", "valid") is valid,
            answer.describe(),
            expected=[f"data.valid to be {str(valid).lower()}"],
            exchange=answer,
        )
    return good


_ASK: dict[str, Callable[..., Exchange]] = {
    "core.tools.deploy": _deploy,
    "core.tools.start": _start,
    "core.tools.stop": _on_instance,
    "core.tools.delete": _on_instance,
    "execute.tools.execute": _execute,
    "mcp.groups.deploy": _group,
    "mcp.groups.remove": _on_group,
    "mcp.health": _on_group,
    "mcp.servers.restart": _on_server,
    "mcp.servers.logs": _on_server,
    "mcp.credentials.refresh": _on_server,
    "mcp.validate": _validate,
}


def _nothing_more(agent, contract, operation, instances, answer) -> None:
    """The answer itself is all that the operation promises."""


def _restarts(agent, contract, operation, instances, answer) -> None:
    """The agent goes away and comes back."""
    require(
        has_left(agent, contract),
        f"it still answered without a gap {LEAVES_WITHIN:.0f} s later",
        expected=["the process to exit one second after its answer"],
        exchange=answer,
    )
    _returns(agent, contract, operation, instances, answer)


def _returns(agent, contract, operation, instances, answer) -> None:
    require(
        has_returned(agent, contract),
        f"it did not answer within {RETURNS_WITHIN:.0f} s afterwards",
        expected=["its supervisor to start it again"],
        exchange=answer,
        cause="agent-crash-loop",
    )
    agent.restarting = False


_CHECK = {Effect.RESTART: _restarts, Effect.REDEPLOY: _returns}
