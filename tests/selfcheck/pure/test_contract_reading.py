"""A document that is no contract is one message with a hint, never a traceback."""

from __future__ import annotations

import copy

import pytest
import yaml
from pure.shipped_contract import CONTRACT

from dtma_contract.contract import Contract, Effect, EffectLevel
from dtma_contract.errors import UsageError
from dtma_contract.shipped import load_contract

DOCUMENT = CONTRACT.document
START = ("paths", "/tools/{instanceNameOnToolbox}/start", "post")
DEPLOY = ("paths", "/tools", "post")


def changed(path, value=...):
    """Return the shipped document with one member replaced, or gone."""
    document = copy.deepcopy(DOCUMENT)
    node = document
    for key in path[:-1]:
        node = node[key]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


BAD = {
    "nothing": None,
    "text": "text",
    "list": [],
    "empty": {},
    "swagger": {"swagger": "2.0", "paths": {}},
    "openapi 3.0": changed(("openapi",), "3.0.3"),
    "no paths": {"openapi": "3.1.0"},
    "empty paths": {"openapi": "3.1.0", "paths": {}},
    "paths null": changed(("paths",), None),
    "paths a list": changed(("paths",), []),
    "path null": changed(("paths", "/tools"), None),
    "path a text": changed(("paths", "/tools"), "get"),
    "operation null": changed(START, None),
    "operation a text": changed(START, "text"),
    "operation a list": changed(START, []),
    "no operationId": changed((*START, "operationId")),
    "operationId a number": changed((*START, "operationId"), 7),
    "operationId a list": changed((*START, "operationId"), ["a"]),
    "operationId twice": changed((*START, "operationId"), "core.tools.stop"),
    "no profile": changed((*START, "x-dtma-profile")),
    "no effect": changed((*START, "x-dtma-effect")),
    "effect unknown": changed((*START, "x-dtma-effect"), "explode"),
    "subject a text": changed((*START, "x-dtma-subject"), "instance"),
    "subject without a parameter": changed((*START, "x-dtma-subject"), {"kind": "instance"}),
    "subject of another parameter": changed((*START, "x-dtma-subject", "parameter"), "other"),
    "no responses": changed((*START, "responses")),
    "responses a list": changed((*START, "responses"), []),
    "responses default": changed((*START, "responses"), {"default": {"description": "any"}}),
    "no success": changed((*START, "responses", "200")),
    "response points nowhere": changed((*START, "responses", "404"), {"$ref": "#/components/responses/Nowhere"}),
    "response points to itself": changed(
        (*START, "responses", "404"), {"$ref": "#/paths/~1tools~1{instanceNameOnToolbox}~1start/post/responses/404"}
    ),
    "body points nowhere": changed((*DEPLOY, "requestBody"), {"$ref": "#/components/requestBodies/Nowhere"}),
    "body schema points nowhere": changed(
        (*DEPLOY, "requestBody", "content", "application/json", "schema"), {"$ref": "#/components/schemas/Nowhere"}
    ),
    "body schema a text": changed((*DEPLOY, "requestBody", "content", "application/json", "schema"), "text"),
    "response schema points nowhere": changed(
        (*DEPLOY, "responses", "201", "content", "application/json", "schema"),
        {"$ref": "#/components/schemas/Nowhere"},
    ),
    "parameters a text": changed((*START, "parameters"), "text"),
    "info null": changed(("info",), None),
}


@pytest.mark.parametrize("document", BAD.values(), ids=BAD)
def test_a_bad_document_is_one_message(document):
    """Whatever is wrong with the document is told by its name, with a hint."""
    with pytest.raises(UsageError) as caught:
        Contract.from_document(document, "mine.yaml")

    assert (caught.value.message.startswith("mine.yaml "), bool(caught.value.hint)) == (True, True)


NO_SCHEMAS = {
    "response schema invalid": changed(
        (*DEPLOY, "responses", "201", "content", "application/json", "schema"), {"type": "strnig"}
    ),
    "a pattern invalid": changed(
        (*DEPLOY, "responses", "201", "content", "application/json", "schema"), {"type": "string", "pattern": "("}
    ),
}


@pytest.mark.parametrize("document", NO_SCHEMAS.values(), ids=NO_SCHEMAS)
def test_a_schema_that_is_none_is_one_message(tmp_path, document):
    """Another contract than the one shipped is looked at down to its schemas before anything is sent."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(document), "utf-8")

    with pytest.raises(UsageError) as caught:
        load_contract(file)

    assert (f"{file} holds what is no JSON schema" in caught.value.message, bool(caught.value.hint)) == (True, True)


def test_the_schemas_of_the_shipped_contract_are_schemas():
    """It is not looked at on every start, which would take a second."""
    CONTRACT.require_schemas("the contract")


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a: [", b"a: &a [*a", b"%", b"\t", b"!!python/object:os.system {}"])
def test_a_file_that_is_no_yaml_is_one_message(tmp_path, text):
    """A file in another encoding, broken YAML and YAML with code in it are refused with a hint."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(text)

    with pytest.raises(UsageError) as caught:
        load_contract(file)

    assert (str(file) in caught.value.message, bool(caught.value.hint)) == (True, True)


@pytest.mark.parametrize("name", ["", "missing.yaml"])
def test_a_file_that_is_not_there_is_one_message(tmp_path, name):
    """A folder and a missing file are refused with a hint."""
    with pytest.raises(UsageError) as caught:
        load_contract(tmp_path / name)

    assert caught.value.hint


@pytest.mark.parametrize(
    ("effect", "level"),
    [
        (Effect.READ, EffectLevel.READ),
        (Effect.CREATE, EffectLevel.LIFECYCLE),
        (Effect.CHANGE, EffectLevel.LIFECYCLE),
        (Effect.REMOVE, EffectLevel.LIFECYCLE),
        (Effect.EXECUTE, EffectLevel.LIFECYCLE),
        (Effect.RESTART, EffectLevel.RESTART),
        (Effect.REDEPLOY, EffectLevel.RESTART),
        (Effect.SHELL, EffectLevel.RESTART),
    ],
)
def test_an_effect_needs_its_level(effect, level):
    """Reads are free; what moves instances needs lifecycle; what touches agent or host needs restart."""
    assert level == effect.level


@pytest.mark.parametrize("text", ["read", "lifecycle", "restart"])
def test_a_level_is_written_and_read(text):
    """A level survives its name."""
    assert text == str(EffectLevel.from_text(text))


def test_an_unknown_operation_is_told_with_the_closest():
    """Asking for a misspelt operation is a message."""
    with pytest.raises(UsageError) as caught:
        CONTRACT.operation("core.tools.strat")

    assert caught.value.hint == 'Did you mean "core.tools.start"?'
