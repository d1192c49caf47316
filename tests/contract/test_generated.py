"""Do generated requests, valid and invalid ones, get documented answers?"""

import pytest

from dtma_contract.bodies import account_id
from dtma_contract.contract import Effect, EffectLevel
from dtma_contract.judgement import NotAskedError, NotJudgedError, TargetGoneError, conforms, require
from dtma_contract.settings import Depth

# At most so many requests an operation; what makes or moves containers costs about half a second each on a real engine.
CHEAP = {Depth.STANDARD: 15, Depth.DEEP: 120}
COSTLY = {Depth.STANDARD: 5, Depth.DEEP: 30}


@pytest.fixture
def budget(settings, operation):
    if settings.depth == Depth.SMOKE:
        raise NotAskedError("nothing is generated at depth smoke")
    return (CHEAP if operation.effect == Effect.READ else COSTLY)[settings.depth]


@pytest.fixture
def generation(budget):
    """What makes the requests; importing it costs a small run a fifth of its time, and only this uses it."""
    from dtma_contract import generation  # noqa: PLC0415 - slow to import, see above

    return generation


@pytest.fixture
def shape(generation, operation, instances, identity, settings):
    """Names that exist and names that do not, for operations that act on something."""
    if operation.effect == Effect.CREATE:
        instances.require_removable()
    subjects, account = (), None
    if operation.subject is not None:
        absent = identity.name("absent")
        existing = existing_subject(operation, instances) if settings.effects > EffectLevel.READ else absent
        subjects, account = (existing, absent), account_id(existing)
    return generation.Shape(identity.namespace, f"{instances.prefix}g", settings.probe_image, subjects, account)


def existing_subject(operation, instances):
    return instances.deploy().name if operation.subject.kind == "instance" else instances.deploy_group().group


@pytest.fixture
def send(agent, operation, instances):
    """Send a generated request, and remember the refusals of the fence; what it makes is removed at once."""
    refused = []

    def send_one(request):
        try:
            body = {"content": request.body} if isinstance(request.body, bytes) else {"json": request.body}
            arguments = body if operation.request_schema is not None else {}
            return agent.call(operation, *request.names, query=request.query, **arguments)
        except TargetGoneError:
            raise
        except NotJudgedError as problem:
            refused.append(problem.reason)
            return None

    send_one.refused = refused
    return send_one


@pytest.mark.aspect("generated-valid")
def test_valid_requests_get_documented_answers(
    agent, contract, operation, generation, shape, send, budget, random_source
):
    judged = []

    def judge(request):
        answer = send(request)
        if answer is None:
            return
        judged.append(answer)
        undo(agent, contract, operation, request, answer)
        # A deploy may fail for the engine's reasons, and that is documented; nothing else has a reason to.
        allowed = {500, 502} if operation.effect == Effect.CREATE else set()
        problems = conforms(operation, answer)
        require(
            not problems and (answer.status < 500 or answer.status in allowed),
            "; ".join([answer.describe(), *problems[:3]]),
            expected=["a documented answer to a valid request, with its schema"],
            exchange=answer,
            cause="response-drift" if problems and answer.status < 300 else None,
        )

    seed = random_source.getrandbits(32)
    generation.generate(operation, shape, judge, valid=True, seed=seed, examples=budget)
    if not judged:
        raise NotJudgedError(f"no request was sent: {'; '.join(send.refused[:1]) or 'none could be generated'}")


@pytest.mark.aspect("generated-invalid")
def test_invalid_requests_are_refused(
    agent, contract, operation, generation, shape, send, budget, random_source, instances
):
    judged = []
    before = instances.own() if operation.effect == Effect.CREATE else {}

    def judge(request):
        answer = send(request)
        if answer is None:
            return
        judged.append(answer)
        undo(agent, contract, operation, request, answer)
        problems = conforms(operation, answer)
        require(
            answer.status in operation.refusals and not problems,
            "; ".join([answer.describe(), *problems[:3]]),
            expected=[f"{status} as documented for {operation.id}" for status in sorted(operation.refusals - {401})],
            exchange=answer,
        )

    seed = random_source.getrandbits(32)
    generation.generate(operation, shape, judge, valid=False, seed=seed, examples=budget)
    if not judged:
        raise NotJudgedError(f"no request was sent: {'; '.join(send.refused[:1]) or 'none could be generated'}")
    if operation.effect == Effect.CREATE:
        after = instances.own()
        require(after == before, f"listed before: {before}, after: {after}", expected=["no change"])


def undo(agent, contract, operation, request, answer):
    """Remove what a generated request made, so that a host holds only one of them at a time."""
    if operation.effect != Effect.CREATE or answer.status >= 300 or not isinstance(request.body, dict):
        return
    if operation.creates == "group":
        agent.call(contract.operation("mcp.groups.remove"), str(request.body.get("groupId")))
    else:
        agent.call(contract.operation("core.tools.delete"), str(request.body.get("instanceNameOnToolbox")))
