"""Containers that already run are taken into a registry: shown first, done once, undone without a trace."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import sys

import pytest
from neighbours.engine import listing
from registry.rows import REGISTRY, a_container, a_row, binding

from dtma_reference.cli import main
from dtma_reference.engines.docker import DockerEngine
from dtma_reference.engines.protocol import ContainerSpec, Port, PortBinding
from dtma_reference.registry.adoption import adoptions, undoings
from dtma_reference.registry.records import ACCOUNT_LABEL, REGISTRY_LABEL, Status

WEB = a_row()
FOREIGN = a_container(WEB, labelled=False)


def lines(rows, *containers, patterns=()):
    numbered = [(each, f"00000000-0000-0000-0000-00000000000{number}") for number, each in enumerate(containers)]
    return [(line.name, line.verdict, line.reason) for line in adoptions(rows, numbered, REGISTRY, patterns)]


def changed(**changes):
    return dataclasses.replace(FOREIGN, **changes)


@pytest.mark.parametrize(
    ("container", "rows", "verdict", "reason"),
    [
        (FOREIGN, [], "adopt", ""),
        (changed(labels={REGISTRY_LABEL: REGISTRY}), [], "adopt", ""),
        (changed(status="paused"), [], "adopt", ""),
        (FOREIGN, [WEB], "known", "the registry has it"),
        (FOREIGN, [dataclasses.replace(WEB, status=Status.GONE)], "adopt", ""),
        (changed(id="another"), [WEB], "skip", "another instance has its name"),
        (changed(labels={REGISTRY_LABEL: "another"}), [], "skip", "it belongs to another registry"),
        (changed(name="dtma_manager"), [], "skip", "it is the agent"),
        (changed(name="x"), [], "skip", "its name cannot be an instance's"),
        (
            changed(ports=(Port(80, "tcp", 8080, "0.0.0.0"),)),  # noqa: S104 - what Docker shows
            [a_row("other", port_bindings=(binding(8080),))],
            "skip",
            "another instance has one of its host ports",
        ),
    ],
)
def test_each_running_container_has_a_verdict(container, rows, verdict, reason):
    """With the reason, where it is not taken in."""
    assert lines(rows, container) == [(container.name, verdict, reason)]


def test_what_does_not_run_is_not_looked_at():
    """Adoption is for containers that already run."""
    assert lines([], changed(status="exited"), changed(status="created")) == []


def test_only_names_that_are_asked_for_are_looked_at():
    """By name or pattern, in the order of the names."""
    containers = [changed(name=name, id=name) for name in ("web-2", "db", "web-1")]

    assert [name for name, _, _ in lines([], *containers, patterns=("web-*", "DB"))] == ["web-1", "web-2"]


def test_an_adopted_row_says_what_the_container_is():
    """Image, ports, state, and the backend's row where a label tells it."""
    labels = {ACCOUNT_LABEL: WEB.account_tool_instance_id}
    container = changed(ports=(Port(80, "tcp", 8080, "::"), Port(90, "tcp")), labels=labels)

    (line,) = adoptions([], [(container, WEB.row_id)], REGISTRY)

    assert line.row == dataclasses.replace(WEB, adopted=True, port_bindings=(PortBinding(80, "tcp", 8080, "::"),))


def test_only_what_was_adopted_can_be_undone():
    """An instance that the agent deployed stays."""
    adopted = a_row("adopted", adopted=True)

    assert [line.row for line in undoings([WEB, adopted])] == [adopted]
    assert undoings([adopted], ("other",)) == ()


@pytest.fixture
def twenty(docker_endpoint, probe_image):
    """Twenty containers that run, which no registry knows; one of them has a port and an environment."""
    engine = DockerEngine(docker_endpoint)
    prefix = f"dtmar-{secrets.token_hex(4)}-"
    if not engine.has_image(probe_image):
        engine.pull(probe_image)
    with contextlib.ExitStack() as held:
        for number in range(20):
            ports = (PortBinding(80, "tcp", 0),) if number == 0 else ()
            made = engine.create(ContainerSpec(f"{prefix}{number:02}", probe_image, ("KEY=of-the-customer",), ports))
            held.callback(engine.remove, made)
            engine.start(made)
        yield prefix


@pytest.mark.docker
def test_twenty_running_containers_are_adopted_twice(
    twenty, docker_endpoint, database_url, opened, monkeypatch, capsys
):
    """Shown, done, done again and undone: the registry follows, and no container was started, stopped or changed."""

    def run(*arguments):
        command = ["dtma-reference", "adopt", "--registry", database_url, "--format", "json", *arguments, f"{twenty}*"]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        shown = json.loads(capsys.readouterr().out)
        store = opened(database_url)
        kept = {row.name: row for row in store.all()}
        store.close()
        return [line["verdict"] for line in shown["containers"]], kept

    at = ("--docker", docker_endpoint)
    before = listing(docker_endpoint)
    assert run(*at) == (["adopt"] * 20, {})
    verdicts, adopted = run(*at, "--apply")
    assert verdicts == ["adopt"] * 20
    assert all(row.status is Status.RUNNING and row.adopted for row in adopted.values())
    assert {row.container_id for row in adopted.values()} == {
        line.split()[0] for line in before.splitlines() if twenty in line
    }
    assert adopted[f"{twenty}00"].port_bindings[0].container_port == 80
    assert run(*at, "--apply") == (["known"] * 20, adopted)
    assert run("--undo") == (["undo"] * 20, adopted)
    assert run("--undo", "--apply") == (["undo"] * 20, {})
    assert run("--undo", "--apply") == ([], {})
    assert listing(docker_endpoint) == before
