"""A bundle holds all facts, gives the same diagnosis elsewhere, and what is none is refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
from dataclasses import asdict, replace

import pytest
from diagnosis.observed import HEALTHY, code, container, docker, drift, lacking
from runs.commands import command

from dtma_contract.diagnosis.diagnosis import diagnose
from dtma_contract.diagnosis.facts import Origin, Problem
from dtma_contract.diagnosis_bundle import read_bundle, write_bundle
from dtma_contract.errors import UsageError

JOB = container("job", "exited", exit_code=1, labels={"dtma.managed": "true"})
FULL = replace(
    lacking("core.tools.start"),
    instance="wéb",
    docker=docker(
        container("job", "exited", exit_code=1, labels={"dtma.managed": "true"}), log=["half a \ud800 character"]
    ),
    code=code(None, drift("shadowed", "GET /mcp/status"), image="dtma.tar", commits_behind=2),
    broken_promises={"core.status": "lacks version"},
    problems=(Problem(Origin.DOCKER, "x", "y", "z"),),
)


def archive(**members: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as written:
        for name, data in members.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(data)
            written.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def facts(document: object, version: int = 1) -> bytes:
    return archive(facts_json=json.dumps({"version": version, "facts": document}).encode())


NO_BUNDLES = {
    "a text": b"no bundle",
    "an empty file": b"",
    "half an archive": archive(facts_json=b"{}" * 2000)[:60],
    "an archive of something else": archive(other_json=b"{}"),
    "no JSON": archive(facts_json=b"{"),
    "no object": archive(facts_json=b"[1]"),
    "another version": facts({}, version=99),
    "facts without a target": facts({"at": "x"}),
    "facts of the wrong kind": archive(
        facts_json=json.dumps({"version": 1, "facts": {"target": 1, "at": []}}).encode()
    ),
    "endless nesting": archive(facts_json=b"[" * 100_000),
    "gzip of no archive": gzip.compress(b"x" * 2000),
}


def test_facts_come_back_as_they_were(tmp_path):
    """Every value, so that the diagnosis is the same; but for halves of characters, which no file can hold."""
    path = tmp_path / "b.tar.gz"
    write_bundle(path, diagnose(FULL), "said\n")
    read = read_bundle(path)

    assert replace(read, docker=None) == replace(FULL, docker=None)
    assert read.docker == replace(FULL.docker, log=read.docker.log)
    assert diagnose(read).to_json()["causes"] == diagnose(FULL).to_json()["causes"]
    with tarfile.open(path) as members:
        assert members.getnames() == ["facts.json", "diagnosis.json", "diagnosis.txt"]


def test_a_bundle_is_its_owners_alone(tmp_path):
    """And nothing else is left beside it, not where writing fails either."""
    path = tmp_path / "b.tar.gz"
    write_bundle(path, diagnose(HEALTHY), "")

    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    with pytest.raises(UsageError, match="cannot be written"):
        write_bundle(tmp_path / "none" / "b.tar.gz", diagnose(HEALTHY), "")
    assert [file.name for file in tmp_path.iterdir()] == ["b.tar.gz"]


@pytest.mark.parametrize("content", NO_BUNDLES.values(), ids=NO_BUNDLES)
def test_what_is_no_bundle_is_refused(content, tmp_path):
    """In one sentence, with the next step."""
    path = tmp_path / "b.tar.gz"
    path.write_bytes(content)

    with pytest.raises(UsageError, match="bundle") as refused:
        read_bundle(path)
    assert "--bundle" in refused.value.hint


def test_a_bundle_is_judged_offline(tmp_path):
    """By the command, with the same causes and exit code; nothing can be asked beside it."""
    path = tmp_path / "b.tar.gz"
    write_bundle(path, diagnose(FULL), "")
    told = command("diagnose", "--from", str(path), "--format", "json", cwd=tmp_path)
    mixed = command("diagnose", "--from", str(path), "--target", "http://127.0.0.1:1", cwd=tmp_path)

    assert told.exit_code == 1, told.stderr
    assert [cause["id"] for cause in told.document["causes"]] == [cause.id for cause in diagnose(FULL).causes]
    assert (mixed.exit_code, "--target" in mixed.stderr) == (4, True)


def test_a_bundle_replaces_nothing_but_a_file(tmp_path):
    """A device, a folder or a pipe stays what it is; a link leads to the file that is written."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "kept.tar.gz")
    for name in ("folder", "pipe"):
        with pytest.raises(UsageError, match="is no file"):
            write_bundle(tmp_path / name, diagnose(HEALTHY), "")
    write_bundle(tmp_path / "link", diagnose(HEALTHY), "")

    assert (tmp_path / "link").is_symlink()
    assert read_bundle(tmp_path / "kept.tar.gz") == HEALTHY


def test_a_bundle_that_cannot_be_written_is_refused_before_anything_is_asked(tmp_path):
    """So that no diagnosis is lost."""
    told = command("diagnose", "--target", "http://127.0.0.1:1", "--bundle", "none/b.tar.gz", cwd=tmp_path)

    assert (told.exit_code, told.stdout, "there is no folder" in told.stderr) == (4, "", True)


def test_a_full_disk_does_not_cost_the_diagnosis(tmp_path):
    """It is printed all the same, and the exit code says that there is no bundle: nothing can be written in /proc."""
    path = tmp_path / "b.tar.gz"
    write_bundle(path, diagnose(FULL), "")
    told = command("diagnose", "--from", str(path), "--bundle", "/proc/b.tar.gz", "--format", "json", cwd=tmp_path)

    assert (told.exit_code, "cannot be written to /proc/b.tar.gz" in told.stderr) == (4, True)
    assert [cause["id"] for cause in told.document["causes"]] == [cause.id for cause in diagnose(FULL).causes]


@pytest.mark.parametrize("path", ["", "tools"])
def test_a_bundle_with_a_path_that_is_none_is_refused(path, tmp_path):
    """Whoever edits a bundle, such as to take a name out, is told what is wrong with it."""
    bundle = tmp_path / "b.tar.gz"
    odd = replace(FULL, routes=tuple(replace(route, path=path) for route in FULL.routes))
    facts = {"version": 1, "facts": asdict(replace(odd, docker=None))}
    bundle.write_bytes(archive(facts_json=json.dumps(facts).encode()))

    with pytest.raises(UsageError, match=f"'{path}' is no path"):
        read_bundle(bundle)


def test_what_a_target_sends_is_shown_and_not_obeyed(tmp_path):
    """No control character and no turned text reaches the terminal."""
    hostile = replace(
        HEALTHY, target="http://a\x1b[2J\u202e:1", broken_promises={"core.status": "x\x1b]0;t\x07\nlacks"}
    )
    path = tmp_path / "b.tar.gz"
    write_bundle(path, diagnose(hostile), "")
    told = command("diagnose", "--from", str(path), cwd=tmp_path)

    assert told.exit_code == 1
    assert not set(told.stdout) & {"\x1b", "\x07", "\u202e"}
