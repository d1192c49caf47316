"""The policy's judgement of methods, targets and headers."""

from __future__ import annotations

import pytest

from dtma_contract.contract import EffectLevel
from dtma_contract.fence.decisions import Allow, FenceRequest, Refuse
from dtma_contract.fence.policy import Policy, decide

NAMESPACE = "dtmac-k3f9x2ab-"
OWN = NAMESPACE + "a"

ALLOWED = [
    # Reads, anywhere and in any spelling.
    ("GET", "/tools"),
    ("GET", "/status?x=1"),
    ("GET", "/tools/customer"),
    ("GET", "/tools/%FF/start"),
    ("GET", "/no/such/%2e%2e/path"),
    ("GET", "/mcp/servers/customer/logs?tail=5"),
    ("HEAD", "/"),
    ("OPTIONS", "/tools/customer/start"),
    ("OPTIONS", "*"),
    ("TRACE", "/tools"),
    ("POST", "/mcp/validate"),
    # Names of the run.
    ("DELETE", f"/tools/{OWN}"),
    ("DELETE", f"/tools/{OWN}/"),
    ("delete", f"/tools/{OWN}"),
    ("POST", f"/tools/{OWN}/start"),
    ("POST", f"/TOOLS/{OWN}/Start"),
    ("POST", f"/tools/{OWN}/stop?force=1"),
    ("POST", f"/tools/{OWN}/execute"),
    ("POST", f"/tools/{NAMESPACE}/start"),
    ("POST", f"/tools/{OWN}%20with%20space/start"),
    ("POST", f"/tools/{OWN}%FF/start"),
    ("POST", f"/tools/{OWN}%00b/start"),
    ("POST", f"/tools/{OWN}%C3%A9/start"),
    ("POST", f"/tools/{OWN}%3Fb/start"),
    ("POST", f"/tools/{OWN}quo%27te%22/start"),
    ("DELETE", f"/mcp/groups/{OWN}?forceRemove=true"),
    ("POST", f"/mcp/servers/{OWN}/restart"),
    ("POST", f"/mcp/credentials/refresh/{OWN}"),
    # Undocumented, but nothing in it that is not documented or of the run: the sibling controls of probes.
    ("POST", f"/{OWN}"),
    ("POST", f"/tools/{OWN}/{OWN}"),
    ("DELETE", f"/mcp/{OWN}"),
    ("PATCH", f"/tools/{OWN}"),
    ("FOO", f"/tools/{OWN}/start"),
    ("POST", f"/tools/{OWN}/restart"),
    ("PUT", f"/mcp/servers/{OWN}/logs"),
]

NOT_OWNED = [
    ("DELETE", "/tools/customer"),
    ("DELETE", "/tools/customer/"),
    ("delete", "/tools/customer"),
    ("DELETE", "/TOOLS/customer"),
    ("DELETE", "/tools/customer?x=/tools/" + OWN),
    ("POST", "/tools/customer/start"),
    ("POST", "/tools/customer/stop"),
    ("POST", "/tools/customer/execute"),
    ("POST", "/tools/status/start"),
    ("POST", "/tools/start/start"),
    # The namespace as a mere part, in another case, or encoded.
    ("DELETE", f"/tools/x{OWN}"),
    ("DELETE", "/tools/dtmac-k3f9x2a"),
    ("DELETE", "/tools/dtmac-other000-a"),
    ("DELETE", f"/tools/{OWN.upper()}"),
    ("DELETE", f"/tools/%20{OWN}"),
    ("DELETE", f"/tools/%64{OWN[1:]}"),
    # What Docker would take for the beginning of a container id.
    ("DELETE", "/tools/d"),
    ("DELETE", "/tools/4f1c2d3e4a5b"),
    ("POST", "/tools/deadbeef/stop"),
    # Another name in another reading.
    ("DELETE", f"/tools/{OWN}/..%2fcustomer"),
    ("DELETE", f"/tools/{OWN}%2f..%2fcustomer"),
    ("DELETE", f"/tools/{OWN}%252f..%252fcustomer"),
    ("DELETE", f"/tools/{OWN}/../customer"),
    ("DELETE", f"/tools/{OWN}/%2e%2e/customer"),
    ("DELETE", f"/tools/{OWN}/%252e%252e/customer"),
    ("DELETE", f"/tools/{OWN}/.%2e/customer"),
    ("DELETE", f"/tools/{OWN}\\..\\customer"),
    ("DELETE", f"/tools/{OWN}%5c..%5ccustomer"),
    ("DELETE", f"/tools/{OWN}/..;/customer"),
    ("DELETE", f"/tools/{OWN}/..;x=y/customer"),
    ("DELETE", f"/tools/{OWN}/%c0%ae%c0%ae/customer"),
    ("DELETE", f"/tools/{OWN}%c0%af..%c0%afcustomer"),
    ("DELETE", f"/tools/{OWN}/%u002e%u002e/customer"),
    ("DELETE", f"/tools/{OWN}/%ef%bc%8e%ef%bc%8e/customer"),
    ("DELETE", f"/mcp/groups/{OWN}/../customer"),
    ("POST", f"/tools/{OWN}/../customer/start"),
    ("POST", f"/tools/customer/start?name={OWN}"),
    ("DELETE", "/tools/customer#" + OWN),
    ("DELETE", "/tools/customer%00" + OWN),
    ("DELETE", "/tools/customer%23" + OWN),
    ("DELETE", "/tools/%63ustomer"),
    ("DELETE", "/mcp/groups/customer"),
    ("POST", "/mcp/servers/customer/restart"),
    ("POST", "/mcp/credentials/refresh/customer"),
    ("DELETE", "/tools/mcp"),
    ("DELETE", "/%74ools/customer"),
    ("DELETE", "/tools/./customer"),
    ("DELETE", f"/{OWN}/../tools/customer"),
]

