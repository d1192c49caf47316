"""The Express agent and its variants are what their READMEs say, in their files and over HTTP."""

from __future__ import annotations

import difflib
import json
import re
import subprocess

import httpx
import pytest

from dtma_contract.shipped import load_contract
from neighbours.express import crashing_express, running_express
from neighbours.express_build import AGENT, CLEAN, VARIANTS, checkout, expected_finding, express_build
from neighbours.express_routes import runtime_routes
from neighbours.processes import NeighbourError, wait_until

pytestmark = pytest.mark.usefixtures("needs_node")

PROMISED = {(operation.method, operation.path) for operation in load_contract().operations}
MCP = {route for route in PROMISED if route[1].startswith("/mcp")}
DIAGNOSTICS = {route for route in PROMISED if route[1].startswith("/diagnostics")}
TOOL = "/tools/{instanceNameOnToolbox}"

# What each runtime lacks of the promised routes, and what it has beside them; a variant that is not here ends early.
DIFFERENCES = {
    CLEAN: (set(), set()),
    "bundle": (set(), set()),
    "commonjs": (set(), set()),
    "early-catch-all": (set(), set()),
    "env-switch": (MCP, set()),
    "missing-configuration": (set(), set()),
    "older-commit": (
        {("POST", f"{TOOL}/start"), ("POST", f"{TOOL}/stop"), ("POST", f"{TOOL}/execute")},
        {("POST", f"{TOOL}/restart")},
    ),
    "other-prefix": (
        DIAGNOSTICS,
        {(method, path.replace("diagnostics", "diagnostic")) for method, path in DIAGNOSTICS},
    ),
    "shadowing-handler": (set(), set()),
    "stub-entry": (PROMISED - {("GET", "/"), ("GET", "/status"), ("GET", "/tools"), ("POST", "/tools")}, set()),
}
# Lines that an overlay may change, beside a file that is another one altogether.
MOST_LINES = 20


def client_of(agent, token=None):
    headers = {"Authorization": f"Bearer {agent.token if token is None else token}"}
    return httpx.Client(base_url=agent.url, headers=headers, timeout=30, trust_env=False)


@pytest.fixture(scope="module")
def clean(needs_node):
    """A running clean agent that finds no engine, with a client that has its token."""
    with running_express(express_build()) as agent, client_of(agent) as client:
        yield agent, client


def test_the_lock_file_names_no_host_but_the_public_registry():
    """Whoever installs the agent's packages gets them from where they ask, not from where its authors did."""
    packages = json.loads((AGENT / "package-lock.json").read_text())["packages"]
    resolved = [package["resolved"] for package in packages.values() if "resolved" in package]

    assert [url for url in resolved if not url.startswith("https://registry.npmjs.org/")] == []


