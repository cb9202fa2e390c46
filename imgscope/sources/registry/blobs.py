"""A layer's blob in a registry: it streams by, checked against its digest, and goes on where a connection broke off."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import RawIOBase
from typing import TYPE_CHECKING

from ...archive.digests import Hash, Unverifiable, algorithm_of, new_hash, short
from ...archive.image import Region
from ...errors import ArchiveError, RegistryError
from ...escape import escape
from .. import spool
from .client import Client
from .names import KIND
from .table import fetched
from .transport import TRIES, again, read_up_to, why

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from ...archive.toc import Table
    from ..interface import Memory

Read = Callable[[int], bytes]

READ = 1 << 18
# Of so many parts a request each would take longer than all of it.
_MANY_PARTS = 200
# After so many bytes a connection that breaks off counts as the first again.
_PROGRESS = 8 << 20


class RemoteBlob:
    """One blob, of a size that the manifest states. ``region`` copies it to a nameless file; ``close`` frees that."""

    def __init__(
        self,
        client: Client,
        digest: str,
        size: int,
        keep: bool = False,
        annotations: dict[str, str] | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Name the blob; with ``keep`` what streams by is copied to that file too."""
        self._annotations = annotations or {}
        self._memory = memory
        self._parts = 0
        self.digest = digest
        self.size = size
        self.label = f"{short(digest)} of {client.name.text}"
        self._client = client
        self._keep = keep
        self._region: Region | None = None

    @contextmanager
    def stream(self, check: bool = True) -> Iterator[Read]:
        """Give a function that reads the blob in sequence, ``b""`` at its end.

        Once that is reached the blob's digest has been checked (unless that is not wanted). It raises ``RegistryError``
        where the registry can't be read from any more, ``ArchiveError`` for bytes that are not the blob's.
        """
        if self._region is not None:
            yield _stored(self._region)
            return
        if not self._keep or not check:
            reading = _Reading(self._client, self, check)
            try:
                yield reading.read
            finally:
                reading.close()
            return
        with self._copied() as read:
            yield read

    @contextmanager
    def _copied(self) -> Iterator[Read]:
        """As ``stream``, with a copy in a file that has no name."""
        with spool.temporary(self.label) as file:
            reading = _Reading(self._client, self, True)

            def copied(size: int) -> bytes:
                data = reading.read(size)
                _write(file, data, self.label)
                return data

            try:
                yield copied
            finally:
                reading.close()
            if reading.ended:
                self._region = Region(self.label, os.dup(file.fileno()), 0, self.size)

    def table(self) -> Table | None:
        """Return the layer's table of contents, if the manifest's annotations name one; its parts are kept."""

        def part(start: int, end: int) -> bytes:
            key = f"part:{self.digest}:{start}-{end}"
            known = self._memory.get(KIND, key) if self._memory is not None else None
            if known is not None and len(known) == end - start:
                return known
            data = self.part(start, end)
            if self._memory is not None:
                self._memory.put(KIND, key, data)
            return data

        return fetched(self._annotations, self.size, part)

    def part(self, start: int, end: int) -> bytes:
        """Return a part of the blob; after many of them it is had whole."""
        self._parts += 1
        if self._region is None and self._parts > _MANY_PARTS:
            self.region()
        if self._region is not None:
            return os.pread(self._region.fd, end - start, start)
        for tries in range(1, TRIES + 1):
            answer = self._client.blob(self.digest, start, end)
            if answer.status == 200:
                # A registry that knows no ranges.
                answer.close()
                self.region()
                return self.part(start, end)
            try:
                data = read_up_to(answer, end - start)
            except Exception as error:
                if tries < TRIES:
                    again(tries)
                    continue
                raise RegistryError(f"{escape(self.label)} can't be read: the registry {why(error)}") from None
            if len(data) == end - start:
                return data
            answer.close()
        raise RegistryError(f"{escape(self.label)} can't be read: the registry gives less of it than was asked for")

    def region(self) -> Region:
        """Return the blob in a file: whole, and checked. Raises as what ``stream`` gives."""
        if self._region is None:
            with self._copied() as read:
                while read(READ):
                    pass
        assert self._region is not None
        return self._region

    def close(self) -> None:
        """Free the copy."""
        if self._region is not None:
            os.close(self._region.fd)
            self._region = None


