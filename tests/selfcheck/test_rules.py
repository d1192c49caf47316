"""The code keeps the rules that ARCHITECTURE.md and CONTRIBUTING.md state."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
FILES = sorted(SOURCE.rglob("*.py"))
PRODUCT = sorted({*FILES, *(ROOT / "scripts").glob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "conftest.py"})
TEXTS = sorted({*PRODUCT, *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "contracts").glob("*.yaml")})

PURE = {
    *(
        f"dtma_contract.{name}"
        for name in (
            "verdict", "contract", "schemas", "clauses", "judgement", "evidence", "bodies", "baseline", "settings",
            "run_identity", "run_report", "errors", "redaction", "routes", "mounting", "discovery.claims",
            "discovery.route_questions", "discovery.target_evidence", "drift", "log_redaction",
            "engine_address", "environment_secrets",
        )
    ),
    *(
        f"dtma_contract.fence.{name}"
        for name in (
            "policy", "creates", "decisions", "images", "names", "request_bodies", "targets", "answers", "http1",
            "limits", "settings",
        )
    ),
    *(
        f"dtma_contract.discovery.express.{name}"
        for name in (
            "broken_syntax", "call_sites", "conditions", "contents", "endings", "flatten", "frames", "limits",
            "middleware_packages", "needed_files", "operators", "patched_loading", "path_syntax", "paths", "problems",
            "registrations", "syntax", "values", "version_ranges",
        )
    ),
    *(f"dtma_contract.observation.{name}" for name in ("promises", "questions", "verified")),
    "dtma_contract.probes.certificates",
    "dtma_contract.diagnosis",
    *(
        f"dtma_contract.diagnosis.{name}"
        for name in (
            "agent_choice", "attribution", "causes", "cleaning", "code", "deploy_log", "diagnosis", "engine_answers",
            "engine_log", "facts", "reading", "rules", "suspicion", "usability",
        )
    ),
    *(
        f"dtma_contract.diagnosis.rules.{name}"
        for name in (
            "authentication", "connection", "engine", "experiments", "instances", "responses", "routes",
            "standing_before",
        )
    ),
    "dtma_contract.discovery.introspection.answer",
    "dtma_contract.discovery.provenance",
    *(
        f"dtma_contract.discovery.container_image.{name}"
        for name in (
            "command_lines", "configuration", "image_provenance", "kept_files", "manifests", "problems", "shell_words",
        )
    ),
    *(f"dtma_contract.reporting.{name}" for name in ("drift_facts", "drift_markdown", "drift_sarif", "plain")),
    *(
        f"dtma_contract.drift.{name}"
        for name in (
            "comparison", "declared", "freshness", "further", "grouping", "kinds", "matching", "matrix", "problems",
            "report", "roots", "runtime", "wording",
        )
    ),
    *(
        f"dtma_contract.discovery.consumer.{name}"
        for name in (
            "addresses", "calling", "classes", "conditions", "folding", "interpreter", "javascript_expressions",
            "javascript_nodes", "joining", "language_calls", "libraries", "library_calls", "operations", "ownership",
            "python_code", "shell_requests", "state", "syntax", "values",
        )
    ),
    *(f"dtma_reference.registry.{name}" for name in ("adoption", "location", "reconciliation", "records")),
    "dtma_reference.engines.protocol",
    "dtma_reference.naming",
    "dtma_reference.plain_text",
}  # fmt: skip

MIGRATIONS = ("r0001_container_registry", "r0002_management")

# What only some modules may import, and which.
RESERVED = {
    "schemathesis": {"dtma_contract.generation"},
    "hypothesis": {"dtma_contract.generation"},
    "docker": {
        *(
            f"dtma_contract.probes.{name}"
            for name in ("docker_host", "docker_images", "image_host", "introspection_container")
        ),
        "dtma_reference.engines.docker",
        "dtma_reference.engines.remote",
    },
    "sqlalchemy": {
        *(
            f"dtma_reference.registry.{name}"
            for name in (
                "database",
                "database_store",
                "database_trouble",
                "revisions",
                "schema",
                "server_lock",
                "statements",
            )
        ),
        *(f"dtma_reference.registry.migrations.versions.{name}" for name in MIGRATIONS),
    },
    "alembic": {
        "dtma_reference.registry.revisions",
        "dtma_reference.registry.migrations.env",
        *(f"dtma_reference.registry.migrations.versions.{name}" for name in MIGRATIONS),
    },
    "cryptography": {"dtma_reference.registry.environment"},
    "oras": {"dtma_contract.discovery.container_image.registry"},
    "zstandard": {"dtma_contract.discovery.container_image.byte_streams"},
    "pytest": {f"dtma_contract.{name}" for name in ("plugin", "fixtures", "session_state", "hooks", "verify")},
    "click": {
        "dtma_contract.cli",
        "dtma_reference.cli",
        "dtma_reference.registry_cli",
        *(
            f"dtma_contract.commands.{name}"
            for name in ("diagnose", "drift", "explain", "fence", "gate", "sweep", "verify")
        ),
    },
}

# Names of clock, file system, network, processes and environment, which purity excludes.
IMPURE = {
    "httpx", "requests", "pytest", "docker", "schemathesis", "hypothesis", "click", "rich", "time", "os", "sys", "io",
    "socket", "ssl", "subprocess", "asyncio", "threading", "multiprocessing", "tempfile", "shutil", "glob", "secrets",
    "urllib.request", "http.client", "yaml", "logging", "signal",
}  # fmt: skip
IMPURE_CALLS = {
    "open", "input", "print", "now", "today", "utcnow", "read_text", "read_bytes", "write_text", "write_bytes",
    "exists", "is_file", "is_dir", "iterdir", "mkdir", "unlink", "getenv", "uuid1", "uuid4",
}  # fmt: skip
# Spelt in two pieces, so that this very line is none.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")


def module_of(file: Path) -> str:
    name = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
    return name.removesuffix(".__init__")


@cache
def text_of(file: Path) -> str:
    return file.read_text("utf-8")


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(text_of(file))


@cache
def imports_of(file: Path) -> set[str]:
    """Return the full names of all that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not getattr(node, "level", 0), f"{file} imports relatively"
            found |= imported_by(node)
    return found


