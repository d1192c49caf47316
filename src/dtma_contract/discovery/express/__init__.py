"""Express as it is written and as it runs: the route table of a service, from its files alone.

The program is evaluated over abstract values (:mod:`machine`), module after module from its entry; every registration
on an app or a router is recorded, and flattened at the end. Nothing is run, and nothing but files is read.
"""

from dtma_contract.discovery.express.table import read_routes

__all__ = ["read_routes"]
