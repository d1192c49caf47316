"""The corpus's truth is what its services say of themselves under Express 4 and 5."""

from __future__ import annotations

import json
import subprocess

import pytest
from corpus.case import all_cases
from corpus.runtime import Run, installed_tools, run_cases, run_cases_together
from corpus.truth import told_routes, unexpected_end

from dtma_contract.discovery.express.paths import syntax_error, template_of
from dtma_contract.routes import path_covers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_node")]

# Paths with the requests that they match and that they do not match.
MATCHES = {
    4: [
        ("/a/:b", ["/a/x", "/a/x/"], ["/a", "/a/x/y"]),
        ("/files/*", ["/files/x", "/files/x/y"], ["/file"]),
        ("/a/:b?", ["/a", "/a/x"], ["/a/x/y"]),
        ("/:from-:to", ["/x-y"], ["/x"]),
        ("/:path(*)", ["/x", "/x/y/z"], []),
        ("/f/:path+", ["/f/x", "/f/x/y"], ["/g"]),
        ("*", ["/", "/x/y"], []),
        ("/:name.:ext?", ["/a", "/a.b"], ["/a/b"]),
    ],
    5: [
        ("/a/:b", ["/a/x", "/a/x/"], ["/a", "/a/x/y"]),
        ("/files/*rest", ["/files/x", "/files/x/y"], ["/file"]),
        ("/a{/:b}", ["/a", "/a/x"], ["/a/x/y"]),
        ("/:from-:to", ["/x-y"], ["/x"]),
        ("/f{/*path}", ["/f", "/f/x", "/f/x/y"], ["/g"]),
        ("/{*all}", ["/", "/x/y"], []),
        ("/:name{.:ext}", ["/a", "/a.b"], ["/a/b"]),
    ],
}

ASK = """
const express = require(process.argv[1]);
const told = JSON.parse(process.argv[2]).map(([raw, urls]) => {
  const router = express.Router();
  try {
    router.get(raw, (req, res) => { res.hit = true; });
  } catch (error) {
    return null;
  }
  return urls.map((url) => {
    const res = {};
    router.handle({ method: 'GET', url }, res, () => {});
    return Boolean(res.hit);
  });
});
console.log(JSON.stringify(told));
"""


def ask_express(major: int, questions: list[tuple[str, list[str]]]) -> list[list[bool] | None]:
    done = subprocess.run(
        ["node", "-e", ASK, str(installed_tools() / "node_modules" / f"express{major}"), json.dumps(questions)],
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_case_says_what_is_recorded():
    """No recorded route was written by hand, and none is out of date."""
    runs = [Run(case, major) for case in all_cases() for major in case.express]
    told = run_cases_together(runs)

    assert {run: ending for run in runs if (ending := unexpected_end(run, told[run]))} == {}
    assert {run: found for run in runs if (found := set(told_routes(told[run]))) != run.case.truth(run.major)} == {}


def test_cases_run_together_say_what_they_say_alone():
    """That Express stays loaded between them changes nothing."""
    # One of each kind: ES modules, ES5, several environments, a crash, a registration after `listen`.
    names = {"esm-plain-js", "compiled-es5-classes", "env-switches", "crash-star-express5", "mean-promisified-listen"}
    runs = [Run(case, case.express[-1]) for case in all_cases() if case.name in names]

    assert len(runs) == len(names)
    assert {run: told_routes(told) for run, told in run_cases(runs).items()} == {
        run: told_routes(told) for run, told in run_cases_together(runs).items()
    }


@pytest.mark.parametrize("major", [4, 5])
def test_a_template_covers_what_express_matches(major):
    """What Express answers for a path is what its template covers, and nothing else."""
    told = ask_express(major, [(raw, [*yes, *no]) for raw, yes, no in MATCHES[major]])
    expected = [[True] * len(yes) + [False] * len(no) for _, yes, no in MATCHES[major]]
    covered = [[path_covers(template_of(raw, major), url) for url in [*yes, *no]] for raw, yes, no in MATCHES[major]]

    assert told == expected
    assert covered == expected


@pytest.mark.parametrize("major", [4, 5])
def test_express_throws_where_a_path_is_said_to_be_refused(major):
    """What ends a process while it loads is told from what does not."""
    paths = [
        "*",
        "/*",
        "/:id?",
        r"/:id(\d+)",
        "/a(b)",
        "/(a",
        "/a+",
        "/:",
        "/{a",
        "/:a:b",
        "/{:a}b",
        "/ok/:x",
        "/*s",
        "x",
    ]

    assert [bool(syntax_error(raw, major)) for raw in paths] == [
        answer is None for answer in ask_express(major, [(raw, []) for raw in paths])
    ]
