"""The kinds of finding, named after what is wrong: what each means, why it matters, what repairs it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dtma_contract.verdict import Level

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        id: stable id, such as ``stale-image``.
        level: the highest level that a finding of this kind has.
        text: what is wrong, one sentence.
        reason: what comes of it, one sentence.
        remedy: what repairs it, one or two sentences.
        clause: id of the clause that a finding of that level violates; empty where it violates none.
        weighs: when it weighs less than ``level``, one sentence; empty where it never does.
        cause: stable id of the cause that it proves; empty where there is none.
    """

    id: str
    level: Level
    text: str
    reason: str
    remedy: str
    clause: str
    weighs: str = ""
    cause: str = ""


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.id: kind for kind in kinds}


# Roots before consequences: the order in which findings of one level are shown.
KINDS = _kinds(
    Kind(
        "crashes-at-load",
        Level.MUST,
        "The process ends while it loads, so that none of its routes is served.",
        "The container restarts for ever and every connection is refused, although the code has every route.",
        "Mend the place that is named; start the service once before its image is pushed.",
        "drift/the-service-loads",
        cause="agent-crash-loop",
    ),
    Kind(
        "declared-not-mounted",
        Level.MUST,
        "A file declares routes that nothing mounts.",
        "A text search finds the handlers and proves nothing: callers get the 404 of an unknown path.",
        "Mount the router where the entry point sets up its app, or ship the entry point that does.",
        "drift/every-declared-route-is-mounted",
        "`should` where it could not be told whether the code that declares them runs.",
        cause="route-not-mounted",
    ),
    Kind(
        "prefix-differs",
        Level.MUST,
        "Routes are mounted under another prefix than the contract's.",
        "Every one of them answers 404 where callers ask, and answers where nobody asks.",
        "Mount the router under the contract's prefix, or change contract and callers together.",
        "drift/every-route-is-in-the-source",
    ),
    Kind(
        "shadowed",
        Level.MUST,
        "An earlier route or catch-all answers in a route's place.",
        "The handler that was written for it never runs, nor does the authentication of its router.",
        "Register the route before what shadows it, or remove one of the two.",
        "drift/no-route-is-shadowed",
        "`should` where the contract does not promise the route.",
        cause="route-shadowed",
    ),
    Kind(
        "conditional",
        Level.MUST,
        "A promised route is mounted only under a condition.",
        "It is there on one droplet and gone on the next, with the same image.",
        "Mount it always, or make sure that the condition holds wherever the agent is deployed.",
        "drift/no-route-depends-on-a-condition",
        "`should` where all routes concerned are of optional profiles.",
    ),
    Kind(
        "missing-in-source",
        Level.MUST,
        "The source does not register a promised route.",
        "No build of this source can serve it.",
        "Write the route, or take it out of the contract together with its callers.",
        "drift/every-route-is-in-the-source",
        "No finding at all where a whole optional profile is absent everywhere: a build may lack it.",
    ),
    Kind(
        "stale-image",
        Level.MUST,
        "The image was built from another state of the source.",
        "What was mended in the source is not what runs; `latest` is the last build that passed, not the last commit.",
        "Build the image again from the commit that should run, and look at why the last builds failed.",
        "drift/the-image-is-of-this-source",
        cause="stale-image",
    ),
    Kind(
        "missing-in-image",
        Level.MUST,
        "The image lacks a route that is promised, or that its source has.",
        "Whatever is deployed from it cannot serve the route.",
        "Build the image again; compare its entry point and what is copied into it with the source.",
        "drift/every-route-is-in-the-image",
        "`should` for a whole optional profile, and for routes that the contract does not promise.",
    ),
    Kind(
        "missing-on-target",
        Level.MUST,
        "The target does not answer on a promised route.",
        "Its callers get the 404 of an unknown path.",
        "Deploy the image that has the route; where it is deployed already, look at the proxy in front.",
        "drift/every-route-is-on-the-target",
        "`should` for a whole optional profile that source or image have.",
        cause="route-missing",
    ),
    Kind(
        "auth-differs",
        Level.MUST,
        "A route asks for a token and the contract says that it does not, or the other way round.",
        "An open route lets everyone in who reaches the port; a closed one refuses callers that have no token.",
        "Put the authentication in front of the router, or take it away; name it with --auth-name if it was not "
        "recognised.",
        "drift/authentication-is-as-promised",
        "`should` where the code asks for a token that the contract does not ask for.",
    ),
    Kind(
        "called-but-absent",
        Level.MUST,
        "A caller uses a route that nobody promises, or nobody serves.",
        "The call fails for every user, whatever is deployed.",
        "Change the caller to a route that is promised, or write the route and promise it.",
        "drift/every-call-is-promised",
        "`should` where it could not be told whether anyone serves it.",
    ),
    Kind(
        "undocumented",
        Level.SHOULD,
        "A route is served that the contract does not promise.",
        "Nobody judges it, and whoever relies on it finds it gone one day.",
        "Add it to the contract, or remove it.",
        "drift/every-route-is-promised",
    ),
    Kind(
        "missing-configuration",
        Level.SHOULD,
        "The program ends where it cannot read a file, and the image does not have that file.",
        "It comes up, says that it listens and is gone a moment later, unless whoever starts it mounts the file.",
        "Put the file into the image, mount it where the agent is deployed, or let the program do without it.",
        "drift/nothing-else-differs",
        cause="agent-crash-loop",
    ),
    Kind(
        "claims-differ",
        Level.SHOULD,
        "What `GET /` says of the agent's routes is not what the agent has.",
        "People who look for a route there are led astray.",
        "Derive the list from the routes, or correct it.",
        "drift/nothing-else-differs",
    ),
    Kind(
        "promised-but-not-called",
        Level.SHOULD,
        "The contract promises routes that none of the callers given uses.",
        "It is no fault: callers that were not given may use them.",
        "Nothing has to be done; name further callers with --consumer.",
        "",
        "It never blocks.",
    ),
)
