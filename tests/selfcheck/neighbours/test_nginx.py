"""Each proxy does to a request what its name says."""

from __future__ import annotations

import httpx
import pytest

from . import nginx
from .liars import lying
from .processes import NeighbourError

pytestmark = pytest.mark.usefixtures("needs_nginx")


@pytest.fixture
def upstream():
    with lying("another-json-service") as liar:
        yield liar


def test_a_healthy_proxy_passes_the_path_byte_for_byte(upstream):
    """Percent-encodings reach the agent as they were sent; the answer is the agent's, under nginx's Server header."""
    with nginx.passing(upstream.url) as proxy:
        answer = httpx.get(f"{proxy}/tools/%FF%2Fx/start")

    assert [asked.path for asked in upstream.asked] == ["/tools/%FF%2Fx/start"]
    assert (answer.status_code, answer.json()["service"]) == (200, "inventory")
    assert answer.headers["server"].startswith("nginx")


@pytest.mark.parametrize(
    ("neighbour", "status"), [(nginx.dead_upstream, 502), (nginx.no_upstream, 404)], ids=["dead", "none"]
)
def test_without_an_agent_the_error_page_is_the_proxy_s_own(neighbour, status):
    """The answer is an HTML page, by nginx."""
    with neighbour() as proxy:
        answer = httpx.get(f"{proxy}/status")

    assert (status, "text/html") == (answer.status_code, answer.headers["content-type"])
    assert answer.headers["server"].startswith("nginx")


def test_a_stripping_proxy_takes_the_prefix_off_and_passes_the_rest(upstream):
    """A path under the prefix arrives without it; another one arrives as it is."""
    with nginx.stripping_prefix(upstream.url, "/tools") as proxy:
        for path in ("/tools/x/start", "/status"):
            httpx.get(f"{proxy}{path}")

    assert [asked.path for asked in upstream.asked] == ["/x/start", "/status"]


def test_an_adding_proxy_puts_the_prefix_before_every_path(upstream):
    """Every path arrives with the prefix."""
    with nginx.adding_prefix(upstream.url, "/api") as proxy:
        httpx.get(f"{proxy}/status")

    assert [asked.path for asked in upstream.asked] == ["/api/status"]


def test_a_mistake_in_the_configuration_is_told_in_nginx_s_words():
    """A neighbour that does not start raises, with the end of its log."""
    with pytest.raises(NeighbourError, match="unknown directive"), nginx.running_nginx("nonsense yes;"):
        pytest.fail("It started.")