UNDOCUMENTED = [
    ("DELETE", "/tools"),
    ("PUT", "/tools"),
    ("PATCH", "/tools/"),
    ("DELETE", "/"),
    ("POST", "/"),
    ("POST", "/mcp/restart"),
    ("POST", "/tools/status"),
    ("POST", "/mcp/status"),
    ("POST", "/system/prune"),
    ("POST", "/tools/customer/restart"),
    ("PUT", "/tools/customer"),
    ("PATCH", "/tools/customer/start"),
    ("FOO", "/tools/customer"),
    ("PROPFIND", "/tools"),
    ("POST", f"/tools/customer/{OWN}"),
    ("POST", f"/tools/{OWN}/customer"),
    ("POST", f"/customer/{OWN}"),
    ("PUT", f"/tools/start/{OWN}"),
    ("PUT", f"/stop/{OWN}"),
    ("DELETE", f"//tools/{OWN}"),
    ("DELETE", f"/tools//{OWN}/x"),
    ("POST", "/tools%2f"),
]

AMBIGUOUS = [
    ("DELETE", f"/../tools/{OWN}"),
    ("DELETE", f"/tools/{OWN}/../../../tools/{OWN}"),
    ("DELETE", f"http://customer.example/tools/{OWN}"),
    ("GET", "http://customer.example/"),
    ("GET", "https://customer.example/tools"),
    ("DELETE", "tools/customer"),
    ("DELETE", "*"),
    ("GET", "/tools/customer?_method=DELETE"),
    ("GET", "/tools/customer?a=1&_METHOD=delete"),
    ("GET", "/tools/customer?%5fmethod=DELETE"),
    ("GET", "/tools/customer?a;_method=PUT"),
    ("POST", f"/tools/{OWN}?_method=DELETE"),
    # Docker's list filter reads names as regular expressions; shells and SQL end a word at these.
    ("DELETE", f"/tools/{OWN}%7Ccustomer"),
    ("DELETE", f"/tools/{OWN}|"),
    ("POST", f"/tools/{OWN};customer/stop"),
    ("POST", f"/tools/{OWN}%0acustomer/stop"),
    ("POST", f"/tools/{OWN}$(reboot)/stop"),
    ("POST", f"/tools/{OWN}'%20or%20'1/stop"),
    ("POST", f"/tools/{OWN}%27=%27/stop"),
    ("DELETE", "/tools/" + OWN + "%25" * 500 + "2f" + "/x" * 5000),
    ("DELETE", f"/tools/{OWN}" + "/%252e;a\\" * 30),
]


@pytest.mark.parametrize(("method", "target"), ALLOWED)
def test_what_cannot_harm_anyone_passes(policies: dict[EffectLevel, Policy], method, target):
    """Reads, the run's own names, and names that name nothing pass at the default level."""
    decision = decide(FenceRequest(method, target.encode()), policies[EffectLevel.LIFECYCLE], set())

    assert isinstance(decision, Allow), decision


