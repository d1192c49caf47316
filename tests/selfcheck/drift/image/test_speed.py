"""An archive of 300 MiB is read in seconds, and in little memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from drift.image.built_images import APP, image_of, layer, write_oci, write_saved

MIB = 1024 * 1024

PROGRAM = """
import json, re, sys, time
from pathlib import Path
from dtma_contract.discovery.container_image import read_image
begun = time.monotonic()
content = read_image(sys.argv[1])
print(json.dumps({
    "seconds": time.monotonic() - begun,
    "processor_seconds": time.process_time(),
    # Of this program alone: what resource tells begins with the memory of the process that started it.
    "mebibytes": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
    "entry": content.entry,
    "files": len(content.tree.names("app/dist")),
}))
"""


def large_image(how, size):
    """Return an image as Node's are: libraries, node itself, its package manager, dependencies, an application."""
    chance = random.Random(1)  # noqa: S311 - the same image in each run
    words = [bytes(chance.choices(b"abcdefghijkl(){};=. \n", k=chance.randint(3, 12))) for _ in range(4000)]
    # Half of it packs well and half not at all, as code and programs do together.
    text = b" ".join(chance.choices(words, k=600_000))

    def piece(length):
        at = chance.randrange(len(text) - length)
        return text[at : at + length]

    node = chance.randbytes(40 * MIB) + text * 12
    base = {f"usr/lib/x/lib{number}.so": chance.randbytes(500_000) + piece(300_000) for number in range(size)}
    docs = {f"usr/share/doc/d{number}/copyright": piece(3000) for number in range(8000)}
    packages = {
        f"app/node_modules/p{package}/{name}": piece(4000)
        for package in range(400)
        for name in ("package.json", *(f"lib/f{number}.js" for number in range(40)))
    }
    code = {f"app/dist/r{number}.js{end}": piece(9000) for number in range(60) for end in ("", ".map")}
    layers = [base | docs, {"usr/local/bin/node": node}, packages, {**APP, **code}]
    return image_of(*map(layer, layers), how=how)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("write", "how", "size"), [(write_saved, "plain", 190), (write_oci, "gzip", 350), (write_oci, "zstd", 420)]
)
def test_an_archive_of_300_mebibytes_is_read_in_5_seconds_and_200_mebibytes(
    tmp_path, write, how, size, record_property
):
    """Measured in a process of its own, with 25,000 files, unpacked or packed."""
    path = write(tmp_path / "image.tar", large_image(how, size))

    done = subprocess.run([sys.executable, "-c", PROGRAM, path], check=True, capture_output=True, text=True)

    measured = json.loads(done.stdout)
    sys.stdout.write(f"{how}: {path.stat().st_size / MIB:.0f} MiB, {measured}\n")
    assert path.stat().st_size >= 300 * MIB
    assert (measured["entry"], measured["files"]) == ("app/dist/index.js", 121)
    assert measured["seconds"] < 5
    assert measured["mebibytes"] < 200
