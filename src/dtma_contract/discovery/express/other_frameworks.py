"""Services that stand on another framework than Express, so that nothing of them can be read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dtma_contract.discovery.express.modules import Module
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.routes import Location

__all__ = ["other_framework"]

# What they are imported as, and called.
_FRAMEWORKS = {
    "@adonisjs/core": "AdonisJS",
    "@hapi/hapi": "hapi",
    "@nestjs/core": "NestJS",
    "elysia": "Elysia",
    "fastify": "Fastify",
    "h3": "h3",
    "hono": "Hono",
    "koa": "Koa",
    "polka": "Polka",
    "restify": "Restify",
    "sails": "Sails",
}
_IMPORT = re.compile(
    rf"(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*['\"]({'|'.join(map(re.escape, _FRAMEWORKS))})(?:/[^'\"]*)?['\"]"
)


def other_framework(packages: Packages, folder: str, modules: Iterable[Module]) -> tuple[Location, str] | None:
    """Return where a service imports another framework and a sentence that says so, or None where it does not.

    A package.json that asks for Express is one of an Express service, whatever else it asks for.

    Args:
        packages: of the tree.
        folder: of the service.
        modules: what was loaded, none of which registers a route.
    """
    package = packages.at(folder)
    if package is None or "express" in package.dependencies:
        return None
    for module in modules:
        text = module.file.content.decode("utf-8", "replace")
        for found in _IMPORT.finditer(text):
            if found[1] in package.dependencies:
                name = _FRAMEWORKS[found[1]]
                article = "an" if name[0] in "AE" else "a"
                line = text.count("\n", 0, found.start()) + 1
                reason = f"this is {article} {name} service, for it imports {found[1]}: routes of Express only are read"
                return Location(module.path, line), reason
    return None
