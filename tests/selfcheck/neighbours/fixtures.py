"""Fixtures of what a machine may lack: a selfcheck is skipped with the reason; in CI (``CI=true``) that is an error.

``tests/selfcheck/conftest.py`` imports them, so every selfcheck can ask for them by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from . import express_stock
from .express_images import node_base
from .postgres import Postgres, running_postgres
from .sshd import SshHost, running_sshd
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
    "ssh_host",
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


@pytest.fixture
def ssh_host(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshHost]:
    """Run an ssh server on loopback; this test's ssh gets in."""
    for tool in ("sshd", "ssh", "ssh-keygen"):
        _need(tool)
    with running_sshd(tmp_path_factory.mktemp("sshd")) as host:
        monkeypatch.setenv("PATH", host.path)
        yield host


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
def express_sources(tmp_path_factory: pytest.TempPathFactory) -> express_stock.Checkouts:
    """Give the checkout of a variant of the Express agent, and the commit that its image is built from."""
    return express_stock.checkouts(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def express_images(
    docker_endpoint: str, node_image: str, express_sources: express_stock.Checkouts
) -> Iterator[express_stock.Images]:
    """Give the image of a variant of the Express agent: it takes seconds to build, and is built once."""
    with express_stock.images(docker_endpoint, express_sources) as image:
        yield image
