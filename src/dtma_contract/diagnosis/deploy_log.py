"""What a log tells of failed deploys: which of its lines count today, and whose they are. Pure."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Final

from dtma_contract.diagnosis.facts import Facts, LogLine
from dtma_contract.diagnosis.reading import seconds_between, telling_lines

__all__ = ["failed_deploys", "lines_while_asked", "time_of"]

# What the tool itself deploys to tell a stub.
_OWN: Final = re.compile(r"dtmac-|registry\.invalid|\.invalid\b")
_NAMESPACE: Final = re.compile(r"dtmac-[a-z0-9]+-")
# Older failures say nothing of today; where an instance is named, all of its lines count.
_RECENT_SECONDS: Final = 3600.0
# A host may write the time of its own zone.
_ZONES_SECONDS: Final = 14 * 3600.0
# So many lines lie between the one that names the instance and the one that says what went wrong.
_NEIGHBOURS: Final = 6

# A success as access logs write it: plain, as Apache does, and as JSON.
_SUCCESS: Final = re.compile(
    r"POST /tools/? (?:HTTP/[\d.]+\" )?20[01]\b|\"method\": ?\"POST\"[^\n]*\"/tools/?\"[^\n]*[cC]ode\": ?20[01]\b"
    r"|(?:successfully|has been) deployed|deployed(?: [\w.-]+){0,2} successfully|deploy\w* succeeded",
    re.IGNORECASE,
)

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?")
_EPOCH: Final = re.compile(r"\"(?:time|ts|timestamp)\": ?\"?(\d{10})(?:\d{3}|\.\d+)?\b")
# Without a year, as syslog writes it (RFC 3164 section 4.1.2).
_SYSLOG: Final = re.compile(r"\A(?:<\d+>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ")
_APACHE: Final = re.compile(r"\[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
# A time stands at the beginning of a line, or within its fields; one further on is part of what is told.
_TIME_WITHIN: Final = 80


def failed_deploys(facts: Facts, pattern: re.Pattern[str]) -> tuple[LogLine, ...]:
    """Return the lines that tell of a failed deploy: of the instance asked about, or else of the last hour.

    Args:
        facts: what was observed.
        pattern: what such a line holds.
    """
    lines = [line for line in _before(facts) if not _OWN.search(line.text)]
    found = telling_lines(lines, pattern)
    if not found or _succeeded_since(found[-1], lines):
        return ()
    if facts.instance:
        about = tuple(line for line in found if _is_about(facts.instance, line, lines))
        if about:
            return about
        # An agent may say why without saying of what; then its last words on it count, unless they are of another.
        others = {container.name for container in facts.docker.containers} if facts.docker else set()
        others |= facts.listed_instances or frozenset()
        if any(_is_about(name, found[-1], lines) for name in others - {facts.instance}):
            return ()
        return found[-1:] if _is_recent(found[-1], facts, lines) else ()
    return found if _is_recent(found[-1], facts, lines) else ()


def lines_while_asked(facts: Facts, pattern: re.Pattern[str]) -> tuple[LogLine, ...]:
    """Return the lines that the agent wrote while it was asked.

    Args:
        facts: what was observed.
        pattern: what such a line holds.
    """
    since = [(line, seconds_between(facts.at, line.at)) for line in facts.log_lines if line.at]
    return telling_lines((line for line, age in since if age is not None and age >= 0), pattern)


def time_of(line: LogLine) -> str:
    """Return when a line was written, ISO 8601; empty where it does not say."""
    if line.at:
        return line.at
    beginning = line.text[:_TIME_WITHIN]
    if iso := _ISO.search(beginning):
        return iso[0].replace(",", ".")
    if epoch := _EPOCH.search(line.text):
        return dt.datetime.fromtimestamp(int(epoch[1]), dt.UTC).isoformat()
    if apache := _APACHE.search(beginning):
        try:
            return dt.datetime.strptime(apache[1], "%d/%b/%Y:%H:%M:%S %z").isoformat()
        except ValueError:
            return ""
    return ""


def _is_recent(line: LogLine, facts: Facts, lines: Sequence[LogLine]) -> bool:
    """Return whether a line is of the last hour; one without a time is as old as the one before it that has one."""
    for each in lines[_last_place(line, lines) :: -1]:
        if at := time_of(each) or _time_without_year(each, facts):
            age = seconds_between(at, facts.at)
            return age is None or age < _RECENT_SECONDS
    return True


def _time_without_year(line: LogLine, facts: Facts) -> str:
    """Return when a line was written that names no year: the last such time that is not to come."""
    match = _SYSLOG.match(line.text)
    this_year = facts.at[:4]
    for year in (int(this_year), int(this_year) - 1) if match and this_year.isdecimal() else ():
        with contextlib.suppress(ValueError):
            at = dt.datetime.strptime(f"{year} {match[1] if match else ''} +0000", "%Y %b %d %H:%M:%S %z").isoformat()
            age = seconds_between(at, facts.at)
            if age is not None and age > -_ZONES_SECONDS:
                return at
    return ""


def _before(facts: Facts) -> Iterator[LogLine]:
    """Yield what the log held before it was asked: a deploy that cannot succeed was among the questions."""
    own = {name for answer in facts.answers for name in _NAMESPACE.findall(answer.path)}
    for line in facts.log_lines:
        if any(name in line.text for name in own):
            return
        yield line


def _is_about(name: str, line: LogLine, lines: Sequence[LogLine]) -> bool:
    """Return whether a line or one shortly before it names an instance."""
    place = _last_place(line, lines)
    named = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return any(named.search(each.text) for each in lines[max(0, place - _NEIGHBOURS) : place + 1])


def _succeeded_since(line: LogLine, lines: Sequence[LogLine]) -> bool:
    return any(_SUCCESS.search(each.text) for each in lines[_last_place(line, lines) + 1 :])


def _last_place(line: LogLine, lines: Sequence[LogLine]) -> int:
    return len(lines) - 1 - lines[::-1].index(line)
