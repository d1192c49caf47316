"""The reference agent: the DTMA's API, implemented on its own from its description.

It exists so that the contract suite has a target that keeps the contract, and, with ``--fault``, targets
that break it in exactly one way. It knows nothing of the suite.
"""

__version__ = "0.1.0"
