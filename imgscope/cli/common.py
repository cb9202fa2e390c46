"""What commands share: options, and where their results go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from ..errors import UsageError
from .streams import reader_gone

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..report.interface import Options
    from ..rootfs.resolve import Resolved


WIDTH = 100
"""Columns of prose where no terminal says how many it has."""
Command = TypeVar("Command", bound=Callable[..., Any])


def _sources(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None and not context.resilient_parsing:
        from ..sources.options import chosen, parse_sources

        chosen.sources = parse_sources(value)


def _jobs(context: click.Context, _: click.Parameter, value: int | None) -> None:
    if value is not None and not context.resilient_parsing:
        from ..sources.options import chosen

        chosen.jobs = value


def _login(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None and not context.resilient_parsing:
        from ..sources.options import chosen, read_login

        chosen.login = read_login(value)


_login_option = click.option(
    "--registry-login",
    type=click.Choice(["env", "stdin"]),
    callback=_login,
    expose_value=False,
    help="Take a registry's login from the environment, or USER:PASSWORD from standard input.",
)
_source_option = click.option(
    "--source",
    metavar="LIST",
    callback=_sources,
    expose_value=False,
    help="Where to look for a name, in turn: docker, podman, registry.",
)


def place_options(function: Command) -> Command:
    """Add the options that say where names are looked for, and who asks registries."""
    return _source_option(_login_option(function))


def source_options(function: Command) -> Command:
    """Add the options that say where names are looked for, and how registries are read."""
    for option in (
        _login_option,
        click.option(
            "--jobs",
            metavar="N",
            type=click.IntRange(1, 32),
            callback=_jobs,
            expose_value=False,
            help="Layers to read from a registry at a time (4).",
        ),
        _source_option,
    ):
        function = option(function)
    return function


class LayerNumber(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The number of a layer, as an option takes it; whether the image has it, the command finds out."""

    name = "layer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a number from 0 on."""
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            from ..escape import escape

            raise UsageError(f"--layer {escape(text)}: not a layer; layers are numbered from 0, as analyze lists them")
        return int(text)


def image_options(function: Command) -> Command:
    """Add the options that choose an image and how it is read."""
    function = source_options(function)
    for option in (
        click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs."),
        click.option("--image", metavar="NAME", help="Choose by name, tag or digest where there are several images."),
        click.option("--platform", metavar="OS/ARCH", help="Choose from an image for several platforms."),
    ):
        function = option(function)
    return function


def result_options(
    formats: Sequence[str], to_file: str = "Write a format to a file as well; repeatable, - is standard output."
) -> Callable[[Command], Command]:
    """Return what adds the options that say in which formats results are written, and where."""

    def add(function: Command) -> Command:
        for option in (
            *([_open] if "html" in formats else []),
            click.option("-o", "--output", "outputs", metavar="FORMAT=FILE", multiple=True, help=to_file),
            click.option(
                "--format", "format_", type=click.Choice(list(formats)), help="What to print on standard output."
            ),
        ):
            function = option(function)
        return function

    return add


_OPEN = "imgscope.open"


