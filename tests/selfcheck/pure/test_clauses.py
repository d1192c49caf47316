"""Each aspect applies where it should, and selectors name what they seem to."""

from __future__ import annotations

import copy

import pytest
from pure.shipped_contract import BY_ID, CLAUSES, CONTRACT

from dtma_contract.clauses import aspect_of, clauses_of, select
from dtma_contract.contract import EffectLevel
from dtma_contract.errors import UsageError
from dtma_contract.shipped import contract_path, load_yaml
from dtma_contract.verdict import Level

READ, LIFECYCLE, RESTART = EffectLevel
DOCUMENT = load_yaml(contract_path().parent / "dtma.clauses.yaml", "The list of clauses")

PUBLIC = {"mounted", "success", "generated-valid"}
SECURED = PUBLIC | {"requires-token", "rejects-wrong-token", "rejects-near-token", "rejects-malformed-header"}
INSTANCE = SECURED | {"unknown-instance-is-404"}
GROUP = SECURED | {"unknown-group-is-404"}
BODY = {"malformed-json-is-400", "non-object-body-is-400", "generated-invalid"}
FIELDS = BODY | {"missing-field-is-400", "malformed-field-is-400"}
ONCE = {"generated-valid"}

# By operation: its aspects, and the level that its success needs.
OPERATIONS = {
    "core.service": (PUBLIC, READ),
    "core.health": (PUBLIC, READ),
    "core.status": (PUBLIC, READ),
    "core.tools.list": (SECURED, READ),
    "core.tools.status": (SECURED, READ),
    "core.tools.deploy": (SECURED | FIELDS, LIFECYCLE),
    "core.tools.delete": (INSTANCE, LIFECYCLE),
    "core.tools.start": (INSTANCE, LIFECYCLE),
    "core.tools.stop": (INSTANCE, LIFECYCLE),
    "execute.tools.execute": (INSTANCE | FIELDS, LIFECYCLE),
    "console.system": (SECURED, READ),
    "console.logs": (SECURED, READ),
    "console.restart": (SECURED - ONCE, RESTART),
    "console.redeploy": (SECURED - ONCE, RESTART),
    "diagnostics.docker": (SECURED, READ),
    "diagnostics.system": (SECURED, READ),
    "diagnostics.logs": (SECURED, READ),
    "ssh.execute": (SECURED | FIELDS, RESTART),
    "mcp.groups.deploy": (SECURED | FIELDS, LIFECYCLE),
    "mcp.groups.remove": (GROUP, LIFECYCLE),
    "mcp.status": (SECURED, READ),
    "mcp.servers.restart": (INSTANCE, LIFECYCLE),
    "mcp.servers.logs": (INSTANCE, READ),
    "mcp.health": (GROUP, READ),
    "mcp.credentials.refresh": (INSTANCE, LIFECYCLE),
    "mcp.templates": (SECURED, READ),
    "mcp.validate": (SECURED | FIELDS, READ),
}


def of_operation(operation):
    return {aspect_of(clause) for clause in CLAUSES if clause.id.rpartition("/")[0] == operation}


