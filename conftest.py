"""Loads the plugin; `pytest --target URL` then does what `dtma-contract verify --target URL` does."""

pytest_plugins = ["dtma_contract.plugin"]
