"""Rows are kept as given, each name and host port has one holder, and nobody overwrites another's change."""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from neighbours.processes import wait_until
from registry.rows import a_row, binding

from dtma_reference.registry import server_lock
from dtma_reference.registry.presence import AgentRunningError, FileLock
from dtma_reference.registry.records import Entry, Intent, Status
from dtma_reference.registry.store import NameHeldError, PortHeldError, RowChangedError

PORTS = (binding(8080), binding(8443, "127.0.0.1"))
ROW = a_row(port_bindings=PORTS, group_id="team", adopted=True)
ENTRY = Entry("DTMA_BEARER_TOKEN", "deploy", "done", "a few words")


def another(name="other", **changes):
    return a_row(name, container_id="b" * 64, **changes)


def test_a_row_comes_back_as_it_was_given(store):
    """By name, by id and in the list; the backend's id is in the letters that were sent."""
    kept = store.insert(ROW, ("A=1",), ENTRY)

    assert kept == ROW
    assert [store.get("web"), store.row(ROW.row_id), *store.all()] == [ROW] * 3
    assert store.get("another") is None


def test_rows_are_listed_in_the_order_of_their_making(store):
    """Whatever their names are."""
    names = ["cc", "aa", "bb"]
    for name in names:
        store.insert(a_row(name))

    assert [row.name for row in store.all()] == names


def test_a_change_is_written_and_told(store):
    """The version grows; the audit trail has before and after, the actor and the words."""
    store.insert(ROW)
    stopped = dataclasses.replace(ROW, status=Status.STOPPED, docker_status="exited")

    changed = store.change(ROW, stopped, ENTRY)

    assert changed == store.get("web") == dataclasses.replace(stopped, version=1)
    (line,) = store.history()
    assert (line.entry, line.name, line.row_id) == (ENTRY, "web", ROW.row_id)
    assert (line.before["status"], line.after["status"]) == ("running", "stopped")
    assert line.at.tzinfo is not None


def test_an_intent_is_kept_with_its_owner(store):
    """Another process can ask whose it is."""
    begun = dataclasses.replace(ROW, status=Status.STOPPING, intent=Intent("token", 2**31 - 1, "SOMEBODY"))
    store.insert(ROW)
    store.change(ROW, begun)

    assert store.get("web").intent == begun.intent


def test_whoever_is_late_changes_nothing(store):
    """A change of a row that is another by now is refused, and so is its removal; the audit trail has no line of it."""
    store.insert(ROW)
    store.change(ROW, dataclasses.replace(ROW, status=Status.STOPPED))
    before = store.all()

    for after in (dataclasses.replace(ROW, docker_status="late"), None):
        with pytest.raises(RowChangedError):
            store.change(ROW, after, ENTRY)
    assert store.all() == before
    assert store.history() == ()


def test_of_many_changes_of_one_row_at_once_one_is_made(store):
    """Whichever is first."""
    store.insert(ROW)

    def change(number):
        try:
            store.change(ROW, dataclasses.replace(ROW, docker_status=f"state-{number}"))
        except RowChangedError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(change, range(24))) == 1


def test_a_name_has_one_holder(store):
    """Whatever the backend's row is; the refusal says who has it."""
    store.insert(ROW)

    with pytest.raises(NameHeldError) as refused:
        store.insert(another("web", row_id="00000000-0000-0000-0000-000000000001", account_tool_instance_id=None))
    assert refused.value.holder == ROW


@pytest.mark.parametrize(
    ("wanted", "free"),
    [
        (binding(8080), False),
        (binding(8080, "127.0.0.1"), False),
        (binding(8080, protocol="udp"), True),
        (binding(8443), False),
        (binding(8443, "127.0.0.1"), False),
        (binding(8443, "10.0.0.1"), True),
        (binding(8081), True),
        (binding(0), True),
    ],
)
def test_a_host_port_has_one_holder(store, wanted, free):
    """An address that stands for all overlaps with each."""
    store.insert(ROW)
    row = another(port_bindings=(wanted,))

    if free:
        assert store.insert(row) == row
    else:
        with pytest.raises(PortHeldError) as refused:
            store.insert(row)
        assert (refused.value.holder, refused.value.port) == (ROW, wanted.host_port)
        assert store.get("other") is None


