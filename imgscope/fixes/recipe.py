"""What is built, and how: a context, a Dockerfile, a ``.dockerignore`` and the builder's arguments; compose's too."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError
from ..escape import escape
from ..settings import mapping, strings

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile
    from ..dockerfile.ignore import Ignore

Kind = Literal["buildkit", "classic", "podman", "buildah"]
"""The kinds of builders."""
_COMPOSE = (".yaml", ".yml")
_MAX_COMPOSE = 1 << 20
_VARIABLE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)(?:(:?[-?])([^{}]*))?\})")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A build. ``arguments``, ``secrets`` and ``ssh`` are as the builder's options take them."""

    context: Path
    dockerfile: Dockerfile
    ignore: Ignore
    arguments: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    target: str = ""
    network: str = ""
    service: str = ""


def read_recipe(
    context: str,
    file: str | None = None,
    *,
    arguments: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    ssh: tuple[str, ...] = (),
    target: str = "",
    network: str = "",
) -> Recipe:
    """Read what is to be built; where ``file`` is a compose file, ``context`` is the name of a service.

    Raises ``UsageError``.
    """
    from ..dockerfile import read
    from ..dockerfile.ignore import read_ignore

    place, service = Path(context), ""
    if file is not None and file.endswith(_COMPOSE):
        service = context
        build = _service(Path(file), service)
        place = Path(file).parent / build["context"]
        file = str(place / build["dockerfile"])
        arguments = (*build["args"], *arguments)
        target, network = target or build["target"], network or build["network"]
        secrets, ssh = (*build["secrets"], *secrets), (*build["ssh"], *ssh)
    if not place.is_dir():
        hint = ": an image goes with --image" if not place.exists() else ""
        raise UsageError(f"{escape(str(place))} is not a folder to build from{hint}")
    if file is None:
        names = [name for name in ("Dockerfile", "Containerfile") if (place / name).is_file()]
        if not names:
            raise UsageError(f"{escape(str(place))} has no Dockerfile: name it with -f FILE")
        file = str(place / names[0])
    return Recipe(place, read(file), read_ignore(file, place), arguments, secrets, ssh, target, network, service)


def _service(path: Path, name: str) -> Mapping[str, Any]:
    """Return how compose builds a service. Raises ``UsageError``."""
    import yaml

    shown = escape(str(path))
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_COMPOSE + 1)
    except OSError as error:
        raise UsageError(f"{shown} can't be read: {error.strerror or error}") from None
    if len(text) > _MAX_COMPOSE:
        raise UsageError(f"{shown} is larger than {_MAX_COMPOSE >> 20} MiB")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise UsageError(f"{shown} is not valid YAML") from None
    services = mapping(mapping(document).get("services"))
    if name not in services:
        known = ", ".join(escape(str(one)) for one in services)
        raise UsageError(f"{shown} has no service {escape(name)}; give one of {known or 'its services'} as CONTEXT")
    build = mapping(services[name]).get("build")
    if isinstance(build, str):
        build = {"context": build}
    if not isinstance(build, dict):
        raise UsageError(f"the service {escape(name)} of {shown} is not built: it has no build")
    if build.get("dockerfile_inline"):
        raise UsageError(f"the service {escape(name)} of {shown} has its Dockerfile inline: put it into a file")
    args = build.get("args")
    pairs = args if isinstance(args, dict) else dict(word.partition("=")[::2] for word in strings(args))
    given = [word if value is None else f"{word}={_said(value)}" for word, value in pairs.items()]
    secrets = _secrets(build.get("secrets"), mapping(mapping(document).get("secrets")), path.parent)
    ssh = build.get("ssh")
    return {
        "context": _put_in(str(build.get("context") or ".")),
        "dockerfile": _put_in(str(build.get("dockerfile") or "Dockerfile")),
        "args": tuple(map(_put_in, given)),
        "target": _put_in(str(build.get("target") or "")),
        "network": _put_in(str(build.get("network") or "")),
        "secrets": tuple(secrets),
        "ssh": tuple(f"{key}={value}" for key, value in ssh.items()) if isinstance(ssh, dict) else tuple(strings(ssh)),
    }


def _said(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _secrets(wanted: object, known: Mapping[str, Any], folder: Path) -> list[str]:
    found: list[str] = []
    for item in wanted if isinstance(wanted, list) else ():
        name = item if isinstance(item, str) else str(mapping(item).get("source") or "")
        where = mapping(known.get(name))
        if where.get("file"):
            found.append(f"id={name},src={folder / _put_in(str(where['file']))}")
        elif where.get("environment"):
            found.append(f"id={name},env={where['environment']}")
    return found


def _put_in(text: str) -> str:
    """Put variables of the environment into a value, as compose does."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name is None:
            return "$"
        found = os.environ.get(name)
        missing = found is None or (not found and (match[3] or "").startswith(":"))
        if missing and (match[3] or "").endswith("-"):
            return match[4]
        if missing and (match[3] or "").endswith("?"):
            raise UsageError(f"the compose file needs the variable {name}: {escape(match[4])}")
        return found or ""

    return _VARIABLE.sub(value, text)