def imported_by(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}


def matches(imported: str, name: str) -> bool:
    return imported == name or imported.startswith(f"{name}.")


BY_MODULE = {module_of(file): file for file in FILES}


def breaking(rule, items):
    """Return what each item breaks a rule with, by its name in the tree: one test speaks of all of them."""
    return {
        item if isinstance(item, str) else str(item.relative_to(ROOT)): found for item in items if (found := rule(item))
    }


def test_the_pure_modules_exist():
    """The list of this test follows the code."""
    assert BY_MODULE.keys() >= PURE


def test_what_calls_itself_pure_is_held_to_it():
    """A module whose docstring says that it is pure is in the list."""
    said = {
        name
        for name, file in BY_MODULE.items()
        if name.startswith("dtma_contract") and re.search(r"\bPure\b", ast.get_docstring(tree_of(file)) or "")
    }

    assert said - PURE - {"dtma_contract.turns"} == set()


def test_a_pure_module_imports_no_clock_file_network_or_environment():
    """Judgement is pure: it can be tested by tables alone."""

    def impure_imports(name):
        return {imported for imported in imports_of(BY_MODULE[name]) for impure in IMPURE if matches(imported, impure)}

    assert breaking(impure_imports, sorted(PURE)) == {}


def test_a_pure_module_calls_no_clock_file_or_environment():
    """What is imported for its types, such as Path and datetime, is not asked for the world either."""

    def impure_calls(name):
        return IMPURE_CALLS & {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in ast.walk(tree_of(BY_MODULE[name]))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
        }

    assert breaking(impure_calls, sorted(PURE)) == {}


def test_a_pure_module_imports_only_pure_modules_of_ours():
    """Purity is passed on; the one exception is the value that a report quotes from the clean-up."""
    packages = {"dtma_contract", "dtma_contract.fence", "dtma_contract.discovery.consumer"}

    def others(name):
        allowed = PURE | packages | ({"dtma_contract.cleanup"} if name == "dtma_contract.run_report" else set())
        return {imported for imported in imports_of(BY_MODULE[name]) if imported in BY_MODULE} - allowed

    assert breaking(others, sorted(PURE)) == {}


