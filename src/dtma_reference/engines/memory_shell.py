"""The few commands that a container of the memory engine can run. Pure."""

from __future__ import annotations

import shlex

from dtma_reference.engines.protocol import ExecResult

__all__ = ["IMAGE_ENVIRONMENT", "run"]

IMAGE_ENVIRONMENT = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What a shell returns for a command that it does not find (POSIX, 2.8.2).
_NOT_FOUND = 127
_MISUSE = 2


def run(command: tuple[str, ...], environment: tuple[str, ...], hostname: str) -> ExecResult:
    """Return how a command ends.

    Args:
        command: program and arguments.
        environment: the container's own ``K=V`` entries.
        hostname: the container's host name.
    """
    program, *arguments = command
    match program.rpartition("/")[2], arguments:
        case ("true" | "false") as name, _:
            return ExecResult(0 if name == "true" else 1, "")
        case "echo", words:
            return ExecResult(0, " ".join(words) + "\n")
        case "hostname", []:
            return ExecResult(0, f"{hostname}\n")
        case "env", []:
            entries = (IMAGE_ENVIRONMENT, f"HOSTNAME={hostname}", *environment)
            return ExecResult(0, "".join(f"{entry}\n" for entry in entries))
        case "sh", ["-c", script, *_]:
            return _shell(script, environment, hostname)
    return ExecResult(
        _NOT_FOUND,
        f'OCI runtime exec failed: exec: "{program}": executable file not found in $PATH: unknown\r\n',
    )


def _shell(script: str, environment: tuple[str, ...], hostname: str) -> ExecResult:
    """Run commands that are separated by ``;`` or line ends, until ``exit``."""
    output, status = "", 0
    for line in script.replace(";", "\n").splitlines():
        try:
            words = shlex.split(line)
        except ValueError as problem:
            return ExecResult(_MISUSE, f"{output}sh: syntax error: {problem}\n")
        if not words:
            continue
        if words[0] == "exit":
            code = words[1] if len(words) > 1 else str(status)
            valid = code.isascii() and code.isdecimal()
            # A process has one byte for its exit code.
            return ExecResult(int(code[-9:]) & 0xFF if valid else _MISUSE, output)
        result = run(tuple(words), environment, hostname)
        if result.exit_code == _NOT_FOUND:
            result = ExecResult(_NOT_FOUND, f"sh: {words[0]}: not found\n")
        output, status = output + result.output, result.exit_code
    return ExecResult(status, output)
