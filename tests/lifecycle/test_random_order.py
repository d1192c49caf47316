"""Do answers and listing follow a model in whatever order instances are deployed, started, stopped and deleted?"""

import pytest

from dtma_contract.judgement import NotAskedError, require, require_refusal, require_succeeded
from dtma_contract.settings import Depth

# (examples, steps): a step is a few requests; with a real engine a deploy takes about half a second.
BUDGET = {Depth.STANDARD: (3, 12), Depth.DEEP: (15, 30)}


@pytest.mark.clause("lifecycle/random-order")
def test_random_order_follows_the_model(  # noqa: C901 - the rules of one model
    agent, contract, instances, settings, random_source, clause
):
    if settings.depth not in BUDGET:
        raise NotAskedError("nothing is generated at depth smoke")
    import hypothesis  # noqa: PLC0415 - slow to import, and most small runs do not come here
    from hypothesis import stateful  # noqa: PLC0415 - same

    rule = stateful.rule
    examples, steps = BUDGET[settings.depth]
    deploy, delete, start, stop = (
        contract.operation(f"core.tools.{verb}") for verb in ("deploy", "delete", "start", "stop")
    )
    # Without one that works there is nothing to order.
    instances.deploy()

    class Model(stateful.RuleBasedStateMachine):
        names = stateful.Bundle("names")

        def __init__(self):
            super().__init__()
            self.state, self.seen = {}, set()

        @rule(target=names)
        def deploy_new(self):
            name = instances.fresh_name()
            self.seen.add(name)
            require_succeeded(deploy, instances.send_deploy(name))
            self.state[name] = "running"
            return name

        @rule(name=names)
        def deploy_again(self, name):
            answer = instances.send_deploy(name)
            if name in self.state:
                require_refusal(deploy, answer, 409)
            else:
                require_succeeded(deploy, answer)
                self.state[name] = "running"

        @rule(name=names, verb=hypothesis.strategies.sampled_from([(start, "running"), (stop, "exited")]))
        def start_or_stop(self, name, verb):
            operation, state = verb
            answer = agent.call(operation, name)
            if name in self.state:
                require_succeeded(operation, answer)
                self.state[name] = state
            else:
                require_refusal(operation, answer, 404)

        @rule(name=names)
        def delete_and_keep_asking(self, name):
            self.remove(name)

        @rule(name=stateful.consumes(names))
        def delete_and_forget(self, name):
            self.remove(name)

        def remove(self, name):
            answer = agent.call(delete, name)
            if self.state.pop(name, None) is None:
                require_refusal(delete, answer, 404)
            else:
                require_succeeded(delete, answer)

        @stateful.invariant()
        def listing_follows(self):
            listed = {entry.name: entry.status for entry in instances.listed()}
            for name, state in self.state.items():
                seen = listed.get(name, "not listed")
                require(seen == state, f"{name} is {seen}", expected=[f"{name} to be {state}"])
            gone = [name for name in self.seen if name in listed and name not in self.state]
            require(not gone, f"{gone} are listed", expected=["no instance listed that was deleted"])

        def teardown(self):
            for name in list(self.state):
                agent.call(delete, name)

    stateful.run_state_machine_as_test(
        hypothesis.seed(random_source.getrandbits(32))(Model),
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=False,
        ),
    )
