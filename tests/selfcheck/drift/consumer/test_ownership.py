"""Whose a request is follows the rule, line by line."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import PROMISED, read

from dtma_contract.discovery.consumer.addresses import read_address
from dtma_contract.discovery.consumer.ownership import Owner, OwnershipRule, Surroundings
from dtma_contract.discovery.consumer.values import Text, hole

RULE = OwnershipRule(promised=PROMISED)
H = hole
NOWHERE = Surroundings()
MENTIONS = Surroundings(mentions=True)
OURS, OTHER, DOUBT = Owner.AGENT, Owner.OTHER, Owner.DOUBTFUL

CASES = [
    # 1. a known host
    (("http://dtma:8080/x",), NOWHERE, OURS),
    (("http://dtma-manager/x",), NOWHERE, OURS),
    (("https://dtma.example.com/x",), NOWHERE, OURS),
    (("https://api.github.com/tools/", H("x"), "/start"), MENTIONS, OTHER),
    (("https://api.digitalocean.com/v2/droplets/", H("droplet")), MENTIONS, OTHER),
    (("http://backend:3000/tools/a/start",), MENTIONS, OTHER),
    (("http://10.0.0.4:30000/x",), NOWHERE, OURS),
    (("http://localhost:30000/x",), NOWHERE, OURS),
    (("http://localhost:3000/status",), MENTIONS, OTHER),
    (("http://localhost/x",), MENTIONS, DOUBT),
    # 2. the port
    (("http://", H("ip"), ":30000/x"), NOWHERE, OURS),
    (("http://", H("ip"), ":", H("DTMA_PORT"), "/x"), NOWHERE, OURS),
    (("http://", H("droplet.ip"), ":8080/x"), MENTIONS, OTHER),
    (("http://", H("droplet.ip"), ":", H("tool.port"), "/mcp"), MENTIONS, DOUBT),
    ((H("base"), ":30000/x"), NOWHERE, OURS),
    # 3. the names of the base
    ((H("process.env.DTMA_URL"), "/x"), NOWHERE, OURS),
    ((H("droplet.ip"), "/x"), NOWHERE, OURS),
    ((H("toolboxUrl"), "/x"), NOWHERE, OURS),
    ((H("agentUrl", "x"), "/x"), NOWHERE, OURS),
    ((H("GITHUB_API"), "/tools/", H("x"), "/start"), MENTIONS, OTHER),
    ((H("SUPABASE_URL"), "/functions/v1/dtma"), MENTIONS, OTHER),
    ((H("agent.webhookUrl"),), MENTIONS, OTHER),
    ((H("AGENTOPIA_API_URL"), "/status"), MENTIONS, OTHER),
    ((H("userAgentUrl"), "/x"), MENTIONS, OTHER),
    # 4. the token and the place
    ((H("base"), "/x"), Surroundings(token_names=("BACKEND_TO_DTMA_API_KEY",)), OURS),
    ((H("base"), "/x"), Surroundings(token_names=("GITHUB_TOKEN",), mentions=True), DOUBT),
    ((H("baseUrl"), "/x"), Surroundings(names=("DtmaClient",)), OURS),
    ((H("baseUrl"), "/x"), Surroundings(names=("DropletService",), mentions=True), DOUBT),
    ((H("BILLING_API"), "/x"), Surroundings(names=("DtmaClient",), mentions=True), DOUBT),
    # 5. the path
    ((H("base"), "/tools/", H("x"), "/start"), NOWHERE, OURS),
    (("/tools/", H("x"), "/start"), NOWHERE, OURS),
    ((H("base"), "/ssh/execute"), NOWHERE, OURS),
    ((H("base"), "/health"), NOWHERE, OTHER),
    ((H("base"), "/health"), MENTIONS, DOUBT),
    ((H("base"), "/health"), Surroundings(names=("pollDroplet",)), OURS),
    (("/health",), Surroundings(names=("pollDroplet",), mentions=True), OTHER),
    # 6. all else
    ((H("base"), "/users/", H("id")), NOWHERE, OTHER),
    ((H("base"), "/users/", H("id")), MENTIONS, DOUBT),
    (("/api/dtma/tools",), MENTIONS, OTHER),
]


@pytest.mark.parametrize(("parts", "around", "expected"), CASES, ids=lambda value: repr(value)[:70])
def test_a_request_is_whose_the_evidence_says(parts, around, expected):
    """The first line of the rule that applies decides."""
    assert RULE.owner(read_address(Text(parts)), around) == expected


def test_the_words_of_the_base_can_be_named():
    """Other words for the agent's base replace those that are known."""
    source = {"a.ts": "fetch(`${toolHostUrl}/system`); fetch(`${dtmaUrl}/logs`);"}

    assert [one.path for one in read(source, bases=("tool_host",)).routes] == ["/system"]


