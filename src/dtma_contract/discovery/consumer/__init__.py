"""The callers' corner: requests that TypeScript, JavaScript, Python and shell code makes to the agent, read statically.

``syntax`` is the one form that both languages are read into (``javascript``, ``python_code``); ``interpreter``,
``calling`` and ``library_calls`` evaluate it over ``values``; ``program`` goes through all modules and functions;
``addresses`` and ``ownership`` judge what was sent, and ``reading`` makes the route table.
"""

from __future__ import annotations

from dtma_contract.discovery.consumer.folding import folded
from dtma_contract.discovery.consumer.ownership import DEFAULT_BASES
from dtma_contract.discovery.consumer.reading import read_consumers

__all__ = ["DEFAULT_BASES", "folded", "read_consumers"]
