"""What is at a path that a user named, and what of it may not be looked at."""

from __future__ import annotations

import os
import socket

import pytest

from dtma_contract.errors import UsageError
from dtma_contract.places import Place, look_at


def test_each_kind_is_told(tmp_path):
    """Links are followed; what leads nowhere is nothing, and so is what can be no path."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))

        found = {
            name: look_at(tmp_path / name)
            for name in (".", "file", "link", "dangling", "pipe", "socket", "none", "file/below", "a\0b")
        }

    assert found == {
        ".": Place.FOLDER, "file": Place.FILE, "link": Place.FILE, "dangling": Place.NOTHING, "pipe": Place.OTHER,
        "socket": Place.SOCKET, "none": Place.NOTHING, "file/below": Place.NOTHING, "a\0b": Place.NOTHING,
    }  # fmt: skip


def test_what_may_not_be_looked_at_is_a_usage_error(tmp_path):
    """It is neither there nor not there: a link that leads to itself, a name that is too long."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")

    with pytest.raises(UsageError, match=r"^The folder of --source cannot be looked at: .*symbolic links"):
        look_at(tmp_path / "circle", "The folder of --source")
    with pytest.raises(UsageError, match="cannot be looked at: File name too long"):
        look_at(tmp_path / ("x" * 300))
