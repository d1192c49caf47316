"""Incidents of what stands between callers and agent: a proxy, well or badly configured."""

from __future__ import annotations

from neighbours import nginx
from neighbours.slow_link import slow_link

from .incident import Scene, healthy, incident
from .symptoms import all_of, answers, asked, is_healthy

_NGINX = ("nginx",)
_BOTH = ("nginx", "node")

_FALLBACK = '{"error":"Not Found"}'


@incident("proxy-no-upstream", shows=answers("GET", "/status", 502, "502 Bad Gateway"), needs=_NGINX, as_program=True)
def proxy_before_nobody(stage):
    """The proxy is there, the agent behind it is not."""
    with nginx.dead_upstream() as url:
        yield Scene(url, stage.reference().token)


@incident("proxy-no-upstream", shows=answers("GET", "/tools", 503, "503 Service"), needs=_NGINX)
def balancer_without_a_member(stage):
    """The balancer has taken the agent out of service, and says so itself."""
    with nginx.unavailable() as url:
        yield Scene(url, stage.reference().token)


@incident(
    "proxy-path-rewrite",
    shows=all_of(answers("GET", "/status", 200, "healthy"), answers("POST", "/tools/x1/start", 404, _FALLBACK)),
    needs=_NGINX,
    as_program=True,
)
def proxy_strips_tools(stage):
    """The proxy takes /tools off, so that start, stop and delete reach the agent as other paths."""
    agent = stage.reference()
    with nginx.stripping_prefix(agent.url) as url:
        yield Scene(url, agent.token)


@incident(
    "proxy-path-rewrite",
    shows=all_of(answers("GET", "/status", 200, "healthy"), answers("POST", "/tools/x1/start", 404, _FALLBACK)),
    needs=_BOTH,
)
def proxy_strips_tools_before_express(stage):
    """The same before the agent on Express."""
    agent = stage.express()
    with nginx.stripping_prefix(agent.url) as url:
        yield Scene(url, agent.token)


@incident("proxy-path-rewrite", shows=answers("GET", "/status", 404, _FALLBACK), needs=_NGINX)
def proxy_adds_api(stage):
    """The proxy puts /api before every path: the agent gets all requests, and knows none of them."""
    agent = stage.reference()
    with nginx.adding_prefix(agent.url) as url:
        yield Scene(url, agent.token)


@incident("proxy-path-rewrite", shows=answers("GET", "/status", 404, _FALLBACK), needs=_BOTH)
def proxy_adds_api_before_express(stage):
    """The same before the agent on Express."""
    agent = stage.express()
    with nginx.adding_prefix(agent.url) as url:
        yield Scene(url, agent.token)


@incident(
    "proxy-path-rewrite",
    shows=all_of(answers("GET", "/status", 404, "404 Not Found"), answers("GET", "/api/status", 200, "healthy")),
    needs=_NGINX,
)
def proxy_expects_api(stage):
    """The proxy has the agent below /api, which the callers leave out."""
    agent = stage.reference()
    with nginx.expecting_prefix(agent.url) as url:
        yield Scene(url, agent.token)


@incident("token-rejected", shows=answers("GET", "/tools", 401, "Unauthorized"), needs=_NGINX)
def proxy_keeps_the_token(stage):
    """The proxy passes no Authorization on, so that a right token never arrives."""
    agent = stage.reference()
    with nginx.dropping_authorization(agent.url) as url:
        yield Scene(url, agent.token)


@incident(
    "proxy-path-rewrite",
    "route-missing",
    shows=all_of(answers("GET", "/health", 404), answers("POST", "/tools/x1/start", 404)),
    or_first=("route-missing",),
    needs=_NGINX,
)
def proxy_strips_tools_before_an_agent_without_health(stage):
    """Two flaws: the proxy takes /tools off, and the agent has no /health."""
    agent = stage.reference("--fault", "health-route-missing")
    with nginx.stripping_prefix(agent.url) as url:
        yield Scene(url, agent.token)


def _has_another_server(scene):
    is_healthy(scene)

    assert asked(scene, "GET", "/status").headers["server"].startswith("nginx")


@healthy(shows=_has_another_server, needs=_NGINX)
def good_proxy(stage):
    """A proxy as it should be: only the Server header is its own."""
    agent = stage.reference()
    with nginx.passing(agent.url) as url:
        yield Scene(url, agent.token)


@healthy(shows=_has_another_server, needs=_NGINX)
def url_with_the_prefix_of_its_proxy(stage):
    """The proxy has the agent below /api, and the callers know that."""
    agent = stage.reference()
    with nginx.expecting_prefix(agent.url) as url:
        yield Scene(f"{url}/api", agent.token)


@healthy(shows=_has_another_server, needs=_NGINX)
def proxy_that_limits_connections(stage):
    """The proxy refuses with its own page whoever asks for more than two things at once, as no caller does."""
    agent = stage.reference()
    with slow_link(agent.url, seconds=0.02) as slow, nginx.limiting_connections(slow) as url:
        yield Scene(url, agent.token)


@healthy(shows=is_healthy, slow=True)
def slow_agent(stage):
    """Every answer comes half a second late."""
    agent = stage.reference()
    with slow_link(agent.url, seconds=0.5) as url:
        yield Scene(url, agent.token)
