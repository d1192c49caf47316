"""Sources whose expected requests stand beside the lines that make them.

``//! POST /tools/{name}/start`` (``#!`` in Python and shell) says that this line asks for that, ``|`` stands between
several; ``//?`` says that it asks for something that cannot be resolved. The marks are taken out before the source is
read, so that no reader sees them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dtma_contract.discovery.consumer import read_consumers
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, RouteTable

# The paths of the contract that tell the agent's requests where the base does not.
PROMISED = (
    "/", "/health", "/status", "/tools", "/tools/status", "/tools/{instanceNameOnToolbox}",
    "/tools/{instanceNameOnToolbox}/start", "/tools/{instanceNameOnToolbox}/stop",
    "/tools/{instanceNameOnToolbox}/execute", "/system", "/logs", "/restart", "/redeploy", "/diagnostics/docker",
    "/diagnostics/system", "/diagnostics/logs", "/ssh/execute", "/mcp/groups", "/mcp/groups/{groupId}", "/mcp/status",
    "/mcp/servers/{instanceName}/restart", "/mcp/servers/{instanceName}/logs", "/mcp/health/{groupId}",
    "/mcp/credentials/refresh/{instanceName}", "/mcp/templates", "/mcp/validate",
)  # fmt: skip

_MARK = re.compile(r"[ \t]*(?:\{/\*|//|#)([!?]) ((?:[A-Z]+ /[^\s*]*(?: \| )?)+)(?:\*/\})?[ \t]*$")


def read(files: Mapping[str, str], **options) -> RouteTable:
    """Return the table of these files."""
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    return read_consumers(tree, promised=PROMISED, **options)


def unmarked(files: Mapping[str, str]) -> tuple[dict[str, str], set[str], set[str]]:
    """Return the files without marks, the requests expected as resolved, and those expected as unresolved."""
    expected: dict[str, set[str]] = {"!": set(), "?": set()}
    plain = {}
    for path, source in files.items():
        lines = source.split("\n")
        for index, line in enumerate(lines):
            mark = _MARK.search(line)
            if mark:
                lines[index] = line[: mark.start()]
                expected[mark[1]] |= {f"{one} {path}:{index + 1}" for one in mark[2].strip().split(" | ")}
        plain[path] = "\n".join(lines)
    return plain, expected["!"], expected["?"]


def requests(table: RouteTable) -> tuple[set[str], set[str]]:
    """Return the resolved requests of a table and the others, as the marks write them."""
    resolved = {f"{one.method} {one.path} {one.location}" for one in table.routes if one.state == Cell.MOUNTED}
    rest = {f"{one.method} {one.path} {one.location}" for one in table.routes if one.state == Cell.UNKNOWN}
    return resolved, rest


def judge(files: Mapping[str, str]) -> None:
    """Assert that exactly the marked lines ask for exactly what their marks say."""
    plain, resolved, unresolved = unmarked(files)
    table = read(plain)

    assert requests(table) == (resolved, unresolved)
    beside = {(one.file, one.line) for one in table.unknown if one.prefix}
    assert {(one.location.file, one.location.line) for one in table.routes if one.state == Cell.UNKNOWN} <= beside
