"""Do instances leave each other alone: conflicts, neighbours, names that are nearly the same?"""

import pytest

from dtma_contract.bodies import deploy_body
from dtma_contract.judgement import (
    ClauseViolatedError,
    NotJudgedError,
    TargetGoneError,
    require,
    require_refusal,
    require_succeeded,
)

# Each holds something that the engine refuses in a container's name.
ODD_NAMES = (
    "with space",
    "per%cent",
    "sla/sh",
    "ümlaut",
    "quo'te\"",
    "semi;colon",
    "new\nline",
    "名前",
    "a?b=c",
    "#hash",
)


def require_untouched(instances, instance, before, after):
    now = instances.find(instance.name)
    require(
        now is not None
        and now.status == before.status
        and now.entry.get("container_id") == before.entry.get("container_id"),
        f"{instance.name} was listed as {before.status}, and is {now.status if now else 'not listed'} after {after}",
        expected=[f"{instance.name} as it was"],
    )


def require_conflict(operation, first, answer):
    try:
        require_refusal(operation, answer, 409)
    except ClauseViolatedError as violated:
        violated.before = (first.exchange,)
        raise


@pytest.mark.clause("lifecycle/name-conflict-is-409")
def test_a_name_that_is_taken_is_refused(operation, instances, clause):
    first = instances.deploy()
    before = instances.find(first.name)
    answer = instances.send_deploy(first.name)

    require_conflict(operation, first, answer)
    if before is not None:
        require_untouched(instances, first, before, "a deploy of the same name")
    instances.require_state(first.name, "running", after="a deploy of the same name", exchange=answer)


@pytest.mark.clause("lifecycle/port-conflict-is-409")
def test_a_host_port_that_is_taken_is_refused(contract, agent, operation, instances, clause):
    first = instances.deploy(publish=True)
    if instances.published(first.name) == () and instances.find(first.name) is not None:
        raise NotJudgedError("no port is published here, see lifecycle/deploy-publishes-port")
    second = instances.fresh_name()
    answer = instances.send_deploy(second, first.host_port)

    require_conflict(operation, first, answer)
    instances.require_gone(second, after="a deploy onto a taken port", exchange=answer)
    instances.require_state(first.name, "running", after="a deploy onto its port", exchange=answer)
    # A container that was created and left behind is in no listing, but holds its name.
    again = instances.send_deploy(second)
    if again.status == 409:
        raise ClauseViolatedError(
            f"{second} cannot be deployed afterwards: {again.describe()}",
            expected=["nothing left behind by a deploy that was refused"],
            exchange=again,
            left=second,
        )
    require_succeeded(operation, again)


@pytest.mark.clause("lifecycle/instances-are-independent")
def test_instances_are_independent(agent, contract, instances, clause):
    neighbours = [instances.deploy(), instances.deploy()]
    acted_on = instances.deploy()
    before = [instances.find(neighbour.name) for neighbour in neighbours]
    if None in before:
        raise NotJudgedError("the neighbours are not listed")
    for operation_id in ("core.tools.stop", "core.tools.start", "core.tools.delete"):
        operation = contract.operation(operation_id)
        agent.call(operation, acted_on.name)
        for neighbour, entry in zip(neighbours, before, strict=True):
            require_untouched(instances, neighbour, entry, f"{operation_id} of {acted_on.name}")
    stopped = contract.operation("core.tools.stop")
    require_succeeded(stopped, agent.call(stopped, neighbours[0].name))
    instances.require_state(neighbours[1].name, "running", after=f"stop of {neighbours[0].name}")


@pytest.mark.clause("lifecycle/odd-names-are-refused")
def test_odd_names_are_refused(agent, contract, operation, identity, settings, instances, clause):
    instances.require_removable()
    judged = 0
    for odd in ODD_NAMES:
        name = identity.name(odd)
        judged += refused_as(400, operation, lambda name=name: deploy(agent, operation, name, settings))
        for asked in acting(contract):
            judged += refused_as(404, asked, lambda name=name, asked=asked: agent.call(asked, name))
    if not judged:
        raise NotJudgedError("the fence let no odd name through")


@pytest.mark.clause("lifecycle/names-are-exact")
def test_names_are_exact(agent, contract, identity, instances, clause):
    instance = instances.deploy()
    before = instances.find(instance.name)
    own = instance.name.removeprefix(identity.namespace)
    # None of these is the name of another instance of the run: those end in a number.
    near = [f"{instance.name}x", f"{instance.name}-", instances.prefix, identity.name(own.upper())]
    judged = 0
    for asked in acting(contract):
        for name in near:
            judged += refused_as(404, asked, lambda name=name, asked=asked: agent.call(asked, name))
    if not judged:
        raise NotJudgedError("the fence let no name through that is nearly the instance's")
    if before is not None:
        require_untouched(instances, instance, before, "requests with names that are nearly its own")


def acting(contract):
    return [contract.operation(f"core.tools.{verb}") for verb in ("stop", "start", "delete")]


def deploy(agent, operation, name, settings):
    return agent.call(operation, json=deploy_body(name, settings.probe_image))


def refused_as(status, operation, send):
    """Whether it was sent: the fence holds back a name that some reader might take for another thing."""
    try:
        answer = send()
    except TargetGoneError:
        raise
    except NotJudgedError:
        return False
    # The shape of the refusal is the business of other clauses.
    require(answer.status == status, answer.describe(), expected=[f"{status} for {operation.id}"], exchange=answer)
    return True
