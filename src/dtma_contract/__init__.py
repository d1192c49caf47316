"""Endpoint contract test suite for the DTMA: judges a live agent, harms nothing, says why it fails."""

__version__ = "0.1.0"
