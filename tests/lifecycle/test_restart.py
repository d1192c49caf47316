"""Does the agent know its instances after it was restarted?"""

import threading

import pytest

from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError, require, require_succeeded

# So many deploy side by side while the agent goes away.
CALLERS = 3
# A restart that never comes must not go on making instances.
MOST_ROUNDS = 40


@pytest.mark.clause("lifecycle/restart-keeps-instances")
def test_instances_outlive_a_restart_of_the_agent(agent, contract, instances, restarts, clause):
    deploy, start, stop, delete = (
        contract.operation(f"core.tools.{verb}") for verb in ("deploy", "start", "stop", "delete")
    )
    running, stopped = instances.deploy(), instances.deploy()
    require_succeeded(stop, agent.call(stop, stopped.name))
    before = {entry.name: entry for entry in instances.listed()}
    proof = restarts.restart()

    after = {entry.name: entry for entry in instances.listed()}
    for instance in (running, stopped):
        entry = after.get(instance.name)
        if entry is None:
            restarts.note_lost()
            raise ClauseViolatedError(
                f"{instance.name} is listed no more after a restart ({proof})",
                expected=[f"{instance.name} listed as {before[instance.name].status}"],
                exchange=instance.exchange,
                cause="state-lost",
            )
        for member in ("container_id", "account_tool_instance_id", "status"):
            was, now = (listing[instance.name].entry.get(member) for listing in (before, after))
            require(
                was == now,
                f"{member} of {instance.name} is {now!r} after a restart ({proof}), and was {was!r}",
                expected=[f"{member} {was!r}"],
                exchange=instance.exchange,
            )
    for operation, name, state in ((stop, running.name, "exited"), (start, stopped.name, "running")):
        answer = agent.call(operation, name)
        if answer.status == 404:
            restarts.note_lost()
        require_succeeded_after_restart(operation, answer)
        instances.require_state(name, state, after=f"a restart and {operation.id}", exchange=answer)
    for instance in (running, stopped):
        answer = agent.call(delete, instance.name)
        require_succeeded_after_restart(delete, answer)
        instances.require_gone(instance.name, after="a restart and delete", exchange=answer)
    again = instances.send_deploy(running.name)
    require_succeeded(deploy, again)


def require_succeeded_after_restart(operation, answer):
    """What answers 404 was forgotten; any other failure has another cause."""
    require(
        answer.status == operation.success,
        f"after a restart, {operation.method} {answer.target} is {answer.describe()}",
        expected=[f"{operation.success}"],
        exchange=answer,
        cause="state-lost" if answer.status == 404 else None,
    )


@pytest.mark.clause("lifecycle/deploy-at-restart-is-whole-or-absent")
def test_a_deploy_at_a_restart_is_whole_or_absent(agent, contract, operation, instances, restarts, clause):
    restarts.require_kept()
    instances.require_removable()
    delete, start = contract.operation("core.tools.delete"), contract.operation("core.tools.start")
    sent = []

    def deploy_until_it_goes():
        callers = [
            threading.Thread(target=keep_deploying, args=(agent, instances, delete, sent)) for _ in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    restarts.restart(deploy_until_it_goes)

    if not sent:
        raise NotJudgedError("no deploy was under way when the agent went away")
    listed = {entry.name: entry.status for entry in instances.listed()}
    for name in sent:
        if name in listed:
            require_whole(agent, instances, start, delete, name, listed[name])
        else:
            require_absent(agent, operation, instances, start, delete, name)


def keep_deploying(agent, instances, delete, sent):
    """Deploy and delete until the agent is gone, and note every name that reached it."""
    for _ in range(MOST_ROUNDS):
        name = instances.fresh_name()
        try:
            instances.send_deploy(name)
            sent.append(name)
            agent.call(delete, name)
        except TargetGoneError as gone:
            # What was refused outright was never under way.
            if not gone.reason.startswith("connection-refused") and name not in sent:
                sent.append(name)
            return
        except ClauseViolatedError:
            # It broke off its answer.
            if name not in sent:
                sent.append(name)
            return


def require_whole(agent, instances, start, delete, name, state):
    """It runs, or runs after a start, and can be removed."""
    started = agent.call(start, name)
    require(
        started.status == start.success,
        f"a deploy that a restart cut off is listed as {state}, and start of it is {started.describe()}",
        expected=["a container that runs, or nothing of that name"],
        exchange=started,
    )
    instances.require_state(name, "running", after="a restart and start", exchange=started)
    deleted = agent.call(delete, name)
    require_succeeded(delete, deleted)
    instances.require_gone(name, after="a restart and delete", exchange=deleted)


def require_absent(agent, deploy, instances, start, delete, name):
    """Nobody knows it, and its name is free."""
    started = agent.call(start, name)
    require(
        started.status == 404,
        f"a deploy that a restart cut off is not listed, and start of it is {started.describe()}",
        expected=["404, as for what was never deployed"],
        exchange=started,
    )
    again = instances.send_deploy(name)
    require(
        again.status == deploy.success,
        f"a deploy that a restart cut off is not listed, and its name cannot be deployed: {again.describe()}",
        expected=[f"{deploy.success}: the name is free"],
        exchange=again,
        cause="state-lost",
    )
    require_succeeded(delete, agent.call(delete, name))
