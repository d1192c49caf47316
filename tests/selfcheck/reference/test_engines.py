"""Both engines keep Docker's rules: what holds for Docker itself holds for the one in memory."""

from __future__ import annotations

import re
import time

import pytest

from dtma_reference.engines.protocol import (
    ContainerNotFoundError,
    ContainerNotRunningError,
    ImageMissingError,
    NameInvalidError,
    NameTakenError,
    PortBinding,
    PortTakenError,
    PullFailedError,
)

# Not in the range that the kernel hands out by itself.
PORT = 18731


def published(port: int, ip: str = "127.0.0.1", protocol: str = "tcp") -> PortBinding:
    return PortBinding(container_port=8080, protocol=protocol, host_port=port, host_ip=ip)


@pytest.mark.parametrize("name", ["a", "-ab", ".ab", "a b", "a/b", "ä-name", "Context7 MCP Server-1750278276605"])
def test_a_name_that_docker_refuses_is_refused(bench, name):
    """A container's name matches [a-zA-Z0-9][a-zA-Z0-9_.-]+."""
    with pytest.raises(NameInvalidError):
        bench.engine.create(bench.spec(name=name))


def test_a_taken_name_is_refused_and_the_holder_stays(bench):
    """Two containers cannot have one name."""
    first = bench.engine.create(bench.spec(name=f"{bench.prefix}twin"))

    with pytest.raises(NameTakenError):
        bench.engine.create(bench.spec(name=f"{bench.prefix}twin"))

    assert bench.engine.inspect(f"{bench.prefix}twin").container.id == first


def test_a_name_can_be_used_again_after_removal(bench):
    """Removal frees the name, and the new container is another one."""
    first = bench.running(name=f"{bench.prefix}again")
    bench.engine.remove(first)

    second = bench.running(name=f"{bench.prefix}again")

    assert second != first


def test_names_know_letter_case(bench):
    """Names that differ in case are different names."""
    bench.engine.create(bench.spec(name=f"{bench.prefix}case"))
    bench.engine.create(bench.spec(name=f"{bench.prefix}CASE"))

    assert bench.engine.inspect(f"{bench.prefix}CASE").container.name == f"{bench.prefix}CASE"


def test_an_image_that_is_not_there_cannot_be_used(bench):
    """Creation does not pull."""
    assert not bench.engine.has_image("registry.invalid/nothing:1")
    with pytest.raises(ImageMissingError):
        bench.engine.create(bench.spec(image="registry.invalid/nothing:1"))


def test_an_image_that_nobody_has_cannot_be_pulled(bench):
    """A registry that does not exist gives nothing."""
    with pytest.raises(PullFailedError):
        bench.engine.pull("registry.invalid/nothing:1")


def test_a_created_container_is_described(bench):
    """What went into a container comes back from its inspection, and it has not run."""
    spec = bench.spec(environment=("KEY=value",), labels={"dtma.test": "yes"})
    before = time.time()
    container = bench.engine.create(spec)

    inspection = bench.engine.inspect(container)

    assert re.fullmatch(r"[0-9a-f]{64}", container)
    assert (inspection.container.id, inspection.container.name) == (container, spec.name)
    assert inspection.container.image == spec.image
    assert inspection.container.status == inspection.state.status == "created"
    assert before - 2 <= inspection.container.created <= time.time() + 2
    assert inspection.container.labels["dtma.test"] == "yes"
    assert "KEY=value" in inspection.environment
    assert inspection.restart_policy == "unless-stopped"
    assert not inspection.state.running
    assert inspection.state.pid == 0
    assert inspection.state.started_at == inspection.state.finished_at == "0001-01-01T00:00:00Z"


def test_a_container_is_found_by_id_name_and_prefix_of_its_id(bench):
    """Docker resolves all three."""
    spec = bench.spec()
    container = bench.engine.create(spec)

    assert {bench.engine.inspect(key).container.id for key in (container, spec.name, container[:40])} == {container}


def test_start_runs_a_container_and_a_second_start_changes_nothing(bench):
    """Starting is idempotent."""
    container = bench.engine.create(bench.spec())

    bench.engine.start(container)
    first = bench.engine.inspect(container).state
    bench.engine.start(container)
    second = bench.engine.inspect(container).state

    assert first.status == "running"
    assert first.running
    assert first.pid > 0
    assert first == second


