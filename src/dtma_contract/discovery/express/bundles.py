"""Modules inside of a bundle: those of packages are taken for the packages, and are not evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import UNDEFINED, NativeFunction, ObjectValue, Opaque, Value

__all__ = ["commonjs_wrapper"]

# The last package folder in the path of a module, with what lies in it.
_PACKAGE = re.compile(r"(?:.*/)?node_modules/(?P<specifier>(?P<name>(?:@[^/]+/)?[^/]+)(?:/.*)?)$", re.DOTALL)


def commonjs_wrapper(machine: Machine, package: Callable[[str, str], Value]) -> NativeFunction:
    """Return what esbuild calls ``__commonJS``: it takes ``{"path/of/module.js"(exports, module) {…}}``.

    It gives a function that loads the module once. Paths of packages stand in the bundle unless it is minified.

    Args:
        machine: the evaluation.
        package: gives what importing a package gives, by its name and the path that is imported.
    """

    def wrap(_this: Value, arguments: list[Value], _node: Node) -> Value:
        modules = arguments[0] if arguments else UNDEFINED
        if not isinstance(modules, ObjectValue):
            return Opaque("a module of the bundle")
        # Without the path, which a smaller bundle lacks, the value is the module itself.
        path, body = next(iter(modules.props.items()), ("", modules))
        named = _PACKAGE.fullmatch(path)
        module = ObjectValue({"exports": UNDEFINED})

        def load(_this: Value, _arguments: list[Value], node: Node) -> Value:
            if module.props["exports"] is UNDEFINED:
                if named:
                    module.props["exports"] = package(named["name"], named["specifier"])
                else:
                    # Modules that load each other find what there is so far.
                    exports = module.props["exports"] = ObjectValue(tag="module")
                    machine.call(machine.read(body), exports, [exports, module], node)
            return module.props["exports"]

        return NativeFunction("__require", load)

    return NativeFunction("__commonJS", wrap)
