"""Every format says the same of one report: terminal, JSON, Markdown, SARIF."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from drift.judged_tables import add, called, change, clean, drift, drop, route, unread
from jsonschema import Draft7Validator
from rich.console import Console

from dtma_contract.drift.kinds import KINDS
from dtma_contract.reporting.drift_markdown import drift_markdown
from dtma_contract.reporting.drift_sarif import drift_sarif
from dtma_contract.reporting.drift_table import print_drift
from dtma_contract.routes import Cell, Corner, Location, RouteTable, Unknown

SOURCE, IMAGE, TARGET = Corner.SOURCE, Corner.IMAGE, Corner.TARGET
START = "POST /tools/{instanceNameOnToolbox}/start"
OLD = add(drop(clean(IMAGE), START), route("GET /old", place="app/dist/old.js:2"))

REPORTS = {
    "nothing is wrong": drift(clean(), clean(IMAGE), clean(TARGET), called(START)),
    "nothing could be read": drift(unread(SOURCE, "there is no package.json"), unread(TARGET, "refused")),
    "a stale image": drift(clean(), OLD),
    "many things": drift(
        replace(
            add(
                change(drop(clean(), START), "/mcp*", state=Cell.SHADOWED, detail="a|b `c` <d> *e* answers"),
                route("GET /x|y", place="src/a b/ü.ts:3"),
            ),
            unknown=(Unknown(SOURCE, "src/z.ts", 9, "`import(x)` has a | in it", ""),),
        ),
        called("GET /nowhere", "GET /status"),
    ),
    "a crash": drift(replace(clean(), crash="it imports nothing", crash_location=Location("src/index.ts", 4))),
}
WIDTH = 110


def text_of(report, width=WIDTH, **options):
    stream = io.StringIO()
    print_drift(report, Console(file=stream, width=width), **options)
    return stream.getvalue()


@pytest.fixture(params=REPORTS, ids=str)
def report(request):
    """Each of the reports."""
    return REPORTS[request.param]


def test_json_is_json(report):
    """The document has plain values only."""
    assert json.loads(json.dumps(report.to_json())) == report.to_json()


def test_the_terminal_names_every_finding(report):
    """With its level, its title and its remedy."""
    text = " ".join(text_of(report).split())

    missing = [
        found.kind
        for found in report.findings
        if f"{found.level} {found.kind}" not in text or " ".join(found.title.split()) not in text
    ]
    assert missing == []


def test_the_terminal_shows_all_rows_on_demand(report):
    """By default the agreeing ones are counted only."""
    shown = re.sub(r"\s+", "", text_of(report, everything=True))

    assert [row.name for row in report.rows if re.sub(r"\s+", "", row.name) not in shown] == []


def test_a_narrow_terminal_is_enough(report):
    """In 80 columns no line is longer, no blanks hang behind, and each route has one line."""
    lines = text_of(report, width=80, everything=True).splitlines()

    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    listed = {" ".join(line.split()[:2]) for line in lines}
    assert {re.sub(r"\{\w+\}", "{}", row.name) for row in report.rows} <= listed | {
        re.sub(r"\{\w+\}", "{}", name) for name in listed
    }


def test_a_wide_terminal_has_the_names_of_parameters():
    """They are left out only where there is no room for them, and then it is said."""
    report = REPORTS["a stale image"]

    assert "{} stands for a parameter" not in text_of(report)
    assert "{} stands for a parameter" in text_of(report, width=60)


def test_agreeing_rows_are_counted():
    """A short table is read, a long one is not."""
    text = text_of(REPORTS["a stale image"])

    assert "26 routes on which all agree: --all shows them" in text
    assert ("GET /tools/status" in text, START in text, "GET /old" in text) == (False, True, True)


def test_the_last_lines_are_the_verdict():
    """What stands last is read first."""
    closing = text_of(REPORTS["a stale image"]).strip().splitlines()[-2:]

    assert closing == ["drift: 1 must  26 of 28 routes agree", "unknown  nothing"]


def test_a_row_that_a_finding_names_does_not_agree():
    """All corners mount it, and one lets everyone in: the table shows which, and the line counts it out."""
    text = text_of(drift(change(clean(), START, secured=False), clean(IMAGE)))
    line = next(line for line in text.splitlines() if line.strip().startswith(START))

    assert line.split()[2:] == ["promised", "mounted,", "open", "mounted"]
    assert text.strip().splitlines()[-2] == "drift: 1 must  26 of 27 routes agree"


def test_what_no_build_has_to_have_is_counted_apart():
    """Nothing is wrong, and the routes that do not agree are explained."""
    text = text_of(drift(drop(clean(), "/mcp*")))

    assert "no drift  18 of 27 routes agree, 9 routes of optional profiles are absent everywhere" in text


def test_a_report_of_nothing_says_so():
    """It is neither a pass nor a failure."""
    text = text_of(REPORTS["nothing could be read"])

    assert "nothing could be compared" in text
    assert ("there is no package.json" in text, "could not be read" in text) == (True, True)


def test_the_header_has_the_provenance():
    """Commit, revision, digest and entry, short enough to be compared by eye."""
    source = clean(provenance={"folder": "agent", "commit": "a" * 40, "entry": "src/index.ts", "express": 4})
    image = clean(IMAGE, provenance={"reference": "dtma:latest", "digest": "sha256:" + "b" * 64, "revision": "c" * 40,
                                     "created": "2026-01-02", "entry": "app/dist/index.js"})  # fmt: skip
    lines = text_of(drift(source, image)).splitlines()

    assert lines[:3] == [
        "contract  version 1.0.0, 27 operations",
        f"source    agent, commit {'a' * 12}, entry src/index.ts, Express 4",
        f"image     dtma:latest, sha256:{'b' * 12}, revision {'c' * 12}, built 2026-01-02, entry app/dist/index.js",
    ]


STOP = "POST /tools/{instanceNameOnToolbox}/stop"
EVERY = "ALL /tools/{instanceNameOnToolbox}/start"
EXPRESSION = r"ALL /^\/tools\/[^/]+\/st.*$/"


def test_what_takes_promised_routes_under_another_name_is_shown():
    """A route of every method, and an expression; one that takes whatever is left over is a fallback and is not."""
    source = add(
        drop(clean(), START),
        route(EVERY), route(EXPRESSION, place="src/r.ts:4"), route("ALL /^.*$/", place="src/z.ts:9"),
    )  # fmt: skip
    report = drift(source, clean(IMAGE))
    evidence = {row["method"] + " " + row["path"]: row["evidence"] for row in report.to_json()["routes"]}
    lines = [
        f"source: {EVERY} (src/other.ts:7) takes {START}",
        f"source: {EXPRESSION} (src/r.ts:4) takes {START}, {STOP}",
    ]

    assert evidence[START]["source"]["detail"] == (
        f"{EVERY} (src/other.ts:7) answers every method; {EXPRESSION} (src/r.ts:4) takes it too"
    )
    assert evidence[STOP]["source"]["detail"] == f"{EXPRESSION} (src/r.ts:4) takes it too"
    assert [line for line in text_of(report, width=200).splitlines() if " takes " in line] == lines
    assert [line for line in drift_markdown(report).splitlines() if line.startswith("- source: ALL")] != []
    assert len(report.rows) == len(drift(clean()).rows)


def test_many_unknowns_are_counted():
    """A budget that was spent leaves hundreds; the first ones tell why."""
    told = tuple(Unknown(SOURCE, "src/a.ts", line, "it is computed", "") for line in range(1, 31))
    text = text_of(drift(replace(clean(), unknown=told)))

    assert ("unknown  30, so that not every absence is sure" in text, text.count("it is computed")) == (True, 8)
    assert "and 22 more in --format json" in text


def test_markdown_names_every_finding(report):
    """With level, corner and remedy."""
    text = drift_markdown(report)

    for found in report.findings:
        assert f"**{found.kind}** ({found.level}, " in text
    assert text.count("**Remedy:**") == len(report.findings)


def test_markdown_tables_have_a_cell_for_each_column(report):
    """A bar in a path or a reason does not break the table."""
    for block in re.findall(r"(?:^\|.*\n)+", drift_markdown(report, everything=True), re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1, block


def test_markdown_folds_are_closed(report):
    """Each fold has its end, and a blank line before what is Markdown in it."""
    text = drift_markdown(report)

    assert text.count("<details>") == text.count("</details>")
    assert re.findall(r"</summary>\n(?!>?\n)", text) == []


def test_markdown_means_what_was_said():
    """Signs of a reason are no Markdown and no HTML."""
    text = drift_markdown(REPORTS["many things"])

    assert r"a\|b \`c\` \<d\> \*e\* answers" in text
    assert "<d>" not in text


def test_what_a_source_or_a_target_holds_is_shown_and_not_obeyed():
    """No control character and no turned text reaches a terminal or a comment; each leaves a sign."""
    hostile = "a\x1b[2J\x9b31m\u202e"
    table = add(clean(), route(f"GET /{hostile}"))
    unknown = Unknown(SOURCE, f"src/{hostile}.ts", 1, f"GET / is answered {hostile}", "")
    told = drift(replace(table, unknown=(unknown,)))

    for text in (text_of(told, everything=True), drift_markdown(told, everything=True)):
        assert not set(text) & {"\x1b", "\x9b", "\u202e"}
        assert text.count("\ufffd") >= 3 * len("\x1b\x9b\u202e")


# The parts of the SARIF 2.1.0 schema that a log of ours has, as the standard's sections 3.13 to 3.59 state them.
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": -1},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {
                        # A relative reference of RFC 3986: neither a scheme nor a slash in front.
                        "uri": {
                            "type": "string",
                            "pattern": r"^(?!/)(?![A-Za-z][A-Za-z0-9+.-]*:)[A-Za-z0-9%._~!$&'()*+,;=@/-]+$",
                        },
                        "uriBaseId": {"enum": ["SRCROOT", "IMAGE", "CALLERS", "CALLERS2"]},
                    },
                },
                "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        },
    },
}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "name": {"pattern": "^([A-Z][a-z]+)+$"},
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                                "help": _TEXT,
                                                "defaultConfiguration": {"properties": {"level": _LEVEL}},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "invocations": {
                        "items": {
                            "required": ["executionSuccessful"],
                            "properties": {
                                "toolExecutionNotifications": {
                                    "items": {
                                        "required": ["message"],
                                        "properties": {
                                            "message": _TEXT,
                                            "level": _LEVEL,
                                            "locations": {"items": _LOCATION},
                                        },
                                    }
                                }
                            },
                        }
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["message", "ruleId"],
                            "properties": {
                                "message": _TEXT,
                                "level": _LEVEL,
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {"items": _LOCATION, "maxItems": 1},
                                "relatedLocations": {"items": _LOCATION, "uniqueItems": True},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


def test_sarif_keeps_the_standard(report):
    """Required members, their kinds, relative addresses, lines from 1."""
    assert [error.message for error in Draft7Validator(SARIF).iter_errors(drift_sarif(report))] == []


def test_sarif_has_a_rule_for_each_kind(report):
    """A result points to its rule by id and by index."""
    (run,) = drift_sarif(report)["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == list(KINDS)
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]


def test_sarif_levels():
    """A must is an error, a should a warning, what nobody calls a note."""
    results = drift_sarif(REPORTS["many things"])["runs"][0]["results"]

    assert {result["ruleId"]: result["level"] for result in results} == {
        "missing-in-source": "error", "shadowed": "error", "called-but-absent": "error", "undocumented": "warning",
        "promised-but-not-called": "note",
    }  # fmt: skip


def fingerprints(report):
    return [result["partialFingerprints"] for result in drift_sarif(report)["runs"][0]["results"]]


def test_fingerprints_are_stable_when_lines_move():
    """A finding stays the same finding after an unrelated change of its file."""
    moved = drift(change(drop(clean(), START), "/mcp*", location=Location("src/routes/mcp.ts", 999)))

    assert fingerprints(drift(drop(clean(), START))) == fingerprints(moved)


def test_fingerprints_differ_between_findings(report):
    """Each finding has one of its own."""
    found = [tuple(each.values()) for each in fingerprints(report)]

    assert len(set(found)) == len(found)


def places(report, kind):
    (result,) = (r for r in drift_sarif(report)["runs"][0]["results"] if r["ruleId"] == kind)
    return [each["physicalLocation"]["artifactLocation"] for each in result["locations"]]


def test_places_lie_in_the_repository():
    """A service in a folder of its repository is shown where the repository has it, letters encoded."""
    source = add(clean(provenance={"path_in_repository": "agents/express"}), route("GET /x", place="src/a b/ü.ts:3"))

    assert places(drift(source), "undocumented") == [
        {"uri": "agents/express/src/a%20b/%C3%BC.ts", "uriBaseId": "SRCROOT"}
    ]


def test_places_of_an_image_lie_in_the_image():
    """They are no files of the repository; what a stale image lacks is shown in the source."""
    extra = drift(clean(), add(clean(IMAGE), route("GET /x", place="app/dist/x.js:3")))

    assert places(extra, "undocumented") == [{"uri": "app/dist/x.js", "uriBaseId": "IMAGE"}]
    assert places(REPORTS["a stale image"], "stale-image") == [{"uri": "src/routes/tools.ts", "uriBaseId": "SRCROOT"}]


def test_places_of_callers_lie_in_their_repositories():
    """The source's own where they share it, so that a host shows them; others have a base of their own, described."""
    roots = [
        {"folder": "web", "path_in_repository": "apps/web", "repository": 0},
        {"folder": "web/legacy", "path_in_repository": "", "repository": 1},
        {"folder": "../bots", "path_in_repository": "", "repository": 2},
    ]
    names = ("web/src/a.ts", "web/legacy/b.ts", "../bots/c.py")
    routes = tuple(route(f"GET /nowhere/{number}", place=f"{name}:1") for number, name in enumerate(names))
    folders = {"folders": [root["folder"] for root in roots], "roots": roots}
    report = drift(clean(), RouteTable(Corner.CONSUMER, routes, provenance=folders))
    (run,) = drift_sarif(report)["runs"]
    found = [result for result in run["results"] if result["ruleId"] == "called-but-absent"]
    shown = [place for result in found for place in (*result["locations"], *result.get("relatedLocations", ()))]

    assert [place["physicalLocation"]["artifactLocation"] for place in shown] == [
        {"uri": "apps/web/src/a.ts", "uriBaseId": "SRCROOT"},
        {"uri": "b.ts", "uriBaseId": "CALLERS"},
        {"uri": "c.py", "uriBaseId": "CALLERS2"},
    ]
    assert "../bots" in run["originalUriBaseIds"]["CALLERS2"]["description"]["text"]
