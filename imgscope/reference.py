"""What the user named: an image in an engine, an archive, a layout, a saved analysis, or standard input.

The grammar is in docs/references.md. A path counts as an image only by what is in it, never by its name.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from .compression import MAGIC_BYTES, detect
from .errors import ImageNotFoundError, UsageError
from .escape import escape

_ENGINES = {"docker": "engine", "podman": "podman"}
# The image `registry` of Docker Hub is written like the scheme and a repository of that name, which none has.
_TAG_OF_REGISTRY = re.compile(r"[0-9][0-9A-Za-z.-]*|latest|edge")
_ARCHIVES = ("docker-archive", "oci-archive", "docker-tar")
_LAYOUTS = ("oci", "oci-dir")
LAYOUT_FILES = ("oci-layout", "index.json", "manifest.json")
ARCHIVE_ENDINGS = re.compile(r"\.(?:tar|tgz|txz|tzst|oci|json)(?:\.[A-Za-z0-9]{1,4})?$")
# The distribution project's grammar of references; a name's upper-case letters are the error people make.
_NAME = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/|\[[0-9A-Fa-f:]+\](?::[0-9]+)?/)?[A-Za-z0-9]+(?:(?:[._/-]|__)[-]*[A-Za-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z0-9_+.-]+:[0-9a-fA-F]{32,})?"
)
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Reference:
    """What the user named. ``kind`` says which source has it:

    ``engine`` and ``podman`` (``target`` is an image's name, digest or id), ``registry`` (a name with its host, Docker
    Hub's in short), ``file`` (an archive, compressed or
    not; ``target`` is its path), ``layout`` (a directory), ``saved`` (a saved analysis), ``stdin`` (``target`` is
    ``-``). ``image`` names the one that is meant of several in an archive or a layout. ``text`` is as it was given.
    """

    kind: str
    text: str
    target: str
    image: str | None = None


def split_tag(name: str) -> tuple[str, str]:
    """Return a name's repository and its tag, empty where it has none; what follows a host is a port and no tag."""
    if ":" not in name.rpartition("/")[2]:
        return name, ""
    repository, _, tag = name.rpartition(":")
    return repository, tag


def parse(text: str | os.PathLike[str], image: str | None = None) -> Reference:
    """Find out what ``text`` means; a path object is always a path. ``image`` is a choice made apart from it.

    Looks at the first bytes of files, asks no engine. Raises ``UsageError`` for what can't be a reference, and
    ``ImageNotFoundError`` for a path where nothing is.
    """
    if isinstance(text, os.PathLike):
        return _with_image(_at_path(os.fspath(text), os.fspath(text)), image)
    if not text:
        raise UsageError("the image's name is empty; give a name such as myapp:1.0, or an archive's path")
    return _with_image(_parse(text), image)


def _with_image(reference: Reference, image: str | None) -> Reference:
    if not image:
        return reference
    if reference.kind in ("engine", "podman", "registry", "saved"):
        raise UsageError(f"{escape(reference.text)} is one image: choosing {escape(image)!r} goes with archives only")
    if reference.image is not None and reference.image != image:
        raise UsageError(f"{escape(reference.text)} names {escape(reference.image)!r}, --image {escape(image)!r}")
    return Reference(reference.kind, reference.text, reference.target, image)


def _parse(text: str) -> Reference:
    if text == "-":
        return Reference("stdin", text, "-")
    scheme, colon, rest = text.partition(":")
    if (colon and scheme == "registry" and not _TAG_OF_REGISTRY.fullmatch(rest)) or text.startswith("docker://"):
        # skopeo writes docker:// for it.
        return _engine("registry", text, rest.removeprefix("//"))
    if colon and scheme in _ENGINES:
        return _engine(_ENGINES[scheme], text, rest.removeprefix("//"))
    if colon and scheme in _ARCHIVES + _LAYOUTS:
        rest = rest[2:] if rest.startswith("//") else rest
        if not rest:
            raise UsageError(f"{escape(text)} names no path; write it as {scheme}:PATH")
        found = _path_and_image(rest)
        if found is None and scheme in _LAYOUTS:
            folder = rest.rpartition(":")[0] or rest
            raise ImageNotFoundError(f"there is no folder {escape(folder)}; an OCI layout is written {scheme}:DIR:TAG")
        return _at_path(found[0] if found else rest, text, found[1] if found else None)
    return _bare(text)


