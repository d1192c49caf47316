"""`python -m dtma_contract` is the command line."""

from dtma_contract.cli import main

main()
