"""Whether a program surely starts no server: it registers routes, and nothing of it listens or gives its app away."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dtma_contract.discovery.express.contents import may_act
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.modules import Module
from dtma_contract.discovery.express.registrations import OpaqueLayer
from dtma_contract.discovery.express.values import ObjectValue

__all__ = ["NEVER_LISTENS", "never_listens"]

NEVER_LISTENS = "the program starts no server: nothing in it calls `listen`, exports the app or hands it on"

# Whatever may start a server, or let others reach the app.
_STARTS = re.compile(rb"listen|[sS]erver|lambda|global|\bWorker\b|\bfork\b|\beval\b|\bbind\b")
_IMPORTED = re.compile(rb"(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*['\"](?:node:)?([^'\"./][^'\"]*)['\"]")
# What starts nothing.
_STILL = frozenset({"assert", "crypto", "events", "express", "fs", "fs/promises", "os", "path", "url", "util"})


def never_listens(machine: Machine, modules: Mapping[str, Module], entry: str) -> bool:
    """Return whether what was evaluated has routes that no request can ever reach, because no server is started.

    Args:
        machine: the evaluation.
        modules: all modules that were loaded, by path.
        entry: the path of the first.
    """
    apps = [router for router in machine.routers if router.is_app]
    if not apps or any(app.is_served or id(app) in machine.handed for app in apps):
        return False
    if any(isinstance(item, OpaqueLayer) for app in apps for item in app.items):
        return False
    if any(problem.hides for problem in machine.problems.values()) or entry not in modules:
        return False
    exported = modules[entry].value
    is_plain = isinstance(exported, ObjectValue) and type(exported) is ObjectValue
    if not is_plain or any(may_act(machine.read(member)) for member in exported.props.values()):
        return False
    return not any(_may_start(module.file.content) for module in modules.values())


def _may_start(content: bytes) -> bool:
    imported = {name.decode("utf-8", "replace") for name in _IMPORTED.findall(content)} - _STILL
    return _STARTS.search(content) is not None or not all(map(is_transparent, imported))
