"""What the documents tell a reader to type exists, and means what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from dtma_contract.baseline import Accepted, read_baseline
from dtma_contract.clauses import select
from dtma_contract.cli import commands
from dtma_contract.contract import EffectLevel
from dtma_contract.diagnosis.causes import CAUSES
from dtma_contract.drift.kinds import KINDS
from dtma_contract.fence.command import read_listen
from dtma_contract.settings import Depth, Settings, merge
from dtma_contract.shipped import load_clauses, load_contract
from dtma_contract.verdict import ExitCode, Outcome
from dtma_reference import cli as reference_cli
from dtma_reference.faults.catalogue import FAULTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
DOCUMENTS = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
}
CONTRACT = load_contract()
CLAUSES = load_clauses(CONTRACT)
PROGRAMS = {"dtma-contract": commands, "dtma-reference": reference_cli._command}
# Programs of others, and words of the shell, that a document may use.
OTHERS = {"apt-get", "curl", "export", "make", "pip", "pytest", "st"}


def fenced(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines_of(block):
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


CONSOLE = [line for block in fenced(README, "console") for line in lines_of(block)]
# Code spans that are commands: they may be broken over lines.
SPANS = [
    " ".join(span.split())
    for text in DOCUMENTS.values()
    for span in re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    if span.split()[0] in OTHERS | PROGRAMS.keys()
]


def help_examples():
    """Yield the lines that the help texts give as examples."""
    for group in PROGRAMS.values():
        for command in [group, *group.commands.values()]:
            _, _, examples = (command.help or "").partition("Examples:")
            yield from (line.strip() for line in examples.splitlines() if line.strip())


COMMANDS = sorted({*CONSOLE, *SPANS, *help_examples()})
WORDS = {line: shlex.split(line.partition(" > ")[0], comments=True) for line in COMMANDS}


def without_variables(words):
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return words


OURS = [line for line in COMMANDS if without_variables(WORDS[line])[0] in PROGRAMS]


def parsed(line):
    """Return the command that a line names, and its parameters as click reads them."""
    program, *words = without_variables(WORDS[line])
    group = PROGRAMS[program]
    if not words:
        return group, {}
    command = group.commands[words[0]]
    # A placeholder or a variable of the reader's own stands for a value.
    context = command.make_context(
        words[0], [re.sub(r"\$\w+|\b(URL|DIR|FILE)\b", "http://host:30000", word) for word in words[1:]]
    )
    return command, context.params


def test_there_are_commands_to_look_at():
    """The documents and the help have commands, of each of the two programs."""
    assert (len(CONSOLE) > 8, len(SPANS) > 8, len(list(help_examples())) > 8) == (True, True, True)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_of_a_known_program(line):
    """A document names our two programs, make, and a few that others keep."""
    assert without_variables(WORDS[line])[0] in OTHERS | PROGRAMS.keys()


@pytest.mark.parametrize("line", OURS)
def test_every_command_of_ours_parses(line):
    """The subcommand and all of its options exist, and values are of their kind."""
    # The name alone, as documents have it, lacks the options that it needs.
    words = without_variables(WORDS[line])
    if len(words) == 2:
        assert words[1] in PROGRAMS[words[0]].commands
        return

    assert parsed(line)


@pytest.mark.parametrize("line", [line for line in OURS if " verify " in line or " fence " in line])
def test_every_value_of_a_setting_is_read(line):
    """Effects, depths, selectors, targets and listen addresses in a document mean something."""
    _command, params = parsed(line)
    flags = {key: value for key, value in params.items() if key not in {"workers", "form", "listen"}}
    settings = Settings.from_values(merge(flags, {}, {}))

    select(CLAUSES, settings.only)
    assert "listen" not in params or read_listen(params["listen"])


@pytest.mark.parametrize("line", [line for line in OURS if " explain " in line])
def test_every_clause_that_is_explained_exists(line):
    """What `explain` is shown with can be explained, be it a clause, a kind of finding or a cause."""
    named = parsed(line)[1]["clauses"]

    assert all(name in KINDS or name in CAUSES or select(CLAUSES, [name]) for name in named)


@pytest.mark.parametrize("fault", sorted({word for line in OURS for word in re.findall(r"--fault ([a-z-]+)", line)}))
def test_every_fault_exists(fault):
    """A fault that a document switches on is one of the reference agent's."""
    assert fault in FAULTS


