"""The file that node loads first is found from the command that the image starts."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.entry_point import EntryProblem, find_entry
from dtma_contract.discovery.file_tree import MemoryTree

OFFICIAL = b"""#!/bin/sh
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi
exec "$@"
"""
PACKAGE = {
    "name": "agent",
    "main": "dist/index.js",
    "scripts": {
        "start": "node dist/index.js",
        "prod": "NODE_ENV=production node --enable-source-maps ./dist/server.js",
        "chain": "npm run build && npm run prod",
        "build": "tsc -p .",
        "cross": "cross-env NODE_ENV=production node dist/index.js",
        "dev": "tsx watch src/index.ts",
        "loop": "npm run loop",
        "inspect": "nodemon --exec ts-node src/index.ts",
    },
}
TREE = {
    "usr/local/bin/node": b"",
    "usr/local/bin/docker-entrypoint.sh": OFFICIAL,
    "app/package.json": json.dumps(PACKAGE).encode(),
    "app/dist/index.js": b"1",
    "app/dist/server.js": b"1",
    "app/src/index.ts": b"1",
    "app/bin/www": b"#!/usr/bin/env node\nrequire('../dist/index');",
    "app/lib/index.js": b"1",
    "app/start.sh": b'#!/bin/sh\n# waits\nset -e\nnpx prisma migrate deploy\nexec node dist/server.js "$@"\n',
    "app/pass.sh": b'#!/bin/bash\nexport A=1\nif [ -z "$X" ]; then echo no; fi\nexec "$@"\n',
    "app/ecosystem.config.js": b"module.exports = {apps: [{name: 'a', script: './dist/server.js'}]};",
    "app/process.json": b'{"apps": [{"script": "dist/index.js"}]}',
    "entry.sh": b"#!/bin/sh\ncd /app\nAPP=dist/server.js\nexec node ${FLAGS:---no-warnings} $APP\n",
    "repo/package.json": b'{"workspaces": ["apps/*"], "scripts": {"start": "yarn workspace @own/api start"}}',
    "repo/apps/api/package.json": b'{"name": "@own/api", "scripts": {"start": "node ."}, "main": "build/main"}',
    "repo/apps/api/build/main.js": b"1",
    "plain/server.js": b"1",
    "plain/package.json": b"{}",
    "nest/package.json": b'{"name": "n", "scripts": {"start": "nest start"}}',
    "nest/dist/main.js": b"1",
    "other/package.json": b'{"name": "o", "type": "module"}',
    "other/dist/package.json": b'{"type": "commonjs"}',
    "other/dist/a.cjs": b"1",
}  # fmt: skip
INDEX, SERVER = "app/dist/index.js", "app/dist/server.js"

# Words of ENTRYPOINT, words of CMD, working folder, and the file.
FOUND = [
    ([], ["node", "dist/index.js"], "app", INDEX),
    ([], ["node", "/app/dist/index.js"], "", INDEX),
    ([], ["node", "app/dist/index.js"], "", INDEX),
    ([], ["/usr/local/bin/node", "dist/index.js"], "app", INDEX),
    (["/nodejs/bin/node"], ["dist/index.js"], "app", INDEX),
    (["node"], ["dist/index.js"], "app", INDEX),
    (["node", "--"], ["dist/index.js"], "app", INDEX),
    (["docker-entrypoint.sh"], ["node", "dist/index.js"], "app", INDEX),
    (["docker-entrypoint.sh"], ["dist/index.js"], "app", INDEX),
    (["docker-entrypoint.sh"], ["--enable-source-maps", "dist/index.js"], "app", INDEX),
    (["docker-entrypoint.sh"], ["npm", "start"], "app", INDEX),
    (["/usr/local/bin/docker-entrypoint.sh"], ["yarn", "start"], "app", INDEX),
    ([], ["node", "--max-old-space-size=256", "--require", "dotenv/config", "-r", "x", "dist/index.js"], "app", INDEX),
    ([], ["node", "--import", "tsx", "--watch", "src/index.ts"], "app", "app/src/index.ts"),
    ([], ["node", "--env-file", ".env", "dist/server"], "app", SERVER),
    ([], ["node", "dist/server"], "app", SERVER),
    ([], ["node", "dist"], "app", INDEX),
    ([], ["node", "."], "app", INDEX),
    ([], ["node", "./lib/"], "app", "app/lib/index.js"),
    ([], ["node", "bin/www"], "app", "app/bin/www"),
    ([], ["./bin/www"], "app", "app/bin/www"),
    ([], ["node", "-e", "require('./dist/server').start()"], "app", SERVER),
    ([], ["node", "--run", "start"], "app", INDEX),
    ([], ["/bin/sh", "-c", "node dist/index.js"], "app", INDEX),
    ([], ["/bin/sh", "-c", "exec node dist/index.js >> /log 2>&1"], "app", INDEX),
    ([], ["sh", "-ec", "cd dist && node server.js"], "app", SERVER),
    ([], ["bash", "-lc", "npx prisma migrate deploy && node dist/server.js"], "app", SERVER),
    ([], ["/bin/sh", "-c", "node ./dist/index.js || exit 1"], "app", INDEX),
    ([], ["/bin/sh", "-c", "NODE_ENV=production PORT=3 node dist/index.js"], "app", INDEX),
    ([], ["/bin/sh", "-c", "node ${ENTRY:-dist/index.js}"], "app", INDEX),
    ([], ["/bin/sh", "-c", "node dist/migrate.js; node dist/index.js & wait"], "app", INDEX),
    ([], ["npm", "start"], "app", INDEX),
    ([], ["npm", "run", "prod"], "app", SERVER),
    ([], ["npm", "run", "--silent", "chain"], "app", SERVER),
    ([], ["npm", "--prefix", "/app", "run", "cross"], "", INDEX),
    ([], ["npm", "--prefix=app", "start", "--", "--port", "1"], "", INDEX),
    ([], ["npm", "start"], "app/dist", INDEX),
    ([], ["npm", "start"], "plain", "plain/server.js"),
    ([], ["npm", "exec", "--", "node", "dist/index.js"], "app", INDEX),
    ([], ["yarn", "prod"], "app", SERVER),
    ([], ["yarn", "run", "prod"], "app", SERVER),
    ([], ["yarn", "--cwd", "/app", "prod"], "", SERVER),
    ([], ["yarn", "node", "dist/server.js"], "app", SERVER),
    ([], ["pnpm", "prod"], "app", SERVER),
    ([], ["pnpm", "--dir", "/app", "start"], "", INDEX),
    ([], ["pnpm", "--filter", "@own/api", "start"], "repo", "repo/apps/api/build/main.js"),
    ([], ["npm", "-w", "apps/api", "start"], "repo", "repo/apps/api/build/main.js"),
    ([], ["npm", "start"], "repo", "repo/apps/api/build/main.js"),
    ([], ["bun", "run", "src/index.ts"], "app", "app/src/index.ts"),
    ([], ["bun", "start"], "app", INDEX),
    ([], ["npm", "run", "dev"], "app", "app/src/index.ts"),
    ([], ["npm", "run", "inspect"], "app", "app/src/index.ts"),
    ([], ["npm", "start"], "nest", "nest/dist/main.js"),
    (["dumb-init", "--"], ["node", "dist/index.js"], "app", INDEX),
    (["/usr/bin/dumb-init"], ["node", "dist/index.js"], "app", INDEX),
    (["/sbin/tini", "-g", "--"], ["docker-entrypoint.sh", "node", "dist/index.js"], "app", INDEX),
    (["tini", "-s"], ["node", "dist/index.js"], "app", INDEX),
    (["su-exec", "node:node"], ["node", "dist/index.js"], "app", INDEX),
    (["env", "A=b"], ["node", "dist/index.js"], "app", INDEX),
    (["timeout", "10"], ["node", "dist/index.js"], "app", INDEX),
    (["doppler", "run", "--"], ["node", "dist/index.js"], "app", INDEX),
    ([], ["npx", "ts-node", "-P", "tsconfig.json", "src/index.ts"], "app", "app/src/index.ts"),
    ([], ["npx", "tsx", "src/index.ts"], "app", "app/src/index.ts"),
    ([], ["pm2-runtime", "dist/index.js"], "app", INDEX),
    ([], ["pm2-runtime", "start", "dist/index.js", "-i", "max"], "app", INDEX),
    ([], ["pm2-runtime", "-i", "2", "ecosystem.config.js"], "app", SERVER),
    ([], ["pm2-runtime", "process.json"], "app", INDEX),
    ([], ["pm2-runtime", "start", "npm", "--", "start"], "app", INDEX),
    ([], ["./start.sh"], "app", SERVER),
    ([], ["sh", "start.sh", "--port", "1"], "app", SERVER),
    (["/app/pass.sh"], ["node", "dist/index.js"], "app", INDEX),
    (["./pass.sh"], ["npm", "run", "prod"], "app", SERVER),
    (["/entry.sh"], [], "", SERVER),
    ([], ["node", "dist/a.cjs"], "other", "other/dist/a.cjs"),
]  # fmt: skip


@pytest.mark.parametrize(("entrypoint", "cmd", "folder", "expected"), FOUND)
def test_the_entry_file_is_found(entrypoint, cmd, folder, expected):
    """Every form in which images start node."""
    config = ImageConfig(entrypoint=tuple(entrypoint), cmd=tuple(cmd), working_dir=folder)

    assert find_entry(MemoryTree(TREE), config).file == expected


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        (["node", "/app/dist/index.js"], "app"),
        (["node", "/repo/apps/api/build/main.js"], "repo/apps/api"),
        (["node", "/other/dist/a.cjs"], "other"),
        (["node", "/plain/server.js"], "plain"),
    ],
)
def test_the_package_of_the_entry_file_is_the_nearest_with_a_name(file, folder):
    """A package.json that only names a module format beside compiled code is no package."""
    assert find_entry(MemoryTree(TREE), ImageConfig(cmd=tuple(file))).folder == folder


LOST = [
    ([], "", "no ENTRYPOINT and no CMD"),
    (["node"], "app", "names no file"),
    (["node", "dist/gone.js"], "app", r"'dist/gone.js' in /app, is not in the image"),
    (["npm", "run", "gone"], "app", "needs the script 'gone'"),
    (["npm", "start"], "nowhere", "needs a package.json"),
    (["npm", "run", "loop"], "app", "in circles"),
    (["npm"], "app", "runs no script"),
    (["./server"], "app", "not in the image"),
    (["/usr/local/bin/docker-entrypoint.sh"], "app", "No program follows|names no file"),
    (["sh"], "app", "interactive shell"),
    (["sh", "gone.sh"], "app", "could not be read"),
    (["/bin/sh", "-c", "node $ENTRY_FILE"], "app", "depends on the environment"),
    (["/bin/sh", "-c", ""], "app", "script is empty"),
    (["/bin/sh", "-c", "'"], "app", "script is empty"),
    (["node", "-e", "console.log(1)"], "app", "loads no file by name"),
    (["pm2-runtime", "gone.config.js"], "app", "names no script"),
    (["yarn", "workspace", "gone", "start"], "repo", "workspace 'gone' is not in"),
    (["/usr/local/bin/node-server"], "app", "not in the image"),
]


@pytest.mark.parametrize(("cmd", "folder", "said"), LOST)
def test_why_no_entry_file_was_found_is_said(cmd, folder, said):
    """In one sentence."""
    with pytest.raises(EntryProblem, match=said):
        find_entry(MemoryTree(TREE), ImageConfig(cmd=tuple(cmd), working_dir=folder))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"usr/local/bin/python3": b"", "app/main.py": b""}, "no JavaScript and no node, so it is no Express service"),
        ({"usr/local/bin/node": b"", "app/readme.md": b""}, "no JavaScript, so"),
    ],
)
def test_an_image_without_javascript_is_told_to_be_one(files, said):
    """Rather than that some command could not be understood."""
    with pytest.raises(EntryProblem, match=said):
        find_entry(MemoryTree(files), ImageConfig(cmd=("python3", "main.py"), working_dir="app"))


def test_how_the_file_was_found_is_told():
    """Step by step, for the report."""
    found = find_entry(
        MemoryTree(TREE), ImageConfig(entrypoint=("tini", "--"), cmd=("npm", "start"), working_dir="app")
    )

    assert found.steps == (
        "the image starts `tini -- npm start`",
        "scripts.start of /app/package.json: `node dist/index.js`",
        "`node dist/index.js`",
        "/app/dist/index.js",
    )