def _engine(kind: str, text: str, name: str) -> Reference:
    bare = name.removeprefix("sha256:") if kind != "registry" else ""
    if not re.fullmatch(r"[0-9a-f]{1,64}", bare) and not _NAME.fullmatch(name):
        what = "an image's name" if kind == "registry" else "neither an image's name nor a path"
        raise UsageError(
            f"{escape(text)!r} is {'not ' if kind == 'registry' else ''}{what}; "
            "write it as NAME, NAME:TAG or NAME@DIGEST"
        )
    repository = name.partition("@")[0]
    first, slash, _ = repository.partition("/")
    path = repository[len(first) + 1 :] if slash and ("." in first or ":" in first or first == "localhost") else name
    if path.partition(":")[0].partition("@")[0] != path.partition(":")[0].partition("@")[0].lower():
        raise UsageError(f"{escape(text)!r} is not a valid image name: repositories are written in lower case")
    return Reference(kind, text, name)


def _bare(text: str) -> Reference:
    """Read a reference without a scheme: a path if an image lies there, else an engine's image."""
    obvious = text.startswith(("/", "./", "../", "~")) or text in (".", "..") or text.endswith("/")
    if os.name == "nt":
        obvious = obvious or "\\" in text or bool(re.match(r"[A-Za-z]:[\\/]", text))
    path = os.path.expanduser(text) if text.startswith("~") else text  # noqa: PTH111
    if os.path.lexists(path):
        kind = _kind(path)
        if kind is not None or obvious or ARCHIVE_ENDINGS.search(path):
            return _at_path(path, text, kind=kind)
        # A script or a project's folder beside us may have an image's name; that image is meant.
    else:
        found = _path_and_image(path)
        if found is not None and _kind(found[0]) is not None:
            return _at_path(found[0], text, found[1])
        if obvious or ARCHIVE_ENDINGS.search(path):
            return _at_path(found[0] if found else path, text, found[1] if found else None)
        archive, colon, _ = path.partition(":")
        if colon and ARCHIVE_ENDINGS.search(archive):
            return _at_path(archive, text)
    return _engine("engine", text, text)


def _path_and_image(text: str) -> tuple[str, str | None] | None:
    """Split ``PATH[:NAME]`` or ``PATH@DIGEST`` where a path exists: the longest one wins."""
    if os.path.lexists(text):
        return text, None
    places = [place for place, char in enumerate(text) if place and char in ":@"]
    for place in reversed(places):
        if os.path.lexists(text[:place]):
            rest = text[place:] if text[place] == "@" else text[place + 1 :]
            return text[:place], rest or None
    return None


def _at_path(path: str, text: str, image: str | None = None, kind: str | None = None) -> Reference:
    """Return the reference of a path. Raises ``ImageNotFoundError`` when nothing is there, or no image."""
    kind = kind or _kind(path)
    if kind is not None:
        return _with_image(Reference(kind, text, path), image)
    if os.path.isdir(path):  # noqa: PTH112
        raise ImageNotFoundError(f"{escape(path)} is a directory, but no OCI layout: it has no index.json")
    if os.path.lexists(path):
        # Whoever reads it says best what is wrong with it.
        return Reference("file", text, path, image)
    raise ImageNotFoundError(f"no file {escape(path)}{_near(path)}")


def _near(path: str) -> str:
    """Suggest files beside a path that isn't there."""
    import difflib

    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return f": there is no folder {escape(folder)}" if folder else ""
    near = difflib.get_close_matches(name, names, 3, 0.6)
    return f"; did you mean {', '.join(escape(os.path.join(folder, name)) for name in near)}?" if near else ""  # noqa: PTH118


def _kind(path: str) -> str | None:
    """Tell what lies at a path: ``file``, ``layout``, ``saved``, or ``None`` for no image (or nothing)."""
    try:
        status = os.stat(path)  # noqa: PTH116
        if stat.S_ISDIR(status.st_mode):
            return "layout" if any((Path(path) / name).is_file() for name in LAYOUT_FILES) else None
        if stat.S_ISFIFO(status.st_mode):
            return "file"
        if not stat.S_ISREG(status.st_mode):
            return None
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            head = file.read(_BLOCK)
    except OSError:
        return None
    if detect(head[:MAGIC_BYTES]) is not None or _is_tar(head):
        return "file"
    return "saved" if head.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"{" else None


def _is_tar(head: bytes) -> bool:
    from .tar.header import checksum_holds

    return len(head) == _BLOCK and checksum_holds(head)
