"""What `dtma-contract drift` prints, how it ends, and what it says of mistakes."""

from __future__ import annotations

import json

import pytest
from drift.services import NAMES, write_service
from neighbours.liars import lying
from neighbours.processes import free_port
from runs.commands import command as run

from dtma_contract.diagnosis.causes import CAUSES
from dtma_contract.drift.kinds import KINDS

START = "POST /tools/{instanceNameOnToolbox}/start"
WITHOUT_START = [name for name in NAMES if name != START]


@pytest.fixture
def service(tmp_path):
    """A service that keeps the contract."""
    return write_service(tmp_path / "service")


@pytest.fixture
def broken(tmp_path):
    """A service without start."""
    return write_service(tmp_path / "broken", *WITHOUT_START)


# What is typed, and what the one message says.
MISTAKES = {
    "no corner": ([], ["nothing to compare", "`dtma-contract drift --source . --target http://HOST:30000`"]),
    "a base that is nowhere": (
        ["--consumer", "service", "--consumer-base", "SERVICE_URI"],
        ["SERVICE_URI", "--consumer-base", "stands nowhere"],
    ),
    "a base without callers": (["--source", ".", "--consumer-base", "X"], ["--consumer-base", "--consumer"]),
    "no such folder": (["--source", "nowhere"], ["nowhere of --source does not exist", "package.json"]),
    "a file": (["--source", "file"], ["file of --source is a file"]),
    "no such callers": (["--consumer", "nowhere"], ["nowhere of --consumer does not exist"]),
    "no such image": (
        ["--source", "service", "--image", "./none.tar"],
        ["There is no file './none.tar'", "registry://"],
    ),
    "no such entry": (["--source", "service", "--entry", "src/no.ts"], ["src/no.ts"]),
    "an entry outside": (["--source", "service", "--entry", "../x.ts"], ["../x.ts lies outside", "src/index.ts"]),
    "an entry of this machine": (["--source", "service", "--entry", "/etc/hosts"], ["/etc/hosts lies outside"]),
    "an entry that is data": (["--source", "service", "--entry", "package.json"], ["package.json is no program"]),
    "an empty image": (["--source", "service", "--image", ""], ["--image is given, and is empty", "--image VALUE"]),
    "an empty target": (["--source", "service", "--target", " "], ["--target is given, and is empty"]),
    "an empty consumer": (["--source", "service", "--consumer", ""], ["--consumer is given, and is empty"]),
    "no URL": (["--target", "droplet:30000"], ["is no URL", "http://droplet:30000"]),
    "no pattern": (["--source", "service", "--auth-name", "("], ['The name "(" of --auth-name']),
    "nothing to ask": (["--source", "service", "--introspect"], ["--introspect asks an image", "--image"]),
    "no such form": (["--source", "service", "--format", "xml"], ["'xml' is not one of", "sarif"]),
    "no place for the result": (["--source", "service", "--output", "nowhere/x"], ["nowhere/x", "Name another file"]),
    "no such contract": (["--source", "service", "--contract", "none.yaml"], ["none.yaml cannot be read"]),
    "no such option": (["--sources", "."], ["--sources", "--source"]),
}