TARGETS = sorted(
    {
        word
        for line in COMMANDS
        if WORDS[line][0] == "make"
        for word in WORDS[line][1:]
        if re.fullmatch(r"[a-z-]+", word)
    }
)


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_exists(target):
    """A target that a document names stands in the Makefile."""
    assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE)


def test_the_two_commands_are_make_targets():
    """The README begins with them."""
    assert {"verify", "test"} <= set(TARGETS)


def test_the_makefile_runs_what_exists():
    """Programs and scripts that the Makefile names are there."""
    scripts = re.findall(r"scripts/\w+\.py", MAKEFILE)
    verify = next(line for line in MAKEFILE.splitlines() if "$(BIN)/dtma-contract verify" in line)
    words = shlex.split(verify.strip().removeprefix("@$(BIN)/dtma-contract verify").replace("$(ARGS)", ""))

    missing = [script for script in scripts if not (ROOT / script).is_file()]
    assert (
        bool(scripts), missing, commands.commands["verify"].make_context("verify", words).params["target"],
    ) == (True, [], "reference")  # fmt: skip


FILES = sorted(
    {
        path
        for text in DOCUMENTS.values()
        for path in re.findall(
            r"(?<![\w/.:-])((?:contracts|docs|src|tests|scripts|\.ci)/[\w./-]*\w|[A-Z]+\.md|Makefile|requirements\.lock)\b",
            text,
        )
    }
)


