"""What successful answers of reading operations lack of the shape that the contract promises. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dtma_contract.contract import Contract, Effect, Operation
from dtma_contract.diagnosis.facts import RouteState
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import conforms
from dtma_contract.routes import Cell

__all__ = ["broken_promises"]

_SHOWN_PROBLEMS: Final = 3

# Fields of Docker's own listing, in the spellings that have been seen, and the agent's that they stand in place of.
_DOCKER_FIELDS: Final = frozenset({"Id", "id", "Names", "names", "Ports", "State", "ImageID", "Command", "HostConfig"})
_OWN_FIELDS: Final = frozenset({"instance_name_on_toolbox", "container_id", "account_tool_instance_id"})
_LISTS: Final = ("tools", "tool_instances")


def broken_promises(contract: Contract, exchanges: Iterable[Exchange], routes: Iterable[RouteState]) -> dict[str, str]:
    """Return what answers lack, a sentence without a full stop, by operation id.

    Only successes of operations that read are judged, since refusals and errors have causes of their own.

    Args:
        contract: the contract.
        exchanges: the answers.
        routes: what is known of the routes; an answer in place of one that is not mounted promises nothing.
    """
    absent = {route.operation for route in routes if route.state is Cell.ABSENT}
    found: dict[str, str] = {}
    for exchange in exchanges:
        operation = _operation_of(contract, exchange)
        succeeded = 200 <= exchange.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
        if operation is None or operation.id in absent or operation.id in found or not succeeded:
            continue
        problems = conforms(operation, exchange)
        if problems:
            found[operation.id] = f"{exchange.method} {operation.path} answers {_lacking(exchange, problems)}"
    return found


def _operation_of(contract: Contract, exchange: Exchange) -> Operation | None:
    segments = exchange.target.partition("?")[0].split("/")
    fitting = [
        operation
        for operation in contract.operations
        if operation.method == exchange.method and operation.effect is Effect.READ and _fits(operation.path, segments)
    ]
    return min(fitting, key=lambda operation: operation.path.count("{"), default=None)


def _fits(template: str, segments: list[str]) -> bool:
    parts = template.split("/")
    return len(parts) == len(segments) and all(
        part == segment or (part.startswith("{") and segment) for part, segment in zip(parts, segments, strict=True)
    )


def _lacking(exchange: Exchange, problems: tuple[str, ...]) -> str:
    document = exchange.json
    for name in _LISTS if isinstance(document, Mapping) else ():
        fields = _fields(document.get(name))
        if fields & _DOCKER_FIELDS and not fields >= _OWN_FIELDS:
            missing = ", ".join(sorted(_OWN_FIELDS - fields))
            return (
                f"{exchange.status}, but {name} has Docker's own fields ({', '.join(sorted(fields & _DOCKER_FIELDS))}) "
                f"in place of the agent's ({missing})"
            )
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
    return f"{exchange.status}, but {shown}"


def _fields(listing: Any) -> frozenset[str]:
    items = [item for item in listing if isinstance(item, Mapping)] if isinstance(listing, list) else []
    return frozenset(str(key) for item in items for key in item)
