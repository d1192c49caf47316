"""Whether a program changes how Node.js finds modules, so that what is not there may be found all the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_loading_patched"]

# Node.js, `node:module`: what can be replaced or registered, and the packages that do it.
_PATCHES = re.compile(
    rb"_resolveFilename|_findPath|_nodeModulePaths|_initPaths|_extensions|require\.extensions|globalPaths|registerHooks"
    rb"|\b[mM]odule\.(?:_load|register)\b|\.prototype\.require\b|NODE_PATH|module-alias|app-module-path|tsconfig-paths"
    rb"|require-hook|proxyquire|\bpirates\b|babel-register|@babel/register|rechoir|interpret\b"
)
# What is loaded before the program, by its start script.
_BEFORE = re.compile(r"(?:^|\s)(?:-r|--require|--import|--loader|--experimental-loader)(?:\s+|=)(\S+)")
_HARMLESS = re.compile(
    r"dotenv|ts-node|tsx|esbuild|source-map-support|@?swc|esm$|newrelic|dd-trace|@opentelemetry|@sentry|elastic-apm"
)


def is_loading_patched(contents: Iterable[bytes], scripts: Iterable[str]) -> bool:
    """Return whether something that was loaded, or a start script, may change which file a name leads to.

    Args:
        contents: of the modules that were loaded so far.
        scripts: of package.json.
    """
    for script in scripts:
        if "NODE_PATH" in script or not all(map(_HARMLESS.search, _BEFORE.findall(script))):
            return True
    return any(map(_PATCHES.search, contents))
