"""What imgscope finds where it runs: itself, its libraries, engines, cache, temporary folder, terminal.

Nothing here raises: what can't be found out is a finding too. No value holds a credential.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import EngineError
from .escape import without_credentials

# An engine that has not answered by then counts as one that doesn't, in seconds.
PATIENCE = 10
# Below this, an archive of ordinary size can't be unpacked.
_LITTLE_SPACE = 1 << 30

OK, NOTE, PROBLEM = "ok", "note", "problem"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found out. ``state`` is ``ok``, ``note`` (works, but less well) or ``problem`` (broken for use)."""

    name: str
    value: str
    state: str = OK
    hint: str = ""


@dataclass(slots=True)
class Part:
    """Findings that belong together."""

    name: str
    title: str
    findings: list[Remark] = field(default_factory=list)


def examine() -> list[Part]:
    """Find out all of it; takes seconds at most, and then only where an engine doesn't answer."""
    parts = []
    for name, title, look in (
        ("imgscope", "imgscope", _program),
        ("libraries", "Libraries", _libraries),
        ("docker", "Docker engine", _docker),
        ("podman", "Podman", _podman),
        ("cache", "Cache", _cache),
        ("temporary", "Temporary files", _temporary),
        ("terminal", "Terminal", _terminal),
    ):
        part = Part(name, title)
        try:
            part.findings.extend(look())
        except Exception as error:
            part.findings.append(Remark(name, f"can't be examined: {type(error).__name__}: {error}", PROBLEM))
        parts.append(part)
    return parts


def _program() -> Iterator[Remark]:
    import platform

    from . import __version__

    yield Remark("version", __version__)
    yield Remark("package", str(Path(__file__).parent))
    yield Remark("python", f"{platform.python_version()} {platform.python_implementation()}, {sys.executable}")
    yield Remark("system", f"{platform.system()} {platform.release()} {platform.machine()}")


# Import name of each library, and what is lost without it where that is not everything.
_LIBRARIES = {
    "click": ("click", ""),
    "docker": ("docker", ""),
    "e2b-dockerfile-utils": ("e2b_dockerfile_utils", ""),
    "humanize": ("humanize", ""),
    "isal": ("isal.igzip_lib", "gzip is read more slowly"),
    "junitparser": ("junitparser", ""),
    "msgspec": ("msgspec", ""),
    "platformdirs": ("platformdirs", ""),
    "pyelftools": ("elftools", ""),
    "pyyaml": ("yaml", ""),
    "requests": ("requests", "no proxy is used for registries"),
    "rich": ("rich", ""),
    "textual": ("textual", ""),
    "tree-sitter": ("tree_sitter", ""),
    "tree-sitter-bash": ("tree_sitter_bash", ""),
    "urllib3": ("urllib3", ""),
    "xxhash": ("xxhash", ""),
    "zstd": ("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd", ""),
}
# Libraries that have a part in C, and a name of it.
_NATIVE = {
    "isal": "isal.igzip_lib",
    "msgspec": "msgspec._core",
    "pyyaml": "yaml._yaml",
    "xxhash": "xxhash._xxhash",
    "zstd": "_zstd" if sys.version_info >= (3, 14) else "backports.zstd._zstd",
}


def _libraries() -> Iterator[Remark]:
    from importlib import import_module
    from importlib.metadata import PackageNotFoundError, version

    for name, (module, without) in _LIBRARIES.items():
        try:
            if name == "zstd":
                number = "in Python" if sys.version_info >= (3, 14) else version("backports.zstd")
            else:
                number = version(name)
            if module:
                import_module(module)
        except (ImportError, PackageNotFoundError) as error:
            hint = without or "install imgscope anew, with its dependencies"
            yield Remark(name, f"can't be used: {error}", NOTE if without else PROBLEM, hint)
            continue
        native = _is_native(_NATIVE[name]) if name in _NATIVE else None
        if native is False:
            yield Remark(name, f"{number}, without its native part", NOTE, without or "slower than need be")
        else:
            yield Remark(name, f"{number}, native" if native else number)


def _is_native(module: str) -> bool:
    from importlib import import_module
    from importlib.machinery import EXTENSION_SUFFIXES

    try:
        found = import_module(module)
    except ImportError:
        return False
    file = getattr(found, "__file__", None)
    # A module of C that is built into Python itself has no file.
    return file is None or file.endswith(tuple(EXTENSION_SUFFIXES))