def test_stop_ends_a_container_and_a_second_stop_changes_nothing(bench):
    """Stopping is idempotent."""
    container = bench.running()

    bench.engine.stop(container)
    first = bench.engine.inspect(container).state
    bench.engine.stop(container)
    second = bench.engine.inspect(container).state

    assert (first.status, first.running, first.pid) == ("exited", False, 0)
    # 137: the process got the signal before it could handle it, and was killed after the grace period.
    assert first.exit_code in {0, 137}
    assert first == second


def test_a_container_that_was_never_started_stays_created_when_it_is_stopped(bench):
    """There is nothing to stop."""
    container = bench.engine.create(bench.spec())

    bench.engine.stop(container)

    assert bench.engine.inspect(container).state.status == "created"


def test_a_stopped_container_can_be_started_again(bench):
    """Stop and start are a cycle, under one id."""
    container = bench.running()
    started = bench.engine.inspect(container).state.started_at
    bench.engine.stop(container)

    bench.engine.start(container)

    state = bench.engine.inspect(container).state
    assert state.status == "running"
    assert state.started_at > started


def test_a_running_container_can_be_removed(bench):
    """Removal is forced."""
    container = bench.running()

    bench.engine.remove(container)

    with pytest.raises(ContainerNotFoundError):
        bench.engine.inspect(container)
    assert container not in {listed.id for listed in bench.engine.list()}


@pytest.mark.parametrize("action", ["start", "stop", "remove", "inspect", "logs"])
def test_a_container_that_does_not_exist_is_not_found(bench, action):
    """Nothing can be done with an unknown name."""
    with pytest.raises(ContainerNotFoundError):
        getattr(bench.engine, action)(bench.name())


def test_a_command_for_a_container_that_does_not_exist_is_not_found(bench):
    """Nothing runs in an unknown name."""
    with pytest.raises(ContainerNotFoundError):
        bench.engine.execute(bench.name(), ("true",))


def test_the_list_has_all_containers_with_their_states_newest_first(bench):
    """Created, running and exited containers are listed alike."""
    created = bench.engine.create(bench.spec())
    running = bench.running(labels={"dtma.test": "listed"})
    exited = bench.running()
    bench.engine.stop(exited)

    listed = [item for item in bench.engine.list() if item.name.startswith(bench.prefix)]

    assert [(item.id, item.status) for item in listed] == [
        (exited, "exited"),
        (running, "running"),
        (created, "created"),
    ]
    assert listed[1].labels["dtma.test"] == "listed"
    assert listed[1].image == bench.image
    assert [item.created for item in listed] == [bench.engine.inspect(item.id).container.created for item in listed]


def test_a_published_port_is_listed_while_the_container_runs(bench):
    """The listing and the inspection agree; a stopped container has no ports."""
    container = bench.running(published(PORT))

    (listed,) = (item for item in bench.engine.list() if item.id == container)
    inspected = bench.engine.inspect(container).container
    bench.engine.stop(container)
    (stopped,) = (item for item in bench.engine.list() if item.id == container)

    (port,) = (port for port in listed.ports if port.public_port is not None)
    assert (port.ip, port.private_port, port.public_port, port.type) == ("127.0.0.1", 8080, PORT, "tcp")
    assert port in inspected.ports
    assert stopped.ports == ()


def test_a_container_whose_host_port_is_taken_stays_created(bench):
    """The start fails, the container is left, the first one keeps the port."""
    holder = bench.running(published(PORT))
    latecomer = bench.engine.create(bench.spec(published(PORT)))

    with pytest.raises(PortTakenError):
        bench.engine.start(latecomer)

    state = bench.engine.inspect(latecomer).state
    assert (state.status, state.running, state.exit_code) == ("created", False, 128)
    assert str(PORT) in state.error
    assert bench.engine.inspect(holder).state.running


@pytest.mark.parametrize("end", ["stop", "remove"])
def test_a_host_port_is_free_again_when_its_container_ended(bench, end):
    """The latecomer, left created, can be started then."""
    holder = bench.running(published(PORT))
    latecomer = bench.engine.create(bench.spec(published(PORT)))
    with pytest.raises(PortTakenError):
        bench.engine.start(latecomer)
    getattr(bench.engine, end)(holder)

    bench.engine.start(latecomer)

    state = bench.engine.inspect(latecomer).state
    assert (state.status, state.exit_code, state.error) == ("running", 0, "")


