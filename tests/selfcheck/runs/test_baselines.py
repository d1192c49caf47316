"""A baseline lets known deviations of a named target pass, for a time; --strict lets nothing pass."""

from __future__ import annotations

import pytest
from runs.commands import agent, command, verify

BROKEN, KEPT = "core.health/success", "core.service/success"
ONLY = ("--only", BROKEN, "--only", KEPT, "--effects", "read")


@pytest.fixture(scope="module")
def reference():
    """An agent that breaks one clause."""
    with agent("--fault", "health-is-json") as running:
        yield running


def judged(reference, folder, *entries, only=ONLY):
    """Judge two clauses with a baseline of these entries."""
    (folder / "known.yaml").write_text("accepted:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))
    return verify(reference.url, reference.token, "--baseline", "known.yaml", *only, cwd=folder)


def test_a_known_deviation_does_not_block(reference, tmp_path):
    """What is accepted is still reported, as known, and the exit code is 0."""
    done = judged(reference, tmp_path, f"clause: {BROKEN}, reason: a probe reads it, expires: 2999-12-31")

    assert (done.exit_code, done.document["outcome"]) == (0, "kept")
    assert [finding["clause"] for finding in done.document["findings"]] == [BROKEN]
    assert done.document["baseline"] == {"new": [], "known": [BROKEN], "expired": [], "fixed": []}


def test_an_expired_one_blocks(reference, tmp_path):
    """After its day an entry accepts nothing any more."""
    done = judged(reference, tmp_path, f"clause: {BROKEN}, reason: until the next build, expires: 2020-01-31")

    assert done.exit_code == 1
    assert done.document["baseline"] == {"new": [], "known": [], "expired": [BROKEN], "fixed": []}


def test_a_fixed_one_is_named(reference, tmp_path):
    """An entry for what is kept is named as fixed, so that it can go; it changes no exit code."""
    entries = [f"clause: {clause}, reason: seen in May" for clause in (BROKEN, KEPT)]
    done = judged(reference, tmp_path, *entries)

    assert done.exit_code == 0
    assert done.document["baseline"]["fixed"] == [KEPT]
    env = {"DTMA_BEARER_TOKEN": reference.token}
    told = command("verify", "--target", reference.url, "--baseline", "known.yaml", *ONLY, cwd=tmp_path, env=env)
    assert (told.exit_code, told.stderr) == (0, "")
    assert f"known  {BROKEN}" in told.stdout
    assert [line for line in told.stdout.splitlines() if line.startswith("fixed") and KEPT in line]


def test_another_deviation_blocks(reference, tmp_path):
    """Only what is listed is accepted."""
    done = judged(reference, tmp_path, f"clause: {KEPT}, reason: none of it")

    assert done.exit_code == 1
    assert done.document["baseline"] == {"new": [BROKEN], "known": [], "expired": [], "fixed": [KEPT]}


def test_strict_blocks_on_robustness(tmp_path):
    """A should clause is reported and lets the run pass; with --strict it does not."""
    only = ("--only", "core.fallback/undeclared-method-is-404", "--only", KEPT, "--effects", "read")
    with agent("--fault", "method-not-allowed-is-405") as reference:
        lenient = verify(reference.url, reference.token, *only, cwd=tmp_path)
        strict = verify(reference.url, reference.token, *only, "--strict", cwd=tmp_path)

    assert [finding["level"] for finding in lenient.document["findings"]] == ["should"]
    assert (lenient.exit_code, strict.exit_code) == (0, 1)
