"""The catalogue of causes: what each means, what repairs it, what else it explains. Pure.

The ids are stable. A remedy is one of the three scenarios of the incident's plan (A mends the routes, B starts the
container again in the right environment, C deploys another image), or something outside of the agent.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

__all__ = ["CAUSES", "Cause", "Scenario"]


class Scenario(enum.StrEnum):
    """Which of the plan's remedies repairs it."""

    ROUTES = "A"
    ENVIRONMENT = "B"
    REDEPLOY = "C"
    OUTSIDE = "none"


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that can be wrong.

    Attributes:
        id: stable.
        title: what is wrong, one sentence.
        meaning: how it comes about and what callers see, one or two sentences.
        scenario: of the remedy.
        remedy: what to do, one or two sentences.
        commands: lines to paste; ``{target}``, ``{host}``, ``{port}``, ``{container}``, ``{image}``, ``{instance}``,
            ``{token_env}``, ``{tool_image}``, ``{source}`` and ``{docker}`` (the docker command with its endpoint) are
            filled in.
        verify: lines that show whether it is repaired; filled in likewise.
        explains: ids of causes that are its consequences where both are seen.
    """

    id: str
    title: str
    meaning: str
    scenario: Scenario
    remedy: str
    commands: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()


_DIAGNOSE = "dtma-contract diagnose --target {target}"
# It deploys the probe image, and removes it again.
_LIFECYCLE = "dtma-contract verify --target {target} --only core.tools.deploy --only core.tools.start  # a probe"
_RUN = (
    "{docker} run -d --name {container} --restart always -p {port}:30000 -v /var/run/docker.sock:/var/run/docker.sock "
    "-e DTMA_BEARER_TOKEN -e AGENTOPIA_API_BASE_URL -e BACKEND_TO_DTMA_API_KEY {image}"
)
# Back again: the name is free once more, and what ran before is only stopped.
_BACK = (
    "# back to what ran before: {docker} rm -f {container}; {docker} rename {container}-before {container}; "
    "{docker} start {container}"
)
_HERE = "# on the droplet, the three variables set to this droplet's own values:"
_SWAP = ("{docker} rename {container} {container}-before", "{docker} stop {container}-before", _RUN, _BACK)
_REPLACE = (_HERE, *_SWAP)
_PULL_AND_REPLACE = (_HERE, "{docker} pull {image}", *_SWAP)

_LISTED = (
    Cause(
        "name-unresolvable",
        "The host's name cannot be resolved.",
        "No request can leave, whatever state the agent is in.",
        Scenario.OUTSIDE,
        "Correct the name, or use the droplet's address; where the name is right, its DNS record is missing.",
        ("getent hosts {host}",),
        (_DIAGNOSE,),
    ),
    Cause(
        "connection-refused",
        "Nothing takes connections on that port.",
        "The host is there, and no agent listens: its container is stopped, was never started, or publishes another "
        "port.",
        Scenario.ENVIRONMENT,
        "Look whether the agent's container runs and which port it publishes, and start it.",
        (
            "{docker} ps -a --filter name={container}",
            "{docker} logs --tail 50 {container}",
            "{docker} start {container}",
        ),
        (_DIAGNOSE,),
        ("proxy-no-upstream",),
    ),
    Cause(
        "connection-timeout",
        "The host does not answer in time.",
        "A firewall drops the packets, the host is down, or what listens there hangs.",
        Scenario.OUTSIDE,
        "Check that the droplet runs and that its firewall lets the port through; where the connection is taken and "
        "nothing answers, the agent hangs: start its container again.",
        ("ssh root@{host} ufw status", "ssh root@{host} curl -sS -m 5 http://127.0.0.1:{port}/health"),
        (_DIAGNOSE,),
    ),
    Cause(
        "tls-failure",
        "The TLS handshake fails.",
        "What stands in front of the agent has a certificate that cannot be trusted, or one side speaks no TLS.",
        Scenario.OUTSIDE,
        "Renew or correct the certificate, or use the scheme that is spoken on that port: the agent itself speaks "
        "plain HTTP.",
        ("openssl s_client -connect {host}:{port} </dev/null | openssl x509 -noout -dates -subject",),
        (_DIAGNOSE,),
    ),
    Cause(
        "not-a-dtma",
        "Something answers there, and it is no DTMA.",
        "Host or port is another service's, or something in front answers on its own.",
        Scenario.OUTSIDE,
        "Check host and port: the agent publishes port 30000.",
        ("curl -isS {target}/", "{docker} ps --format '{{{{.Names}}}} {{{{.Ports}}}}'"),
        (_DIAGNOSE,),
    ),
    Cause(
        "proxy-no-upstream",
        "A proxy answers, and reaches no agent behind it.",
        "The page is the proxy's own: its upstream is down, or is not configured for this host and path.",
        Scenario.OUTSIDE,
        "Look whether the agent runs, then where the proxy's upstream points.",
        ("{docker} ps -a --filter name={container}", "curl -isS http://127.0.0.1:30000/health"),
        (_DIAGNOSE,),
        ("not-a-dtma",),
    ),
    Cause(
        "proxy-path-rewrite",
        "Something in front of the agent changes the path.",
        "A proxy strips or adds a prefix, so that the agent is asked for another path than the caller named.",
        Scenario.OUTSIDE,
        "Let the proxy pass the path on as it is: with nginx, `proxy_pass http://127.0.0.1:30000;` without a path.",
        ("curl -isS {target}/health", "nginx -T | grep -n -B2 -A2 -e proxy_pass -e rewrite"),
        (_DIAGNOSE,),
        ("route-missing", "not-a-dtma", "response-drift", "route-shadowed"),
    ),
    Cause(
        "agent-crash-loop",
        "The agent ends while it starts, again and again.",
        "Its process ends while it loads or a moment after it listens, and the supervisor starts it for ever.",
        Scenario.REDEPLOY,
        "Mend what the log names and deploy an image that starts; until then, the last image that did.",
        ("{docker} logs --tail 50 {container}", *_REPLACE),
        (_DIAGNOSE,),
        ("connection-refused", "connection-timeout", "proxy-no-upstream", "not-a-dtma"),
    ),
    Cause(
        "token-rejected",
        "The agent refuses the token.",
        "The caller's token is another droplet's, or an old one.",
        Scenario.ENVIRONMENT,
        "Use this droplet's own token: the value of DTMA_BEARER_TOKEN or BACKEND_TO_DTMA_API_KEY in the agent's "
        "environment; or start the agent again with the token that its callers have.",
        ("export {token_env}=…   # this droplet's own, then ask again:", _DIAGNOSE),
        (_DIAGNOSE,),
    ),
    Cause(
        "token-not-configured",
        "The agent has no token, and says so.",
        "Every protected route answers with an error, whatever the caller sends.",
        Scenario.ENVIRONMENT,
        "Give the agent DTMA_BEARER_TOKEN or BACKEND_TO_DTMA_API_KEY and start its container again.",
        _REPLACE,
        (_DIAGNOSE,),
        ("token-rejected", "response-drift"),
    ),
    Cause(
        "authentication-open",
        "Everyone is let in.",
        "Whoever reaches the port can start, stop and remove containers: neither of the agent's secrets is set in a "
        "build that takes this for development, or its authentication is gone.",
        Scenario.ENVIRONMENT,
        "Close the port first; then start the agent with DTMA_BEARER_TOKEN set, and look that a request without it is "
        "refused.",
        ("curl -isS {target}/tools   # must answer 401", *_REPLACE),
        ("curl -isS {target}/tools", _DIAGNOSE),
    ),
    Cause(
        "route-not-mounted",
        "Routes are declared in the code, and mounted by nothing.",
        "The handlers are there, which a text search proves, and no entry point mounts them where callers ask.",
        Scenario.REDEPLOY,
        "Mount the router where the entry point sets up its app, build the image again and deploy it.",
        ("dtma-contract drift --source {source} --image {image}", *_PULL_AND_REPLACE),
        (_LIFECYCLE, _DIAGNOSE),
        ("stub-deployment", "route-missing", "response-drift"),
    ),
    Cause(
        "stale-image",
        "What runs was built from an older state of the source.",
        "Later commits never became an image, mostly because they did not compile: `latest` is the last build that "
        "passed.",
        Scenario.REDEPLOY,
        "Build the image again from the commit that should run, look at why the last builds failed, and deploy it.",
        ("dtma-contract drift --source {source} --image {image}", *_PULL_AND_REPLACE),
        (_LIFECYCLE, _DIAGNOSE),
        ("stub-deployment", "route-missing", "response-drift", "route-not-mounted"),
    ),
    Cause(
        "route-missing",
        "The agent does not have routes that its callers need.",
        "They answer as a path that does not exist does; whether the code has them was not asked.",
        Scenario.ROUTES,
        "Compare with the code to learn whether the routes are written, mounted and shipped; then deploy an image that "
        "has them.",
        ("dtma-contract diagnose --target {target} --source {source} --image {image}", *_PULL_AND_REPLACE),
        (_LIFECYCLE, _DIAGNOSE),
    ),
    Cause(
        "route-shadowed",
        "An earlier route answers in another's place.",
        "What is registered first wins: the handler that was written for it never runs, nor does the authentication "
        "of its router.",
        Scenario.ROUTES,
        "Register the route before what shadows it, or remove one of the two.",
        ("dtma-contract drift --source {source} --target {target}",),
        (_DIAGNOSE,),
        ("response-drift", "route-missing"),
    ),
    Cause(
        "stub-deployment",
        "A deploy is accepted, and no container comes of it.",
        "A stub stands in for the agent: it says yes to everything and does nothing.",
        Scenario.REDEPLOY,
        "Deploy the image of the full agent; compare its entry point with the one that was shipped.",
        ("dtma-contract diagnose --target {target} --source {source} --image {image}", *_PULL_AND_REPLACE),
        (_LIFECYCLE, _DIAGNOSE),
        ("route-missing", "response-drift"),
    ),
    Cause(
        "state-lost",
        "Containers run that the agent has forgotten.",
        "Its instances were kept in memory only and the agent was started again: start, stop and delete of them answer "
        "404.",
        Scenario.REDEPLOY,
        "Let the agent keep its instances where a restart does not reach them; until then, adopt what runs, or remove "
        "the container and deploy the instance again.",
        ("{docker} ps -a --filter name={instance}", "{docker} rm -f {instance}   # only to deploy it again"),
        (_DIAGNOSE + " --instance {instance}",),
        ("instance-unknown",),
    ),
    Cause(
        "instance-unknown",
        "There is no instance of that name.",
        "The agent answers 404 as it should: the caller names what was never deployed here, or asks the wrong host.",
        Scenario.OUTSIDE,
        "Check name and host: names count to the letter. Deploy the instance if it should be here.",
        ('curl -sS -H "Authorization: Bearer ${token_env}" {target}/tools',),
        (_DIAGNOSE + " --instance {instance}",),
    ),
    Cause(
        "instance-name-invalid",
        "The instance's name is none that Docker accepts.",
        "A container's name begins with a letter or digit and has only letters, digits, `_`, `.` and `-`: the deploy "
        "was refused, and nothing of that name can exist.",
        Scenario.OUTSIDE,
        "Let the caller send a name of letters, digits, `_`, `.` and `-`.",
        (),
        (_DIAGNOSE + " --instance NAME",),
        ("instance-unknown",),
    ),
    Cause(
        "engine-unavailable",
        "The agent cannot use its Docker Engine.",
        "The Engine's socket is not mounted, not permitted, or nobody answers on it: the agent itself is well, and "
        "every container operation fails.",
        Scenario.ENVIRONMENT,
        "Start the agent with the socket mounted, and see that the Engine runs and lets it in.",
        ("{docker} inspect -f '{{{{json .Mounts}}}}' {container}", "ls -l /var/run/docker.sock", *_REPLACE),
        (_LIFECYCLE, _DIAGNOSE),
        ("response-drift", "image-unpullable", "state-lost"),
    ),
    Cause(
        "image-unpullable",
        "A tool's image cannot be pulled.",
        "The registry does not know it, refuses the host, or cannot be reached; the deploy fails, the agent is well.",
        Scenario.OUTSIDE,
        "Pull the image by hand on the host; correct its name or the registry's credentials.",
        ("{docker} pull {tool_image}",),
        (_DIAGNOSE,),
        ("instance-unknown",),
    ),
    Cause(
        "port-conflict",
        "A tool's host port is taken.",
        "Something else holds the port that the container is to publish, so that it cannot start.",
        Scenario.OUTSIDE,
        "Free the port, or deploy the tool with another one.",
        ("ss -ltnp", "{docker} ps --format '{{{{.Names}}}} {{{{.Ports}}}}'"),
        (_DIAGNOSE + " --instance {instance}",),
        ("instance-unknown", "state-lost"),
    ),
    Cause(
        "container-name-taken",
        "The instance's name is taken by a container that the agent does not manage.",
        "Someone else made a container of that name: a deploy of it is refused, and start and stop answer 404.",
        Scenario.OUTSIDE,
        "Deploy the tool under another name, or let the container's owner rename it.",
        ("{docker} inspect {instance}", "{docker} rename {instance} {instance}-before   # if it is yours"),
        (_DIAGNOSE + " --instance {instance}",),
        ("instance-unknown", "state-lost"),
    ),
    Cause(
        "response-drift",
        "Routes answer, in another shape than their callers read.",
        "Callers find fields missing or of another type, and show nothing or fail.",
        Scenario.REDEPLOY,
        "Deploy a build that answers as the contract says; for the exact differences, verify it.",
        ("dtma-contract verify --target {target} --effects read",),
        ("dtma-contract verify --target {target} --effects read",),
    ),
)

CAUSES: Final = {cause.id: cause for cause in _LISTED}