def test_one_port_number_can_be_published_twice_on_different_addresses_and_protocols(bench):
    """A host port is taken for its address and its protocol."""
    for binding in (
        published(PORT),
        published(PORT, ip="127.0.0.2"),
        published(PORT, protocol="udp"),
    ):
        assert bench.engine.inspect(bench.running(binding)).state.running


def test_a_port_on_all_addresses_clashes_with_one_on_a_single_address(bench):
    """The empty address stands for all."""
    bench.running(published(PORT))
    latecomer = bench.engine.create(bench.spec(published(PORT, ip="")))

    with pytest.raises(PortTakenError):
        bench.engine.start(latecomer)


def test_a_container_can_clash_with_itself(bench):
    """Two of its ports cannot be published on one host port."""
    twice = (published(PORT), PortBinding(container_port=9090, protocol="tcp", host_port=PORT, host_ip="127.0.0.1"))
    container = bench.engine.create(bench.spec(*twice))

    with pytest.raises(PortTakenError):
        bench.engine.start(container)


def test_host_port_zero_is_any_free_port(bench):
    """Two containers get different ones."""
    containers = [bench.running(published(0)), bench.running(published(0))]

    ports = {port.public_port for item in containers for port in bench.engine.inspect(item).container.ports}

    assert len(ports - {None}) == 2


@pytest.mark.parametrize(
    ("command", "exit_code", "output"),
    [
        (("true",), 0, ""),
        (("false",), 1, ""),
        (("echo", "two", "words"), 0, "two words\n"),
        (("sh", "-c", "exit 7"), 7, ""),
        (("sh", "-c", "echo before; exit 3; echo after"), 3, "before\n"),
        (("sh", "-c", "echo 'a  b'"), 0, "a  b\n"),
        (("sh", "-c", "false"), 1, ""),
        (("sh", "-c", "exit 300"), 44, ""),
    ],
)
def test_a_command_tells_its_exit_code_and_output(bench, command, exit_code, output):
    """What a command printed and how it ended comes back."""
    result = bench.engine.execute(bench.running(), command)

    assert (result.exit_code, result.output) == (exit_code, output)


def test_a_command_sees_environment_and_host_name(bench):
    """The environment is the container's, its host name the beginning of its id."""
    container = bench.running(environment=("GREETING=hello there",))

    environment = bench.engine.execute(container, ("env",)).output.splitlines()
    hostname = bench.engine.execute(container, ("hostname",)).output

    assert "GREETING=hello there" in environment
    assert f"HOSTNAME={container[:12]}" in environment
    assert any(entry.startswith("PATH=") for entry in environment)
    assert hostname == f"{container[:12]}\n"


@pytest.mark.parametrize("command", [("no-such-program",), ("no-such-program", "x"), ("sh", "-c", "no-such-program")])
def test_a_program_that_does_not_exist_is_exit_code_127(bench, command):
    """That is a result with a text, and no failure of the engine; older engines say 126."""
    result = bench.engine.execute(bench.running(), command)

    assert result.exit_code in {126, 127}
    assert "no-such-program" in result.output


@pytest.mark.parametrize("state", ["created", "exited"])
def test_no_command_runs_in_a_container_that_does_not_run(bench, state):
    """The engine refuses."""
    container = bench.engine.create(bench.spec())
    if state == "exited":
        bench.engine.start(container)
        bench.engine.stop(container)

    with pytest.raises(ContainerNotRunningError):
        bench.engine.execute(container, ("true",))


def test_the_log_can_be_cut(bench):
    """``tail`` bounds the lines, ``since`` their age."""
    container = bench.running()

    assert len(bench.engine.logs(container, tail=1).splitlines()) <= 1
    assert bench.engine.logs(container, since=time.time() + 3600) == ""


def test_the_engine_says_what_it_is(bench):
    """Kind and version are told."""
    described = bench.engine.describe()

    assert described["engine"] in {"memory", "docker"}
    assert described["version"]