@pytest.mark.parametrize("reserved", RESERVED)
def test_a_reserved_library_is_imported_by_its_modules_only(reserved):
    """Each third party stands behind one seam."""
    found = {
        name for name, file in BY_MODULE.items() if any(matches(imported, reserved) for imported in imports_of(file))
    }

    assert found - RESERVED[reserved] == set()


def test_the_suite_loads_what_generates_only_where_it_generates():
    """Hypothesis and schemathesis cost a small run a quarter of its time; a run that generates nothing goes without."""
    slow = ("hypothesis", "schemathesis", "dtma_contract.generation")
    suite = [*(ROOT / "tests" / "contract").glob("*.py"), *(ROOT / "tests" / "lifecycle").glob("*.py")]
    early = {
        file.name
        for file in suite
        for node in tree_of(file).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported_by(node)
        if any(matches(name, library) for library in slow)
    }

    assert suite
    assert early == set()


@pytest.mark.parametrize(
    ("package", "other"), [("dtma_contract", "dtma_reference"), ("dtma_reference", "dtma_contract")]
)
def test_judge_and_reference_know_nothing_of_each_other(package, other):
    """A shared mistake would pass unseen."""
    found = {
        name
        for name, file in BY_MODULE.items()
        if matches(name, package) and any(matches(imported, other) for imported in imports_of(file))
    }

    assert found == set()


def public_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in {"command", "group"}


def test_all_lists_the_public_names_in_order():
    """What `__all__` names exists and is sorted; every public class and function of the file is in it."""

    def wrong_names(file):
        tree = tree_of(file)
        listed = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        ]
        (names,) = listed or [[]]
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            # Commands and hooks are found by decorators and by name, not by import.
            and not any(is_command(decorator) for decorator in node.decorator_list)
            and not node.name.startswith("pytest_")
        }
        imported = {
            alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        unordered = [] if names == in_order(names) else names
        unlisted = defined - set(names) if listed else set()
        return [*unordered, *(set(names) - set(public_names(tree)) - imported), *unlisted]

    assert breaking(wrong_names, FILES) == {}


def in_order(names: list[str]) -> list[str]:
    """Return names as isort sorts them: constants, classes, the rest."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[:1].isupper() else 2, name))


def test_a_module_says_what_it_is_for():
    """Its first line is a docstring that ends as a sentence."""

    def ends_otherwise(file):
        first = (ast.get_docstring(tree_of(file)) or "").partition("\n")[0]
        return None if re.search(r"[.?!:]$", first) else first or "no docstring"

    assert breaking(ends_otherwise, PRODUCT) == {}


def test_a_file_has_at_most_500_lines():
    """A longer one has a seam that was not looked for."""

    def too_many(file):
        return max(len(text_of(file).splitlines()) - 500, 0)

    assert breaking(too_many, PRODUCT) == {}


def test_what_a_linter_is_told_to_pass_has_its_reason_beside_it():
    """`noqa` and `type: ignore` name a rule, and say why in words."""
    allowance = re.compile(r"#\s*(?:noqa(?P<rules>[^-(#]*)|type:\s*ignore(?P<kinds>\[[a-z, -]+\])?)(?P<reason>.*)$")

    def bare(file):
        lines = enumerate(text_of(file).splitlines(), 1)
        told = ((number, line, allowance.search(line)) for number, line in lines)
        return [
            (number, line) for number, line, mark in told if mark and not re.search(r"[A-Za-z]{2,}", mark["reason"])
        ]

    assert breaking(bare, [file for file in PRODUCT if file != Path(__file__)]) == {}


def test_nothing_is_marked_as_unfinished():
    """What is left to do stands in no file."""
    assert breaking(lambda file: UNFINISHED.findall(text_of(file)), TEXTS) == {}


def test_no_file_is_called_after_nothing():
    """Names such as `utils` say nothing of what is inside."""
    empty = {"utils", "helpers", "common", "manager", "misc"}

    assert {file.stem for file in PRODUCT} & empty == set()


def test_a_selfcheck_states_the_fact_that_it_proves():
    """Every test function has a docstring."""

    def without_docstring(file):
        return [
            node.name
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
        ]

    assert breaking(without_docstring, sorted((ROOT / "tests" / "selfcheck").rglob("test_*.py"))) == {}
