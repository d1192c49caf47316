"""A source folder in a repository of several packages: what it imports of its neighbours is read."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.source_folder import path_in_repository, read_source

API = (
    "import express from 'express'; import { router } from '@m/shared';"
    "const app = express(); app.use('/s', router); app.listen(1);"
)
SHARED = "import { Router } from 'express'; export const router = Router(); router.get('/x', (req, res) => res.end());"


@pytest.fixture
def repository(tmp_path):
    packages = {
        "packages/api": ({"name": "@m/api", "main": "dist/index.js", "dependencies": {"express": "4"}}, API),
        "packages/shared": ({"name": "@m/shared", "main": "dist/index.js"}, SHARED),
    }
    (tmp_path / ".git").mkdir()
    for path, (document, code) in packages.items():
        (tmp_path / path / "src").mkdir(parents=True)
        (tmp_path / path / "package.json").write_text(json.dumps(document))
        (tmp_path / path / "src" / "index.ts").write_text(code)
    return tmp_path


def list_workspaces(repository, pattern):
    (repository / "package.json").write_text(json.dumps({"name": "root", "workspaces": [pattern]}))


def found(table):
    return [(route.path, str(route.location)) for route in table.routes]


def test_a_neighbour_that_the_repository_lists_is_read(repository):
    """Its routes are found, and its files are told relative to the folder that was asked for."""
    list_workspaces(repository, "packages/*")
    table = read_source(repository / "packages" / "api")

    assert (found(table), table.provenance["entry"]) == ([("/s/x", "../shared/src/index.ts:1")], "src/index.ts")


def test_a_folder_that_no_one_lists_is_read_alone(repository):
    """What lies beside it is another project's, and what it may bring is not known."""
    list_workspaces(repository, "elsewhere/*")
    table = read_source(repository / "packages" / "api")

    assert (found(table), table.complete) == ([], False)


def test_a_folder_s_path_in_its_repository_is_told(repository):
    """Reports that point into a repository need it."""
    assert (
        path_in_repository(repository / "packages" / "api"),
        path_in_repository(repository),
    ) == ("packages/api", "")
