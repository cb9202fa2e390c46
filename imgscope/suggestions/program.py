"""What a container of the image runs: names of programs in its config, and in the script that its entrypoint is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ContentUnavailableError
from ..layer.index import DIRECTORY, FILE
from ..layer.names import split
from ..rootfs.walk import kind_of
from ..settings import mapping, settings, strings
from .once import once

if TYPE_CHECKING:
    from .context import Context

# A script larger than this is none that starts a container.
_MAX_SCRIPT = 64 << 10
# Of a config that says more than anybody writes only so much is looked at.
_MAX_TEXT = 64 << 10
_MAX_WORDS = 4000
_MAX_FOLDERS = 40
_MAX_SCRIPTS = 4
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SHELLS = {"sh", "bash", "ash", "dash", "zsh", "busybox", "-c", "-l", "-lc", "-ec", "-i", ""}
_COMMENT = re.compile(r"(?m)(?:^|\s)#(?!!).*$")
_WORD = re.compile(r"[\w./+@:-]+")


class Program(NamedTuple):
    """``words`` are the names that may be programs, without their directories; ``files`` where they lie in the
    merged tree, symlinks followed; ``text`` all that is said. ``known`` is whether anything but a shell is run.
    """

    words: frozenset[str]
    files: frozenset[bytes]
    text: str
    known: bool


@once
def said(context: Context) -> Program:
    """Return what an image's config alone says of what a container runs: no script is read for it."""
    config = settings(context.analysis.image.config)
    told = [*strings(config.get("Entrypoint")), *strings(config.get("Cmd"))]
    told += strings(mapping(config.get("Healthcheck")).get("Test"))[1:]
    told = [text[:_MAX_TEXT] for text in told[:_MAX_WORDS]]
    words = [word for text in told for word in _words(text)][:_MAX_WORDS]
    known = any(word.rpartition("/")[2] not in _SHELLS for word in words)
    folders = _folders(context)
    places = dict.fromkeys(place for word in words for place in _found(context, word, folders))
    return Program(frozenset(words), frozenset(places), "\n".join(told), known)


def _folders(context: Context) -> list[str]:
    """Return where a name is looked for: the working directory and PATH."""
    config = settings(context.analysis.image.config)
    home = config.get("WorkingDir")
    return [home if isinstance(home, str) else "/", *search_path(config)][:_MAX_FOLDERS]


def started(context: Context) -> Program:
    """Find what a container runs, as far as that can be known: by the config alone where no script can be read."""
    try:
        return program(context)
    except ContentUnavailableError:
        found = said(context)
        return found._replace(words=frozenset(word.rpartition("/")[2] for word in found.words), known=False)


@once
def program(context: Context) -> Program:
    """Find what a container of the image runs. Raises ``ContentUnavailableError`` where it may be a script."""
    by_config = said(context)
    told, words, known = [by_config.text], sorted(by_config.words), by_config.known
    places = dict.fromkeys(sorted(by_config.files))
    folders = _folders(context)
    new = list(places)
    for _ in range(_MAX_SCRIPTS):
        # A script may start another.
        script = _scripts(context, new)
        more = list(dict.fromkeys(_WORD.findall(_COMMENT.sub("", script))))[:_MAX_WORDS]
        found = dict.fromkeys(place for word in more for place in _found(context, word, folders))
        new = [place for place in found if place not in places]
        told.append(script)
        words += more
        places |= found
        if not new:
            break
    else:
        # Scripts that start scripts, beyond what anybody writes: what is run in the end was not seen.
        known = False
    return Program(frozenset(word.rpartition("/")[2] for word in words), frozenset(places), "\n".join(told), known)


def search_path(config: Mapping[str, object]) -> list[str]:
    """Return the directories of the image's PATH."""
    for variable in strings(config.get("Env")):
        name, _, value = variable.partition("=")
        if name == "PATH":
            return [*value.split(":"), *_PATH]
    return list(_PATH)


def _words(text: str) -> Iterator[str]:
    """Yield the words of an argument, which may be a whole command line for a shell."""
    try:
        parts = shlex.split(text, posix=True)
    except ValueError:
        parts = text.split()
    for part in parts:
        yield from _WORD.findall(part)


def _found(context: Context, word: str, folders: list[str]) -> Iterator[bytes]:
    if not word.strip("./"):
        return
    candidates = [word] if word.startswith("/") else [f"{folder}/{word}" for folder in folders]
    for candidate in candidates:
        place = resolve(context, candidate.encode("utf-8", "surrogateescape"))
        if place is not None:
            yield place
            return


def resolve(context: Context, path: bytes) -> bytes | None:
    """Return where a path of the merged tree leads, as a kernel walks it; ``None`` for one that leads to no file."""
    walked = context.walker.walk(path)
    if walked.trouble or kind_of(context.overlay, walked.entry) == DIRECTORY:
        return None
    return walked.path


def _scripts(context: Context, places: Iterable[bytes]) -> str:
    """Return the text of the scripts among the programs, where own layers have them."""
    overlay = context.overlay
    entries = []
    for place in places:
        directory, name = split(place)
        entry = overlay.tree[directory][name]
        inode = overlay.inode(entry)
        if inode < 0 or overlay.kind(inode) != FILE or overlay.sizes[inode] > _MAX_SCRIPT:
            continue
        layer, own = overlay.locate(inode)
        if layer in context.own_layers and overlay.layers[layer].is_script(own) is not False:
            entries.append(inode)
    if not entries:
        return ""
    # What they call is needed; so much of a script as is not read says nothing of what is not called.
    context.require_contents()
    return "\n".join(
        data.decode("utf-8", "replace") for _, data in context.read(entries) if data[:2] == b"#!" and b"\0" not in data
    )
