"""Each way in which registry and engine can differ has one outcome; a second look finds nothing more to do."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry.rows import REGISTRY, a_container, a_row

from dtma_reference.engines.protocol import Container
from dtma_reference.registry.reconciliation import Kind, judge
from dtma_reference.registry.records import REGISTRY_LABEL, ROW_LABEL, ManagedInstance, Status

WEB = a_row()
OTHER_ID = "0" * 64


def row(status, **changes):
    return dataclasses.replace(a_row(status=status, **changes), status=status)


CASES = {
    "nothing to do": ([WEB], [a_container(WEB)], []),
    "deployment interrupted before a container": (
        [row(Status.DEPLOYING, container_id=None)], [], [(Kind.DISCARD, "rolled-back")],
    ),
    "deployment interrupted before its start": (
        [row(Status.DEPLOYING, container_id=None)], [a_container(WEB, "created")], [(Kind.DISCARD, "rolled-back")],
    ),
    "deployment interrupted after its start": (
        [row(Status.DEPLOYING, container_id=None)], [a_container(WEB)], [(Kind.CHANGE, "completed")],
    ),
    "deletion interrupted before": ([row(Status.DELETING)], [a_container(WEB)], [(Kind.DISCARD, "completed")]),
    "deletion interrupted after": ([row(Status.DELETING)], [], [(Kind.DISCARD, "completed")]),
    "start interrupted": ([row(Status.STARTING)], [a_container(WEB, "exited")], [(Kind.CHANGE, "interrupted")]),
    "stop interrupted": ([row(Status.STOPPING)], [a_container(WEB)], [(Kind.CHANGE, "interrupted")]),
    "stop interrupted, container gone": ([row(Status.STOPPING)], [], [(Kind.CHANGE, "gone")]),
    "restart interrupted while down": (
        [row(Status.RESTARTING)], [a_container(WEB, "exited")], [(Kind.START, "completed")],
    ),
    "restart interrupted while up": ([row(Status.RESTARTING)], [a_container(WEB)], [(Kind.CHANGE, "interrupted")]),
    "recorded but gone": ([WEB], [], [(Kind.CHANGE, "gone")]),
    "gone and back": ([row(Status.GONE)], [a_container(WEB)], [(Kind.CHANGE, "returned")]),
    "gone, back, and another has the name": (
        [row(Status.GONE), a_row(row_id="another", container_id=OTHER_ID)],
        [a_container(WEB), a_container(a_row(container_id=OTHER_ID), labelled=False)], [],
    ),
    "stopped by hand": ([WEB], [a_container(WEB, "exited")], [(Kind.CHANGE, "stopped-by-hand")]),
    "started by hand": ([row(Status.STOPPED)], [a_container(WEB)], [(Kind.CHANGE, "running-by-hand")]),
    "paused by hand": ([WEB], [a_container(WEB, "paused")], [(Kind.CHANGE, "state-changed")]),
    "renamed": ([WEB], [a_container(WEB, name="web-old")], [(Kind.CHANGE, "renamed")]),
    "same name, another container": (
        [WEB], [a_container(WEB, labelled=False, id=OTHER_ID)], [(Kind.CHANGE, "gone")],
    ),
    "made anew with the same labels": ([WEB], [a_container(WEB, id=OTHER_ID)], [(Kind.CHANGE, "made-anew")]),
    "a copy of its labels beside it": ([WEB], [a_container(WEB, id=OTHER_ID, name="copy"), a_container(WEB)], []),
    "created but not recorded": ([], [a_container(WEB, "created")], [(Kind.REMOVE, "orphan-removed")]),
    "running but not recorded": ([], [a_container(WEB)], [(Kind.RECORD, "recorded")]),
    "stopped but not recorded": ([], [a_container(WEB, "exited")], [(Kind.RECORD, "recorded")]),
    "not recorded, and its name is another's": (
        [a_row(row_id="another", container_id=None, status=Status.STOPPED)],
        [a_container(WEB)], [(Kind.CHANGE, "gone")],
    ),
    "another registry's": (
        [], [a_container(WEB, labels={REGISTRY_LABEL: "another", ROW_LABEL: WEB.row_id})], [],
    ),
    "nobody's": ([], [a_container(WEB, labelled=False)], []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_outcome(case):
    """The action, and its word in the audit trail."""
    rows, containers, expected = CASES[case]

    assert [(action.kind, action.outcome) for action in judge(rows, containers, REGISTRY)] == expected


def test_who_began_what_was_interrupted_is_told():
    """The audit trail names whose operation it was that reconciliation ended."""
    (action,) = judge([row(Status.DELETING)], [], REGISTRY)

    assert action.detail == "begun by SOMEBODY"


def test_another_container_under_the_name_is_told():
    """A row whose container is gone says that somebody else has its name."""
    (action,) = judge([WEB], [a_container(WEB, labelled=False, id=OTHER_ID)], REGISTRY)

    assert (action.after.status, action.detail) == (Status.GONE, "another container has its name")


def test_what_gives_ports_back_comes_first():
    """A container that was started by hand may have the port of one that was stopped by hand."""
    first, second = a_row("first", status=Status.STOPPED, docker_status="exited"), a_row("second")
    actions = judge([first, second], [a_container(first), a_container(second, "exited")], REGISTRY)

    assert [action.before.name for action in actions] == ["second", "first"]


NAMES = ["one", "two", "three"]
STATES = st.sampled_from(["created", "running", "paused", "restarting", "removing", "exited", "dead"])


@st.composite
def worlds(draw):
    """Rows and containers, related in any way."""
    rows: dict[str, ManagedInstance] = {}
    for index in range(draw(st.integers(0, 4))):
        status = draw(st.sampled_from(list(Status)))
        held = {each.name for each in rows.values() if each.status is not Status.GONE}
        free = [name for name in NAMES if name not in held]
        if not free and status is not Status.GONE:
            continue
        name = draw(st.sampled_from(NAMES if status is Status.GONE else free))
        row_id = f"00000000-0000-0000-0000-00000000000{index}"
        container_id = draw(st.sampled_from([None, f"c{index}"])) if status is Status.DEPLOYING else f"c{index}"
        docker = draw(STATES)
        rows[row_id] = a_row(name, row_id=row_id, status=status, container_id=container_id, docker_status=docker)
    containers = []
    for index in range(draw(st.integers(0, 5))):
        label = draw(st.sampled_from([None, *(f"00000000-0000-0000-0000-00000000000{number}" for number in range(6))]))
        registry = draw(st.sampled_from([REGISTRY, REGISTRY, "another"]))
        labels = {} if label is None else {REGISTRY_LABEL: registry, ROW_LABEL: label}
        containers.append(
            Container(f"c{index}", f"{draw(st.sampled_from(NAMES))}{index}", "i", draw(STATES), 1, (), labels)
        )
    return list(rows.values()), containers


def carried_out(rows, containers, actions):
    """Return the world after the actions."""
    kept, there = {each.row_id: each for each in rows}, {each.id: each for each in containers}
    for action in actions:
        match action.kind:
            case Kind.CHANGE | Kind.RECORD:
                kept[action.after.row_id] = action.after
            case Kind.DISCARD:
                del kept[action.before.row_id]
                if action.container is not None:
                    del there[action.container.id]
            case Kind.REMOVE:
                del there[action.container.id]
            case Kind.START:
                started = dataclasses.replace(there[action.container.id], status="running")
                there[started.id] = started
                kept[action.before.row_id] = dataclasses.replace(
                    action.before, status=Status.RUNNING, intent=None, docker_status="running", container_id=started.id,
                    engine_name=started.name,
                )  # fmt: skip
    return list(kept.values()), list(there.values())


@given(worlds())
def test_reconciliation_comes_to_an_end(world):
    """After at most three looks there is nothing left to do, and nothing is under way."""
    rows, containers = world
    for _ in range(3):
        rows, containers = carried_out(rows, containers, judge(rows, containers, REGISTRY))

    assert judge(rows, containers, REGISTRY) == ()
    assert all(each.status.is_settled and each.intent is None for each in rows)


@given(worlds())
def test_no_container_is_touched_that_is_not_ours(world):
    """What is removed or started bears our labels, or is the container that a row names."""
    rows, containers = world
    named = {each.container_id for each in rows}

    for action in judge(rows, containers, REGISTRY):
        if action.kind in {Kind.DISCARD, Kind.REMOVE, Kind.START} and action.container is not None:
            ours = action.container.labels.get(REGISTRY_LABEL) == REGISTRY
            assert ours or action.container.id in named


@given(worlds(), st.data())
def test_what_somebody_is_busy_with_is_left_to_them(world, data):
    """No action is about a busy row, and no container of one is removed."""
    rows, containers = world
    busy = data.draw(st.sets(st.sampled_from([each.row_id for each in rows]))) if rows else set()

    for action in judge(rows, containers, REGISTRY, busy):
        assert action.before is None or action.before.row_id not in busy
        if action.kind is Kind.REMOVE:
            assert action.container.labels[ROW_LABEL] not in busy


@given(worlds())
def test_each_row_and_each_container_has_one_action_at_most(world):
    """Nothing is done twice."""
    actions = judge(*world, REGISTRY)
    rows = [action.before.row_id for action in actions if action.before]
    containers = [action.container.id for action in actions if action.container]

    assert len(rows) == len(set(rows))
    assert len(containers) == len(set(containers))
