"""Where a store lies: a folder, or whatever fsspec has a name for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...ending import once_more
from ...errors import UsageError
from ...escape import escape
from ...output import OutputError, write_whole

if TYPE_CHECKING:
    import pyarrow.fs

# What puts an object whole or not at all by itself.
_ATOMIC = {"abfs", "abfss", "adl", "az", "gcs", "gs", "memory", "oss", "r2", "s3", "s3a"}


class Place:
    """Files by their names below one address, whichever file system has them."""

    def __init__(self, address: str) -> None:
        """Find the file system of ``address``; nothing is asked of it yet. Raises ``UsageError``."""
        import fsspec

        self.address = address
        # What a URL holds besides the place may be a secret; messages leave out who logs in, and what was asked.
        self.shown = escape(_bare(address))
        if "://" in address and "@" in address.partition("://")[2].partition("/")[0]:
            # It would be in whatever the address is sent to: a cluster's tasks, a log.
            raise UsageError(f"the store's address {self.shown} must hold no login: give it by fsspec's configuration")
        try:
            self.fs: Any
            self.fs, root = fsspec.url_to_fs(address)
        except (ImportError, ValueError, TypeError) as error:
            raise UsageError(f"{self.shown} can't be a store: {error}") from None
        self.root = str(root).rstrip("/")
        protocol = self.fs.protocol
        self._protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self.local = "file" in self._protocols

    def path(self, name: str) -> str:
        """Return what the file system calls a file of the place."""
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; ``None`` where there is none. Raises ``OutputError``."""
        try:
            with self.fs.open(self.path(name), "rb") as file:
                return bytes(file.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            raise self.refused(error, "read") from None

    def exists(self, name: str) -> bool:
        """Tell whether there is a file of that name. Raises ``OutputError``."""
        try:
            return bool(self.fs.exists(self.path(name)))
        except Exception as error:
            raise self.refused(error, "read") from None

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Write a file, whole or not at all; it replaces what was there. Raises ``OutputError``.

        What is not ``durable`` may be lost or torn where the machine itself fails.
        """
        path = self.path(name)
        if self.local:
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                if not durable:
                    self._renamed(path, data)
                    return
            except OSError as error:
                raise self.refused(error, "written") from None
            write_whole(Path(path), [data])
            return
        try:
            if self._protocols & _ATOMIC:
                self.fs.pipe_file(path, data)
                return
            self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            # Readers take no name with a dot before it for a part.
            folder, _, last = path.rpartition("/")
            temporary = f"{folder}/.{last}.{secrets.token_hex(4)}"
            self.fs.pipe_file(temporary, data)
            self.fs.mv(temporary, path)
        except Exception as error:
            raise self.refused(error, "written") from None

    @staticmethod
    def _renamed(path: str, data: bytes) -> None:
        temporary = Path(f"{path}.{secrets.token_hex(6)}")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def names(self, folder: str, suffix: str) -> list[str]:
        """Return the names of all files below a folder with this suffix, in order. Raises ``OutputError``."""
        found: set[str] | None = None
        # A listing is no snapshot: one that is the same twice has not lost what was replaced meanwhile.
        for _ in range(5):
            before, found = found, self._names(folder, suffix)
            if before == found or not found:
                break
        return sorted(found or ())

    def _names(self, folder: str, suffix: str) -> set[str]:
        try:
            self.fs.invalidate_cache()
            paths = self.fs.find(self.path(folder))
        except FileNotFoundError:
            return set()
        except Exception as error:
            raise self.refused(error, "read") from None
        start = len(self.root) + 1
        names = (str(path)[start:] for path in paths)
        return {name for name in names if name.endswith(suffix) and not name.rpartition("/")[2].startswith(".")}

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            self.fs.rm_file(self.path(name))

    @contextmanager
    def alone(self, name: str, seconds: float) -> Iterator[bool]:
        """Give whether nobody else is at what the file ``name`` stands for; one that is older counts as left behind.

        A hint to spare work: an object store may let two pass.
        """
        import time

        held = self.read(name)
        if held is not None:
            with suppress(ValueError):
                if time.time() - float(held) < seconds:
                    yield False
                    return
        self.write(name, str(time.time()).encode())
        try:
            yield True
        finally:
            self.remove(name)

    def arrow(self) -> pyarrow.fs.FileSystem:
        """Return the file system as pyarrow takes it."""
        from pyarrow import fs

        return fs.LocalFileSystem() if self.local else fs.PyFileSystem(fs.FSSpecHandler(self.fs))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Say of what DuckDB can't take from the store that it is the store. Raises ``OutputError``."""
        import duckdb

        try:
            yield
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.InterruptException):
            # A query of ours that is wrong; one that was given up.
            raise
        except duckdb.Error as error:
            raise self.refused(error, "read") from None
        except RuntimeError:
            # "Query interrupted", whatever the signal was.
            once_more()
            raise

    def refused(self, error: Exception, done: str, name: str = "") -> OutputError:
        """Return the error for what the file system says, of the file or table ``name`` if it is known."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        where = f"{escape(name)}: " if name else ""
        return OutputError(f"the store {self.shown} can't be {done}: {where}{escape(str(reason).strip()[:200])}")


def _bare(address: str) -> str:
    scheme, slashes, rest = address.partition("://")
    if not slashes:
        return address
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
