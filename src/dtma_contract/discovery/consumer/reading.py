"""The callers' corner: which requests a code base makes to the agent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dtma_contract.discovery.consumer.addresses import Address, read_address
from dtma_contract.discovery.consumer.calling import Sent
from dtma_contract.discovery.consumer.files import CODE, CallerFiles
from dtma_contract.discovery.consumer.folding import DOUBTFUL
from dtma_contract.discovery.consumer.operations import read_field
from dtma_contract.discovery.consumer.ownership import DEFAULT_BASES, Owner, OwnershipRule, Surroundings, written_base
from dtma_contract.discovery.consumer.program import ProgramReader
from dtma_contract.discovery.consumer.shell_requests import SHELL_NAMES, read_shell
from dtma_contract.discovery.consumer.state import Site
from dtma_contract.discovery.consumer.values import (
    ClassValue,
    FunctionValue,
    Hole,
    Native,
    Text,
    Thing,
    Value,
    alternatives,
    join_texts,
    to_text,
)
from dtma_contract.discovery.file_tree import FileTree
from dtma_contract.routes import (
    ALL_METHODS,
    UNRESOLVED,
    Cell,
    Corner,
    Location,
    Route,
    RouteTable,
    Unknown,
    canonical_path,
    is_partial,
    path_covers,
)

__all__ = ["read_consumers"]


def read_consumers(
    tree: FileTree,
    *,
    bases: Sequence[str] = DEFAULT_BASES,
    promised: Iterable[str] = (),
    folder: str = "",
    declared: Sequence[str] = (),
) -> RouteTable:
    """Return the requests that a code base makes to the agent, without running any of it.

    A route's location is where its method and path are put together: the call of a wrapper that is told both, or the
    request itself where they are written there. ``secured`` is true where the request has an Authorization header, and
    not known otherwise.

    Whose a request is, is decided by the rule of :mod:`dtma_contract.discovery.consumer.ownership`. What is asked of
    the agent and cannot be resolved is a route in state ``unknown`` (``{?}`` in its path, or any method), with an
    unknown beside it. What is doubtful is an unknown that hides nothing.

    Args:
        tree: the code base.
        bases: words that variables with the agent's address are called by.
        promised: path templates of the contract, which tell the agent's requests where the base does not.
        folder: where in the tree the code base begins.
        declared: variables, properties, URLs and hosts that are the agent's base, as the user says. ``seen`` in the
            provenance are those that the code has anywhere.
    """
    rule = OwnershipRule(tuple(bases), tuple(promised), tuple(declared))
    files = CallerFiles(tree, folder)
    telling = _telling(rule)
    judged = _Judgement(rule, files, telling)
    program = ProgramReader(files, lambda names: rule.is_named(names, strictly=True))
    candidates = files.candidates(telling)
    read = set(candidates)
    pending = set(candidates)
    while pending:
        program.read(sorted(pending))
        pending = files.importers_of(_offering(program, judged, read)) - read
        read |= pending
    judged.program(program.sent, program.calls.called, program.calls.constructed)
    for path in files.paths:
        if SHELL_NAMES.search(path) and not path.endswith(CODE):
            judged.shell(path)
    for problem in program.problems:
        judged.problem(problem.file, problem.line, problem.reason)
    for path in files.too_large:
        judged.problem(path, 1, "the file is too large to be written by hand, and was not read")
    if not any(path.endswith(CODE) or SHELL_NAMES.search(path) for path in files.paths):
        found = f"{len(files.paths)} files of other kinds" if files.paths else "no file"
        tests = f" and {len(files.skipped)} of tests" if files.skipped else ""
        reason = f"there is no caller to read: {found}{tests}, none of TypeScript, JavaScript, Python or a shell"
        judged.unknown.append(Unknown(Corner.CONSUMER, "", 0, reason))
    provenance = {"files": len(files.paths), "read": len(read), "skipped": list(files.skipped)}
    if declared:
        written = [(one, written_base(one).encode()) for one in declared]
        provenance["seen"] = [one for one, text in written if any(text in files.read(path) for path in files.paths)]
    return RouteTable(Corner.CONSUMER, judged.routes(), tuple(dict.fromkeys(judged.unknown)), provenance)


def _offering(program: ProgramReader, judged: _Judgement, read: set[str]) -> set[str]:
    """Return the files that offer a way to ask the agent for something which only their callers know."""
    found = {
        site.file
        for one in program.sent
        for address in (read_address(one.url),)
        if (not one.method or is_partial(address.path) or not address.absolute)
        and judged.may_be_agents(one, address, program.calls.constructed)
        for site in one.stack
    }
    for path, module in program.modules.items():
        for value in [*module.exports.values(), *module.scope.names.values()] if path in read else ():
            base = value.data.get("base") if isinstance(value, Native) else None
            if base is not None and judged.is_agents_base(base, path):
                found.add(path)
            home = value.type.module.path if isinstance(value, Thing) and value.type else ""
            home = value.module.path if isinstance(value, FunctionValue | ClassValue) else home
            found |= {path} if home in found else set()
    return found


def _telling(rule: OwnershipRule) -> re.Pattern[bytes]:
    """Return what in a file's text tells of the agent: a word, its port, a path that no other service has."""
    pieces = [rb"\b30000\b"]
    for base in rule.bases:
        written = re.escape(base.encode())
        # `agent` alone is in every second file; as a base it stands beside a word for an address.
        if base == "agent":
            pieces.append(
                rb"(?i:\bagent(?:[A-Z_.-]|s?\.)?(?:_|-|\.)?(?:url|base|host|ip|port|api|endpoint|address|client|http|request|fetch|service)|\b\w*_?agent_(?:url|base|host|ip)\b|agents?\[)"
            )
        else:
            pieces.append(rb"(?i:" + written.replace(rb"\-", rb"[_-]?").replace(b"_", rb"[_-]?") + rb")")
    pieces += [re.escape(written_base(one).encode()) for one in rule.declared]
    for path in rule.promised:
        segments = [re.escape(one) for one in path.split("/") if one]
        if len(segments) > 1 and not segments[0].startswith("\\{"):
            pieces.append(rb"[/'\"`]" + segments[0].encode() + rb"/")
    return re.compile(rb"|".join(dict.fromkeys(pieces)))


