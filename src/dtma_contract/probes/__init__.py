"""Looks at a host from outside; each module has one way of looking."""