@pytest.mark.parametrize("path", FILES)
def test_every_file_that_is_named_exists(path):
    """A path in a document leads somewhere."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)*\w+\.py)`", DOCUMENTS["ARCHITECTURE.md"]))))
def test_every_module_of_the_map_exists(path):
    """The map names modules relative to the package, or to their folder."""
    assert list((ROOT / "src").rglob(path))


def option_rows(command="verify"):
    table = README.partition(f"### {command}\n")[2].partition("| option |")[2].partition("\n\n")[0]
    for option, meaning, default in re.findall(r"^\| `(.+?)` \| (.*) \|(.*)\|$", table, re.MULTILINE):
        yield option.replace("\\|", "|"), meaning, default


@pytest.mark.parametrize("command", ["verify", "drift", "diagnose", "gate"])
def test_the_table_of_options_is_the_command_s(command):
    """Each option stands in the README, with the same placeholder or choices."""
    documented = {row[0].split()[0]: row[0].partition(" ")[2] for row in option_rows(command)}
    real = {}
    for parameter in commands.commands[command].params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            form = "json" if command == "verify" else "FORM"
            real[parameter.opts[0]] = "" if parameter.is_flag else parameter.metavar or form

    assert documented == real


def test_the_table_of_findings_is_the_catalogue():
    """Each kind stands in the README with its level and its text, in the order in which findings are shown."""
    table = README.partition("| finding | level |")[2].partition("\n\n")[0]

    assert [(kind.id, str(kind.level), kind.text) for kind in KINDS.values()] == re.findall(
        r"^\| `([a-z-]+)` \| (\w+) \| (.*) \|$", table, re.MULTILINE
    )


def test_the_table_of_causes_is_the_catalogue():
    """Each cause stands in the README with what is wrong."""
    table = README.partition("| cause | what is wrong |")[2].partition("\n\n")[0]

    assert [(cause.id, cause.title) for cause in CAUSES.values()] == re.findall(
        r"^\| `([a-z-]+)` \| (.*) \|$", table, re.MULTILINE
    )


@pytest.mark.parametrize("row", list(option_rows()), ids=lambda row: row[0])
def test_the_documented_default_is_the_default(row):
    """What the table gives as a default is what a run without the option has."""
    option = row[0].split()[0]
    name = next(p.name for p in commands.commands["verify"].params if option in p.opts)
    documented = row[2].strip(" `")
    if name == "workers":
        actual = str(commands.commands["verify"].make_context("verify", []).params["workers"])
    elif name == "form":
        actual = commands.commands["verify"].make_context("verify", []).params["form"]
    else:
        value = getattr(Settings("http://host"), name) if name != "target" else None
        actual = "" if value in (None, (), False) else str(value)

    assert {"all": "", "random": ""}.get(documented, documented) == actual


@pytest.mark.parametrize(("option", "known"), [("--effects", EffectLevel), ("--depth", Depth)])
def test_the_table_names_every_level(option, known):
    """Each level and depth is explained under its name."""
    (text,) = (row[1] for row in option_rows() if row[0].startswith(option))

    assert [str(level) for level in known] == re.findall(r"`(\w+)`", text)


def test_the_table_names_every_profile():
    """Core is always judged; the others can be asked for by name."""
    (text,) = (row[1] for row in option_rows() if row[0].startswith("--profile"))

    assert {*CONTRACT.profiles, "all"} == set(re.findall(r"`(\w+)`", text))


CODES = {
    ExitCode.KEPT: "kept",
    ExitCode.VIOLATED: "violated",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.ENGINE_ERROR: "broke",
    ExitCode.USAGE: "usage",
    ExitCode.NOTHING_JUDGED: "nothing was judged",
    ExitCode.TARGET_UNUSABLE: "unusable",
}


def test_the_exit_codes_are_those_of_the_program():
    """The line of the README has each code once, with its meaning."""
    line = " ".join(README.partition("**Exit codes.**")[2].partition("\n\n")[0].split())
    documented = {int(code): text for code, text in re.findall(r"(\d) ([^·]+)", line)}

    assert [int(code) for code in ExitCode] == list(documented)
    assert [code for code, word in CODES.items() if word not in documented[code]] == []


def test_the_help_has_the_exit_codes_too():
    """Each code stands in the help of the program."""
    text = commands.help.partition("Exit codes:")[2]

    assert [int(code) for code in ExitCode] == [int(code) for code in re.findall(r"(\d) [a-z]", text)]


def test_the_outcomes_stand_worst_first():
    """The README lists the outcomes in the order of the program."""
    text = README.partition("Their outcomes, worst first:")[2].partition("\n\n")[0]

    assert [str(outcome) for outcome in Outcome] == re.findall(r"`([a-z-]+)`", text)


def test_the_baseline_of_the_readme_is_read():
    """The example names a clause that exists, a reason and a day."""
    (example,) = fenced(README, "yaml")

    (entry,) = read_baseline(yaml.safe_load(example), [clause.id for clause in CLAUSES], "the example")
    assert (Accepted, True) == (type(entry), entry.expires is not None)


KNOWN = {clause.id for clause in CLAUSES}
HEADS = {clause.partition("/")[0] for clause in KNOWN}
MENTIONED = sorted(
    {
        word
        for text in [*DOCUMENTS.values(), *help_examples()]
        for word in re.findall(r"(?<![\w/.-])((?:[a-z]+\.)*[a-z]+/[a-z0-9-]+)(?![\w/.*])", text)
        if word.partition("/")[0] in HEADS
    }
)


@pytest.mark.parametrize("clause", MENTIONED)
def test_every_clause_that_is_mentioned_exists(clause):
    """An id in a document can be explained."""
    assert clause in KNOWN


def test_clauses_are_mentioned():
    """The test above has something to look at."""
    assert {"core.tools.start/mounted", "lifecycle/name-conflict-is-409"} <= set(MENTIONED)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"`(DTMA_[A-Z_]+|BACKEND_[A-Z_]+)`", README))))
def test_every_variable_is_read_somewhere(variable):
    """A variable that the README names stands in the sources."""
    assert any(variable in file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
