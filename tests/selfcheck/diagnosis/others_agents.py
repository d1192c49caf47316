"""What was observed of agents, proxies and logs of other makes than ours, ill and well."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.observed import (
    HEALTHY,
    NOT_FOUND,
    all_answering,
    answer,
    answering,
    code,
    container,
    docker,
    drift,
    instance,
    lacking,
    silent,
    status_body,
    unreachable,
)

from dtma_contract.diagnosis.facts import Question, StepName
from dtma_contract.routes import Cell

NGINX_404 = "<html><center><h1>404 Not Found</h1></center><hr><center>nginx/1.22.1</center></html>"
NGINX_502 = "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.22.1</center></html>"
YOUNG = "2026-03-01T02:59:58Z"
RESTARTING = container(state="restarting", restart_count=7, exit_code=1, started_at=YOUNG)
START = "core.tools.start"
NO_PROGRAM = 'OCI runtime create failed: runc create failed: exec: "node": executable file not found in $PATH'
NO_SECRET = {"success": False, "error": "Authentication is not configured on this agent"}
UNKNOWN_ISSUER = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
FORGOTTEN = container("web", created_at="2026-02-01T00:00:00Z", restart_policy="unless-stopped")
NEITHER = "Neither DTMA_BEARER_TOKEN nor BACKEND_TO_DTMA_API_KEY is configured"
PROTECTED = (Question.TOOLS, Question.TOOLS_STATUS, Question.TOOLS_WITHOUT_TOKEN)
BEFORE = "2026-03-01T02:59:57Z"
CONSOLE = container("dtma-console", "restarting", restart_count=9, exit_code=1, started_at=YOUNG)
# No Engine, as a listing says it.
NO_ENGINE = {"success": False, "error": "connect ENOENT /var/run/docker.sock"}
CHALLENGE = {"content_type": "text/html", "server": "cloudflare"}


def probed(name, detail, *, state=Cell.MOUNTED, secured=None, facts=HEALTHY):
    """Return facts of an agent of which the probes of one route say something else than that it is there."""
    seen = {"state": state, "secured": secured, "detail": detail}
    routes = tuple(replace(route, **seen) if route.name == name else route for route in facts.routes)
    return replace(facts, routes=routes)


START_ROUTE = "POST /tools/{instanceNameOnToolbox}/start"
REFUSED = "POST /tools/dtmac-absent/start is answered with 403, unlike paths that do not exist"
BEHIND_NGINX = answering(answer(Question.ROOT, 200, {"service": "DTMA"}, server="nginx"))
BELOW_TOOLS = [route.operation for route in HEALTHY.routes if route.path.startswith("/tools/")]
PAGE_BELOW_TOOLS = answering(replace(answer(Question.NOWHERE, 404, NGINX_404), path="/tools/dtmac-nowhere"))
# A connection on which nothing was said stayed open.
OPEN = tuple(replace(step, stays_open=step.name is StepName.CONNECT or None) for step in HEALTHY.network)

# What was observed, and the causes told, best first.
OTHERS_ILL = {
    "plain http to a server of tls that says nothing": (
        silent("connection-reset", network=unreachable("tls-failure").network),
        ["tls-failure", "connection-refused"],
    ),
    "a program that is not in the image": (
        unreachable("connection-refused", docker=docker(agent=container(state="created", error=NO_PROGRAM))),
        ["agent-crash-loop", "connection-refused"],
    ),
    "an agent whose own port is taken": (
        unreachable("connection-refused", docker=docker(agent=RESTARTING, log=["Error: listen EADDRINUSE: :::30000"])),
        ["agent-crash-loop", "connection-refused"],
    ),
    "an origin that the edge cannot reach": (
        all_answering(522, "error code: 522", server="cloudflare"),
        ["proxy-no-upstream"],
    ),
    "a gateway that speaks json": (
        all_answering(502, {"message": "An invalid response was received"}, server="kong/3.4.0"),
        ["proxy-no-upstream"],
    ),
    "a gateway that speaks json and has no route": (
        all_answering(404, {"message": "no Route matched with those values"}, server="kong/3.4.0"),
        ["proxy-no-upstream", "not-a-dtma"],
    ),
    "a 404 that repeats another path": (
        all_answering(404, "<pre>Cannot GET /agent/dtmac-nowhere</pre>", server="openresty"),
        ["proxy-path-rewrite", "not-a-dtma"],
    ),
    "a 404 that repeats another path behind its method": (
        all_answering(404, {"error": "Not Found", "message": "Route GET:/agent/dtmac-nowhere not found"}),
        ["proxy-path-rewrite", "not-a-dtma"],
    ),
    "no secret, in other words": (
        answering(*(answer(question, 500, NO_SECRET) for question in (Question.TOOLS, Question.TOOLS_WITHOUT_TOKEN))),
        ["token-not-configured"],
    ),
    "an engine that fails, and an empty list all the same": (
        replace(HEALTHY, docker=docker(log=["[docker] list failed: connect ENOENT /var/run/docker.sock"])),
        ["engine-unavailable"],
    ),
    "no socket, and a log that said so at the start": (
        replace(
            HEALTHY,
            docker=docker(
                agent=container(socket_mounted=False),
                log=["2026-03-01T02:00:02Z error: connect ENOENT /var/run/docker.sock"],
            ),
        ),
        ["engine-unavailable"],
    ),
    "a registry of an unknown issuer": (
        replace(HEALTHY, docker=docker(log=[f'deploy web: Get "https://reg.example/v2/": {UNKNOWN_ISSUER}'])),
        ["image-unpullable"],
    ),
    "a layer for which the disk has no room": (
        replace(HEALTHY, docker=docker(log=["deploy web: failed to register layer: no space left on device"])),
        ["image-unpullable"],
    ),
    "a container without labels that callers ask for": (
        replace(HEALTHY, docker=docker(FORGOTTEN, log=["POST /tools/web/start 404 1 ms"])),
        ["state-lost"],
    ),
    "an instance that the agent lists and denies": (
        answering(
            answer(Question.TOOLS, 200, {"tools": [instance("web")]}),
            instance="web",
            docker=docker(FORGOTTEN, log=['{"req":{"method":"POST","url":"/tools/web/start"},"statusCode":404}']),
        ),
        ["state-lost"],
    ),
    "an agent that is up between two crashes, behind a proxy": (
        replace(
            all_answering(502, NGINX_502, server="nginx"),
            docker=docker(agent=container(restart_count=2, started_at=YOUNG)),
        ),
        ["agent-crash-loop", "proxy-no-upstream"],
    ),
    "a proxy that passes some paths": (
        lacking(*BELOW_TOOLS, facts=PAGE_BELOW_TOOLS),
        ["proxy-no-upstream", "route-missing"],
    ),
    "a route gone behind a proxy that has pages of its own for the agent's 404": (
        lacking(START, facts=PAGE_BELOW_TOOLS),
        ["route-missing"],
    ),
    "a proxy that lets nothing through but GET": (
        answering(answer(Question.UNRESOLVABLE_DEPLOY, 403, NGINX_404, server="nginx")),
        ["proxy-no-upstream"],
    ),
    "a prefix added before an agent of another framework": (
        all_answering(404, {"detail": "Not Found"}, server="nginx/1.22.1"),
        ["proxy-path-rewrite", "not-a-dtma"],
    ),
    "a gateway that writes its error as an agent would": (
        all_answering(503, {"status": 503, "error": "Service Unavailable"}),
        ["proxy-no-upstream", "not-a-dtma"],
    ),
    "a framework's proxy that reaches nobody": (
        all_answering(500, "Error occurred while trying to proxy to: localhost:30000/"),
        ["proxy-no-upstream", "not-a-dtma"],
    ),
    "another service that has an OK of its own": (
        answering(
            answer(Question.ROOT, 200, "<title>Grafana</title>"),
            answer(Question.HEALTH, 200, "OK"),
            facts=all_answering(404, "Not Found"),
        ),
        ["not-a-dtma"],
    ),
    "a server of another protocol that closes what it does not understand": (
        silent("connection-reset", network=OPEN),
        ["not-a-dtma"],
    ),
    "an agent that closes what it is asked": (
        silent("connection-reset", network=OPEN, docker=docker()),
        ["connection-refused"],
    ),
    "a loop of which the log shows nothing but its beginnings": (
        replace(
            HEALTHY,
            docker=docker(
                agent=container(restart_count=40, started_at="2026-03-01T02:59:50Z"),
                log=[f"2026-03-01T02:{minute}:50Z listening, pid {minute}" for minute in (57, 58, 59)],
            ),
        ),
        ["agent-crash-loop"],
    ),
    "a container that ends without an error, and says why": (
        unreachable(
            "connection-refused",
            docker=docker(
                agent=container(state="exited", exit_code=0, started_at=YOUNG, finished_at="2026-03-01T02:59:59Z"),
                log=["2026-03-01T02:59:58Z FATAL: DTMA_BEARER_TOKEN is not set"],
            ),
        ),
        ["agent-crash-loop", "connection-refused"],
    ),
    "a proxy with no upstream for some paths": (
        answering(*(answer(q, 502, NGINX_502, server="nginx") for q in (Question.TOOLS, Question.TOOLS_STATUS))),
        ["proxy-no-upstream"],
    ),
    "an agent that is up between two crashes": (
        replace(
            HEALTHY,
            docker=docker(agent=container(restart_count=40, started_at=YOUNG), log=[f"{BEFORE} Error: no database"]),
        ),
        ["agent-crash-loop"],
    ),
    "no secret in the container, and an agent that does not say why it fails": (
        answering(
            *(answer(question, 500, {"error": "Internal Server Error"}) for question in PROTECTED),
            docker=docker(agent=container(environment={"NODE_ENV": False, "DTMA_BEARER_TOKEN": True})),
        ),
        ["token-not-configured", "engine-unavailable"],
    ),
    "a token that no request can carry": (
        replace(HEALTHY, has_token=False, token_problem="It holds white space."),  # noqa: S106 - no token
        ["token-rejected"],
    ),
    "neither secret, as the agent says": (
        answering(*(answer(question, 500, {"error": "Error", "message": NEITHER}) for question in PROTECTED)),
        ["token-not-configured"],
    ),
    "an engine that fails, as an empty listing says": (
        answering(answer(Question.TOOLS, 200, {"tools": [], "error": "connect ENOENT /var/run/docker.sock"})),
        ["engine-unavailable"],
    ),
    "a handler that takes everything below /tools": (
        lacking(
            *BELOW_TOOLS,
            facts=answering(
                answer(Question.NOWHERE, 404, NOT_FOUND),
                replace(answer(Question.NOWHERE, 200, {"ok": True}), path="/tools/dtmac-nowhere"),
            ),
        ),
        ["route-shadowed"],
    ),
    "a proxy that has an OK of its own, and nothing else": (
        answering(
            answer(Question.HEALTH, 200, "OK", server="nginx"), facts=all_answering(404, NGINX_404, server="nginx")
        ),
        ["proxy-no-upstream"],
    ),
    "a container without labels that only the status lists": (
        answering(answer(Question.STATUS, 200, status_body("web")), docker=docker(FORGOTTEN)),
        ["state-lost"],
    ),
    "a route that takes the status for an instance": (
        lacking(
            "core.tools.status",
            facts=answering(
                answer(Question.TOOLS_STATUS, 404, {"error": "Tool instance 'status' not found"}),
                answer(Question.NOWHERE, 404, NOT_FOUND),
                replace(
                    answer(Question.NOWHERE, 404, {"error": "Tool instance 'dtmac-a' not found"}), path="/tools/dtmac-a"
                ),
            ),
        ),
        ["route-shadowed"],
    ),
    "source that cannot load, behind a proxy": (
        replace(all_answering(502, NGINX_502, server="nginx"), code=code(None, drift("crashes-at-load"))),
        ["agent-crash-loop", "proxy-no-upstream"],
    ),
    "a deploy that fails in the agent's own words, without a time, after a line of now": (
        answering(answer(Question.LOGS, 200, {"logs": ["2026-03-01T02:50:00Z deploy web", "manifest unknown"]})),
        ["image-unpullable"],
    ),
    "a deploy that failed a moment ago, as syslog writes it": (
        answering(answer(Question.LOGS, 200, {"logs": ["Mar  1 02:59:00 host dtma[1]: manifest for x:1 not found"]})),
        ["image-unpullable"],
    ),
    "an image of another platform": (
        replace(HEALTHY, docker=docker(log=["deploy web: its platform does not match the specified platform"])),
        ["image-unpullable"],
    ),
    "an instance that never was, beside another's failed deploy": (
        replace(
            HEALTHY, instance="web", docker=docker(container("tool"), log=["deploying tool", "pull access denied"])
        ),
        ["instance-unknown"],
    ),
    "a path that a proxy refuses, whoever asks": (
        probed(START_ROUTE, REFUSED, facts=BEHIND_NGINX),
        ["proxy-no-upstream"],
    ),
    "a method that a proxy refuses at every path": (
        probed(
            "DELETE /tools/{instanceNameOnToolbox}",
            "DELETE /tools/dtmac-absent is answered like /dtmac-nowhere, which surely does not exist: 403 text/html",
            state=Cell.UNKNOWN,
            facts=BEHIND_NGINX,
        ),
        ["proxy-no-upstream"],
    ),
    "an edge that challenges whatever is no GET": (
        answering(answer(Question.UNRESOLVABLE_DEPLOY, 403, "<title>Just a moment...</title>", **CHALLENGE)),
        ["proxy-no-upstream"],
    ),
    "two agents of different secrets, in turn": (
        answering(answer(Question.TOOLS_STATUS, 403, {"error": "Forbidden"})),
        ["token-rejected"],
    ),
    "a route that refuses the token that others take": (
        probed("POST /tools", "POST /tools is answered with 403, unlike paths that do not exist", secured=True),
        ["token-rejected"],
    ),
    "a route that refuses everyone": (probed(START_ROUTE, REFUSED), ["token-rejected"]),
    "another droplet's token, beside a route that asks for none": (
        probed(
            "GET /mcp/status",
            "GET /mcp/status is answered with 200, unlike paths that do not exist",
            secured=False,
            facts=answering(
                answer(Question.TOOLS, 403, {"error": "Forbidden"}),
                answer(Question.TOOLS_STATUS, 403, {"error": "Forbidden"}),
                replace(answer(Question.MCP_STATUS_WITHOUT_TOKEN, 200, {"ok": True}), question=Question.MCP_STATUS),
            ),
        ),
        ["token-rejected", "route-shadowed"],
    ),
    "neither a secret nor an Engine, and nobody is asked for a token": (
        answering(
            *(answer(question, 500, NO_ENGINE) for question in PROTECTED),
            answer(Question.STATUS, 200, status_body(hasAuthToken=False, hasApiKey=False)),
        ),
        ["engine-unavailable", "authentication-open"],
    ),
    "a handler that takes every word behind an instance": (
        probed(
            START_ROUTE,
            "POST /tools/dtmac-absent/start is answered like /tools/dtmac-absent/dtmac-nowhere, which surely does not "
            'exist: 200 application/json {"success":true}',
            state=Cell.UNKNOWN,
        ),
        ["route-shadowed"],
    ),
}

# What is odd, and no cause of anything.
OTHERS_WELL = {
    "a container of a similar name that does not stay up, beside an agent without one": replace(
        HEALTHY, docker=replace(docker(CONSOLE), agent="dtma-console", chosen_by="its name or image has dtma in it")
    ),
    "an agent in place of a container that ended before": replace(
        HEALTHY,
        docker=docker(agent=container(state="exited", exit_code=1, started_at=YOUNG, finished_at=BEFORE)),
    ),
    "a failed deploy that went well later, as an access log writes it": replace(
        HEALTHY,
        docker=docker(log=["pull access denied for x/y:1", '10.0.0.1 - - [01/Mar/2026] "POST /tools HTTP/1.1" 201 80']),
    ),
    "failures of long ago, without a time or a year": answering(
        answer(
            Question.LOGS,
            200,
            {
                "logs": [
                    "Jan  3 10:00:00 droplet dtma[7]: manifest for acme/web:3 not found: manifest unknown",
                    "Feb 28 02:00:00 droplet dtma[7]: port is already allocated",
                    "Error: pull access denied for acme/web",
                    "    at Docker.pull (/app/docker.js:7)",
                ]
            },
        )
    ),
    "a failed deploy that went well later, in the agent's own words": replace(
        HEALTHY, docker=docker(log=["deploy web: toomanyrequests", "Deployed web successfully"])
    ),
    "a status that lists containers of others too": answering(
        answer(Question.STATUS, 200, status_body("web")), docker=docker(replace(FORGOTTEN, restart_policy="always"))
    ),
    "a status that tells of its engine": answering(
        answer(Question.STATUS, 200, {**status_body(), "docker": {"socket": "/var/run/docker.sock", "error": None}})
    ),
    "failures of long ago, with times of all kinds": answering(
        answer(
            Question.LOGS,
            200,
            {
                "logs": [
                    '2025-01-04 03:00:00,123 Conflict. The container name "/old" is already in use by container "a"',
                    '{"level":50,"time":1735689600000,"msg":"invalid container name (a b)"}',
                    "[04/Jan/2025:03:00:00 +0000] port is already allocated",
                ]
            },
        )
    ),
    "a deploy that is refused in the body of a success": answering(
        answer(Question.UNRESOLVABLE_DEPLOY, 200, {"success": False, "error": "cannot be pulled"})
    ),
    "a router that repeats what is left of the path": answering(
        replace(answer(Question.NOWHERE, 404, {"path": "/dtmac-nowhere"}), path="/tools/dtmac-nowhere")
    ),
    "a container of others that a caller asks for": replace(
        HEALTHY,
        docker=docker(replace(FORGOTTEN, restart_policy="always"), log=["POST /tools/web/start 404 1 ms"]),
    ),
    "a log that names the socket while it is asked": replace(
        HEALTHY, docker=docker(log=["GET unix:///var/run/docker.sock/containers/json 200"])
    ),
    "an agent that says of every path that it does not have that it is not implemented": answering(
        answer(Question.NOWHERE, 501, {"error": "Not implemented"}),
        answer(Question.DIAGNOSTICS_DOCKER, 501, {"error": "Not implemented"}),
    ),
    "an agent that refuses a name that it does not know": probed(START_ROUTE, REFUSED, secured=True),
    "an agent that refuses a deploy, behind an edge": answering(
        answer(Question.UNRESOLVABLE_DEPLOY, 403, {"error": "This registry is not allowed."}, server="cloudflare")
    ),
}
