"""``imgscope completion``."""

from __future__ import annotations

import click

from .common import write_stdout

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that makes a shell complete imgscope's command line; SHELL is bash, zsh or fish.

    It completes commands, options and their values, the names of the engine's images, and archives.

    \b
    Examples:
      imgscope completion bash > ~/.local/share/bash-completion/completions/imgscope
      imgscope completion zsh > ~/.zfunc/_imgscope
      imgscope completion fish > ~/.config/fish/completions/imgscope.fish
    """
    from importlib.resources import files

    write_stdout([files("imgscope.completion").joinpath(f"imgscope.{shell}").read_bytes()])
