"""The shapes of what the language brings: functions, and methods that look at their receiver."""

from __future__ import annotations

from collections.abc import Callable

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import Value

__all__ = ["Method", "NativeCall"]

# What a function does with its arguments, and a method with its receiver and its arguments, at a node.
NativeCall = Callable[[Machine, list[Value], Node], Value]
Method = Callable[[Machine, Value, list[Value], Node], Value]
