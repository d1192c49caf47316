"""Does one instance live as the callers expect, from deploy to delete?"""

import pytest

from dtma_contract.bodies import UNRESOLVABLE_IMAGE
from dtma_contract.instances import read_listing
from dtma_contract.judgement import (
    ClauseViolatedError,
    NotJudgedError,
    require,
    require_refusal,
    require_succeeded,
    require_success,
)
from dtma_contract.survey import Removal


def tried_in_vain(instances, survey, *failures):
    """The first instance of the run could not be removed in this way: no second one is made to see it again."""
    try:
        instances.require_removable()
    except NotJudgedError:
        if survey.removal in failures:
            raise ClauseViolatedError(survey.removal_evidence, expected=["what is deleted to be gone"]) from None
        raise


def stopped(agent, stop, instances, name):
    """Stop an instance for another clause's sake."""
    answer = agent.call(stop, name)
    entry = instances.find(name)
    # One that is listed no more may well be stopped: that is the finding of lifecycle/stop-stops alone.
    if answer.status >= 300 or (entry is not None and entry.status == "running"):
        raise NotJudgedError(f"stop does not stop here, see lifecycle/stop-stops: {answer.describe()}")


@pytest.mark.clause("lifecycle/deploy-creates-running")
def test_deploy_creates_a_running_instance(agent, contract, instances, clause):
    instance = instances.deploy_unchecked()
    start = contract.operation("core.tools.start")
    if instances.find(instance.name) is None and agent.call(start, instance.name).status == 404:
        raise ClauseViolatedError(
            f"the deploy of {instance.name} is acknowledged; it is not listed, and start knows no such instance",
            expected=["a container that runs, listed under its name"],
            exchange=instance.exchange,
            cause="stub-deployment",
        )
    instances.require_state(instance.name, "running", after="deploy", exchange=instance.exchange)
    entry = instances.find(instance.name).entry
    account = entry.get("account_tool_instance_id", instance.account_id)
    require(
        account == instance.account_id,
        f"it is listed with account_tool_instance_id {account!r}",
        expected=[f"account_tool_instance_id {instance.account_id}"],
        exchange=instance.exchange,
        cause="response-drift",
    )
    said, listed = str(instance.exchange.member("data", "container_id")), str(entry.get("container_id", ""))
    require(
        said.startswith(listed[:12]),
        f"the deploy says container {said!r}, the listing {listed!r}",
        expected=["the same container id in both"],
        exchange=instance.exchange,
        cause="response-drift",
    )


LISTINGS = {"core.tools.list": "tools", "core.status": "tool_instances", "core.tools.status": "tool_instances"}


@pytest.mark.clause("lifecycle/listed-as-documented")
def test_listings_with_an_instance_keep_their_schemas(agent, contract, instances, clause):
    instances.deploy()

    empty = []
    for operation_id, member in LISTINGS.items():
        answer = agent.call(contract.operation(operation_id))
        require_success(contract.operation(operation_id), answer)
        empty += [] if answer.member(member) else [operation_id]
    if len(empty) == len(LISTINGS):
        raise NotJudgedError("no listing has the instance in it")


@pytest.mark.clause("lifecycle/deploy-is-in-status")
def test_deploy_is_in_both_status_listings(agent, contract, instances, clause):
    name = instances.deploy().name

    for operation_id in ("core.status", "core.tools.status"):
        answer = agent.call(contract.operation(operation_id))
        named = [entry.name for entry in read_listing(answer, "tool_instances")]
        require(
            name in named,
            f"tool_instances of {answer.target} names {named}",
            expected=[f"{name} in tool_instances"],
            exchange=answer,
        )


@pytest.mark.clause("lifecycle/deploy-publishes-port")
def test_deploy_publishes_the_port(instances, clause):
    instance = instances.deploy(publish=True)

    published = instances.published(instance.name)
    wanted = (int(instances.container_port.partition("/")[0]), instance.host_port)
    require(
        wanted in published,
        f"the listing has the ports {list(published)}",
        expected=[f"private_port {wanted[0]} published as public_port {wanted[1]}"],
        exchange=instance.exchange,
    )