@pytest.mark.parametrize(
    ("reason", "method", "target"),
    [
        (reason, *row)
        for reason, rows in (
            ("not-owned", NOT_OWNED),
            ("undocumented-effect", UNDOCUMENTED),
            ("ambiguous-request", AMBIGUOUS),
        )
        for row in rows
    ],
)
def test_what_might_harm_someone_is_refused(policies: dict[EffectLevel, Policy], reason, method, target):
    """A request that any server could read as an effect on something foreign is refused at the highest level too."""
    decision = decide(FenceRequest(method, target.encode("latin-1")), policies[EffectLevel.RESTART], {OWN})

    assert isinstance(decision, Refuse), decision
    # Of several readings that are refused any may give its reason, unless only one is there.
    expected = {"not-owned", "undocumented-effect", "ambiguous-request"} if _has_readings(target) else {reason}
    assert decision.reason in expected
    assert decision.detail
    assert decision.hint


def _has_readings(target: str) -> bool:
    return any(mark in target for mark in ("%", "..", "\\", "#", ";", "//", "/./"))


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X_HTTP_Method_Override"]
)
@pytest.mark.parametrize("value", ["DELETE", "delete", " PUT ", "GET, DELETE", "FOO"])
def test_method_overrides_are_refused(policies: dict[EffectLevel, Policy], header, value):
    """No header may turn a request into another method with an effect."""
    request = FenceRequest("GET", b"/tools/customer", ((header.encode(), value.encode()),))

    decision = decide(request, policies[EffectLevel.RESTART], set())

    assert isinstance(decision, Refuse)
    assert decision.reason == "ambiguous-request"


@pytest.mark.parametrize("header", ["X-Original-URL", "x-rewrite-url", "X_Forwarded_Uri"])
def test_paths_in_headers_are_refused(policies: dict[EffectLevel, Policy], header):
    """No header may turn a request into one for another path."""
    request = FenceRequest("POST", f"/tools/{OWN}/stop".encode(), ((header.encode(), b"/tools/customer/stop"),))

    decision = decide(request, policies[EffectLevel.RESTART], set())

    assert isinstance(decision, Refuse)
    assert decision.reason == "ambiguous-request"


def test_an_override_to_a_read_passes(policies: dict[EffectLevel, Policy]):
    """An override that makes no effect is passed on, so that its treatment can be tested."""
    request = FenceRequest("GET", b"/tools", ((b"X-HTTP-Method-Override", b"HEAD"),))

    assert decide(request, policies[EffectLevel.READ], set()) == Allow()


@pytest.mark.parametrize("path", ["/restart", "/redeploy", "/ssh/execute", "/RESTART/", "/%72estart"])
def test_the_agent_is_restarted_only_at_the_highest_level(policies: dict[EffectLevel, Policy], path):
    """Restart, redeploy and shell are refused below the level restart."""
    for level in (EffectLevel.READ, EffectLevel.LIFECYCLE):
        decision = decide(FenceRequest("POST", path.encode()), policies[level], set())

        assert isinstance(decision, Refuse), (level, decision)


def test_the_agent_is_restarted_at_the_highest_level(policies: dict[EffectLevel, Policy]):
    """Restart and redeploy pass at the level restart."""
    for path in (b"/restart", b"/redeploy"):
        assert decide(FenceRequest("POST", path), policies[EffectLevel.RESTART], set()) == Allow()


@pytest.mark.parametrize("action", ["start", "stop", "execute"])
def test_a_read_run_touches_only_names_that_name_nothing(policies: dict[EffectLevel, Policy], action):
    """At the level read a name outside the ledger passes, since it names nothing, and one in the ledger does not."""
    request = FenceRequest("POST", f"/tools/{OWN}/{action}".encode())

    assert decide(request, policies[EffectLevel.READ], set()) == Allow()
    refusal = decide(request, policies[EffectLevel.READ], {OWN})
    assert isinstance(refusal, Refuse)
    assert refusal.reason == "effect-level"
    assert decide(request, policies[EffectLevel.LIFECYCLE], {OWN}) == Allow()


def test_the_operation_of_a_request_is_the_most_literal_one(policies: dict[EffectLevel, Policy]):
    """Records name the operation that a request speaks to at first sight."""
    policy = policies[EffectLevel.READ]

    found = [policy.operation_of("GET", target) for target in (b"/tools/status?x", b"/", b"/nowhere")]

    assert [operation.id if operation else None for operation in found] == ["core.tools.status", "core.service", None]