@pytest.mark.parametrize(("arguments", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_message_with_the_next_step(arguments, words, tmp_path):
    """Exit code 4, nothing on standard output, and no traceback."""
    write_service(tmp_path / "service")
    (tmp_path / "file").write_text("")
    done = run("drift", *arguments, cwd=tmp_path)

    assert (done.exit_code, done.stdout) == (4, ""), done
    messages = [line for line in done.stderr.splitlines() if line.startswith("dtma-contract:")]
    assert (len(messages), [word for word in words if word not in messages[0]]) == (1, [])


def test_a_service_that_keeps_the_contract_passes(service, tmp_path):
    """Exit code 0, and a table that has nothing to show."""
    done = run("drift", "--source", str(service), cwd=tmp_path)

    assert done.exit_code == 0, done
    assert "no drift  27 of 27 routes agree" in done.stdout
    assert "reading the source" in done.stderr


def test_json_is_the_only_thing_on_standard_output(broken, tmp_path):
    """Progress goes to standard error; the finding has its place."""
    done = run("drift", "--source", str(broken), "--format", "json", cwd=tmp_path)
    document = json.loads(done.stdout)

    assert done.exit_code == 1, done
    (finding,) = document["findings"]
    assert (finding["kind"], finding["path"]) == ("missing-in-source", "/tools/{instanceNameOnToolbox}/start")
    assert (finding["file"], document["complete"]) == ("src/routes.js", True)


def test_a_stub_entry_point_is_told_from_its_routers(tmp_path):
    """The routes are there for a text search, and are mounted by nothing."""
    folder = write_service(tmp_path / "stub", stub=True)
    done = run("drift", "--source", str(folder), "--format", "json", cwd=tmp_path)

    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.exit_code, finding["kind"], finding["file"]) == (1, "declared-not-mounted", "src/routes.js")


@pytest.mark.parametrize(
    ("form", "beginning"), [("markdown", "### ❌"), ("sarif", "{"), ("json", "{"), ("text", "contract  ")]
)
def test_a_result_can_be_written_to_a_file(form, beginning, broken, tmp_path):
    """Nothing is on standard output then."""
    file = tmp_path / "result"
    done = run("drift", "--source", str(broken), "--format", form, "--output", str(file), cwd=tmp_path)

    assert (done.exit_code, done.stdout, file.read_text().startswith(beginning)) == (1, "", True), done


def test_middleware_can_be_named(tmp_path):
    """A name that nobody would guess, of middleware whose text does not show what it asks, is told with --auth-name."""
    folder = write_service(tmp_path / "service")
    routes, source = folder / "src" / "routes.js", folder / "src" / "authenticate.js"
    routes.write_text(
        routes.read_text().replace("authenticate", "doorkeeper").replace("./doorkeeper", "./authenticate")
    )
    source.write_text(
        "const door = { opens: (q) => q.get('x-key') === process.env.DOOR, shut: (s) => s.status(418).end() };\n"
        "exports.doorkeeper = (req, res, next) => (door.opens(req) ? next() : door.shut(res));\n"
    )
    plain = run("drift", "--source", str(folder), "--format", "json", cwd=tmp_path)
    named = run("drift", "--source", str(folder), "--auth-name", "^doorkeeper$", cwd=tmp_path)

    assert [found["kind"] for found in json.loads(plain.stdout)["findings"]] == ["auth-differs"]
    assert (plain.exit_code, named.exit_code) == (1, 0), named


def test_strict_blocks_on_less(tmp_path):
    """What is served beyond the contract fails a strict run alone."""
    folder = write_service(tmp_path / "more", *NAMES, "GET /metrics")

    codes = [run("drift", "--source", str(folder), *more, cwd=tmp_path).exit_code for more in ([], ["--strict"])]
    assert codes == [0, 1]


def test_a_folder_without_a_service_is_no_pass(tmp_path):
    """Nothing could be compared: exit code 5, and the reason."""
    (tmp_path / "empty").mkdir()
    done = run("drift", "--source", "empty", "--format", "json", cwd=tmp_path)
    document = json.loads(done.stdout)

    assert done.exit_code == 5, done
    assert (document["findings"], document["complete"]) == ([], False)
    assert "package.json" in document["unknown"][0]["reason"]


def test_a_service_on_another_framework_is_no_pass(tmp_path):
    """Nothing could be compared, and it is said why."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "package.json").write_text('{"main": "index.js", "dependencies": {"fastify": "5"}}')
    (folder / "index.js").write_text(
        "const app = require('fastify')(); app.get('/health', async () => 1); app.listen();"
    )
    done = run("drift", "--source", "other", "--format", "json", cwd=tmp_path)
    document = json.loads(done.stdout)

    assert (done.exit_code, document["findings"], document["complete"]) == (5, [], False), done
    assert "this is a Fastify service" in document["unknown"][0]["reason"]


@pytest.mark.parametrize("beside", [True, False], ids=["beside a source", "alone"])
def test_callers_of_which_there_are_none_are_no_pass(beside, service, tmp_path):
    """They were asked for; exit code 5, and the reason."""
    (tmp_path / "callers").mkdir()
    given = ("--source", str(service)) if beside else ()
    done = run("drift", *given, "--consumer", "callers", "--format", "json", cwd=tmp_path)

    assert done.exit_code == 5, done
    assert "there is no caller to read" in json.loads(done.stdout)["unknown"][0]["reason"]


def test_a_dead_target_beside_a_source_is_an_unknown(service, tmp_path):
    """The source is judged all the same, and that is no pass: the target was asked for. 6 is for what only asks one."""
    url = f"http://127.0.0.1:{free_port()}"
    done = run("drift", "--source", str(service), "--target", url, "--format", "json", cwd=tmp_path)
    document = json.loads(done.stdout)

    assert done.exit_code == 5, done
    assert {row["target"] for row in document["routes"]} == {"unknown"}
    assert [unknown["where"] for unknown in document["unknown"]] == ["target"]


def test_an_image_that_cannot_be_read_is_no_pass(service, tmp_path):
    """It is said what was tried, and no line says that there is no drift."""
    (tmp_path / "broken.tar").write_text("no archive")
    arguments = ("drift", "--source", str(service), "--image", "./broken.tar")
    done = run(*arguments, cwd=tmp_path)

    assert done.exit_code == 5, done
    assert "the image could not be compared" in done.stdout
    assert "no drift" not in done.stdout
    assert "broken.tar" in done.stdout
    assert run(*arguments, "--strict", cwd=tmp_path).exit_code == 1


def test_drift_beside_a_corner_that_cannot_be_read_is_drift(broken, tmp_path):
    """Exit code 1 says more than 5; the line says both."""
    (tmp_path / "broken.tar").write_text("no archive")
    done = run("drift", "--source", str(broken), "--image", "broken.tar", cwd=tmp_path)

    assert done.exit_code == 1, done
    assert "drift: 1 must, and the image could not be compared" in done.stdout


def test_the_token_is_nowhere(service, tmp_path):
    """It is taken from the environment, and shown by no format."""
    token = "a-token-that-nobody-else-has"  # noqa: S105 - made up here
    url = f"http://127.0.0.1:{free_port()}"
    for form in ("text", "json"):
        done = run(
            "drift",
            "--source",
            str(service),
            "--target",
            url,
            "--format",
            form,
            cwd=tmp_path,
            env={"DTMA_BEARER_TOKEN": token},
        )
        assert token not in done.stdout + done.stderr


def test_kinds_are_explained(tmp_path):
    """`explain` knows them beside clauses."""
    done = run("explain", "stale-image", "core.tools.start/mounted", cwd=tmp_path)

    assert done.exit_code == 0, done
    assert ["stale-image  must" in done.stdout, "core.tools.start/mounted  must" in done.stdout] == [True, True]


def test_the_list_of_everything_has_kinds_and_causes(tmp_path):
    """Behind the clauses, one a line, in the order of their catalogues; a list of some clauses has none."""
    listed = run("explain", "--list", cwd=tmp_path).stdout.splitlines()
    some = run("explain", "--list", "core.tools.start", cwd=tmp_path).stdout.splitlines()
    further = list(dict.fromkeys([*KINDS, *CAUSES]))

    assert listed[-len(further) :] == further
    assert all("/" in line for line in listed[: -len(further)])
    assert set(some) < set(listed) - set(further)


def test_callers_of_a_monorepo_are_placed_in_it(tmp_path):
    """SARIF points to the file where the repository has it, beside the service and with its base."""
    (tmp_path / ".git").mkdir()
    service = write_service(tmp_path / "packages" / "agent")
    caller = tmp_path / "packages" / "web" / "src"
    caller.mkdir(parents=True)
    (caller / "client.ts").write_text("fetch(`${process.env.DTMA_URL}/nowhere`);\n")
    done = run("drift", "--source", str(service), "--consumer", str(caller.parent), "--format", "sarif", cwd=tmp_path)
    (result,) = (each for each in done.document["runs"][0]["results"] if each["ruleId"] == "called-but-absent")
    (place,) = result["locations"]

    assert place["physicalLocation"]["artifactLocation"] == {
        "uri": "packages/web/src/client.ts", "uriBaseId": "SRCROOT",
    }  # fmt: skip


AMBIGUOUS = """// asks the dtma
export const health = () => fetch(`${process.env.SERVICE_URL}/health`);
export const gone = () => fetch(`${process.env.SERVICE_URL}/tools-gone`);
export const bill = () => fetch(`${process.env.BILLING}/status`);
"""


def test_a_declared_base_decides_ambiguous_callers(tmp_path, service):
    """Without it they are doubtful, in one row; with it they are the agent's or another's, and drift is found."""
    caller = tmp_path / "web"
    caller.mkdir()
    (caller / "client.ts").write_text(AMBIGUOUS)
    asking = ("drift", "--source", str(service), "--consumer", str(caller), "--format", "json")
    doubtful = run(*asking, cwd=tmp_path).document
    decided = run(*asking, "--consumer-base", "SERVICE_URL", cwd=tmp_path).document

    (row,) = doubtful["unknown"]
    assert ((row["file"], row["line"]), row["reason"].partition(" go to")[0]) == (("client.ts", 2), "3 requests")
    assert decided["unknown"] == []
    assert [
        (found["kind"], found["path"], found["line"]) for found in decided["findings"] if found["level"] == "must"
    ] == [("called-but-absent", "/tools-gone", 3)]


def test_a_target_that_limits_requests_is_told_as_such(service, tmp_path):
    """Not as another service: the answer, what it says of waiting, and what to do."""
    with lying(lambda asked: asked.answer("429 Too Many Requests", "text/plain", b"", "Retry-After: 30")) as liar:
        env = {"DTMA_BEARER_TOKEN": "s3cr3t-t0ken-VALUE"}
        asking = ("drift", "--source", str(service), "--target", liar.url, "--format", "json")
        done = run(*asking, cwd=tmp_path, env=env)

    told = done.document["provenance"]["target"]
    assert (done.exit_code, told["cause"]) == (5, "rate-limited"), done
    assert ("429" in told["reason"], "Retry-After 30" in told["reason"], "ask again" in told["hint"]) == (True,) * 3
