"""Scans a layer that lies elsewhere while it comes, and checks both of its digests as it passes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..archive.digests import Digested, Unverifiable, algorithm_of, short
from ..compression import read_ahead, unpacked
from ..errors import ArchiveError, LimitError
from .estimate import Sampler
from .index import LayerIndex
from .scan import READ, scan_stream
from .texts import Texts

if TYPE_CHECKING:
    from ..archive.image import Remote

Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Scanned:
    """A layer that was read to its end: ``verified`` tells that its diff_id could be checked, and holds."""

    index: LayerIndex
    compression: str | None
    verified: bool


def scan_remote(
    remote: Remote,
    diff_id: str | None,
    keep: int,
    texts: Texts,
    counting: Callable[[int], None],
    *,
    digests: bool = False,
) -> Scanned:
    """Read a layer once: decompressed, digested and indexed as it comes, with bounded memory.

    ``counting`` is told of the blob's bytes; with ``digests`` files' contents are digested too.
    Raises ``RegistryError`` where it can't be had, ``ArchiveError`` for one
    that is not what its digests say, ``LimitError``.
    """
    with remote.stream() as stream:

        def told(size: int) -> bytes:
            data = stream(size)
            counting(len(data))
            return data

        try:
            found = _scanned(told, remote.size, diff_id, keep, texts, digests)
        except LimitError:
            raise
        except ArchiveError:
            # Bytes that are not the blob's at all say more than what is wrong with them.
            _drain(told)
            raise
        _drain(told)
        return found


def _drain(read: Read) -> None:
    while read(READ):
        pass


def _scanned(read: Read, size: int, diff_id: str | None, keep: int, texts: Texts, digests: bool) -> Scanned:
    source, compression = unpacked(read)
    digested = None
    if diff_id:
        with suppress(Unverifiable):
            digested = Digested(source, algorithm_of(diff_id))
    with read_ahead(digested.read if digested is not None else source) as ahead:
        try:
            if compression is None:
                sampler = Sampler(ahead.read, size)
                index = scan_stream(sampler.read, keep, texts, digests=digests)
                index.sample = sampler.result()
            else:
                index = scan_stream(ahead.read, keep, texts, digests=digests)
        except LimitError:
            raise
        except ArchiveError:
            # The thread that reads ahead has to be through before anybody else reads.
            with suppress(ArchiveError):
                _drain(ahead.read)
            raise
        _drain(ahead.read)
    if digested is not None and diff_id is not None and (actual := digested.rest()) != diff_id:
        raise ArchiveError(
            f"it is damaged or forged: uncompressed it is {short(actual)}, where the config has the diff_id "
            f"{short(diff_id)}"
        )
    return Scanned(index, compression, digested is not None)