def _based_on(base: Value, url: Text) -> Iterator[Address]:
    """Yield the address for each base that is put in the place of the URL's first hole."""
    first = next(index for index, part in enumerate(url.parts) if isinstance(part, Hole))
    for (one,) in alternatives(to_text(base)):
        if isinstance(one, Text) and one.parts:
            before = "" if str(one.start).startswith("http") else url.parts[0] if first else ""
            whole = join_texts(*(Text((part,)) for part in (before, *one.parts, *url.parts[first + 1 :]) if part != ""))
            if isinstance(whole, Text):
                yield read_address(whole)


# Of several judgements on one place, the one that counts.
_FIRST = (Owner.AGENT, Owner.DOUBTFUL, Owner.OTHER)


class _Judgement:
    """Sorts requests into the agent's routes, doubts, and what is another's."""

    def __init__(self, rule: OwnershipRule, files: CallerFiles, telling: re.Pattern[bytes]) -> None:
        self.rule = rule
        self.files = files
        self.telling = telling
        self.unknown: list[Unknown] = []
        self._found: dict[tuple[str, int, str, str], Route] = {}

    def routes(self) -> tuple[Route, ...]:
        """Return the agent's routes in the order of their places."""
        return tuple(route for _, route in sorted(self._found.items()))

    def problem(self, file: str, line: int, reason: str) -> None:
        """Note a place that could not be read; it hides something only where the file tells of the agent."""
        if self.telling.search(self.files.read(file)) or reason.startswith("the file is too large"):
            hides = "/" if self.telling.search(self.files.read(file)) else ""
            self.unknown.append(Unknown(Corner.CONSUMER, file, line, reason, hides))

    def program(self, sent: list[Sent], called: set[int], constructed: Mapping[str, Sequence[Value]]) -> None:
        """Judge what a program sends; a function that others call is judged as they call it."""
        addresses = [read_address(one.url) for one in sent]
        results: dict[tuple[Site, ...], dict[tuple[str, str], Address]] = defaultdict(dict)
        for one, address in zip(sent, addresses, strict=True):
            results[one.stack].setdefault((one.method, canonical_path(address.path)), address)
        judged: dict[tuple[Site, str, str], list[tuple[Owner, Address, bool]]] = defaultdict(list)
        as_called = [not called.intersection(one.roots) for one in sent]
        reached = {one.stack[-1] for one, kept in zip(sent, as_called, strict=True) if kept}
        for one, address, kept in zip(sent, addresses, as_called, strict=True):
            # Functions that call only each other are all called, and still send.
            if not kept and one.stack[-1] in reached:
                continue
            site, shown = self._place(one, address, results)
            around = Surroundings(one.names, one.token_names, self._mentions(site.file))
            owner = self._owner(one.url, address, around, constructed)
            judged[site, one.method, canonical_path(shown.path)].append((owner, shown, one.token))
        for (site, method, _), group in judged.items():
            owner, shown, _ = min(group, key=lambda each: _FIRST.index(each[0]))
            self._note(owner, site, method, shown, token=any(token for _, _, token in group))

    def _place(
        self,
        one: Sent,
        address: Address,
        results: Mapping[tuple[Site, ...], Mapping[tuple[str, str], Address]],
    ) -> tuple[Site, Address]:
        """Return where a request's method and path are put together, and its address as it is put together there.

        That is the innermost call that says all of it. A caller that only fills a parameter of a promised path with a
        name of its own adds nothing.
        """
        path = canonical_path(address.path)
        whole = results[one.stack].keys()
        for start in reversed(range(len(one.stack))):
            found = results.get(one.stack[start:], {})
            # Where less is left than the inner call could ask for, the outer one has chosen.
            if (one.method, path) in found and found.keys() <= whole:
                return one.stack[start], found[one.method, path]
            for (method, pattern), general in found.items():
                filled = self.rule.promises(pattern) and not self.rule.promises(path)
                if method == one.method and filled and path_covers(pattern, path):
                    return one.stack[start], general
        return one.stack[-1], address

    def _owner(
        self, url: Text, address: Address, around: Surroundings, constructed: Mapping[str, Sequence[Value]]
    ) -> Owner:
        """Return whose a request is; a base that any instance may hold is that of the instances that were made."""
        found = self.rule.owner(address, around)
        if found == Owner.AGENT or not address.marks:
            return found
        owners = set()
        for mark in address.marks:
            parameter, *fields = mark.split(".")
            for value in constructed.get(parameter, ()):
                base = value
                for key in fields:
                    base = read_field(base, key)
                owners |= {self.rule.owner(other, around) for other in _based_on(base, url)}
        return min(owners, key=(Owner.AGENT, Owner.OTHER, Owner.DOUBTFUL).index, default=found)

    def may_be_agents(self, one: Sent, address: Address, constructed: Mapping[str, Sequence[Value]]) -> bool:
        """Return whether a request is the agent's, or could be."""
        around = Surroundings(one.names, one.token_names, mentions=True)
        return self._owner(one.url, address, around, constructed) != Owner.OTHER

    def is_agents_base(self, base: Value, path: str) -> bool:
        """Return whether a client's base is the agent's."""
        around = Surroundings((path.rpartition("/")[2].partition(".")[0],))
        return any(
            isinstance(one, Text) and self.rule.owner(read_address(one), around) == Owner.AGENT
            for (one,) in alternatives(to_text(base))
        )

    def shell(self, path: str) -> None:
        """Judge what a script sends."""
        content = self.files.read(path)
        if b"curl" not in content and b"wget" not in content:
            return
        for one in read_shell(content.decode("utf-8", "replace")):
            address = read_address(one.url)
            name = path.rpartition("/")[2]
            around = Surroundings((name,), one.token_names, self._mentions(path))
            owner = self.rule.owner(address, around)
            self._note(owner, Site(path, one.line), one.method, address, token=one.token)

    def _mentions(self, path: str) -> bool:
        return bool(self.telling.search(self.files.read(path)))

    def _note(self, owner: Owner, site: Site, method: str, address: Address, *, token: bool) -> None:
        if owner == Owner.OTHER:
            return
        shown = address.path
        if owner == Owner.DOUBTFUL:
            reason = f"{method or 'a request'} {shown} {DOUBTFUL}"
            self.unknown.append(Unknown(Corner.CONSUMER, site.file, site.line, reason, prefix=""))
            return
        resolved = bool(method) and not is_partial(shown)
        if not resolved:
            missing = "the path" if is_partial(shown) else "the method"
            reason = f"{missing} of a request to the agent could not be resolved: {method or '?'} {shown}"
            hidden = shown.partition(UNRESOLVED)[0].rpartition("/")[0] if is_partial(shown) else shown
            self.unknown.append(
                Unknown(Corner.CONSUMER, site.file, site.line, reason, hidden or "/", method or ALL_METHODS)
            )
        key = (site.file, site.line, canonical_path(shown), method)
        self._found[key] = Route(
            method or ALL_METHODS,
            shown,
            Cell.MOUNTED if resolved else Cell.UNKNOWN,
            Location(site.file, site.line),
            secured=True if token else None,
        )
