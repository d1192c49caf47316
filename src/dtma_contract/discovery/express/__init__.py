"""Express as it is written and as it runs: the syntax of its paths, and what its routers hold."""
