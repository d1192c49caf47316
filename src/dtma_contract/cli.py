"""The command line: parses, calls, prints."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.markup import escape

from dtma_contract import __version__
from dtma_contract.commands.diagnose import diagnose
from dtma_contract.commands.drift import drift
from dtma_contract.commands.explain import explain
from dtma_contract.commands.fence import fence
from dtma_contract.commands.gate import gate
from dtma_contract.commands.sweep import sweep
from dtma_contract.commands.verify import verify
from dtma_contract.errors import DtmaContractError, EngineError, TargetUnusableError, UsageError, closest
from dtma_contract.reporting.plain import CONTROLS
from dtma_contract.standard_streams import StandardStreams
from dtma_contract.verdict import ExitCode

__all__ = ["main"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Commands(click.Group):
    """A group that names the closest command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(
                f'There is no command "{args[0]}". {closest(args[0], self.list_commands(ctx))}'.strip()
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="dtma-contract")
def commands() -> None:
    """Judge a DTMA against its contract, without harm to the host it runs on.

    \b
    Exit codes: 0 kept · 1 violated · 2 interrupted · 3 engine error · 4 usage ·
    5 nothing judged · 6 target unusable
    """  # noqa: D301 - click keeps the lines below this very character as they are


for _command in (verify, drift, diagnose, gate, explain, fence, sweep):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every expected failure is one message and the documented exit code.

    The code is that of the judgement, also where whoever reads the output went away before its end. Where a full device
    did not take the output it is 3.
    """
    streams = StandardStreams.install()
    code = _code_of(list(arguments) if arguments is not None else None)
    if lost := streams.lost():
        code = _complain(
            f"The result could not be written to standard output: {lost.lower()}.",
            ExitCode.ENGINE_ERROR,
            "Make room there, or lead it to another place, and run it again.",
        )
    _end_by_signals()
    sys.exit(code)


def _code_of(arguments: list[str] | None) -> int | str | None:
    """Return what the program exits with."""
    code: int | str | None = ExitCode.KEPT
    try:
        commands.main(args=arguments, prog_name="dtma-contract", standalone_mode=False)
    except SystemExit as done:
        code = done.code
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.NoArgsIsHelpError:
        code = _complain("No command is given. See `dtma-contract --help`.", ExitCode.USAGE)
    except click.UsageError as problem:
        where = f" See `{problem.ctx.command_path} --help`." if problem.ctx else ""
        code = _complain(f"{problem.format_message().rstrip('.')}.{where}", ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        code = _complain("interrupted", ExitCode.INTERRUPTED)
    except UsageError as problem:
        code = _complain(str(problem), ExitCode.USAGE)
    except TargetUnusableError as problem:
        code = _complain(f"{problem.cause}: {problem}", ExitCode.TARGET_UNUSABLE)
    except (EngineError, DtmaContractError) as problem:
        code = _complain(str(problem), ExitCode.ENGINE_ERROR)
    except OSError as problem:
        code = _complain_of_system(problem)
    return code


def _complain_of_system(problem: OSError) -> ExitCode:
    """Tell what the operating system refuses: a disk is full, or a folder was taken away while it was worked in."""
    try:
        Path.cwd()
    except OSError:
        return _complain("The working folder is not there any more.", ExitCode.USAGE, "Change into another one.")
    place = f"{problem.filename}: " if problem.filename is not None else ""
    return _complain(
        f"The operating system refuses: {place}{problem.strerror or problem}.",
        ExitCode.ENGINE_ERROR,
        "Mend that, and run it again.",
    )


def _end_by_signals() -> None:
    """From now on Ctrl-C ends the process at once: all is said, and it could only add a traceback."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _complain(message: str, code: ExitCode, hint: str = "") -> ExitCode:
    # What was given may hold what a terminal obeys, or ends a line.
    said = escape(CONTROLS.sub(lambda found: ascii(found.group())[1:-1], f"{message} {hint}".strip()))
    Console(stderr=True).print(f"[bold red]dtma-contract:[/] {said}", highlight=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
