"""Ways to break the contract, each in exactly one respect.

:mod:`~dtma_reference.faults.catalogue` names them; the other modules put a flaw over the honest part that it breaks.
"""
