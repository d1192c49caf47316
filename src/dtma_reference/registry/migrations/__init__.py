"""How a registry gets from one revision of its tables to another, with what it holds."""
