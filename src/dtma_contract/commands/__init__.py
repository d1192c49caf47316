"""The subcommands of ``dtma-contract``, one module each: options, examples, one call."""
