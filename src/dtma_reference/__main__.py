"""Lets ``python -m dtma_reference`` stand for the ``dtma-reference`` command."""

from dtma_reference.cli import main

main()
