"""A bundle: all facts of one diagnosis in one file, to keep before anything is changed, and to be judged elsewhere.

A gzip-compressed tar archive with ``facts.json`` (what rules read), ``diagnosis.json`` and ``diagnosis.txt`` (what they
said). Facts hold no secret, so the bundle holds none.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from dtma_contract.diagnosis.diagnosis import Diagnosis
from dtma_contract.diagnosis.facts import Facts
from dtma_contract.errors import UsageError
from dtma_contract.places import Place, look_at

__all__ = ["check_writable", "read_bundle", "write_bundle"]

_VERSION: Final = 1
_FACTS: Final = "facts.json"
# A log of some hundred lines, a hundred containers and as many answers are a megabyte.
_MOST_BYTES: Final = 64 * 1024 * 1024
_ADAPTER: Final[TypeAdapter[Facts]] = TypeAdapter(Facts)


def check_writable(path: Path) -> None:
    """Refuse what no bundle can be written to, before anything is asked.

    Raises:
        UsageError: the folder does not exist, or there is something else than a file of that name.
    """
    target = Path(os.path.realpath(path))
    hint = "Name a file in a folder of yours."
    if not str(path).strip() or not path.name:
        raise UsageError("--bundle names no file.", hint)
    if look_at(target.parent, "The folder of --bundle") is not Place.FOLDER:
        raise UsageError(f"The bundle cannot be written to {path}: there is no folder {target.parent}.", hint)
    if look_at(target, "What --bundle names") not in {Place.FILE, Place.NOTHING}:
        # A device that is replaced is gone for everyone.
        raise UsageError(f"The bundle cannot be written to {path}: it is no file.", hint)


def write_bundle(path: Path, diagnosis: Diagnosis, report: str) -> None:
    """Write a bundle, whole or not at all, readable by its owner alone.

    Args:
        path: of the file; one that is there is replaced.
        diagnosis: what was observed and said.
        report: the same for readers.

    Raises:
        UsageError: the file cannot be written.
    """
    facts = {"version": _VERSION, "facts": asdict(diagnosis.facts)}
    members = {
        _FACTS: _json(facts),
        "diagnosis.json": _json(diagnosis.to_json()),
        "diagnosis.txt": report.encode("utf-8", "backslashreplace"),
    }
    content = io.BytesIO()
    # The same facts give the same bytes.
    with (
        gzip.GzipFile(fileobj=content, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            archive.addfile(entry, io.BytesIO(data))
    check_writable(path)
    # Through a link to what it leads to.
    path = Path(os.path.realpath(path))
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".dtmac-bundle-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.getvalue())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise UsageError(
            f"The bundle cannot be written to {path}: {problem.strerror or problem}.",
            "Name a file in a folder of yours.",
        ) from None


def read_bundle(path: Path) -> Facts:
    """Return the facts of a bundle.

    Args:
        path: of the file.

    Raises:
        UsageError: it cannot be read, or is no bundle.
    """
    hint = "Give a file that `dtma-contract diagnose --bundle FILE` has written."
    if look_at(path) not in {Place.FILE, Place.NOTHING}:
        raise UsageError(f"{path} is no bundle: it is no file.", hint)
    try:
        with tarfile.open(path, "r:gz") as archive:
            member = archive.getmember(_FACTS)
            entry = archive.extractfile(member) if member.isreg() else None
            data = entry.read(_MOST_BYTES + 1) if entry else b""
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", hint) from None
    except KeyError:
        raise UsageError(f"{path} is no bundle: it has no {_FACTS}.", hint) from None
    except (OSError, EOFError, RecursionError, ValueError, tarfile.TarError, zlib.error) as problem:
        raise UsageError(f"{path} is no bundle: {problem}.", hint) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{path} is no bundle: its {_FACTS} has more than {_MOST_BYTES >> 20} MiB.", hint)
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            raise UsageError(f"{path} is a bundle of another version.", hint)
        facts = _ADAPTER.validate_python(document["facts"], strict=False)
    except (ValueError, KeyError, RecursionError, ValidationError) as problem:
        shown = str(problem).splitlines()[0]
        raise UsageError(f"{path} is no bundle: its {_FACTS} cannot be understood ({shown}).", hint) from None
    paths = [*(answer.path for answer in facts.answers), *(route.path for route in facts.routes)]
    odd = next((each for each in paths if not each.startswith("/")), None)
    if odd is not None:
        raise UsageError(f"{path} is no bundle: its {_FACTS} cannot be understood ({odd!r} is no path).", hint)
    return facts


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
