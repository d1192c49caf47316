"""What makes something may be bounded closer than everything else."""

from __future__ import annotations

import asyncio

from dtma_contract.fence.limits import Limits


async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


def test_a_create_has_a_time_of_its_own(target, fence):
    """Its answer is given up after that, long before the time of any other is over."""
    opened = fence(target(silence).url, limits=Limits(response_seconds=25, create_seconds=0.3))

    _, headers, answer = opened.ask("POST", "/tools", {"Content-Type": "application/json"}, b"{}")

    assert headers["x-dtmac-fence"] == "failed; response-timeout"
    assert b"within 0.3 s" in answer
