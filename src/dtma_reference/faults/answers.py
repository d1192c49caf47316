"""Flaws of what the agent answers with, and of which endpoints it has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from dtma_reference.agent import Agent
from dtma_reference.answers import Answer
from dtma_reference.app import UNDECLARED_METHOD, UNKNOWN_PATH
from dtma_reference.bodies import DeployRequest
from dtma_reference.faults.catalogue import UNMOUNTED
from dtma_reference.routes import Endpoint
from dtma_reference.routes.endpoint import body_of

__all__ = ["FaultyAnswers"]

_SUCCESSES = range(200, 300)
_CREATED = 201
_FORBIDDEN = 403
_NOT_FOUND = 404

_STATUSES = frozenset({"core.status", "core.tools.status"})
_LISTINGS = _STATUSES | {"core.tools.list"}
_FALLBACKS = frozenset({UNDECLARED_METHOD, UNKNOWN_PATH})


class FaultyAnswers:
    """Spoils answers in the respects that were asked for.

    Args:
        agent: whose answers they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._faults = agent.settings.faults
        self._spoilers: tuple[tuple[str, Callable[[str, Answer], Answer]], ...] = (
            ("deploy-answers-200", _deploy_answers_200),
            ("deploy-state-missing", _deploy_state_missing),
            ("resource-404-as-fallback", _resource_404_as_fallback),
            ("fallback-is-html", _fallback_is_html),
            ("method-not-allowed-is-405", _method_not_allowed_is_405),
            ("listing-shows-docker-fields", _for_tools(_docker_fields)),
            ("listing-type-changed", _for_tools(_created_in_text)),
            ("status-field-missing", _for_status(lambda status: _without(status, "service"))),
            ("status-type-changed", _for_status(_port_as_number)),
            ("status-instances-missing", _for_status(lambda status: {**status, "tool_instances": []})),
            ("secrets-in-status", _for_status(self._with_token)),
            ("health-is-json", _health_is_json),
            ("logs-are-objects", _logs_are_objects),
            ("token-in-logs", self._token_in_logs),
        )

    def mounted(self, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """Return the endpoints that are mounted."""
        missing = {operation for fault in self._faults for operation in UNMOUNTED.get(fault, ())}
        return tuple(
            dataclasses.replace(endpoint, handler=self._accept)
            if "stub-deployment" in self._faults and endpoint.operation == "core.tools.deploy"
            else endpoint
            for endpoint in endpoints
            if endpoint.operation not in missing
        )

    def spoiled(self, operation: str, request: Request, answer: Answer) -> Answer:
        """Return what is answered in place of the honest answer."""
        for fault, spoil in self._spoilers:
            if fault in self._faults:
                answer = spoil(operation, answer)
        if "token-echoed" in self._faults:
            answer = self._echoed(request, answer)
        return answer

    async def _accept(self, request: Request) -> Answer:
        self._agent.bodies.read(await body_of(request), DeployRequest)
        return Answer(200, {"status": "accepted", "note": "Container deployment is not part of this build yet."})

    def _token(self) -> str:
        return self._agent.secrets.values[0] if self._agent.secrets.values else ""

    def _with_token(self, status: dict[str, Any]) -> dict[str, Any]:
        return {**status, "environment": {**status["environment"], "DTMA_BEARER_TOKEN": self._token()}}

    def _token_in_logs(self, operation: str, answer: Answer) -> Answer:
        if operation not in {"console.logs", "diagnostics.logs"} or answer.status not in _SUCCESSES:
            return answer
        line = f"DEBUG authorization: Bearer {self._token()}"
        return _with_content(answer, {**answer.content, "logs": [*answer.content["logs"], line]})

    def _echoed(self, request: Request, answer: Answer) -> Answer:
        if answer.status == _FORBIDDEN:
            sent = request.headers.get("authorization", "")
            return _with_content(answer, {"error": f"{answer.content['error']} Got: {sent}"})
        if answer.status in _SUCCESSES:
            return dataclasses.replace(answer, headers={**answer.headers, "X-Debug-Auth": self._token()})
        return answer


def _with_content(answer: Answer, content: Any) -> Answer:
    return dataclasses.replace(answer, content=content)


def _without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


def _deploy_answers_200(_operation: str, answer: Answer) -> Answer:
    return dataclasses.replace(answer, status=200) if answer.status == _CREATED else answer


def _deploy_state_missing(operation: str, answer: Answer) -> Answer:
    if operation != "core.tools.deploy" or answer.status != _CREATED:
        return answer
    return _with_content(answer, {**answer.content, "data": _without(answer.content["data"], "state")})


def _resource_404_as_fallback(operation: str, answer: Answer) -> Answer:
    if answer.status != _NOT_FOUND or operation in _FALLBACKS:
        return answer
    return _with_content(answer, {"error": "Not Found"})


def _fallback_is_html(operation: str, answer: Answer) -> Answer:
    if operation not in _FALLBACKS or answer.content != {"error": "Not Found"}:
        return answer
    page = "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><pre>Cannot find this</pre></body></html>\n"
    return dataclasses.replace(answer, content=page, media_type="text/html")


def _method_not_allowed_is_405(operation: str, answer: Answer) -> Answer:
    if operation != UNDECLARED_METHOD or answer.status != _NOT_FOUND:
        return answer
    return Answer(405, {"detail": "Method Not Allowed"})


def _for_status(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[str, Answer], Answer]:
    """Return what changes every agent status."""

    def spoil(operation: str, answer: Answer) -> Answer:
        if operation not in _STATUSES or answer.status not in _SUCCESSES:
            return answer
        return _with_content(answer, change(answer.content))

    return spoil


def _for_tools(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[str, Answer], Answer]:
    """Return what changes every listed instance."""

    def spoil(operation: str, answer: Answer) -> Answer:
        if operation not in _LISTINGS or answer.status not in _SUCCESSES:
            return answer
        key = "tools" if operation == "core.tools.list" else "tool_instances"
        return _with_content(answer, {**answer.content, key: [change(tool) for tool in answer.content[key]]})

    return spoil


def _docker_fields(tool: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": tool["container_id"],
        "names": [f"/{tool['instance_name_on_toolbox']}"],
        "image": tool["image"],
        "state": tool["status"],
        "created": tool["created"],
        "Ports": [
            {"PrivatePort": port["private_port"], "PublicPort": port.get("public_port"), "Type": port["type"]}
            for port in tool["ports"]
        ],
    }


def _created_in_text(tool: dict[str, Any]) -> dict[str, Any]:
    return {**tool, "created": datetime.fromtimestamp(tool["created"], UTC).isoformat()}


def _port_as_number(status: dict[str, Any]) -> dict[str, Any]:
    return {**status, "environment": {**status["environment"], "port": int(status["environment"]["port"])}}


def _health_is_json(operation: str, answer: Answer) -> Answer:
    return Answer(200, {"status": "OK"}) if operation == "core.health" else answer


def _logs_are_objects(operation: str, answer: Answer) -> Answer:
    if operation != "console.logs" or answer.status not in _SUCCESSES:
        return answer
    return _with_content(answer, {**answer.content, "logs": [{"line": line} for line in answer.content["logs"]]})
