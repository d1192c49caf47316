"""What may be removed from a machine, and what never."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from . import leftovers, tools
from .engine import _free_subnet
from .processes import NeighbourError


@pytest.fixture
def ended_process():
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_name_of_a_living_process_is_nobodys_leftover(ended_process):
    """Only names of dead makers are returned; names of another form, such as docker0, never are."""
    mine = leftovers.named_for_this_process(3)
    dead = f"dtmac{ended_process}n0"

    assert leftovers.of_dead_processes([mine, dead, f"{dead}x9z", "docker0", "dtmac", "eth0", f"br-{dead}"]) == [
        dead,
        f"{dead}x9z",
    ]


def test_a_name_fits_a_network_interface():
    """Linux allows 15 characters; the largest process id of a 64-bit kernel has seven digits."""
    longest = re.sub(str(os.getpid()), "4194304", leftovers.named_for_this_process(99))

    assert len(longest) <= 15


@pytest.mark.skipif(sys.platform != "linux", reason="Engines of one's own run on Linux only.")
def test_a_folder_can_be_removed_twice(tmp_path):
    """The second removal finds nothing, and says nothing."""
    folder = tmp_path / "dtmac1n1"
    (folder / "data").mkdir(parents=True)
    leftovers.remove_folder(folder)
    leftovers.remove_folder(folder)

    assert not folder.exists()


def test_a_subnet_is_one_that_nothing_is_routed_to():
    """Routes to part of a subnet, to more than it, and to single addresses all count; the default route does not."""
    assert str(_free_subnet(["default", "172.17.0.0/16"])) == "10.213.0.0/24"
    assert str(_free_subnet(["10.213.0.7", "10.213.1.128/25"])) == "10.213.2.0/24"
    with pytest.raises(NeighbourError, match="routed already"):
        _free_subnet(["10.0.0.0/8"])


def test_a_missing_tool_is_told_with_the_line_that_installs_all_that_is_missing(monkeypatch, tmp_path):
    """On an empty machine the message names every package, once, in a command that can be pasted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "_SYSTEM_FOLDERS", ())

    with pytest.raises(tools.MissingToolError) as caught:
        tools.path_of("dockerd")

    command = str(caught.value).rpartition(": ")[2]
    assert command.startswith("apt-get install -y --no-install-recommends ")
    assert sorted(command.split()[4:]) == sorted(set(tools.PACKAGES.values()))


def test_a_busybox_that_needs_libraries_is_no_busybox(monkeypatch, tmp_path):
    """An image that holds nothing else has no dynamic loader: a dynamically linked program would not run there."""
    (tmp_path / "busybox").symlink_to("/bin/ls")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(tools.MissingToolError, match="busybox-static"):
        tools.path_of("busybox")
