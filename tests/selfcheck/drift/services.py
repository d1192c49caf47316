"""Express services as small as can be, written from the contract, for what reads folders."""

from __future__ import annotations

import json
import re
from pathlib import Path

from drift.judged_tables import CONTRACT

__all__ = ["NAMES", "write_service"]

NAMES = tuple(f"{operation.method} {operation.path}" for operation in CONTRACT.operations)


def write_service(folder: Path, *names: str, stub: bool = False) -> Path:
    """Write a service with these routes (all of the contract by default), and return its folder.

    Args:
        folder: which is made.
        names: such as ``GET /tools``.
        stub: whether the entry point mounts nothing of it.
    """
    secured = {f"{operation.method} {operation.path}": operation.secured for operation in CONTRACT.operations}
    lines = []
    for name in names or NAMES:
        method, path = name.split(" ")
        express = re.sub(r"\{(\w+)\}", r":\1", path)
        token = "authenticate, " if secured.get(name) else ""
        lines.append(f"router.{method.lower()}('{express}', {token}(req, res) => res.json({{}}));")
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text(
        json.dumps({"name": "service", "main": "src/index.js", "dependencies": {"express": "^4.19.0"}})
    )
    (folder / "src" / "routes.js").write_text(
        "const express = require('express');\nconst { authenticate } = require('./authenticate');\n"
        "const router = express.Router();\n" + "\n".join(lines) + "\nmodule.exports = router;\n"
    )
    (folder / "src" / "authenticate.js").write_text(
        "exports.authenticate = (req, res, next) => req.headers.authorization ? next() : res.status(401).json({});\n"
    )
    mount = "app.get('/', (req, res) => res.json({}));" if stub else "app.use(require('./routes'));"
    fallback = "app.use((req, res) => res.status(404).json({}));"
    (folder / "src" / "index.js").write_text(
        f"const app = require('express')();\n{mount}\n{fallback}\napp.listen(1);\n"
    )
    return folder
