"""Incidents where source or image tells what the target alone cannot: what was written, mounted and shipped.

Images are archives, as ``docker save`` writes them; no Engine is needed.
"""

from __future__ import annotations

import secrets

from neighbours import nginx
from neighbours.express import crashing_express, running_express
from neighbours.express_build import CLEAN, checkout, express_build
from neighbours.processes import free_port

from .incident import Scene, healthy, incident
from .symptoms import all_of, answers, is_healthy, refuses

_NODE = ("node", "git")
_FALLBACK = '{"error":"Not Found"}'
_NO_START = answers("POST", "/tools/dtmac-nobody-has-this-name/start", 404, _FALLBACK)


def _archive(stage, variant):
    """Return the image of a variant, and the folder of the source that lies beside it."""
    folder, revision = stage.source(variant)
    return stage.archive(express_build(variant), revision), folder


@incident("route-not-mounted", "stub-deployment", shows=_NO_START, gives="url source", needs=_NODE)
def stub_beside_its_source(stage):
    """The source holds all routers, and its entry point mounts none of them."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, agent.token, source=stage.source("stub-entry")[0])


@incident("route-not-mounted", "stub-deployment", shows=_NO_START, gives="url image", needs=_NODE)
def stub_beside_its_image(stage):
    """The same, told by the image."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, agent.token, image=_archive(stage, "stub-entry")[0])


@incident(
    "route-not-mounted",
    "stub-deployment",
    shows=_NO_START,
    gives="url source image",
    or_first=("stale-image",),
    needs=_NODE,
    as_program=True,
)
def stub_image_beside_the_full_source(stage):
    """The incident of the plan: a stub was shipped, and the source beside it is whole."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, agent.token, source=stage.source()[0], image=_archive(stage, "stub-entry")[0])


@incident(
    "stale-image",
    "stub-deployment",
    shows=_NO_START,
    gives="url source",
    or_first=("route-not-mounted",),
    needs=_NODE,
)
def stub_beside_the_full_source(stage):
    """The same without the image: what runs is not what the source would be built to."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, agent.token, source=stage.source()[0])


@incident(
    "route-not-mounted",
    shows=answers("GET", "/diagnostics/docker", 404, _FALLBACK),
    gives="url source",
    needs=_NODE,
)
def router_under_another_prefix(stage):
    """The diagnostics router is mounted under /diagnostic."""
    agent = stage.express("other-prefix")
    yield Scene(agent.url, agent.token, source=stage.source("other-prefix")[0])


@incident("route-shadowed", shows=answers("GET", "/mcp/status", 404, _FALLBACK), gives="url source", needs=_NODE)
def catch_all_too_early(stage):
    """The fallback for unknown paths stands before the routers of /ssh and /mcp."""
    agent = stage.express("early-catch-all")
    yield Scene(agent.url, agent.token, source=stage.source("early-catch-all")[0])


@incident(
    "route-shadowed",
    shows=answers("GET", "/mcp/status", 200, token=""),
    gives="url source",
    needs=_NODE,
    as_program=True,
)
def handler_that_shadows(stage):
    """GET /mcp/status is registered on the application, before the router that asks for a token."""
    agent = stage.express("shadowing-handler")
    yield Scene(agent.url, agent.token, source=stage.source("shadowing-handler")[0])


@incident("agent-crash-loop", shows=refuses, gives="url source", needs=_NODE)
def crash_at_load_beside_its_source(stage):
    """The port is closed, and the source imports a name that no module exports."""
    with crashing_express(express_build("crash-at-load")) as agent:
        yield Scene(agent.url, agent.token, source=stage.source("crash-at-load")[0])


@incident("agent-crash-loop", shows=refuses, gives="url image", needs=_NODE)
def crash_at_load_beside_its_image(stage):
    """The same, told by the image."""
    with crashing_express(express_build("crash-at-load")) as agent:
        yield Scene(agent.url, agent.token, image=_archive(stage, "crash-at-load")[0])


@incident("stale-image", shows=_NO_START, gives="url source image", needs=_NODE, as_program=True)
def image_behind_its_source(stage):
    """The image was built one commit ago, before there were start and stop."""
    image, folder = _archive(stage, "older-commit")
    agent = stage.express("older-commit")
    yield Scene(agent.url, agent.token, source=folder, image=image)


@incident("stale-image", shows=_NO_START, gives="url source", needs=_NODE)
def target_behind_its_source(stage):
    """The same without the image: the target lacks what its source mounts."""
    agent = stage.express("older-commit")
    yield Scene(agent.url, agent.token, source=stage.source("older-commit")[0])


@incident(
    "token-rejected",
    "route-not-mounted",
    shows=answers("GET", "/tools", 403, "Forbidden"),
    gives="url source",
    or_first=("route-not-mounted",),
    needs=_NODE,
)
def wrong_token_for_a_stub(stage):
    """Two flaws: the caller's token is another droplet's, and the source mounts none of its routers."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, secrets.token_urlsafe(32), source=stage.source("stub-entry")[0])


@incident(
    "proxy-path-rewrite",
    shows=all_of(answers("GET", "/status", 200, "healthy"), _NO_START),
    gives="url source",
    needs=(*_NODE, "nginx"),
)
def proxy_strips_tools_before_a_whole_source(stage):
    """The code is whole and runs; it is the proxy in front that takes /tools off."""
    agent = stage.express()
    with nginx.stripping_prefix(agent.url) as url:
        yield Scene(url, agent.token, source=stage.source()[0])


@incident("connection-refused", shows=refuses, gives="url source", needs=_NODE)
def port_closed_beside_a_whole_source(stage):
    """The code is whole, and nobody runs it."""
    yield Scene(f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(32), source=stage.source()[0])


@incident(
    "instance-unknown",
    shows=answers("POST", "/tools/{instance}/start", 404, "not found or not managed by this DTMA"),
    gives="url source instance",
    needs=_NODE,
)
def instance_that_never_was_beside_a_whole_source(stage):
    """The code is whole and runs; it is the caller who asks for what never existed."""
    agent = stage.express()
    yield Scene(agent.url, agent.token, source=stage.source()[0], instance="crm-sync-1750278276605")


@healthy(shows=is_healthy, gives="url source image", needs=_NODE)
def source_ahead_with_the_same_routes(stage):
    """The source has a commit more than the image, which changes no route."""
    folder = stage.folder / "ahead"
    earlier, _ = checkout(folder, history=(CLEAN,))
    agent = stage.express()
    yield Scene(agent.url, agent.token, source=folder, image=stage.archive(express_build(), earlier))


@healthy(shows=all_of(is_healthy, answers("GET", "/mcp/status", 404, _FALLBACK)), gives="url source", needs=_NODE)
def optional_profile_behind_a_switch(stage):
    """The MCP router is mounted where the environment says so, and here it does not."""
    agent = stage.express("env-switch")
    yield Scene(agent.url, agent.token, source=stage.source("env-switch")[0])


@healthy(shows=is_healthy, gives="url source image", needs=_NODE, as_program=True)
def compiled_to_commonjs(stage):
    """The same agent, compiled in the older way."""
    image, folder = _archive(stage, "commonjs")
    agent = stage.express("commonjs")
    yield Scene(agent.url, agent.token, source=folder, image=image)


@healthy(shows=is_healthy, gives="url image", needs=_NODE)
def bundled(stage):
    """The same agent in one file, dependencies and all."""
    build = express_build("bundle")
    agent = stage.shared(("express", "bundle"), lambda: running_express(build, endpoint=stage.quiet))
    yield Scene(agent.url, agent.token, image=_archive(stage, "bundle")[0])
