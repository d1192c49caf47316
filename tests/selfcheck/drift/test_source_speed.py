"""Reading sources is quick: a service of hundreds of files in seconds, an agent in a fraction of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
AGENT = ROOT / "agents" / "express"

MEASURE = """
import sys, time
from pathlib import Path
from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import FolderTree
from dtma_contract.routes import Corner
started = time.process_time()
table = read_routes(FolderTree(Path(sys.argv[1])), corner=Corner.SOURCE)
print(time.process_time() - started, sum(route.state == "mounted" for route in table.routes), len(table.unknown))
"""

# A program of Python's own that is as slow as this machine is at the moment, whatever else runs on it.
YARDSTICK = (
    "import time; t = time.process_time(); x = 0\nfor i in range(6_000_000): x += i\nprint(time.process_time() - t)"
)
# What the yardstick takes on a calm machine of the kind that the limits are stated for.
CALM_SECONDS = 0.3


def run(*arguments: str) -> list[float]:
    """Return the numbers that a program of Python prints."""
    done = subprocess.run([sys.executable, "-c", *arguments], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def slowness() -> float:
    """Return how much slower this machine is at the moment than the one that the limits are stated for."""
    return max(1.0, run(YARDSTICK)[0] / CALM_SECONDS)


def service(folder: Path, files: int) -> Path:
    """Write a service of so many files: routers with controllers, services and types, as people write them."""
    source = folder / "src"
    (source / "routes").mkdir(parents=True)
    (folder / "package.json").write_text(
        '{"name": "large", "type": "module", "main": "dist/index.js", "dependencies": {"express": "^4.19.0"}}'
    )
    (folder / "tsconfig.json").write_text('{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}')
    names = [f"area{number}" for number in range(files // 4)]
    for name in names:
        area = source / name
        area.mkdir()
        (area / "types.ts").write_text(TYPES)
        (area / "service.ts").write_text(SERVICE)
        (area / "controller.ts").write_text(CONTROLLER)
        (source / "routes" / f"{name}.ts").write_text(ROUTER.replace("AREA", name))
    imports = "\n".join(f"import {{ router as {name} }} from './routes/{name}.js';" for name in names)
    mounts = "\n".join(f"app.use('/{name}', {name});" for name in names)
    (source / "index.ts").write_text(
        f"import express from 'express';\n{imports}\nconst app = express();\n{mounts}\napp.listen(3000);\n"
    )
    return folder


TYPES = "".join(
    f"export interface Item{number} {{ id: string; name: string; at: Date; tags: string[]; owner?: Owner }}\n"
    for number in range(20)
)
SERVICE = "import type { Item1 } from './types.js';\nexport class Service {\n" + "".join(
    f"""  async find{number}(id: string): Promise<Item1> {{
    const found = await this.db.query('find by id', [id]);
    if (!found.rows.length) {{ throw new Error(`no item ${{id}}`); }}
    return {{ ...found.rows[0], tags: found.rows.map((row) => row.tag).filter(Boolean) }};
  }}
"""
    for number in range(8)
) + "}\n"  # fmt: skip
CONTROLLER = "import { Service } from './service.js';\nexport class Controller {\n  all = new Service();\n" + "".join(
    f"""  get{number} = async (req, res, next) => {{
    try {{ res.json(await this.all.find{number}(req.params.id)); }} catch (error) {{ next(error); }}
  }};
"""
    for number in range(8)
) + "}\n"  # fmt: skip
ROUTER = "import { Router } from 'express';\nimport { Controller } from '../AREA/controller.js';\n" + (
    "const controller = new Controller();\nexport const router = Router();\n"
    + "".join(f"router.get('/part{number}/:id', controller.get{number});\n" for number in range(8))
)


@pytest.mark.alone
def test_a_service_of_500_files_is_read_within_two_seconds(tmp_path):
    """The time is the processor's, on a machine as fast as the yardstick says."""
    seconds, routes, unknown = run(MEASURE, str(service(tmp_path, 500)))

    assert (routes, unknown, True) == (1000, 0, seconds / slowness() < 2.0)


@pytest.mark.alone
def test_our_agent_is_read_within_half_a_second():
    """The time is the processor's, on a machine as fast as the yardstick says."""
    seconds, routes, unknown = run(MEASURE, str(AGENT))

    assert (routes, unknown, True) == (27, 0, seconds / slowness() < 0.5)