def test_a_doubtful_request_is_an_unknown_that_hides_nothing():
    """Where the file speaks of the agent, a request to somewhere is said to be doubtful, and no absence is hidden."""
    table = read({"a.ts": "// restarts the droplet\nexport const a = () => fetch(`${base}/users`);\n"})

    assert table.routes == ()
    (doubt,) = table.unknown
    assert (doubt.file, doubt.line, doubt.prefix) == ("a.ts", 2, "")
    assert "GET /users" in doubt.reason


def test_a_request_that_cannot_be_resolved_hides_what_it_may_ask_for():
    """The unknown beside a partial path hides the absences below its known part, for its method."""
    table = read({"a.ts": "export const a = (x) => fetch(`${dtmaUrl}/mcp/${x.path}`, { method: 'POST' });\n"})

    assert [(one.method, one.path, one.state.value) for one in table.routes] == [("POST", "/mcp/{?}", "unknown")]
    assert [(one.file, one.line, one.prefix, one.method) for one in table.unknown] == [("a.ts", 1, "/mcp", "POST")]


def test_a_method_that_cannot_be_resolved_hides_every_method_of_its_path():
    """The route stands for any method, and the unknown says so."""
    table = read({"a.ts": "export const a = (how) => fetch(`${dtmaUrl}/tools`, { method: how });\n"})

    assert [(one.method, one.path, one.state.value) for one in table.routes] == [("ALL", "/tools", "unknown")]
    assert [(one.prefix, one.method) for one in table.unknown] == [("/tools", "ALL")]


# What was declared, the URL, and whose that is.
DECLARED = [
    ("SERVICE_URL", (H("process.env.SERVICE_URL"), "/status"), OURS),
    ("SERVICE_URL", (H("MY_SERVICE_URL"), "/status"), OTHER),
    ("service.baseUrl", (H("config.service.baseUrl"), "/status"), OURS),
    ("ip", ("http://", H("droplet.ip"), ":8080/status"), OURS),
    ("GITHUB_API", (H("GITHUB_API"), "/status"), OURS),
    ("http://10.0.0.4:8080", ("http://10.0.0.4:8080/status",), OURS),
    ("http://10.0.0.4:8080", ("http://10.0.0.4:9090/status",), OTHER),
    ("api.example.com", ("https://api.example.com/status",), OURS),
    ("https://api.example.com/v1", ("https://api.example.com/v1/status",), OURS),
    ("SERVICE_URL", (H("BILLING_URL"), "/status"), OTHER),
    ("SERVICE_URL", (H("DTMA_URL"), "/status"), OURS),
]


@pytest.mark.parametrize(("declared", "url", "owner"), DECLARED)
def test_what_was_declared_decides(declared, url, owner):
    """It comes before all else, and leaves nothing doubtful; what says by itself that it is the agent's still is."""
    rule = OwnershipRule(promised=PROMISED, declared=(declared,))

    assert rule.owner(read_address(Text(url)), MENTIONS) == owner
