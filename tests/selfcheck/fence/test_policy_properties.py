"""Whatever a client does to a request, no server acts on a foreign name if the policy lets it pass."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from fence import lenient_agent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dtma_contract.contract import EffectLevel
from dtma_contract.fence.decisions import Allow, FenceRequest, Refuse
from dtma_contract.fence.policy import Policy, decide

NAMESPACE = "dtmac-k3f9x2ab-"
FOREIGN = "customer"
OWN = NAMESPACE + "a"

methods = st.sampled_from(["DELETE", "POST", "PUT", "PATCH", "GET", "HEAD", "delete", "PoSt", "FOO", "OPTIONS"])
# Whatever has another meaning to somebody, and the words of the routes.
PIECES = """
/tools/ /mcp/groups/ /mcp/servers/ /mcp/credentials/refresh/ TOOLS tools /start /stop /execute /restart / // . ..
%2e%2e %252e%252e %2f %252f %2F \\ %5c ; ;x=y %3b ? %3f # %23 %00 %20 %C3%A9 %ff _method=DELETE &
"""
pieces = st.sampled_from([FOREIGN, OWN, NAMESPACE, *PIECES.split()])
headers = st.dictionaries(
    st.sampled_from(["X-HTTP-Method-Override", "x-method-override", "X_HTTP_Method", "Content-Type", "X-Other"]),
    st.sampled_from(["DELETE", "GET", " post", "application/json", "text/plain"]),
    max_size=2,
)
names = st.sampled_from([FOREIGN, OWN, "", OWN.upper(), "x" + OWN, f"{OWN} {FOREIGN}"])
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=20),
    st.builds(
        lambda key, name, image: json.dumps({key: name, "dockerImageUrl": image}).encode(),
        st.sampled_from(["instanceNameOnToolbox", "INSTANCENAMEONTOOLBOX", "name"]),
        names,
        st.sampled_from(["nginx:latest", "registry.invalid/x", "customer/app", ""]),
    ),
)


@st.composite
def targets(draw: st.DrawFn) -> bytes:
    path = "/" + draw(st.sampled_from(["tools/", "mcp/groups/", ""])) + "".join(draw(st.lists(pieces, max_size=7)))
    for _ in range(draw(st.integers(0, 2))):
        where = draw(st.integers(0, len(path) - 1))
        path = (
            path[:where]
            + quote(path[where], safe="").replace(path[where], f"%{ord(path[where]):02x}")
            + path[where + 1 :]
        )
    return path.encode("latin-1")


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=methods, target=targets(), sent=headers, body=bodies)
def test_no_server_acts_on_a_foreign_name(policies: dict[EffectLevel, Policy], method, target, sent, body):
    """If the policy allows a request, no lenient server reads a foreign name to act on out of it."""
    request = FenceRequest(method, target, tuple((k.encode(), v.encode()) for k, v in sent.items()), body)

    decision = decide(request, policies[EffectLevel.RESTART], {OWN})

    if isinstance(decision, Allow):
        acted = lenient_agent.acts_on(method, target, sent, body)
        assert all(name.startswith(NAMESPACE) for name in acted), acted


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.text(min_size=1, max_size=12), target=st.binary(max_size=80), body=st.binary(max_size=80))
def test_every_request_gets_a_decision(policies: dict[EffectLevel, Policy], method, target, body):
    """No bytes make the policy fail: each request is allowed or refused."""
    headers = ((b"Content-Type", b"application/json"),)

    decision = decide(FenceRequest(method, b"/" + target, headers, body), policies[EffectLevel.RESTART], set())

    assert isinstance(decision, (Allow, Refuse))


@pytest.mark.parametrize(
    ("method", "target"), [("DELETE", b"/tools/customer"), ("POST", b"/tools/x%2f..%2fcustomer/start")]
)
def test_the_lenient_agent_does_act(method, target):
    """The yardstick measures: the lenient agent acts on foreign names, plain and hidden."""
    acted = lenient_agent.acts_on(method, target, {}, b"")

    assert "customer" in acted
