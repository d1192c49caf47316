"""The ledger: nothing that a run created is lost, whatever kills the run."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from dtma_contract.errors import EngineError, UsageError
from dtma_contract.fence.decisions import Thing
from dtma_contract.ledger import Ledger, LedgerBusyError, LedgerState, RunRecord

RECORD = RunRecord("r", "dtmac-k3f9x2ab-", "http://127.0.0.1:1", "TOKEN", None, "2026-01-01T00:00:00+00:00")
A = Thing("instance", "dtmac-k3f9x2ab-a")
B = Thing("group", "dtmac-k3f9x2ab-b")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "ledger.jsonl"


def test_a_ledger_tells_after_a_crash_what_was_created(path):
    """What was noted is read again, in order, with its answers."""
    with Ledger.create(path, RECORD) as ledger:
        ledger.created([A, B])
        ledger.answered([A], 201)
        ledger.answered([B], 400)

    with Ledger.open(path) as again:
        assert again.state.record == RECORD
        assert again.state.created == {A: 201, B: 400}
        assert [again.state.may_exist(thing) for thing in (A, B)] == [True, False]


def test_only_the_owner_reads_a_ledger(path):
    """The file's mode is 0600."""
    Ledger.create(path, RECORD).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_is_taken_off(path):
    """A crash in the middle of a line loses that line only; what follows is readable again."""
    with Ledger.create(path, RECORD) as ledger:
        ledger.created([A])
    with path.open("ab") as file:
        file.write(b'{"event": "create", "kind": "inst')

    with Ledger.open(path, repair=False) as looked:
        assert looked.state.names == {A.name}
    assert path.read_bytes().endswith(b'"inst')
    with Ledger.open(path) as again:
        again.closed([])
    with Ledger.open(path) as at_last:
        assert at_last.state.left_behind == []


@pytest.mark.parametrize(
    "text",
    ["", "\n", "no json", '{"event": "create"}', '{"event": "run"}', '{"event": "run"}\nbad\n{"event": "x"}\n', "[]\n"],
)
def test_what_is_no_ledger_is_a_usage_error(path, text):
    """Other files are refused with a message."""
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(UsageError):
        Ledger.open(path)


def test_a_damaged_middle_is_told(path):
    """A line that cannot be read and is not the last is never skipped in silence."""
    Ledger.create(path, RECORD).close()
    with path.open("a") as file:
        file.write('garbage\n{"event": "create", "kind": "instance", "name": "x"}\n')

    with pytest.raises(UsageError, match="damaged"):
        Ledger.open(path)


def test_a_living_run_keeps_its_ledger(path):
    """While a run holds its ledger no one else opens it, and no second run takes its place."""
    with Ledger.create(path, RECORD):
        with pytest.raises(LedgerBusyError):
            Ledger.open(path)
        with pytest.raises(EngineError):
            Ledger.create(path, RECORD)

    Ledger.open(path).close()


def test_a_create_is_on_the_disk_before_it_is_sent(path, monkeypatch):
    """sync() reaches the disk, and is asked for by every fresh create and no other note."""
    synced = []
    with Ledger.create(path, RECORD) as ledger:
        monkeypatch.setattr(os, "fsync", synced.append)
        ledger.created([A])
        assert ledger.needs_sync
        ledger.sync()
        assert len(synced) == 1
        ledger.created([A])
        ledger.answered([A], 201)

        assert not ledger.needs_sync


def test_a_conflict_does_not_hide_a_creation(path):
    """Answers that deny a creation weigh less than one that leaves it open; 409 says that the name is taken."""
    with Ledger.create(path, RECORD) as ledger:
        for statuses, expected in (((201, 400), True), ((400, 409), True), ((504, 400), True), ((0, 401), False)):
            thing = Thing("instance", f"x{statuses}")
            ledger.created([thing])
            for status in statuses:
                ledger.answered([thing], status)

            assert ledger.state.may_exist(thing) is expected, statuses


def test_a_name_that_is_created_again_counts_again(path):
    """Gone, and created again, is there."""
    with Ledger.create(path, RECORD) as ledger:
        ledger.created([A])
        ledger.answered([A], 201)
        ledger.gone(A)
        assert not ledger.state.may_exist(A)
        ledger.created([A])

        assert ledger.state.may_exist(A)


def test_events_of_later_versions_do_not_count():
    """An older version reads a newer ledger."""
    lines = [json.dumps({"event": "run", **{name: getattr(RECORD, name) for name in RunRecord.__slots__}})]

    state = LedgerState.from_lines([*lines, '{"event": "later", "x": 1}'])

    assert not state.created