def test_the_table_has_every_operation():
    """No operation is left out below."""
    assert set(OPERATIONS) == {operation.id for operation in CONTRACT.operations}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_its_aspects(operation):
    """Public ones have no clause of the token, those without a body none of bodies, and so on."""
    scripted = {name.rpartition("/")[2] for name in DOCUMENT["clauses"] if name.startswith(f"{operation}/")}

    assert OPERATIONS[operation][0] | scripted == of_operation(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_success_needs_the_level_of_the_operation(operation):
    """To see an operation succeed is to carry it out."""
    assert OPERATIONS[operation][1] == BY_ID[f"{operation}/success"].needs


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("aspect", [name for name, aspect in DOCUMENT["aspects"].items() if "effects" in aspect])
def test_what_can_be_asked_without_effect_needs_read(operation, aspect):
    """`effects: read` holds for every operation but those that restart the agent or open a shell."""
    clause = BY_ID.get(f"{operation}/{aspect}")
    level = OPERATIONS[operation][1]

    assert clause is None or clause.needs == (RESTART if level == RESTART else READ)


@pytest.mark.parametrize(
    ("clause", "needs"),
    [
        ("core.fallback/unknown-path-is-404", READ),
        ("core.fallback/undeclared-method-is-404", READ),
        ("core.status/no-secret-values", READ),
        ("core.tools.deploy/stub-is-told", READ),
        ("core.tools.deploy/missing-field-is-400", LIFECYCLE),
        ("lifecycle/start-starts-again", LIFECYCLE),
        ("lifecycle/group-lives-and-goes", LIFECYCLE),
        ("ssh.execute/malformed-json-is-400", RESTART),
    ],
)
def test_a_clause_needs_the_highest_level_of_its_operations(clause, needs):
    """A clause that names its level has that one; another has the highest of what it speaks of."""
    assert needs == BY_ID[clause].needs


def test_ids_are_unique():
    """An id is a selector and a key of reports."""
    assert len(CLAUSES) == len(BY_ID)


def test_clauses_stand_in_the_order_of_the_documents():
    """Those of operations come first, operation by operation, then the scripted ones."""
    heads = list(dict.fromkeys(clause.id.rpartition("/")[0] for clause in CLAUSES[: -len(DOCUMENT["clauses"])]))

    assert (heads, list(DOCUMENT["clauses"])) == (
        [operation.id for operation in CONTRACT.operations],
        [clause.id for clause in CLAUSES[-len(DOCUMENT["clauses"]) :]],
    )


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_a_clause_says_what_and_why(clause):
    """Each has a text and a reason, both sentences, and its level is one of two."""
    assert (
        clause.text.endswith("."),
        clause.reason.endswith("."),
        clause.level in set(Level),
    ) == (True, True, True)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ((), set(BY_ID)),
        (("core.tools.start/mounted",), {"core.tools.start/mounted"}),
        (("core.tools.start",), {f"core.tools.start/{aspect}" for aspect in INSTANCE}),
        (("core.tools.start/",), {f"core.tools.start/{aspect}" for aspect in INSTANCE}),
        (("core.tools",), {name for name in BY_ID if name.startswith("core.tools.")}),
        (("mcp",), {name for name in BY_ID if name.startswith("mcp.")}),
        (("lifecycle",), {name for name in BY_ID if name.startswith("lifecycle/")}),
        (("core.tools.st[ao][pr]*/mounted",), {"core.tools.start/mounted", "core.tools.stop/mounted"}),
        (("*/mounted",), {name for name in BY_ID if name.endswith("/mounted")}),
        (("*",), set(BY_ID)),
        (("core.tools.sto[p]/mounted",), {"core.tools.stop/mounted"}),
        (("core.tools.st?p/mounted",), {"core.tools.stop/mounted"}),
        (("core.health/mounted", "core.status/mounted"), {"core.health/mounted", "core.status/mounted"}),
        (("core.health", "core.health/mounted"), {f"core.health/{aspect}" for aspect in PUBLIC}),
    ],
)  # fmt: skip
def test_selectors_name_clauses(selectors, expected):
    """A clause, an operation, a profile, a folder of clauses, or a pattern; several add up."""
    assert expected == {clause.id for clause in select(CLAUSES, selectors)}


def test_what_is_selected_keeps_the_order_of_the_contract():
    """The order of the selectors does not count."""
    chosen = select(CLAUSES, ["lifecycle/stop-stops", "core.status/mounted", "core.health/mounted"])

    assert [clause.id for clause in chosen] == ["core.health/mounted", "core.status/mounted", "lifecycle/stop-stops"]


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("core.tools.strat", 'Did you mean "core.tools.start"?'),
        ("core.tools.start/munted", 'Did you mean "core.tools.start/mounted"?'),
        ("core.tool", 'Did you mean "core.tools"?'),
        ("lifecyle", 'Did you mean "lifecycle"?'),
        ("mpc", 'Did you mean "mcp"?'),
        ("CORE", 'Did you mean "core"?'),
        ("zzzzz", "List them with `dtma-contract explain --list`."),
        ("", "List them with `dtma-contract explain --list`."),
        ("/", "List them with `dtma-contract explain --list`."),
        ("x*", "List them with `dtma-contract explain --list`."),
    ],
)
def test_a_selector_that_names_nothing_is_told_with_the_closest(selector, hint):
    """A misspelt selector never selects nothing in silence, nor everything."""
    with pytest.raises(UsageError) as caught:
        select(CLAUSES, [selector])

    assert (f'No clause is called "{selector}".', True) == (caught.value.message, hint in caught.value.hint)


def test_one_wrong_selector_among_right_ones_is_told():
    """Each selector has to name something."""
    with pytest.raises(UsageError, match=r"core\.tools\.strat"):
        select(CLAUSES, ["core.health", "core.tools.strat"])


def changed(change):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"aspects": {}},
        {"aspects": [], "clauses": []},
        {"aspects": {}, "clauses": None},
        changed(lambda d: d["aspects"]["mounted"].pop("text")),
        changed(lambda d: d["aspects"]["mounted"].pop("applies")),
        changed(lambda d: d["aspects"]["mounted"].update(applies="none")),
        changed(lambda d: d["aspects"]["mounted"].update(level="may")),
        changed(lambda d: d["aspects"]["mounted"].update(effects="none")),
        changed(lambda d: d["aspects"]["mounted"].update(effects=1)),
        changed(lambda d: d["aspects"].update(mounted="text")),
        changed(lambda d: d["clauses"]["lifecycle/stop-stops"].update(operations=["core.tools.stpo"])),
        changed(lambda d: d["clauses"]["lifecycle/stop-stops"].update(operations=[])),
        changed(lambda d: d["clauses"]["lifecycle/stop-stops"].pop("reason")),
        changed(lambda d: d["clauses"].update({"core.health/mounted": d["clauses"]["lifecycle/stop-stops"]})),
    ],
)
def test_a_bad_list_is_one_message(document):
    """A list that is malformed, or names what the contract does not have, is told with a hint."""
    with pytest.raises(UsageError) as caught:
        clauses_of(CONTRACT, document, "c.yaml")

    assert caught.value.hint
