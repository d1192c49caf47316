"""The fence: the only way to a target. A reverse proxy that lets nothing through that could harm the host.

:class:`~dtma_contract.fence.process.FenceProcess` runs it beside a test run;
:func:`~dtma_contract.fence.command.run_fence_command` offers it alone, to any client.
"""
