"""All faults: name and one sentence. Pure; nothing else is imported to list them."""

from __future__ import annotations

__all__ = ["FAULTS", "UNMOUNTED"]

# Operations that are not mounted while a fault is on.
UNMOUNTED: dict[str, tuple[str, ...]] = {
    "start-route-missing": ("core.tools.start",),
    "stop-route-missing": ("core.tools.stop",),
    "delete-route-missing": ("core.tools.delete",),
    "health-route-missing": ("core.health",),
    "stub-deployment": ("core.tools.start", "core.tools.stop", "core.tools.delete", "core.health"),
    "mcp-templates-missing": ("mcp.templates",),
}

FAULTS: dict[str, str] = {
    # Routes
    "start-route-missing": "POST /tools/{name}/start is not mounted.",
    "stop-route-missing": "POST /tools/{name}/stop is not mounted.",
    "delete-route-missing": "DELETE /tools/{name} is not mounted.",
    "health-route-missing": "GET /health is not mounted.",
    "mcp-templates-missing": "GET /mcp/templates is not mounted, the rest of its profile is.",
    "stub-deployment": "Deploy answers 200 and creates nothing; start, stop, delete and /health are not mounted.",
    "fallback-is-html": "An unknown path is answered with an HTML page.",
    "method-not-allowed-is-405": "A method that a path does not have is answered with 405.",
    # Deploy
    "deploy-answers-200": "A deployment is answered with 200 in place of 201.",
    "deploy-creates-nothing": "Deploy answers 201, but there is no container and the instance is not managed.",
    "deploy-state-missing": "The answer to a deployment has no state.",
    "deploy-does-not-start": "Deploy creates the container and does not start it.",
    "overrides-ignored": "Deploy applies neither environment nor ports of baseConfigOverrideJson.",
    "unknown-image-is-201": "Deploy of an image that cannot be pulled answers 201 and creates nothing.",
    "name-conflict-undetected": "Deploy under a managed instance's name replaces that instance.",
    "name-conflict-is-500": "Deploy under a taken name answers 500 in place of 409.",
    "port-conflict-undetected": "Deploy with a taken host port answers 201, and the container stays created.",
    "port-conflict-is-500": "Deploy with a taken host port answers 500 in place of 409.",
    "failed-start-left-behind": "Deploy with a taken host port leaves the container that it created, unmanaged.",
    "failed-pull-left-behind": "Deploy of an image that cannot be pulled leaves its name managed, without a container.",
    # Start, stop, delete, execute
    "start-does-nothing": "Start answers 200, and a stopped instance stays stopped.",
    "start-running-is-500": "Start of a running instance answers 500.",
    "stop-does-nothing": "Stop answers 200, and a running instance goes on running.",
    "stop-stopped-is-500": "Stop of a stopped instance answers 500.",
    "acts-on-another": "Stop also stops another managed instance.",
    "acts-on-foreign": "Start, stop and delete also act on containers that the agent does not manage.",
    "case-insensitive-names": "Start under a name in other letter case acts on the instance.",
    "container-ids-accepted": "Start, stop and delete take a container's id, or its beginning, for the name.",
    "delete-does-nothing": "Delete answers 200, and the instance stays, managed and running.",
    "delete-leaves-container": "Delete forgets the instance and leaves its container.",
    "delete-running-is-500": "Delete of a running instance answers 500.",
    "delete-unknown-is-200": "Delete of an unknown instance answers 200.",
    "execute-ignores-exit-code": "Execute always says exit code 0.",
    "unknown-instance-is-500": "Start, stop and delete of an unknown instance answer 500.",
    "resource-404-as-fallback": "An unknown instance or group is answered as an unknown path is.",
    # Listings and status
    "deleted-still-listed": "A deleted instance, whose container is gone, is still listed.",
    "listing-forgets-stopped": "Instances that do not run are not listed.",
    "listing-shows-foreign": "Containers that the agent does not manage are listed as instances.",
    "listing-shows-docker-fields": "Instances are listed with Docker's own field names.",
    "listing-type-changed": "The field created of a listed instance is a date in text.",
    "status-field-missing": "The agent status has no field service.",
    "status-type-changed": "The field environment.port of the agent status is a number.",
    "status-instances-missing": "The agent status never lists an instance.",
    "health-is-json": "GET /health answers with JSON.",
    "logs-are-objects": "The lines of GET /logs are objects.",
    # Authentication and secrets
    "auth-off": "Everyone is let in.",
    "auth-off-start": "Everyone is let in to start.",
    "mcp-status-open": "Everyone is let in to GET /mcp/status.",
    "wrong-token-accepted": "Any bearer token is let in.",
    "token-compared-by-prefix": "A token that is the beginning of the right one, or begins with it, is let in.",
    "bearer-case-sensitive": "The scheme is only known as Bearer, not as bearer.",
    "auth-statuses-swapped": "A missing token is answered with 403, a wrong one with 401.",
    "token-echoed": "The 403 repeats the header that was sent, and successes carry the right token in a header.",
    "secrets-in-status": "The agent status has the token's value in its environment.",
    "token-in-logs": "GET /logs shows the token.",
    # Malformed requests
    "malformed-json-is-500": "A body that is no JSON is answered with 500.",
    "non-object-body-is-500": "A body that is JSON and no object is answered with 500.",
    "missing-field-accepted": "Deploy without accountToolInstanceId is carried out.",
    "invalid-name-is-500": "Deploy under a name that Docker refuses is answered with 500.",
    # The agent and its groups
    "restart-does-nothing": "POST /restart answers 200, and the process goes on.",
    "mcp-group-servers-left": "Removing a group forgets its servers and leaves their containers.",
}