def _docker() -> Iterator[Remark]:
    from .sources.docker_api import DockerApi, address_of_environment, contexts, current_context

    chosen = os.environ.get("DOCKER_HOST") or ""
    context = current_context()
    how = "DOCKER_HOST" if chosen else "DOCKER_CONTEXT" if os.environ.get("DOCKER_CONTEXT") else "context"
    # Nobody who set nothing needs to have an engine; who named one, meant it.
    serious = PROBLEM if chosen or context != "default" else NOTE
    try:
        address, tls = address_of_environment()
    except EngineError as error:
        yield Remark("context", context, PROBLEM, str(error))
        return
    yield Remark("address", without_credentials(address) + (f" ({how})" if chosen else f" ({how} {context})"))
    if tls is not None:
        yield Remark("tls", "on")

    def ask() -> Remark:
        engine = DockerApi(address, tls, timeout=PATIENCE)
        said = engine.version()
        count = len(engine.names())
        return Remark(
            "engine",
            f"{said.get('Version', 'unknown')}, API {said.get('ApiVersion', 'unknown')}, "
            f"{said.get('Os', '?')}/{said.get('Arch', '?')}, {count:,} tag{'' if count == 1 else 's'}",
        )

    yield _answered("engine", ask, serious)
    try:
        names = contexts()
    except EngineError as error:
        yield Remark("contexts", "can't be read", NOTE, str(error))
        return
    for name, host in names:
        used = " (in use)" if name == context and not chosen else ""
        yield Remark(f"context {name}", (without_credentials(host) or "the local engine") + used)


def _podman() -> Iterator[Remark]:
    import shutil

    from .reference import Reference
    from .sources.podman import PodmanSource

    program = shutil.which("podman")
    if program is not None:
        yield Remark("program", program)
    elif not os.environ.get("CONTAINER_HOST"):
        yield Remark("program", "none: no Podman here")
        return

    def ask() -> Remark:
        backend = PodmanSource(Reference("podman", "podman:-", "-")).backend
        count = len(backend.names())
        return Remark("images", f"{count:,} tag{'' if count == 1 else 's'}, by {without_credentials(backend.address)}")

    yield _answered("images", ask, PROBLEM if os.environ.get("CONTAINER_HOST") else NOTE)


def _answered(name: str, ask: Callable[[], Remark], serious: str) -> Remark:
    """Return what ``ask`` finds, or that it found nothing within our patience."""
    import threading

    found: list[Remark] = []

    def work() -> None:
        try:
            found.append(ask())
        except EngineError as error:
            found.append(Remark(name, "can't be used", serious, without_credentials(str(error))))
        except Exception as error:
            found.append(
                Remark(name, "can't be used", serious, without_credentials(f"{type(error).__name__}: {error}"))
            )

    # A connection may hang in ways that no library's time limit covers; the thread is then left alone.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE + 1)
    return found[0] if found else Remark(name, f"no answer within {PATIENCE} s", serious)


def _cache() -> Iterator[Remark]:
    from .cache import Cache
    from .report.sizes import quantity, size

    found = Cache().info()
    if found.problem is not None or found.directory is None:
        yield Remark("folder", str(found.directory or "none"), NOTE, found.problem or "")
        return
    yield Remark("folder", str(found.directory))
    held = f"{size(found.bytes)} of at most {size(found.limit)}"
    yield Remark("size", f"{held}, {quantity(found.images, 'image')}, {quantity(found.layers, 'layer')}")
    place = found.directory
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        yield Remark("writable", "no", NOTE, f"{place} is not a folder: nothing is kept from run to run")
    elif not _writable(place):
        yield Remark("writable", "no", NOTE, "nothing is kept from run to run; IMGSCOPE_CACHE_DIR moves the cache")
    else:
        yield Remark("writable", "yes")


def _writable(folder: Path) -> bool:
    """Tell whether a file can be made in a folder, by making one that has no name or loses it at once."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary() -> Iterator[Remark]:
    import shutil
    import tempfile

    from .report.sizes import size

    try:
        folder = tempfile.gettempdir()
    except OSError:
        yield Remark("folder", "none can be written", PROBLEM, "set TMPDIR to a folder with room for an image")
        return
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        yield Remark("folder", f"{folder}, {size(free)} free", NOTE, "little room to unpack images; TMPDIR moves it")
    else:
        yield Remark("folder", f"{folder}, {size(free)} free")


def _terminal() -> Iterator[Remark]:
    from shutil import get_terminal_size

    from . import tui

    streams = [name for name in ("stdin", "stdout", "stderr") if (stream := getattr(sys, name)) and stream.isatty()]
    yield Remark("terminal", ", ".join(streams) if streams else "none: results go to a file or a pipe")
    size = get_terminal_size((0, 0))
    yield Remark("size", f"{size.columns} columns, {size.lines} lines" if size.columns else "unknown")
    yield Remark("TERM", os.environ.get("TERM") or "not set")
    yield Remark("colours", _colours())
    encoding = (getattr(sys.stdout, "encoding", None) or "unknown").lower()
    if encoding.replace("-", "") == "utf8":
        yield Remark("encoding", encoding)
    else:
        yield Remark("encoding", encoding, NOTE, "names are shown with ? in them; set LC_ALL=C.UTF-8")
    reason = tui.unusable()
    if reason:
        yield Remark("interactive view", "no", NOTE, reason)
    elif reason is None:
        yield Remark("interactive view", "yes")
    else:
        yield Remark("interactive view", "no: only on a terminal")


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "none: NO_COLOR is set"
    if not (sys.stdout and sys.stdout.isatty()):
        return "none: not a terminal"
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return "none: TERM says so"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in term else "16"
