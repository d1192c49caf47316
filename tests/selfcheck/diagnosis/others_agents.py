"""What was observed of agents, proxies and logs of other makes than ours, ill and well."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.observed import (
    HEALTHY,
    all_answering,
    answer,
    answering,
    container,
    docker,
    instance,
    lacking,
    silent,
    unreachable,
)

from dtma_contract.diagnosis.facts import Question

NGINX_404 = "<html><center><h1>404 Not Found</h1></center><hr><center>nginx/1.22.1</center></html>"
NGINX_502 = "<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.22.1</center></html>"
YOUNG = "2026-03-01T02:59:58Z"
RESTARTING = container(state="restarting", restart_count=7, exit_code=1, started_at=YOUNG)
START = "core.tools.start"
NO_PROGRAM = 'OCI runtime create failed: runc create failed: exec: "node": executable file not found in $PATH'
NO_SECRET = {"success": False, "error": "Authentication is not configured on this agent"}
UNKNOWN_ISSUER = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
FORGOTTEN = container("web", created_at="2026-02-01T00:00:00Z", restart_policy="unless-stopped")
BEFORE = "2026-03-01T02:59:57Z"

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
        lacking(START, facts=answering(replace(answer(Question.NOWHERE, 404, NGINX_404), path="/tools/dtmac-nowhere"))),
        ["proxy-no-upstream", "route-missing"],
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
    "an instance that never was, beside another's failed deploy": (
        replace(
            HEALTHY, instance="web", docker=docker(container("tool"), log=["deploying tool", "pull access denied"])
        ),
        ["instance-unknown"],
    ),
}

# What is odd, and no cause of anything.
OTHERS_WELL = {
    "a failed deploy that went well later, as an access log writes it": replace(
        HEALTHY,
        docker=docker(log=["pull access denied for x/y:1", '10.0.0.1 - - [01/Mar/2026] "POST /tools HTTP/1.1" 201 80']),
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
}
