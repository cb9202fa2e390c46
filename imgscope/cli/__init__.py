"""The command line: one file per command, each thin. A command's module is imported when it is called.

To add a command: a file here with a click command ``command``, and its line in ``COMMANDS``.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from importlib import import_module

import click

from .. import __version__

COMMANDS = {
    "analyze": "Show where an image's bytes come from, and which are wasted.",
    "baseline": "Save what an image is now, to measure growth against.",
    "bases": "Show what the base image brings, and whether the app can stand on another.",
    "build": "Run docker build, then analyse or check the image.",
    "cache": "Show or clear what was kept of earlier runs.",
    "cat": "Print a file of an image.",
    "check": "Pass or fail images by size budgets and other rules.",
    "completion": "Print the script that makes a shell complete the command line.",
    "diff": "Show what differs between two images, and what that costs to pull.",
    "doctor": "Tell what imgscope finds here: engines, cache, terminal, versions.",
    "extract": "Copy a file, a folder or a whole layer out of an image.",
    "plugin": "Make imgscope a command of Docker: docker imgscope.",
    "suggest": "Say what an image could do without, and the bytes that each fix saves.",
    "verify": "Recompute an image's digests.",
    "why": "Tell what every layer did to a path.",
}


class _Commands(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __name__).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" To analyse an image: imgscope analyze {name}"
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="imgscope %(version)s")
def cli() -> None:
    """See where a container image's bytes come from, which are wasted, and how to get rid of them.

    IMAGE is a name in the Docker engine (myapp:1.0), podman:NAME, an archive (app.tar, compressed or not), an OCI
    layout (oci:DIR:tag), a saved analysis (saved.json), or - for standard input.
    """


def main(arguments: list[str] | None = None, program: str = "imgscope") -> None:
    """Run the command line and exit: 0 fine, 1 a check failed, 2 wrong use, 3 the image could not be had or read.

    ``program`` is what a user types to get here.
    """
    try:
        if "_IMGSCOPE_COMPLETE" in os.environ:
            from ..completion.answer import answer

            code = answer(os.environ["_IMGSCOPE_COMPLETE"], sys.argv[1:] if arguments is None else arguments)
        else:
            # Whoever ends the program gets it tidied up, as with Ctrl-C: no half-written file, no process left behind.
            for number in (signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else (signal.SIGTERM,):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, _end)
            code = run(arguments, program)
    except _Ended as error:
        code = 128 + int(error.args[0])
    except KeyboardInterrupt:
        code = 130
    # An analysis is a great many objects: taking each apart before the process ends would take a tenth of its time.
    atexit._run_exitfuncs()
    os._exit(code)


class _Ended(BaseException):
    """A signal asked the program to end."""


def _end(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise _Ended(number)


def run(arguments: list[str] | None = None, program: str = "imgscope") -> int:
    """Run the command line; return its exit code. Errors are one line on stderr."""
    import gc

    from ..errors import ImgscopeError
    from .common import ReaderGone

    # An analysis makes many objects and no rubbish that needs looking for: collecting would only cost time.
    gc.disable()
    try:
        result = cli.main(args=arguments, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except ImgscopeError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.UsageError as error:
        hint = f" (try '{error.ctx.command_path} --help')" if error.ctx is not None else ""
        return _fail(error.format_message() + hint, 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort):
        return 130
    except (BrokenPipeError, ReaderGone):
        # The reader has gone (| head): nothing is left to say, and flushing at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except MemoryError:
        return _fail("there is not enough memory for this image", 3)
    except RecursionError:
        return _fail("the image's manifest or config is nested too deeply to be read", 3)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 3)
    except Exception as error:
        if os.environ.get("IMGSCOPE_DEBUG"):
            raise
        return _fail(f"internal error, please report it with what IMGSCOPE_DEBUG=1 shows: {error!r}"[:500], 3)


def _fail(message: str, code: int) -> int:
    from ..escape import escape
    from ..secrets import redact

    try:
        print(f"imgscope: {escape(redact(message))}", file=sys.stderr)
    except OSError:
        pass
    return code
