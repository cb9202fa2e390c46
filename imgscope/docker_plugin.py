"""``docker imgscope``: the command line as a plugin of the Docker CLI (its source: docker/cli, cli-plugins/).

Docker runs ``docker-imgscope docker-cli-plugin-metadata`` for every ``docker --help``, so this module imports nothing
that takes time before that is answered. A command comes as ``docker-imgscope [docker's options] imgscope …``, and a
question of Docker's own completion as ``docker-imgscope __complete imgscope …``.
"""

from __future__ import annotations

import os
import sys

from . import __version__

NAME = "imgscope"
_METADATA = "docker-cli-plugin-metadata"
_SUMMARY = "See where an image's bytes come from, and which are wasted"
_URL = "https://pypi.org/project/imgscope/"
_COMPLETE = ("__complete", "__completeNoDesc")

# Docker's options that come before the plugin's name, and those of them that take a value.
_VALUED = {
    "--config": "config",
    "--context": "context",
    "-c": "context",
    "--host": "host",
    "-H": "host",
    "--log-level": "log-level",
    "-l": "log-level",
    "--tlscacert": "certificate",
    "--tlscert": "certificate",
    "--tlskey": "certificate",
}
_SWITCHES = {"--debug": "debug", "-D": "debug", "--tls": "tls", "--tlsverify": "tlsverify"}


def main() -> None:
    """Answer the Docker CLI and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == [_METADATA]:
        print(metadata())
        return
    if arguments and arguments[0] in _COMPLETE:
        from .cli import COMMANDS, cli
        from .completion.answer import CommandLine, answer_docker

        answer_docker(CommandLine(cli, COMMANDS), arguments[1:])
        return
    from . import ending

    ending.at_once()
    options, rest = split(arguments)
    problem = apply(options)
    if problem:
        print(f"docker imgscope: {problem}", file=sys.stderr)
        sys.exit(2)
    from .cli import main as command_line

    command_line(rest, "docker imgscope")


def metadata() -> str:
    """Return what the Docker CLI asks each plugin for, as JSON."""
    # Written by hand: importing json alone would take longer than all else here.
    return (
        f'{{"SchemaVersion":"0.1.0","Vendor":"imgscope","Version":"{__version__}",'
        f'"ShortDescription":"{_SUMMARY}","URL":"{_URL}"}}'
    )


def split(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Part Docker's own options from ours: everything up to the plugin's name is Docker's."""
    options: dict[str, str] = {}
    place = 0
    while place < len(arguments):
        word = arguments[place]
        place += 1
        if word == NAME:
            return options, arguments[place:]
        name, equals, value = word.partition("=")
        if not word.startswith("--") and len(word) > 2 and word[:2] in _VALUED:
            # A short option with its value in one word: -Htcp://…
            name, equals, value = word[:2], "=", word[2:].removeprefix("=")
        if name in _VALUED:
            if not equals and place < len(arguments):
                value = arguments[place]
                place += 1
            options[_VALUED[name]] = value
        elif name in _SWITCHES:
            options[_SWITCHES[name]] = value if equals else "true"
    # Without the name it was not the Docker CLI that called: take everything as ours.
    return {}, arguments


def apply(options: dict[str, str]) -> str | None:
    """Set the environment so that the engine is found as Docker's options say; return what is wrong with them."""
    environment = os.environ
    if "config" in options:
        environment["DOCKER_CONFIG"] = options["config"]
    if "host" in options and "context" in options:
        return "give --host or --context, not both"
    if "host" in options:
        environment["DOCKER_HOST"] = options["host"]
        environment.pop("DOCKER_CONTEXT", None)
    if "context" in options:
        # The context "default" is whatever DOCKER_HOST says.
        if options["context"] != "default":
            environment.pop("DOCKER_HOST", None)
        environment["DOCKER_CONTEXT"] = options["context"]
    if "certificate" in options:
        environment["DOCKER_CERT_PATH"] = os.path.dirname(options["certificate"]) or "."  # noqa: PTH120
    if "tlsverify" in options:
        environment["DOCKER_TLS_VERIFY"] = "1" if options["tlsverify"] == "true" else ""
    elif options.get("tls") == "true":
        # Encrypted, but whoever answers is believed: certificates, and a variable that is there and empty.
        environment["DOCKER_TLS_VERIFY"] = ""
        environment.setdefault("DOCKER_CERT_PATH", environment.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111
    return None


if __name__ == "__main__":
    main()
