"""An image's label and the source's history: what lies behind, and what does not matter."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from drift.image.built_images import image_of, layer, write_saved
from drift.services import write_service
from runs.commands import command

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder, *words):
    done = subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x.invalid", "-C", str(folder), *words],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def shipped(tmp_path):
    """A repository with a service, its first commit, and an image that was built from it."""
    service = write_service(tmp_path / "repository" / "agent")
    git(service.parent, "init", "-q")
    git(service.parent, "add", ".")
    git(service.parent, "commit", "-q", "-m", "the service")
    revision = git(service.parent, "rev-parse", "HEAD")
    files = {f"app/{p.relative_to(service)}": p.read_bytes() for p in service.rglob("*") if p.is_file()}
    labels = {"org.opencontainers.image.revision": revision}
    image = image_of(layer(files), cmd=("node", "src/index.js"), Labels=labels)
    return service, write_saved(tmp_path / "image.tar", image)


# The file that later commits change, how many there are, and the findings.
LATER = {
    "nothing": (None, 0, []),
    "the service": ("agent/src/later.js", 3, ["stale-image"]),
    "another service": ("other/index.js", 2, []),
}


@pytest.mark.parametrize(("file", "count", "kinds"), LATER.values(), ids=LATER)
def test_only_commits_that_touch_the_service_make_its_image_stale(file, count, kinds, shipped, tmp_path):
    """The finding names both commits and how many lie between."""
    service, image = shipped
    for number in range(count):
        path = service.parent / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"// {number}\n")
        git(service.parent, "add", ".")
        git(service.parent, "commit", "-q", "-m", f"change {number}")
    done = command("drift", "--source", str(service), "--image", str(image), "--format", "json", cwd=tmp_path)
    findings = json.loads(done.stdout)["findings"]

    assert [found["kind"] for found in findings] == kinds, done
    assert all(f"{count} commits behind the source" in found["title"] for found in findings)
    assert done.exit_code == int(bool(kinds))
