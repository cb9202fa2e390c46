"""``imgscope plugin``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..docker_plugin import NAME

_PROGRAM = f"docker-{NAME}"
# Says of a launcher that it is ours to replace.
_MARK = "# imgscope, as a plugin of the Docker CLI"


@click.group()
def command() -> None:
    """Make imgscope a command of Docker's: docker imgscope.

    \b
    Examples:
      imgscope plugin install
      docker imgscope analyze myapp:1.0
      imgscope plugin uninstall
    """


@command.command()
@click.option("--force", is_flag=True, help="Replace a plugin of this name that is not this program.")
def install(force: bool) -> None:
    """Link imgscope into Docker's folder of plugins.

    That is ~/.docker/cli-plugins, or the one of DOCKER_CONFIG.

    \b
    Example:
      imgscope plugin install
    """
    from ..errors import UsageError
    from ..escape import escape

    place = _place()
    if os.path.lexists(place) and not force and not _is_ours(place):
        raise UsageError(f"{escape(str(place))} is not imgscope's; replace it with: imgscope plugin install --force")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = _program()
    # Made beside its place and moved there, so that Docker never finds half of it.
    new = place.with_name(f".{_PROGRAM}.{os.getpid()}")
    new.unlink(missing_ok=True)
    if program is not None:
        new.symlink_to(program)
    else:
        new.write_text(f'#!/bin/sh\n{_MARK}\nexec {_quoted(sys.executable)} -m imgscope.docker_plugin "$@"\n')
        new.chmod(0o755)
    new.replace(place)
    click.echo(f"{escape(str(place))} is there; try: docker imgscope --help")


@command.command()
def uninstall() -> None:
    """Take the link out of Docker's folder of plugins.

    \b
    Example:
      imgscope plugin uninstall
    """
    from ..errors import UsageError
    from ..escape import escape

    place = _place()
    if not os.path.lexists(place):
        click.echo(f"{escape(str(place))} is not there")
        return
    if not _is_ours(place):
        raise UsageError(f"{escape(str(place))} is not imgscope's: it stays")
    place.unlink()
    click.echo(f"{escape(str(place))} is removed")


def _place() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "cli-plugins" / _PROGRAM


def _program() -> Path | None:
    """Return the console script that was installed with this package, ``None`` where there is none."""
    import sysconfig

    for folder in (
        Path(sys.executable).parent,
        Path(sysconfig.get_path("scripts")),
        Path(sys.argv[0]).absolute().parent,
    ):
        script = folder / _PROGRAM
        if script.is_file() and os.access(script, os.X_OK):
            return script
    return None


def _is_ours(place: Path) -> bool:
    """Tell whether a plugin is a link to a console script of this name, dangling or not, or our launcher."""
    if place.is_symlink():
        return place.readlink().name == _PROGRAM
    try:
        return _MARK in place.read_text(errors="replace")[:200]
    except OSError:
        return False


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)
