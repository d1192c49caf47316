"""curl and wget in scripts, Dockerfiles and workflows are callers too."""

from __future__ import annotations

import pytest
from drift.consumer.marked_sources import judge, read, requests

CASES = {
    "a health check": ("scripts/health.sh", """#!/bin/sh
HOST=${1:?host}
curl -fsS --max-time 5 "http://$HOST:30000/health" || exit 1 #! GET /health
curl -fsS https://api.github.com/zen
"""),
    "a variable with the base": ("scripts/smoke.bash", """
PORT=30000
BASE_URL="http://${DROPLET_IP}:${PORT}"
curl -s -o /dev/null -w '%{http_code}' "$BASE_URL/status" #! GET /status
curl -sS -X POST -H "Authorization: Bearer $DTMA_BEARER_TOKEN" "${BASE_URL}/tools/${NAME}/start" #! POST /tools/{NAME}/start
curl -XDELETE ${BASE_URL}/tools/$NAME #! DELETE /tools/{NAME}
code=$(curl -s -o /dev/null -w "%{http_code}" "$BASE_URL/tools") #! GET /tools
"""),
    "over several lines": ("deploy.sh", """
curl --silent --show-error \\ #! POST /tools
  --request POST \\
  --header "Content-Type: application/json" \\
  --data '{"dockerImageUrl": "nginx:latest"}' \\
  "http://localhost:30000/tools"
curl -d '{}' localhost:30000/restart #! POST /restart
"""),
    "wget": ("check.sh", """
wget -qO- http://127.0.0.1:30000/health #! GET /health
wget --spider -q "http://$DTMA_HOST/status" #! HEAD /status
wget https://example.com/file.tar.gz
"""),
    "a container's health check": ("Dockerfile", """FROM node:20
RUN apt-get install -y curl
HEALTHCHECK --interval=30s CMD curl -f http://localhost:30000/health || exit 1 #! GET /health
"""),
    "a health check as a list": ("docker-compose.yml", """services:
  dtma:
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:30000/health"] #! GET /health
"""),
    "a workflow": (".github/workflows/deploy.yml", """jobs:
  check:
    env:
      DTMA_URL: http://${{ secrets.DROPLET_IP }}:30000
    steps:
      - name: check with curl
        run: |
          curl -fsS "$DTMA_URL/status" #! GET /status
          curl -fsS -X POST http://${{ secrets.DROPLET_IP }}:30000/redeploy #! POST /redeploy
          curl -X POST https://api.digitalocean.com/v2/droplets
"""),
    "a loop over names": ("loop.sh", """
for tool in a b; do
  curl -s -X POST "http://$ip:30000/tools/$tool/stop"; done #! POST /tools/{tool}/stop
if ! curl -s "http://$ip:30000/health" | grep -q OK; then exit 1; fi #! GET /health
"""),
    "what only looks like a request": ("notes.sh", """
# curl http://localhost:30000/tools
echo "curl http://localhost:30000/system"
apt-get install curl
which curl
curl --unix-socket /var/run/docker.sock http://localhost/containers/json
"""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_command_is_read_with_its_method_path_and_line(case):
    """Exactly the marked lines ask, for exactly what is marked."""
    path, source = case
    judge({path: source})


def test_the_scripts_of_a_package_are_read():
    """A command inside of JSON ends with its text."""
    table = read({"package.json": '{"scripts": {\n "up": "curl -sf http://localhost:30000/health && echo ok"}}'})

    assert requests(table) == ({"GET /health package.json:2"}, set())


def test_a_token_in_a_header_is_seen():
    """A command with an Authorization header asks with a token; one without is not known to."""
    table = read({"a.sh": 'curl -H "Authorization: Bearer $T" http://x:30000/tools\ncurl http://x:30000/status\n'})

    assert {one.path: one.secured for one in table.routes} == {"/tools": True, "/status": None}
