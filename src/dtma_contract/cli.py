"""The command line: parses, calls, prints."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
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
    """Run the command line; every expected failure is one message and the documented exit code."""
    for stream in (sys.stdout, sys.stderr):
        # What was read may hold half of a character, which no encoding can write.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        given = list(arguments) if arguments is not None else None
        commands.main(args=given, prog_name="dtma-contract", standalone_mode=False)
        code = ExitCode.KEPT
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError:
        code = _complain("No command is given. See `dtma-contract --help`.", ExitCode.USAGE)
    except click.UsageError as problem:
        where = f" See `{problem.ctx.command_path} --help`." if problem.ctx else ""
        code = _complain(f"{problem.format_message()}{where}", ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        code = _complain("interrupted", ExitCode.INTERRUPTED)
    except UsageError as problem:
        code = _complain(str(problem), ExitCode.USAGE)
    except TargetUnusableError as problem:
        code = _complain(f"{problem.cause}: {problem}", ExitCode.TARGET_UNUSABLE)
    except (EngineError, DtmaContractError) as problem:
        code = _complain(str(problem), ExitCode.ENGINE_ERROR)
    sys.exit(code)


def _complain(message: str, code: ExitCode) -> ExitCode:
    Console(stderr=True).print(f"[bold red]dtma-contract:[/] {escape(message)}", highlight=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