def test_a_stopped_instance_holds_no_port_and_takes_it_back_when_it_starts(store):
    """As with Docker; while another has it, it cannot."""
    stopped = dataclasses.replace(ROW, status=Status.STOPPED)
    store.insert(stopped)
    second = store.insert(another(port_bindings=(binding(8080),)))
    starting = dataclasses.replace(stopped, status=Status.STARTING, intent=Intent("t", 1, "a"))

    with pytest.raises(PortHeldError):
        store.change(stopped, starting)
    store.change(second, None)
    store.change(stopped, starting)
    with pytest.raises(PortHeldError):
        store.insert(another(port_bindings=(binding(8080),)))


@pytest.mark.parametrize("account", ["the same", None])
def test_what_is_gone_holds_neither_name_nor_port(store, account):
    """It can be deployed again, by the same backend's row or by another, and is remembered by its id."""
    store.insert(ROW)
    gone = store.change(ROW, dataclasses.replace(ROW, status=Status.GONE))
    assert store.get("web") is None

    changes = {} if account else {"account_tool_instance_id": None}
    again = store.insert(another("web", row_id="00000000-0000-0000-0000-000000000001", port_bindings=PORTS, **changes))

    assert store.get("web") == again
    if account is None:
        assert store.row(ROW.row_id) == gone
        with pytest.raises(NameHeldError):
            store.change(gone, dataclasses.replace(gone, status=Status.RUNNING))


def test_the_audit_trail_is_read_by_name_and_from_its_end(store):
    """Oldest first."""
    for number in range(5):
        row = store.insert(
            a_row(f"tool-{number % 2}", row_id=f"00000000-0000-0000-0000-00000000000{number}"), (), ENTRY
        )
        store.change(row, None, dataclasses.replace(ENTRY, operation="delete"))

    assert [line.name for line in store.history("tool-1")] == ["tool-1"] * 4
    assert [(line.name, line.entry.operation) for line in store.history(limit=2)] == [
        ("tool-0", "deploy"),
        ("tool-0", "delete"),
    ]
    assert store.history(limit=1)[0].after is None


def test_rows_are_there_when_the_registry_is_opened_again(database_url, opened):
    """With the registry's own identity."""
    first = opened(database_url)
    first.insert(ROW, (), ENTRY)
    seen = (first.identity, first.all(), first.history())
    first.close()

    again = opened(database_url)

    assert (again.identity, again.all(), again.history()) == seen


def test_a_file_has_one_agent_at_a_time(tmp_path):
    """The next one is refused until the first is gone, and knows then that nobody acts on what that one began."""
    path = str(tmp_path / "registry.db")
    first = FileLock(path)

    with pytest.raises(AgentRunningError, match=r"registry\.db"):
        FileLock(path)
    assert first.is_alive(first.owner)
    first.close()
    second = FileLock(path)
    assert (second.is_alive(first.owner), second.is_alive(second.owner)) == (False, True)
    second.close()


@pytest.mark.parametrize(
    ("what", "told"), [("link", "a second name"), ("folder", "it is a folder"), ("pipe", "no file")]
)
def test_what_cannot_have_one_lock_is_no_registry(tmp_path, what, told):
    """A file with two names has a lock and a journal beside each; it is refused under both."""
    path = tmp_path / "registry.db"
    if what == "link":
        path.touch()
        (tmp_path / "other.db").hardlink_to(path)
    elif what == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)

    names = [path, tmp_path / "other.db"] if what == "link" else [path]

    for name in names:
        with pytest.raises(OSError, match=told):
            FileLock(str(name))


def test_a_lock_that_the_server_dropped_is_noticed_before_it_is_relied_on(postgres, opened, monkeypatch):
    """The session of an idle agent is ended: its next intent bears a number that is locked again."""
    monkeypatch.setattr(server_lock, "_SURE", 0.0)
    url = postgres.database()
    one, two = opened(url), opened(url)
    before = one.owner
    with two._database.reading() as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid, 30000) FROM pg_locks WHERE objid = :owner"), {"owner": before}
        )

    after = one.owner

    assert after != before
    assert two.is_alive(after)


def test_the_owner_of_an_intent_is_alive_as_long_as_its_process(postgres, opened):
    """Two agents see each other on one server; one that is gone is known to be."""
    url = postgres.database()
    one, two = opened(url), opened(url)
    owner = one.owner

    assert two.is_alive(owner)
    assert one.owner != two.owner
    one.close()
    wait_until(lambda: not two.is_alive(owner), "the server's notice", seconds=5)
