"""Which of a host's containers is taken for the agent's, and what is said of it."""

from __future__ import annotations

import pytest

from dtma_contract.diagnosis.agent_choice import choose_agent
from dtma_contract.diagnosis.facts import ContainerState


def one(name, *ports, state="running", image="x", started="", inside="30000/tcp", **more):
    return ContainerState(
        id=(name * 64)[:64], name=name, state=state, image=image, started_at=started, ports={inside: ports}, **more
    )


NONE = ("", "no container publishes port 30000, and none has dtma in its name or image")
PROXY = one("proxy", 443, inside="443/tcp")
TOOL = one("nginx-1", 30000, inside="80/tcp", labels={"dtma.managed": "true"})


@pytest.mark.parametrize(
    ("containers", "port", "expected"),
    [
        ([one("a", 1), one("b", 30000)], 30000, ("b", "it publishes port 30000")),
        ([one("a", 1), one("b", 30000, state="exited")], 30000, ("b", "it is to publish port 30000")),
        ([one("b", 30000, state="restarting")], 30000, ("b", "it is to publish port 30000")),
        (
            [one("old", 30000, state="exited", started="2026-02"), one("new", 30000, started="2026-01")],
            30000,
            ("new", "it publishes port 30000, as old does"),
        ),
        (
            [one("old", 1, state="exited", started="2026-01"), one("new", 1, state="exited", started="2026-02")],
            1,
            ("new", "it is to publish port 1, as old does"),
        ),
        # Somebody else holds the agent's port, so that the agent could not start.
        (
            [one("web", 30000, inside="80/tcp"), one("dtma_manager", 30000, state="created")],
            30000,
            ("dtma_manager", "it is to publish port 30000, as web does"),
        ),
        # A proxy stands before the agent.
        ([PROXY, one("dtma_manager")], 443, ("dtma_manager", "it is named dtma_manager, and proxy publishes port 443")),
        ([PROXY], 443, ("proxy", "it publishes port 443")),
        # The old agent is still there.
        ([one("agent", 30000), one("dtma_manager", state="exited")], 30000, ("agent", "it publishes port 30000")),
        ([one("a", 1), one("dtma_manager", 2)], 3, ("dtma_manager", "it is named dtma_manager")),
        ([one("a", 1), one("b", image="r/dtma:1")], 3, ("b", "its name or image has dtma in it")),
        (
            [one("a-dtma"), one("b", image="r/dtma:1")],
            3,
            ("", "no container publishes port 3, and 2 have dtma in their name or image: a-dtma, b"),
        ),
        ([one("a")], None, ("", "the target has no port, and none has dtma in its name or image")),
        # What an agent made, or a run of this program, is none.
        ([TOOL, one("dtmac-1-x", 30000)], 30000, NONE),
        ([one("dns", 30000, inside="53/udp")], 30000, NONE),
    ],
)  # fmt: skip
def test_the_agent_is_recognised(containers, port, expected):
    """By the port first, then by its name, then by what is in its name; what it was recognised by is said."""
    assert choose_agent(containers, port) == expected
    assert choose_agent(containers[::-1], port) == expected


@pytest.mark.parametrize("name", ["b", "/b", "b" * 12])
def test_a_container_that_the_user_named_is_the_agent(name):
    """By its name or the beginning of its id, whatever it publishes."""
    assert choose_agent([one("a", 30000), one("b")], 30000, name) == ("b", "it was named")


def test_a_name_that_no_container_has_is_told():
    """Nothing is guessed in its place."""
    assert choose_agent([one("dtma_manager", 30000)], 30000, "other") == ("", "no container is named other")
