"""The fence as a whole: opens its files, listens, cleans up. Runs inside an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from dtma_contract.cleanup import CleanupReport, Containers, clean_up
from dtma_contract.errors import UsageError
from dtma_contract.fence.decisions import FenceRequest, Refuse
from dtma_contract.fence.gate import Gate
from dtma_contract.fence.proxy import Proxy
from dtma_contract.fence.record import ExchangeRecord
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.fence.upstream import TargetAddress
from dtma_contract.ledger import LEDGER_NAME, Ledger, RunRecord
from dtma_contract.redaction import TokenSpellings

__all__ = ["FenceService", "FenceStatus", "check_token", "docker_connector"]


@dataclass(frozen=True, slots=True)
class FenceStatus:
    """What has passed a fence.

    Attributes:
        exchanges: how many, refused ones too.
        refused: how many, by reason id.
        failed: how many, by cause id.
        target_gone: the cause for which the target counts as gone, or None.
    """

    exchanges: int
    refused: dict[str, int]
    failed: dict[str, int]
    target_gone: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the status as JSON data."""
        return asdict(self)


class FenceService:
    """A fence that listens.

    Attributes:
        base_url: where clients send to.
        gate: what judges and sends.
    """

    def __init__(self, settings: FenceSettings, gate: Gate, record: ExchangeRecord, proxy: Proxy) -> None:
        self.gate = gate
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self.base_url = f"http://{host}:{proxy.port}"
        self._settings = settings
        self._record = record
        self._proxy = proxy
        self._report: CleanupReport | None = None

    @classmethod
    async def start(
        cls,
        settings: FenceSettings,
        token: str | None,
        on_refused: Callable[[FenceRequest, Refuse], None] | None = None,
    ) -> Self:
        """Open the run's files and listen.

        Args:
            settings: what to do.
            token: the secret, or None.
            on_refused: is told of every refused request.

        Raises:
            UsageError: the target, the token or the address to listen on is unusable.
            EngineError: the run's folder cannot be written.
        """
        check_token(token, settings.token_env)
        address = TargetAddress.from_url(settings.target)
        identity = settings.identity
        ledger = Ledger.create(
            settings.folder / LEDGER_NAME,
            RunRecord(
                run=identity.run,
                namespace=identity.namespace,
                target=settings.target,
                token_env=settings.token_env,
                docker=settings.docker,
                started=datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )
        record = ExchangeRecord(settings.folder, TokenSpellings(token))
        gate = Gate(
            address,
            settings.policy,
            ledger,
            record,
            token=token,
            limits=settings.limits,
            authenticate_all=settings.authenticate_all,
            on_refused=on_refused,
        )
        try:
            proxy = await Proxy.listen(
                gate, settings.limits, settings.host, settings.port, only_local_names=settings.authenticate_all
            )
        except UsageError:
            record.close()
            ledger.close()
            raise
        return cls(settings, gate, record, proxy)

    @property
    def status(self) -> FenceStatus:
        """What has passed so far."""
        gate = self.gate
        return FenceStatus(gate.exchanges, dict(gate.refused), dict(gate.failed), gate.target_gone)

    async def finish(self) -> CleanupReport:
        """End the run: refuse all further requests, wait for creates at the target, clean up. Can be called again."""
        self.gate.is_over = True
        # A create at the target ends within its bound; what it makes must be removed as well.
        await self.gate.drain()
        if self._report is None or self._report.left_behind:
            self._report = await clean_up(self.gate, docker_connector(self._settings.docker))
        return self._report

    async def close(self) -> None:
        """Stop listening and close the files."""
        await self._proxy.close()
        # What was answered a moment ago is written to the record in the loop's next turn.
        await asyncio.sleep(0)
        self._record.close()
        self.gate.ledger.close()


def check_token(token: str | None, token_env: str) -> None:
    """Raise where a token cannot stand in a header.

    Raises:
        UsageError: it is empty, or holds white space or control characters.
    """
    if token is None:
        return
    if not token or any(letter.isspace() or not letter.isprintable() for letter in token):
        raise UsageError(
            f"The token in {token_env} is empty, or holds white space or control characters.",
            "Look for a line break at its end.",
        )


def docker_connector(url: str | None) -> Callable[[], Containers] | None:
    """Return what opens the Docker Engine at an endpoint, or None where there is none."""
    if url is None:
        return None

    def connect() -> Containers:
        from dtma_contract.probes.docker_host import DockerHost  # noqa: PLC0415 - the SDK is slow to import

        return _Closing(DockerHost.connect(url))

    return connect


class _Closing:
    """An engine that is asked once."""

    def __init__(self, host: Any) -> None:
        self._host = host

    def remove_named(self, names: Any) -> tuple[str, ...]:
        try:
            removed: tuple[str, ...] = self._host.remove_named(names)
            return removed
        finally:
            self._host.close()