def _remember_to_open(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[_OPEN] = wanted


_open = click.option(
    "--open",
    is_flag=True,
    expose_value=False,
    callback=_remember_to_open,
    help="Open the HTML file that is written in a browser.",
)


def open_page(target: str) -> None:
    """Open a file in the user's browser; say so where none can be found."""
    import webbrowser

    address = Path(target).resolve().as_uri()
    if not webbrowser.open(address):
        click.echo(f"imgscope: no browser was found here; open {address}", err=True)


exact_option = click.option("--bytes", "exact_bytes", is_flag=True, help="Exact bytes instead of rounded sizes.")


def size_options(rows: str, top: int = 10, least: int = 0) -> Callable[[Command], Command]:
    """Return what adds the options that say how much a report shows, and how exactly; ``rows`` describes ``--top``."""

    def add(function: Command) -> Command:
        for option in (
            exact_option,
            click.option("--top", metavar="N", type=click.IntRange(least), default=top, show_default=True, help=rows),
        ):
            function = option(function)
        return function

    return add


def look_options(function: Command) -> Command:
    """Add the options that say how a report looks."""
    for option in (
        click.option("--width", metavar="N", type=click.IntRange(40), help="Columns of the report."),
        click.option("--no-color", is_flag=True, help="No colour."),
    ):
        function = option(function)
    return function


# What was analysed lives until the process ends: taking a great many objects apart costs a tenth of its time.
_kept: list[Analysis] = []


def any_given(names: Iterable[str]) -> bool:
    """Tell whether the command line has any of these options of the command that is running."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def load(
    image: str,
    *,
    platform: str | None,
    name: str | None,
    no_cache: bool,
    contents: bool = False,
    raw: bool = False,
    layers: bool = True,
) -> Analysis:
    """Analyse what a command names, with progress on stderr."""
    from ..progress import terminal_progress

    progress = terminal_progress(image)
    from ..analyzer import analyze

    found = analyze(
        image,
        platform=platform,
        image=name,
        cache=not no_cache,
        contents=contents,
        progress=progress,
        raw=raw,
        layers=layers,
    )
    _kept.append(found)
    return found


@contextmanager
def following(
    analysis: Analysis, path: str, command: str, destination: str | None = None
) -> Iterator[Callable[[Resolved], None]]:
    """Give what says on stderr where a path leads by links.

    Where the path is not there, but a layer has what another removed, the error names the command that gets it, as it
    can be typed: this ``command``, or ``extract`` for a folder, which needs a ``destination``.
    """
    import shlex

    from ..errors import PathNotFoundError
    from ..escape import escape
    from ..layer.index import DIRECTORY
    from ..paths import internal, split

    asked = "/" + path.lstrip("/")

    def tell(found: Resolved) -> None:
        if found.links:
            click.echo(f"imgscope: {escape(asked)} -> {escape(found.path)}", err=True)

    try:
        yield tell
    except PathNotFoundError as error:
        if not error.held:
            raise
        reference, held, path = analysis.image.reference, error.held[-1], error.path or asked
        if reference == "-":
            raise
        index = analysis.body.overlay.layers[held]
        directory, name = split(internal(path))
        if index.kinds[index.children[directory][name]] == DIRECTORY:
            command = "extract"
        words = [reference, path]
        if command == "extract":
            words.append(destination or ".")
        given = click.get_current_context().params
        words += [word for key in ("platform", "image") if given.get(key) for word in (f"--{key}", given[key])]
        shown = " ".join(escape(shlex.quote(word)) for word in words)
        raise PathNotFoundError(f"{error}: imgscope {command} {shown} --layer {held}") from None


def colour_wanted(no_color: bool) -> bool:
    """Tell whether standard output takes colour: a terminal, and nobody said no (no-color.org)."""
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def report_options(*, no_color: bool, width: int | None, **chosen: Any) -> Options:
    """Return report options for standard output as it is."""
    from ..report.interface import Options

    columns = width or WIDTH
    if not width and ("COLUMNS" in os.environ or sys.stdout.isatty()):
        from shutil import get_terminal_size

        columns = get_terminal_size((WIDTH, 24)).columns
    whole = not (width or os.environ.get("COLUMNS", "").isdecimal() or sys.stdout.isatty())
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return Options(
        width=columns,
        fixed=width is not None,
        whole=whole,
        colour=colour_wanted(no_color),
        unicode=encoding == "utf8",
        **chosen,
    )


def parse_outputs(values: Iterable[str], formats: Iterable[str]) -> list[tuple[str, str]]:
    """Read ``-o FORMAT=FILE`` values as pairs. Raises ``UsageError``."""
    pairs: list[tuple[str, str]] = []
    known = list(formats)
    for value in values:
        name, equals, target = value.partition("=")
        if name not in known:
            from .mistakes import format_for

            wanted = None if equals else format_for(value, known)
            if wanted is not None:
                raise UsageError(f"-o {value}: name the format too: -o {wanted}={value}")
            raise UsageError(f"-o {value}: there is no format {name!r}: choose one of {', '.join(known)}")
        if not equals or not target:
            raise UsageError(f"-o {value}: give a file too, as in -o {name}=FILE (- for standard output)")
        pairs.append((name, target))
    if sum(target == "-" for _, target in pairs) > 1:
        raise UsageError("only one result can go to standard output")
    return pairs


def spare(pairs: Iterable[tuple[str, str]], inputs: Iterable[str | None]) -> None:
    """See that no result would replace an image that is read, or another result. Raises ``UsageError``."""
    written: list[str] = []
    # A reference may say what the file is: docker-archive:FILE, oci-archive:FILE:TAG.
    read = [part for text in inputs if text for part in (text, *text.split(":"))]
    for name, target in pairs:
        if target == "-" or (os.path.exists(target) and not os.path.isfile(target)):  # noqa: PTH110, PTH113
            continue
        if any(_same(target, other) for other in read):
            raise UsageError(f"-o {name}={target} would replace what is read: give another file")
        place = os.path.abspath(target)  # noqa: PTH100
        if place in written or any(_same(target, other) for other in written):
            raise UsageError(f"-o {name}={target}: another result goes there already")
        written.append(place)


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except (OSError, ValueError):
        return False


def write_stdout(parts: Iterable[bytes]) -> None:
    """Write bytes to standard output, as long as somebody reads them. Raises ``OutputError``."""
    from ..progress import finish_all

    stream = sys.stdout.buffer
    for part in parts:
        finish_all()
        try:
            stream.write(part)
        except OSError as error:
            raise _unwritten(error) from None
        if reader_gone(stream):
            # The rest need not be made; what the command has to say by its exit code is still wanted.
            return
    try:
        stream.flush()
    except OSError as error:
        raise _unwritten(error) from None


def _unwritten(error: OSError) -> Exception:
    from ..output import OutputError

    return OutputError(f"standard output can't be written: {error.strerror or error}")


class Results:
    """Where a command's results go: formats into files, and one to standard output."""

    def __init__(
        self,
        formats: Iterable[str],
        outputs: Iterable[str],
        format_: str | None,
        options: Options,
        inputs: Iterable[str | None],
    ) -> None:
        """Read ``-o`` and ``--format``; ``options`` are for standard output, ``inputs`` the images that are read.

        Raises ``UsageError``.
        """
        self.pairs = parse_outputs(outputs, formats)
        spare(self.pairs, inputs)
        context = click.get_current_context(silent=True)
        self._opened = bool(context and context.meta.get(_OPEN))
        if self._opened and not any(name == "html" and target != "-" for name, target in self.pairs):
            raise UsageError("--open opens the file that -o html=FILE writes: give that too")
        taken = any(target == "-" for _, target in self.pairs)
        if taken and format_ is not None:
            raise UsageError("only one result can go to standard output: give --format or -o FORMAT=-, not both")
        self.printed = None if taken else format_ or "text"
        self.chosen = taken or format_ is not None
        self._options = options
        width = options.width if options.fixed else WIDTH
        self._in_file = replace(options, colour=False, unicode=True, width=width, whole=not options.fixed)

    def writes(self, name: str) -> bool:
        """Tell whether a format is written anywhere."""
        return self.printed == name or any(name == one for one, _ in self.pairs)

    def write(self, render: Callable[[str, Options], Iterable[bytes]], *, printed: bool = True) -> None:
        """Write all files, then what is printed; ``render(format, options)`` yields the bytes."""
        write_outputs(self.pairs, lambda name, target: render(name, self._options if target == "-" else self._in_file))
        if printed and self.printed is not None:
            write_stdout(render(self.printed, self._options))
        if self._opened:
            open_page(next(target for name, target in self.pairs if name == "html" and target != "-"))


def write_outputs(pairs: Iterable[tuple[str, str]], render: Callable[[str, str], Iterable[bytes]]) -> None:
    """Write each (format, file), whole or not at all; ``render(format, file)`` yields the bytes."""
    from ..output import write_whole

    for name, target in pairs:
        if target == "-":
            write_stdout(render(name, target))
        else:
            write_whole(Path(target), render(name, target))
