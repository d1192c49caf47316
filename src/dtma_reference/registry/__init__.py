"""The registry: which instances the agent manages, kept where a restart does not reach it."""
