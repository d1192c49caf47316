"""Real neighbours of a DTMA, and liars that pose as one: what the selfchecks are run against.

Everything here is a context manager that starts something on loopback, waits until it is really
there, and ends it without a trace. Nothing here knows what a verdict is.
"""
