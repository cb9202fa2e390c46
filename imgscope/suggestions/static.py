"""Whether a container runs static programs alone, so that its final stage can begin at nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..paths import internal
from ..settings import RUN_LABEL, mapping, settings, strings
from .elf import elf_files
from .own_packages import own_packages
from .program import program

if TYPE_CHECKING:
    from .context import Context

# What such a program may look for by itself, where the image has it on purpose.
_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_DATA = {"ca-certificates", "ca-certificates-bundle", "tzdata", "netbase", "mime-support", "media-types"}
_ZONES = "/usr/share/zoneinfo"


def runs_static(context: Context) -> bool:
    """Tell whether all that a container starts are static programs of the image's own, called without a shell.

    Raises ``ContentUnavailableError`` where the image can't be looked into.
    """
    config = settings(context.analysis.image.config)
    first = (*strings(config.get("Entrypoint")), *strings(config.get("Cmd")))[:1]
    test = strings(mapping(config.get("Healthcheck")).get("Test"))[:1]
    run = program(context)
    if not first or not run.known or not run.files or test == ["CMD-SHELL"]:
        return False
    packages = own_packages(context)
    if packages is not None and not set(packages.wanted) <= _DATA:
        # Somebody wants a program beside it.
        return False
    elves = dict(elf_files(context).values())
    for path in run.files:
        elf = elves.get(path)
        if elf is None or elf.needed or elf.interpreter:
            return False
    return first[0].rpartition("/")[2].encode("utf-8", "surrogateescape") in {
        path.rpartition(b"/")[2] for path in run.files
    }


def beside(context: Context) -> list[str]:
    """Return the paths that the program may look for: certificates, and time zones where a zone is set."""
    found = [path for path in _CERTIFICATES if context.overlay.lookup(internal(path)) is not None][:1]
    variables = strings(settings(context.analysis.image.config).get("Env"))
    zone = any(variable.startswith("TZ=") for variable in variables)
    return [*found, _ZONES] if zone and internal(_ZONES) in context.overlay.tree else found


def base_settings(context: Context, own: frozenset[str]) -> Iterator[str]:
    """Yield as instructions what the base sets and nothing of the image's own does: what scratch does not bring.

    ``own`` are the variables and labels that the image sets itself, and the keywords that it has.
    """
    config = settings(context.analysis.image.config)
    for variable in strings(config.get("Env")):
        name, equals, value = variable.partition("=")
        if equals and name not in own:
            yield f"ENV {name}={json.dumps(value, ensure_ascii=False) if _odd(value) else value}"
    for name, label in mapping(config.get("Labels")).items():
        if name not in own and name != RUN_LABEL and isinstance(label, str):
            yield f"LABEL {json.dumps(name)}={json.dumps(label, ensure_ascii=False)}"
    for keyword, key in (("WORKDIR", "WorkingDir"), ("STOPSIGNAL", "StopSignal"), ("USER", "User")):
        word = config.get(key)
        if keyword not in own and isinstance(word, str) and word:
            yield f"{keyword} {word}"
    for keyword, key in (("EXPOSE", "ExposedPorts"), ("VOLUME", "Volumes")):
        words = list(mapping(config.get(key)))
        if keyword not in own and words:
            yield f"{keyword} {' '.join(words)}"


def _odd(value: str) -> bool:
    return not value or any(char in value for char in " \t\"'$\\#")
