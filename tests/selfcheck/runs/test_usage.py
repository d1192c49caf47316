"""Bad input is one clear message with the next step and exit code 4: nothing is printed, made or sent."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from neighbours.liars import lying
from neighbours.processes import clean_environment
from runs.commands import TOKEN, WHERE, command

CONTRACT_HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
ENTRY = "clause: core.tools.start/mounted"


@dataclass(frozen=True)
class Mistake:
    """A command line that cannot be meant, and words of the answer. ``URL`` stands for a target that listens."""

    args: str
    words: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    token: str | None = TOKEN


def verify(args: str, *words: str, token: str | None = TOKEN, **files: str | bytes) -> Mistake:
    named = {
        name.replace("_", ".", 1): content if isinstance(content, bytes) else content.encode()
        for name, content in files.items()
    }
    return Mistake(f"verify --target URL {args}".strip(), words, named, token)


def settings(content: str | bytes, *words: str) -> Mistake:
    data = content if isinstance(content, bytes) else content.encode()
    return Mistake("verify --target URL", words, {"dtma-contract.toml": data})


MISTAKES = {
    "no command": Mistake("", ("No command", "--help")),
    "unknown command": Mistake("verifi", ("verifi", 'Did you mean "verify"?')),
    "unknown option": Mistake("verify --targt URL", ("--targt", "--target")),
    "unknown effects": verify("--effects red", "red", 'Did you mean "read"?'),
    "unknown depth": verify("--depth smok", "smok", 'Did you mean "smoke"?'),
    "unknown profile": verify("--profile mpc", "mpc", 'Did you mean "mcp"?'),
    "unknown clause": verify("--only core.tools.strat", 'Did you mean "core.tools.start"?'),
    "unknown clause of an operation": verify("--only core.tools.start/mountd", 'mean "core.tools.start/mounted"?'),
    "unknown format": verify("--format xml", "xml", "json"),
    "source that is not there": verify("--source nowhere --only core.health", "nowhere", "--source"),
    "image that is not there": verify("--image ./nowhere.tar", "nowhere.tar"),
    "contract without an end": verify("--contract /dev/zero", "/dev/zero", "16 MiB"),
    "bad seed": verify("--seed x1", "x1", "number"),
    "bad number of processes": verify("-n many", "many"),
    "too many processes": verify("-n 99", "99", "32"),
    "bad probe image": verify("--probe-image -it", "-it", "nginx:latest"),
    "no target": Mistake("verify", ("No target", "--target reference")),
    "no scheme": Mistake("verify --target 127.0.0.1:30000", ("http://127.0.0.1:30000",)),
    "only a name": Mistake("verify --target staging", ("http://staging:30000",)),
    "unknown scheme": Mistake("verify --target ftp://h:1", ("ftp://h:1", "http://h:1")),
    "bad port": Mistake("verify --target http://h:99999", ("99999", "http://HOST:30000")),
    "port zero": Mistake("verify --target http://h:0", ("1 to 65535",)),
    "port that is no number": Mistake("verify --target http://h:port", ("http://h:port", "http://HOST:30000")),
    "broken address": Mistake("verify --target http://[::1", ("no URL",)),
    "no ASCII": Mistake("verify --target http://hôte:30000", ("no URL", "http://HOST:30000")),
    "query": Mistake("verify --target http://h:1/?a=b", ("Leave the rest out",)),
    "unset token": verify("", "DTMA_BEARER_TOKEN", "--token-env", token=None),
    "empty token": verify("", "DTMA_BEARER_TOKEN", "not set", token=""),
    "unset token variable": verify("--token-env NOWHERE", "NOWHERE", "export NOWHERE="),
    "token with a line break": verify("", "line break", token=f"{TOKEN}\n"),
    "token with a line break inside": verify("", "line break", token=TOKEN.replace("/", "\n")),
    "token beyond ASCII": verify("", "quotation mark", token=f"“{TOKEN}”"),
    "missing contract": verify("--contract nowhere.yaml", "nowhere.yaml", "Check the path"),
    "contract that is a folder": verify("--contract .", "Check the path"),
    "contract that is no YAML": verify("--contract c.yaml", "c.yaml", "line 2", c_yaml="a: [1,\n"),
    "contract that is no OpenAPI": verify("--contract c.yaml", "openapi: 3.1.0", c_yaml="a: 1\n"),
    "contract of a list": verify("--contract c.yaml", "openapi: 3.1.0", c_yaml="- 1\n"),
    "empty contract": verify("--contract c.yaml", "openapi: 3.1.0", c_yaml=""),
    "binary contract": verify("--contract c.yaml", "c.yaml", "cannot be read", c_yaml=b"\x7fELF\x00\xff"),
    "contract without paths": verify("--contract c.yaml", "no operation", c_yaml=f"{CONTRACT_HEAD}paths: {{}}\n"),
    "contract without profiles": verify(
        "--contract c.yaml",
        "x-dtma-profile",
        c_yaml=f"{CONTRACT_HEAD}paths: {{/a: {{get: {{operationId: a, responses: {{}}}}}}}}\n",
    ),
    "missing baseline": verify("--baseline nowhere.yaml", "nowhere.yaml", "Check the path"),
    "baseline that is no YAML": verify("--baseline b.yaml", "b.yaml", "no valid YAML", b_yaml="x: [\n"),
    "empty baseline": verify("--baseline b.yaml", "b.yaml", "accepted:", b_yaml=""),
    "baseline with an unknown clause": verify(
        "--baseline b.yaml",
        'Did you mean "core.tools.start/mounted"',
        b_yaml=f"accepted: [{{{ENTRY[:-1]}, reason: r}}]",
    ),
    "baseline without a reason": verify("--baseline b.yaml", "reason", b_yaml=f"accepted: [{{{ENTRY}}}]"),
    "baseline with a bad date": verify(
        "--baseline b.yaml", "soon", "2027-01-31", b_yaml=f"accepted: [{{{ENTRY}, reason: r, expires: soon}}]"
    ),
    "baseline with a day that no month has": verify(
        "--baseline b.yaml", "b.yaml", b_yaml=f"accepted: [{{{ENTRY}, reason: r, expires: 2027-02-30}}]"
    ),
    "baseline with a misspelt key": verify(
        "--baseline b.yaml", 'mean "expires"?', b_yaml=f"accepted: [{{{ENTRY}, reason: r, expire: 2027-01-01}}]"
    ),
    "baseline with an entry that is none": verify("--baseline b.yaml", "entry 1", b_yaml="accepted: [7]"),
    "broken settings file": settings("x = [", "dtma-contract.toml", "Mend it"),
    "binary settings file": settings(b"\xff\x00", "dtma-contract.toml", "Mend it"),
    "unknown setting": settings('efects = "read"', "efects", 'Did you mean "effects"?'),
    "unknown value in the file": settings('effects = "rad"', "rad", 'Did you mean "read"?'),
    "number for a list of clauses": settings("only = 3", '"only"', "list"),
    "number for a folder": settings("reports = 3", '"reports"', "--help"),
    "table for a text": settings("depth = {a = 1}", '"depth"'),
    "word for a truth value": settings('strict = "maybe"', "maybe", "true"),
    "fraction for a seed": settings("seed = 1.5", '"seed"'),
    "reports below a file": verify("--reports taken", "taken", "--reports", taken="a file"),
    "reports where nobody can write": verify("--reports /proc/reports", "/proc/reports", "--reports"),
    "engine that is not there": verify("--docker unix:///nowhere.sock", "unix:///nowhere.sock", "docker -H"),
    "engine that is no endpoint": verify("--docker nonsense", "nonsense", "unix:///var/run/docker.sock", "ssh://"),
    "engine that is a path": Mistake("sweep --docker unix:/nowhere.sock", ('Did you mean "unix:///nowhere.sock"?',)),
    "container without an engine": verify("--container dtma_manager", "--container", "--docker"),
    "explain of nothing": Mistake("explain", ("--list", "stale-image", "state-lost")),
    "explain of nonsense": Mistake("explain nonsense", ("nonsense", "cause", "stale-image", "--list")),
    "explain of a misspelt cause": Mistake("explain stale-image stat-lost", ('Did you mean "state-lost"?',)),
    "explain of a part": Mistake("explain port", ('Did you mean "port-conflict"?',)),
    "explain of an unknown clause": Mistake("explain core.tools.strat", ('Did you mean "core.tools.start"?',)),
    "fence without a token": Mistake("fence --target URL", ("DTMA_BEARER_TOKEN",), token=None),
    "fence for everyone": Mistake("fence --target URL --listen 0.0.0.0:80", ("127.0.0.1",)),
    "source of a name that is too long": Mistake(f"drift --source {'x' * 300}", ("--source", "too long", "Check")),
    "source that a terminal would obey": Mistake("drift --source \u202eabc\x1b[2J", ("\\u202eabc\\x1b[2J",)),
    "sweep of nothing": Mistake("sweep nowhere", ("nowhere", "--reports")),
    "sweep of no ledger": Mistake("sweep some.jsonl", ("some.jsonl", "ledger.jsonl"), {"some.jsonl": b"nonsense\n"}),
    "sweep that forgets no run": Mistake("sweep . --forget 2026", ("2026", "folder")),
    "sweep that forgets and asks": Mistake("sweep . --forget 2026 --docker unix:///x", ("--forget", "--docker")),
    "sweep of bytes": Mistake("sweep some.jsonl", ("some.jsonl",), {"some.jsonl": b"\xff\xfe\x00"}),
}


@pytest.fixture(scope="module")
def listener():
    """A target that nobody is to ask."""
    with lying("closes-at-once") as liar:
        yield liar


@pytest.mark.parametrize("name", MISTAKES)
def test_bad_input_is_one_message(name, listener, tmp_path):
    """One line on standard error names the mistake and the next step; exit code 4, nothing else happens."""
    mistake = MISTAKES[name]
    for file, content in mistake.files.items():
        (tmp_path / file).write_bytes(content)
    listener.asked.clear()
    env = {} if mistake.token is None else {"DTMA_BEARER_TOKEN": mistake.token}

    done = command(*(listener.url if word == "URL" else word for word in mistake.args.split()), cwd=tmp_path, env=env)

    assert (done.exit_code, done.stdout) == (4, ""), done
    assert (len(done.stderr.splitlines()), "Traceback" in done.stderr) == (1, False), done.stderr
    assert [word for word in mistake.words if word not in done.stderr] == [], done.stderr
    assert {path.name for path in tmp_path.iterdir()} == set(mistake.files)
    assert listener.asked == []


@pytest.mark.parametrize("args", ["verify --format json", "verify --target URL --format json --effects red"])
def test_no_document_is_printed_for_bad_input(args, listener, tmp_path):
    """With --format json the message stands on standard error too, and standard output stays empty."""
    done = command(*args.replace("URL", listener.url).split(), cwd=tmp_path)

    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (4, "", 1)


@pytest.mark.parametrize(
    "args",
    [
        "verify --target http://user:hunter2@h:1",
        "verify --target user:hunter2@h:1",
        "verify --target ftp://user:hunter2@h:1",
        "verify --target http://h:1 --token-env hunter2-the+token",
    ],
)
def test_no_secret_of_the_command_line_is_repeated(args, tmp_path):
    """A password in the URL, or the token where its variable's name belongs, is refused and not printed."""
    done = command(*args.split(), cwd=tmp_path)

    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (4, "", 1)
    assert "hunter2" not in done.stderr
    assert "--token-env" in done.stderr


def test_an_unset_token_stops_a_sweep(tmp_path):
    """A sweep that would have to ask a target says on standard error which variable it needs."""
    (tmp_path / "ledger.jsonl").write_text(
        '{"event": "run", "run": "r", "namespace": "dtmac-aaaaaaaa-", "target": "http://127.0.0.1:1", '
        '"token_env": "OF_STAGING", "docker": null, "started": ""}\n'
        '{"event": "create", "kind": "instance", "name": "dtmac-aaaaaaaa-t1"}\n'
    )

    done = command("sweep", "ledger.jsonl", cwd=tmp_path)

    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (4, "", 1)
    assert "OF_STAGING" in done.stderr


def test_a_folder_that_was_taken_away_is_told(tmp_path):
    """Whoever works in a folder that is gone hears that, and not of a file that cannot be found."""
    gone = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    line = ["sh", "-c", gone, "sh", sys.executable, "-m", "dtma_contract", "drift", "--source", "."]
    done = subprocess.run(
        line, check=False, capture_output=True, text=True, cwd=tmp_path, env=clean_environment(WHERE), timeout=120
    )

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1] == (
        "dtma-contract: The working folder is not there any more. Change into another one."
    )
    assert "Traceback" not in done.stderr
