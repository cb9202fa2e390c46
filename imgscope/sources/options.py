"""What is said of sources: where to look for names, and how registries are read. The command line says it once for a
run of the program, ``ReadOptions`` for a call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError, UsageError
from ..escape import escape

VARIABLE = "IMGSCOPE_SOURCE"
USER, PASSWORD, HOST = "IMGSCOPE_REGISTRY_USERNAME", "IMGSCOPE_REGISTRY_PASSWORD", "IMGSCOPE_REGISTRY_HOST"
"""A login for one registry: ``HOST``, or the first that is asked."""
KINDS = {"docker": "engine", "podman": "podman", "registry": "registry"}
"""What may be asked for names without a scheme, by the word that users write."""
JOBS = 4
MAX_JOBS = 32


@dataclass(slots=True)
class Options:
    """``sources`` are asked in turn for a name without a scheme; ``jobs`` layers are had from a registry at a time.

    ``login`` is a user and password for one registry, ``login_host`` that one once it is known.
    """

    sources: tuple[str, ...] | None = None
    jobs: int = JOBS
    login: tuple[str, str] | None = field(default=None, repr=False)
    login_host: str = ""

    @classmethod
    def of(cls, source: str | Sequence[str] | None, jobs: int | None, login: tuple[str, str] | None = None) -> Options:
        """Return what a call says, with the run's for what it does not say. Raises ``UsageError``."""
        if source is None and jobs is None and login is None:
            return chosen
        if jobs is not None and not 1 <= jobs <= MAX_JOBS:
            raise UsageError(f"jobs must be from 1 to {MAX_JOBS}, not {jobs}")
        words = chosen.sources
        if source is not None:
            words = parse_sources(source if isinstance(source, str) else ",".join(source), "source")
        host = chosen.login_host if login is None else ""
        return cls(words, jobs or chosen.jobs, login or chosen.login, host)

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of sources that a name without a scheme is looked for in. Raises ``UsageError``."""
        words = self.sources
        if words is None:
            given = os.environ.get(VARIABLE, "")
            words = parse_sources(given, VARIABLE) if given else _of_project() or ("docker",)
        return tuple(KINDS[word] for word in words)


chosen = Options()
"""What holds for this run of the program, where a call says nothing else."""


def parse_sources(text: str, where: str = "--source") -> tuple[str, ...]:
    """Read a list such as ``docker,registry``. Raises ``UsageError``."""
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in words:
        if word not in KINDS:
            hint = "; an archive is named by its path, or docker-archive:FILE" if "archive" in word else ""
            raise UsageError(f"{where}: there is no source {escape(word)!r}; there are {', '.join(KINDS)}{hint}")
    if not words:
        raise UsageError(f"{where}: name at least one source, as in docker,registry")
    return words


def _of_project() -> tuple[str, ...] | None:
    """Return what the nearest configuration file says: ``source`` in ``[image]``. Raises ``ConfigError``."""
    from ..config import as_table, find, tables

    path = find(Path.cwd())
    if path is None:
        return None
    where = f"{escape(str(path))}: image"
    table = as_table(tables(path).get("image", {}), where)
    for key in table:
        if key != "source":
            raise ConfigError(f"{where} has no {escape(key)!r}; there is 'source'")
    value = table.get("source")
    if value is None:
        return None
    words = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) for word in words):
        raise ConfigError(f"{where}.source must be a list such as ['docker', 'registry']")
    return parse_sources(",".join(words), f"{where}.source")


def read_login(way: str) -> tuple[str, str]:
    """Return a user and a password: of the environment (``env``), or of a line of standard input (``stdin``).

    Raises ``UsageError`` where there is none.
    """
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if way == "stdin":
        line = sys.stdin.readline(1 << 16).rstrip("\r\n") if sys.stdin is not None else ""
        user, password = (user, line) if user else (line.partition(":")[0], line.partition(":")[2])
        if not user or not password:
            raise UsageError("--registry-login stdin: give USER:PASSWORD in a line of standard input")
    if not user or not password:
        raise UsageError(f"--registry-login env: set {USER} and {PASSWORD}")
    return user, password