@pytest.mark.clause("lifecycle/start-while-running-succeeds")
def test_start_of_a_running_instance_succeeds(agent, contract, operation, instances, clause):
    name = instances.deploy().name
    answer = agent.call(operation, name)

    require_succeeded(operation, answer)
    instances.require_state(name, "running", after="start while running", exchange=answer)


@pytest.mark.clause("lifecycle/stop-stops")
def test_stop_stops(agent, operation, instances, clause):
    name = instances.deploy().name
    answer = agent.call(operation, name)

    require_succeeded(operation, answer)
    instances.require_state(name, "exited", after="stop", exchange=answer)


@pytest.mark.clause("lifecycle/stop-while-stopped-succeeds")
def test_stop_of_a_stopped_instance_succeeds(agent, operation, instances, clause):
    name = instances.deploy().name
    stopped(agent, operation, instances, name)
    if instances.find(name) is None:
        raise NotJudgedError("a stopped instance is not listed, see lifecycle/stop-stops")
    answer = agent.call(operation, name)

    require_succeeded(operation, answer)
    instances.require_state(name, "exited", after="stop while stopped", exchange=answer)


@pytest.mark.clause("lifecycle/start-starts-again")
def test_start_starts_a_stopped_instance(agent, contract, operation, instances, clause):
    name = instances.deploy().name
    stopped(agent, contract.operation("core.tools.stop"), instances, name)
    answer = agent.call(operation, name)

    require_succeeded(operation, answer)
    instances.require_state(name, "running", after="start", exchange=answer)


@pytest.mark.clause("lifecycle/delete-removes")
def test_delete_removes_running_and_stopped_instances(agent, contract, operation, instances, survey, clause):
    tried_in_vain(instances, survey, Removal.REFUSED, Removal.WITHOUT_EFFECT)
    running, stopped = instances.deploy().name, instances.deploy().name
    agent.call(contract.operation("core.tools.stop"), stopped)
    for name, what in ((running, "delete while running"), (stopped, "delete while stopped")):
        answer = agent.call(operation, name)

        require_succeeded(operation, answer)
        instances.require_gone(name, after=what, exchange=answer)


@pytest.mark.clause("lifecycle/deleted-is-unknown")
def test_a_deleted_instance_is_the_documented_404(agent, contract, operation, instances, clause):
    name = instances.deploy().name
    require_succeeded(operation, agent.call(operation, name))

    for operation_id in ("core.tools.start", "core.tools.stop", "core.tools.delete"):
        asked = contract.operation(operation_id)
        require_refusal(asked, agent.call(asked, name), 404)


@pytest.mark.clause("lifecycle/name-is-free-after-delete")
def test_name_and_port_are_free_after_delete(agent, contract, operation, instances, survey, clause):
    tried_in_vain(instances, survey, Removal.LEAVES_CONTAINER)
    first = instances.deploy(publish=True)
    require_succeeded(operation, agent.call(operation, first.name))
    again = instances.send_deploy(first.name, first.host_port)

    require_succeeded(contract.operation("core.tools.deploy"), again)
    instances.require_state(first.name, "running", after="deploy of a name that was deleted", exchange=again)


@pytest.mark.clause("lifecycle/unknown-image-leaves-nothing")
def test_a_deploy_of_an_unknown_image_leaves_nothing(agent, contract, operation, instances, clause):
    name = instances.fresh_name()
    answer = instances.send_deploy(name, image=UNRESOLVABLE_IMAGE)

    require_refusal(operation, answer, 500, 502)
    instances.require_gone(name, after="a deploy that failed", exchange=answer)
    started = agent.call(contract.operation("core.tools.start"), name)
    require(started.status == 404, started.describe(), expected=["404 for what was not deployed"], exchange=started)
    again = instances.send_deploy(name)
    require_succeeded(operation, again)