@pytest.mark.parametrize("folder", [AGENT, AGENT / "variants" / "older-commit"], ids=lambda folder: folder.name)
def test_the_agent_tells_the_version_of_its_package(folder):
    """The constant in the source and package.json say the same."""
    constant = re.search(r"VERSION = '(.+)'", (folder / "src" / "version.ts").read_text())

    assert constant is not None
    assert constant[1] == json.loads((folder / "package.json").read_text())["version"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_readme_names_what_a_variant_must_lead_to(variant):
    """Its finding is `none` exactly where no route and no start differs from the clean agent's."""
    assert (expected_finding(variant) == "none") == (variant in {"bundle", "commonjs"})


@pytest.mark.parametrize("variant", sorted(set(VARIANTS) - {"stub-entry"}))
def test_a_variant_differs_from_the_agent_in_its_flaw_only(variant):
    """An overlay is the agent's file but for a few lines, and follows it when it changes."""
    overlay = AGENT / "variants" / variant
    changed = {}
    for file in overlay.rglob("*.ts"):
        lines = [(root / file.relative_to(overlay)).read_text().splitlines() for root in (AGENT, overlay)]
        difference = [line for line in difflib.ndiff(*lines) if line[:2] in {"- ", "+ "}]
        changed[str(file.relative_to(overlay))] = len(difference)
    if variant == "older-commit":  # two routes and the import of a third
        assert 0 < changed.pop("src/routes/tools.ts") < 50

    assert {name: lines for name, lines in changed.items() if not 0 < lines <= MOST_LINES} == {}


@pytest.mark.parametrize("variant", DIFFERENCES)
def test_the_runtime_has_the_routes_that_the_variant_says(variant):
    """Express itself holds every promised route, but for those that the flaw takes away or adds."""
    routes = runtime_routes(express_build(variant))

    assert (PROMISED - routes, routes - PROMISED) == DIFFERENCES[variant]


def test_a_switch_in_the_environment_brings_the_routes_back():
    """With `ENABLE_MCP` the variant has all of them."""
    assert runtime_routes(express_build("env-switch"), env={"ENABLE_MCP": "true"}) == PROMISED


def test_a_runtime_that_does_not_come_up_has_no_route_list():
    """An agent that ends while it loads is an error, and not an agent without routes."""
    with pytest.raises(NeighbourError, match="does not provide an export named 'createApplication'"):
        runtime_routes(express_build("crash-at-load"))


def test_the_clean_agent_claims_the_routes_that_it_has(clean):
    """`GET /` lists every route and no other, and so does the fallback below /mcp."""
    _, client = clean
    claimed = {tuple(line.split(" ")[:2]) for line in client.get("/").json()["endpoints"]}
    below = {tuple(line.split(" ")) for line in client.get("/mcp/nowhere").json()["availableEndpoints"]}
    promised = {(method, path.replace("{", ":").replace("}", "")) for method, path in PROMISED}

    assert claimed == promised
    assert below == {route for route in promised if route[1].startswith("/mcp")}


def test_without_an_engine_the_agent_lives_and_says_so(clean):
    """A socket that is not there is a 500 with its name on it; liveness and what needs no engine still answer."""
    _, client = clean
    statuses = {path: client.get(path).status_code for path in ("/health", "/tools", "/status", "/system", "/logs")}

    assert statuses == {"/health": 200, "/tools": 500, "/status": 500, "/system": 200, "/logs": 200}
    assert "no-engine.sock" in client.get("/tools").json()["message"]


def test_a_restart_is_another_process_of_the_same_agent(clean):
    """`POST /restart` ends the process, and its supervisor starts the next."""
    agent, client = clean
    before = client.get("/diagnostics/system").json()["diagnostics"]["pid"]
    assert client.post("/restart").is_success

    def is_another():
        try:
            return client.get("/diagnostics/system").json()["diagnostics"]["pid"] != before
        except httpx.TransportError:
            return False

    wait_until(is_another, "another process", seconds=30)
    assert agent.restarts == 1


def test_without_any_token_everything_protected_is_a_configuration_error(tmp_path):
    """Public routes still answer, and nobody is let in."""
    env = {"DTMA_BEARER_TOKEN": "", "BACKEND_TO_DTMA_API_KEY": ""}
    with running_express(express_build(), env=env) as agent, client_of(agent, "whatever") as client:
        answer = client.get("/system")

        assert (answer.status_code, answer.json()) == (500, {"error": "DTMA configuration error"})
        assert client.get("/health").text == "OK"


def test_a_token_of_the_configuration_file_lets_in(tmp_path):
    """Its key is `DTMA_AUTH_TOKEN`; the others keep working beside it, and an unknown one does not."""
    file = tmp_path / "dtma.conf"
    file.write_text("# tokens\nDTMA_AUTH_TOKEN = from-the-file\n")
    env = {"DTMA_BEARER_TOKEN": "", "DTMA_CONFIG_FILE": str(file)}
    with running_express(express_build(), env=env) as agent:
        statuses = {}
        for token in ("from-the-file", agent.api_key, "another"):
            with client_of(agent, token) as client:
                statuses[token] = client.get("/system").status_code

    assert list(statuses.values()) == [200, 200, 403]


def test_the_shell_can_be_switched_off():
    """With `DTMA_ALLOW_SHELL=false` every command is a 403."""
    env = {"DTMA_ALLOW_SHELL": "false"}
    with running_express(express_build(), env=env) as agent, client_of(agent) as client:
        assert client.post("/ssh/execute", json={"command": "true"}).status_code == 403


def test_the_stub_accepts_a_deploy_and_knows_no_start():
    """As in the incident: 200 `accepted` with a note, and the 404 of the fallback for what is not mounted."""
    with running_express(express_build("stub-entry")) as agent, client_of(agent) as client:
        deployed = client.post("/tools", json={"instanceNameOnToolbox": "web"})
        started, health = client.post("/tools/web/start"), client.get("/health")
        refused = httpx.get(f"{agent.url}/tools", trust_env=False)

    assert (deployed.status_code, deployed.json()["status"], "note" in deployed.json()) == (200, "accepted", True)
    assert [answer.json() for answer in (started, health)] == [{"error": "Not Found"}] * 2
    assert refused.status_code == 401


def test_a_shadowing_handler_answers_without_a_token():
    """`GET /mcp/status` is open, while its neighbours in the same router are not."""
    with running_express(express_build("shadowing-handler")) as agent:
        statuses = [
            httpx.get(f"{agent.url}/mcp/{name}", trust_env=False).status_code for name in ("status", "templates")
        ]

    assert statuses == [200, 401]


def test_an_early_catch_all_hides_the_routers_behind_it():
    """What is mounted before it answers; /ssh and /mcp, whose routes the runtime holds, answer the fallback."""
    with running_express(express_build("early-catch-all")) as agent, client_of(agent) as client:
        hidden = [client.post("/ssh/execute", json={}), client.get("/mcp/templates")]
        shown = client.get("/diagnostics/system")

    assert [answer.json() for answer in hidden] == [{"error": "Not Found"}] * 2
    assert shown.status_code == 200


def test_a_crash_at_load_repeats_without_ever_listening():
    """The process ends with an import error, again and again, and the port stays closed."""
    with crashing_express(express_build("crash-at-load")) as agent:
        log = agent.log.read_text()
        with pytest.raises(httpx.ConnectError):
            httpx.get(agent.url, trust_env=False)

    assert "does not provide an export named 'createApplication'" in log
    assert "listening" not in log


def test_a_missing_configuration_says_that_it_listens_and_ends(tmp_path):
    """Without the file it loops; with the file it is an agent like the clean one."""
    build = express_build("missing-configuration")
    with crashing_express(build) as agent:
        log = agent.log.read_text()
    file = tmp_path / "dtma.conf"
    file.write_text("DTMA_AUTH_TOKEN=from-the-file\n")
    with running_express(build, env={"DTMA_CONFIG_FILE": str(file)}) as agent, client_of(agent) as client:
        alive = client.get("/system").status_code

    assert re.search(r"DTMA listening on port.*cannot read the configuration.*started again", log, re.DOTALL)
    assert alive == 200


def test_a_checkout_holds_what_a_developer_has(tmp_path):
    """Sources with one commit for each state; the last one is the variant's, and nothing compiled lies in it."""
    commits = checkout(tmp_path / "dtma", history=("older-commit",))
    git = ["git", "-C", str(tmp_path / "dtma")]
    versions = [
        json.loads(subprocess.check_output([*git, "show", f"{commit}:package.json"]))["version"] for commit in commits
    ]

    assert versions == ["0.9.0", "1.0.0"]
    assert subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip() == commits[-1]
    assert sorted(path.name for path in (tmp_path / "dtma").iterdir() if path.is_dir()) == [".git", "src"]


def test_a_build_is_made_once(tmp_path):
    """The same files give the same folder; a variant has another one and shares the packages."""
    clean, again, variant = express_build(), express_build(), express_build("commonjs")
    written = clean.entry.stat().st_mtime_ns

    assert (clean, written) == (again, again.entry.stat().st_mtime_ns)
    assert clean.folder != variant.folder
    assert (clean.folder / "node_modules").resolve() == (variant.folder / "node_modules").resolve()
