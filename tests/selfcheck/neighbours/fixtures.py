"""Fixtures of what a machine may lack: a selfcheck is skipped with the reason; in CI (``CI=true``) that is an error.

``tests/selfcheck/conftest.py`` imports them, so every selfcheck can ask for them by name.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from .express_build import CLEAN, checkout, express_build
from .express_images import ExpressImage, express_image, node_base
from .postgres import Postgres, running_postgres
from .tools import MissingToolError, path_of

__all__ = [
    "docker_endpoint",
    "express_images",
    "express_sources",
    "needs_nginx",
    "needs_node",
    "needs_openssl",
    "node_image",
    "postgres",
    "probe_image",
]


def lacking(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, where everything is to be there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _need(tool: str) -> None:
    try:
        path_of(tool)
    except MissingToolError as error:
        lacking(str(error))


@pytest.fixture(scope="session")
def needs_nginx():
    """Nginx is installed."""
    _need("nginx")


@pytest.fixture(scope="session")
def needs_node():
    """Node, npm and git are installed."""
    for tool in ("node", "npm", "git"):
        _need(tool)


@pytest.fixture(scope="session")
def needs_openssl():
    """The openssl command is installed."""
    _need("openssl")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of this process; each makes a database of its own."""
    _need("initdb")
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def docker_endpoint() -> str:
    """Return the endpoint of a real Docker Engine. Ask for it in tests marked ``docker``."""
    endpoint = os.environ.get("DTMA_SELFCHECK_DOCKER")
    if not endpoint:
        pytest.skip("No Docker Engine is named in DTMA_SELFCHECK_DOCKER: make verify-docker starts one.")
    return endpoint


@pytest.fixture(scope="session")
def probe_image(docker_endpoint: str) -> str:
    """Return the reference of an image that this engine can pull, and that stays up."""
    reference = os.environ.get("DTMA_SELFCHECK_IMAGE")
    if not reference:
        pytest.skip("No probe image is named in DTMA_SELFCHECK_IMAGE: make verify-docker publishes one.")
    return reference


@pytest.fixture(scope="session")
def node_image(docker_endpoint: str, needs_node: None) -> Iterator[str]:
    """Hold the base of the Express agent's images in the engine, so that it is made once."""
    with node_base(docker_endpoint) as reference:
        yield reference


@pytest.fixture(scope="session")
def express_sources(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, str]]:
    """Give the checkout of a variant of the Express agent, and the commit that its image is built from.

    Each has two commits. An old image has the newest source beside it.
    """

    @functools.cache
    def source(variant: str) -> tuple[Path, str]:
        folder = tmp_path_factory.mktemp("sources") / variant
        is_old = variant == "older-commit"
        commits = checkout(folder, CLEAN if is_old else variant, history=("older-commit",))
        return folder, commits[0 if is_old else -1]

    return source


@pytest.fixture(scope="session")
def express_images(
    docker_endpoint: str, node_image: str, express_sources: Callable[[str], tuple[Path, str]]
) -> Iterator[Callable[[str], ExpressImage]]:
    """Give the image of a variant of the Express agent: it takes seconds to build, and is built once."""
    with contextlib.ExitStack() as held:

        @functools.cache
        def image(variant: str) -> ExpressImage:
            repository = "dtma-express" if variant == CLEAN else f"dtma-express-{variant}"
            _, revision = express_sources(variant)
            built = express_image(docker_endpoint, express_build(variant), revision=revision, repository=repository)
            return held.enter_context(built)

        yield image
