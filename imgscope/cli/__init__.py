"""The command line: one file per command, each thin. A command's module is imported when it is called.

To add a command: a file here with a click command ``command``, and its line in ``COMMANDS``.
"""

from __future__ import annotations

import atexit
import os
import sys

import click

from .. import __version__, ending
from .lazy import LazyGroup

COMMANDS = {
    "analyze": "Show where an image's bytes come from, and which are wasted.",
    "baseline": "Save what an image is now, to measure growth against.",
    "bases": "Show what the base image brings, and whether the app can run on another.",
    "build": "Run docker build, then analyse or check the image.",
    "cache": "Show or clear what was kept of earlier runs.",
    "cat": "Print a file of an image.",
    "check": "Pass or fail images by size budgets and other rules.",
    "completion": "Print the script that makes a shell complete the command line.",
    "diff": "Show what differs between two images, and what that costs to pull.",
    "doctor": "Show what imgscope finds here: engines, cache, terminal, versions.",
    "extract": "Copy a file, a folder or a whole layer out of an image.",
    "fix": "Change a Dockerfile so that its image is smaller, and prove it.",
    "fleet": "Read many images, each layer once, and ask what they store and waste.",
    "plugin": "Make imgscope a command of Docker: docker imgscope.",
    "pull-cost": "Show what a pull of an image costs: bytes and seconds, layer by layer.",
    "report": "Write one HTML file that shows an image whole, to hand on.",
    "squash": "Write an image anew in one layer, or without its waste.",
    "suggest": "Find what an image does not need, and what each fix saves.",
    "tags": "List the tags of a repository in a registry.",
    "trend": "Show how an image's size went from tag to tag, and what made it jump.",
    "verify": "Recompute an image's digests.",
    "why": "Show what every layer did to a path.",
}


class _Commands(LazyGroup):
    """All commands; what is none of them is an image."""

    summaries = COMMANDS
    package = __name__

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if args and len(args[0]) > 1 and args[0].startswith("-") and args[0] not in own:
            args = ["analyze", *args]  # imgscope --no-tui myapp:1.0
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or (name.startswith("-") and name != "-"):
            return super().resolve_command(ctx, args)
        # imgscope myapp:1.0 is imgscope analyze myapp:1.0, as people know it from dive.
        if not any(sign in name for sign in ":/.@-") and not os.path.lexists(name):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            if near:
                ctx.fail(f"There is no command {name!r}. Did you mean {near[0]!r}? An image: imgscope analyze {name}")
        return "analyze", self.get_command(ctx, "analyze"), args


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="IMAGE | COMMAND [ARGS]...",
)
@click.version_option(__version__, "-V", "--version", message="imgscope %(version)s")
def cli() -> None:
    """See where a container image's bytes come from, which are wasted, and how to get rid of them.

    IMAGE is a name in the Docker engine (myapp:1.0), podman:NAME, registry:NAME, an archive (app.tar, compressed or
    not), an OCI layout (oci:DIR:tag), a saved analysis (saved.json), or - for standard input. imgscope IMAGE is
    imgscope analyze IMAGE.
    """


def main(arguments: list[str] | None = None, program: str = "imgscope") -> None:
    """Run the command line and exit: 0 fine, 1 a check failed, 2 usage error, 3 the image could not be found or read.

    ``program`` is what a user types to get here.
    """
    from .streams import open_for_good

    open_for_good()
    try:
        if "_IMGSCOPE_COMPLETE" in os.environ:
            from ..completion.answer import CommandLine, answer

            words = sys.argv[1:] if arguments is None else arguments
            code = answer(CommandLine(cli, COMMANDS), os.environ["_IMGSCOPE_COMPLETE"], words)
        else:
            # Whoever ends the program gets it tidied up: no half-written file, no process left behind.
            ending.by_exception()
            code = run(arguments, program)
        # All is done but what runs at exit.
        ending.at_once()
    except ending.Ended as error:
        code = int(str(error.code))
    except KeyboardInterrupt:
        code = 130
    # An analysis is a great many objects: taking each apart before the process ends would take a tenth of its time.
    ending.tidy_up()
    atexit._run_exitfuncs()
    os._exit(code)


def run(arguments: list[str] | None = None, program: str = "imgscope") -> int:
    """Run the command line; return its exit code. Errors are one line on stderr."""
    import gc

    from ..errors import ImgscopeError

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
        from .mistakes import hint

        help_ = f" (try '{error.ctx.command_path} --help')" if error.ctx is not None else ""
        better = hint(error)
        return _fail(f"{error.format_message().rstrip('.')}: {better}" if better else error.format_message() + help_, 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort):
        return 130
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
    finally:
        _no_progress()
        _say_of_the_cache()


def _no_progress() -> None:
    """Take away what shows that work goes on: what follows is the result, or why there is none."""
    progress = sys.modules.get("imgscope.progress")
    if progress is not None:
        progress.finish_all()


def _say_of_the_cache() -> None:
    """Say why nothing is kept, where somebody has to know of it."""
    cache = sys.modules.get("imgscope.cache")
    for words in list(cache.notices) if cache is not None else ():
        _fail(words, 0)


def _fail(message: str, code: int) -> int:
    from ..escape import escape
    from ..secrets import redact

    _no_progress()
    try:
        print(f"imgscope: {escape(redact(message))}", file=sys.stderr)
    except OSError:
        pass
    return code