def _stored(region: Region) -> Read:
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        data = os.pread(region.fd, min(size, region.length - position), position)
        position += len(data)
        return data

    return read


def _write(file: RawIOBase, data: bytes, label: str) -> None:
    try:
        spool.write(file, data)
    except OSError as error:
        raise spool.full(label, error) from None


class _Reading:
    """One pass through a blob."""

    def __init__(self, client: Client, blob: RemoteBlob, check: bool) -> None:
        self._client = client
        self._blob = blob
        self._at = 0
        self._tries = 0
        self._tried_at = 0
        self._answer: BaseHTTPResponse | None = None
        # Bytes of an answer that begins earlier than it was asked to.
        self._pass = 0
        self._hash: Hash | None = None
        self.ended = False
        if check:
            try:
                self._hash = new_hash(algorithm_of(blob.digest))
            except Unverifiable as error:
                raise ArchiveError(f"{escape(blob.label)} can't be checked: {error}") from None

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        blob = self._blob
        while self._at < blob.size:
            data = self._some(min(size, blob.size - self._at))
            if data:
                self._at += len(data)
                if self._hash is not None:
                    self._hash.update(data)
                if self._at == blob.size:
                    # Whoever reads the last bytes may not ask for the end.
                    self._finish()
                return data
        if not self.ended:
            self._finish()
        return b""

    def _some(self, size: int) -> bytes:
        """Read what is there next; nothing where the connection had to be made anew."""
        try:
            if self._answer is None:
                self._open()
            assert self._answer is not None
            data = self._answer.read(size)
        except (RegistryError, ArchiveError):
            raise
        except Exception as error:
            self._broken(why(error))
            return b""
        if not data:
            self._broken("ends before all of it is there")
            return b""
        if self._pass:
            # Up to here it was read before: the same bytes, or the digest will tell.
            dropped = min(self._pass, len(data))
            self._pass -= dropped
            return data[dropped:]
        return data

    def _open(self) -> None:
        blob = self._blob
        answer = self._answer = self._client.blob(blob.digest, self._at)
        self._pass = self._at if answer.status == 200 else 0
        stated = answer.headers.get("Content-Length", "")
        wanted = blob.size - (self._at - self._pass)
        if stated.isdigit() and int(stated[:19]) != wanted and not answer.headers.get("Content-Encoding"):
            answer.close()
            raise ArchiveError(
                f"{escape(blob.label)} is damaged: the registry has {int(stated[:19]) + self._at - self._pass:,} bytes "
                f"of the {blob.size:,} that the manifest states"
            )

    def _broken(self, reason: str) -> None:
        """Be ready to go on after a connection that broke off. Raises ``RegistryError`` where that was tried enough."""
        self.close()
        if self._at - self._tried_at >= _PROGRESS:
            self._tries = 0
        self._tried_at = self._at
        self._tries += 1
        if self._tries >= TRIES:
            blob = self._blob
            raise RegistryError(
                f"{escape(blob.label)} can't be read: the registry {reason}, at {self._at:,} of {blob.size:,} bytes, "
                f"{self._tries} times"
            )
        again(self._tries)

    def _finish(self) -> None:
        self.ended = True
        blob = self._blob
        answer, self._answer = self._answer, None
        if answer is not None:
            try:
                more = answer.read(1)
            except Exception:
                more = b""
            if more:
                answer.close()
                self.ended = False
                raise ArchiveError(
                    f"{escape(blob.label)} is damaged: it has more than the {blob.size:,} bytes of the manifest"
                )
            answer.release_conn()
        if self._hash is not None:
            actual = f"{algorithm_of(blob.digest)}:{self._hash.hexdigest()}"
            if actual != blob.digest:
                self.ended = False
                raise ArchiveError(f"{escape(blob.label)} is damaged or forged: its digest is {short(actual)}")

    def close(self) -> None:
        """End the connection, unless all was read."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None
