"""Why a target fails, told from facts: what was observed, the catalogue of causes, the rules between them. Pure."""
