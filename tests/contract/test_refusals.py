"""Is what is wrong refused with the documented error, and does it change nothing?"""

import pytest

from dtma_contract.bodies import UNRESOLVABLE_IMAGE, valid_body
from dtma_contract.contract import Effect
from dtma_contract.judgement import ClauseViolatedError, require, require_refusal

MALFORMED_JSON = (b"{", b'{"a":', b"not json", b'{"a" "b"}', b"{,}")
NON_OBJECTS = (None, [], "text", 7, True)

# Values that no field of the contract accepts, by the type that the field has.
WRONG_VALUES = {
    "string": (None, 7, True, [], {}, ""),
    "array": (None, 7, True, "text", {}),
    "object": (None, 7, True, "text", []),
}


@pytest.mark.aspect("unknown-instance-is-404")
def test_an_unknown_instance_is_the_documented_404(ask, operation):
    require_refusal(operation, ask(), 404, cause=None)


@pytest.mark.aspect("unknown-group-is-404")
def test_an_unknown_group_is_the_documented_404(ask, operation):
    require_refusal(operation, ask(), 404, cause=None)


def bad_or_unknown(operation):
    """The body is wrong, and the name is unknown: the contract does not say which one is looked at first."""
    return (400,) if operation.subject is None else (400, 404)


@pytest.mark.aspect("malformed-json-is-400")
def test_a_body_that_is_no_json_is_refused(ask, operation):
    for content in MALFORMED_JSON:
        require_refusal(operation, ask(content=content), *bad_or_unknown(operation))


@pytest.mark.aspect("non-object-body-is-400")
def test_a_body_that_is_no_object_is_refused(ask, operation):
    for value in NON_OBJECTS:
        require_refusal(operation, ask(json=value), *bad_or_unknown(operation))


@pytest.fixture
def target_of_fields(operation, instances, settings):
    """Names for the path, and a complete body that makes nothing: its image cannot be pulled."""
    if operation.subject is not None:
        name = instances.deploy().name
        return [name], valid_body(operation, name, settings.probe_image)
    return [], valid_body(operation, instances.fresh_name(), UNRESOLVABLE_IMAGE)


@pytest.fixture
def nothing_changes(instances, operation):
    """What is listed of the run before and after is the same."""
    before = instances.own() if operation.effect != Effect.READ else None
    yield
    if before is not None:
        after = instances.own()
        require(before == after, f"listed before: {before}, after: {after}", expected=["no change"])


@pytest.mark.aspect("missing-field-is-400")
def test_a_missing_field_is_refused(agent, operation, target_of_fields, nothing_changes):
    names, body = target_of_fields
    for field in operation.required_fields:
        lacking = {key: value for key, value in body.items() if key != field}
        require_refusal(operation, agent.call(operation, *names, json=lacking), 400)


@pytest.mark.aspect("malformed-field-is-400")
def test_a_malformed_field_is_refused(agent, contract, operation, target_of_fields, nothing_changes):
    names, body = target_of_fields
    properties = contract.resolve(operation.request_schema)["properties"]
    for field in operation.required_fields:
        kind = contract.resolve(properties[field]).get("type", "string")
        for value in WRONG_VALUES[kind]:
            require_refusal(operation, agent.call(operation, *names, json=body | {field: value}), 400)


@pytest.mark.clause("core.tools.deploy/stub-is-told")
def test_a_deploy_that_cannot_work_is_not_accepted(agent, operation, identity, clause):
    body = valid_body(operation, identity.name("stub"), UNRESOLVABLE_IMAGE)
    answer = agent.call(operation, json=body)

    require(
        answer.status >= 400,
        f"a deploy of an image that cannot resolve is accepted: {answer.describe()}",
        expected=["500 or 502 as documented for core.tools.deploy"],
        exchange=answer,
        cause="stub-deployment",
    )
    require_refusal(operation, answer, 500, 502)


@pytest.mark.clause("core.status/no-secret-values")
def test_no_answer_carries_a_secret(agent, contract, survey, identity, clause):
    reads = [
        operation
        for operation in contract.operations
        if operation.effect == Effect.READ
        and operation.method == "GET"
        and "{" not in operation.path
        and survey.states[operation.id] == "mounted"
    ]
    tools, start, deploy = (contract.operation(f"core.tools.{verb}") for verb in ("list", "start", "deploy"))
    asked = [
        *(lambda operation=operation: agent.call(operation) for operation in reads),
        lambda: agent.call(tools, auth=None),
        lambda: agent.call(tools, auth=f"Bearer {identity.name('wrong')}"),
        lambda: agent.call(start, identity.name("absent")),
        lambda: agent.call(deploy, json={}),
        lambda: agent.send("GET", f"/{identity.name('nowhere')}"),
    ]
    for ask in asked:
        try:
            answer = ask()
        except ClauseViolatedError:
            # An answer that breaks off is the finding of its own operation.
            continue
        require(
            not answer.leaks,
            f"{answer.method} {answer.target} answered with a secret ({', '.join(answer.leaks)})",
            expected=["no value of a secret in any answer"],
            exchange=answer,
        )
