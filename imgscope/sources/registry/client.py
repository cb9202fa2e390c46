"""The questions that are asked of one repository (OCI distribution spec, *Pull* and *Content Discovery*): manifests,
blobs whole or in part, tags. Nothing is ever written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ...archive.digests import Unverifiable, algorithm_of, digest_of, is_digest, short
from ...archive.store import MAX_JSON
from ...errors import ArchiveError, ImageNotFoundError, RegistryError
from ...escape import escape
from ..options import Options, chosen
from .names import HUB, Name
from .places import Place, places
from .tokens import Door
from .transport import TRIES, Transport, again, discard, read_up_to, why

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
)
_MAX_ERROR = 16 << 10
_DOORS = 2
_MAX_PAGE = 4 << 20
_NEXT = re.compile(r"<([^<>]{1,4096})>\s*;\s*rel=\"?next\"?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
MAX_TAGS = 200_000
MAX_PAGES = 2000
MAX_LIST = 256 << 20
"""Bytes of all pages of a list."""


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index as the registry gave it, and its digest, which its bytes have."""

    data: bytes
    digest: str


class _End:
    """One host that has the repository: the registry itself, or a mirror."""

    def __init__(self, place: Place, options: Options, patience: float | None, scope: str = "") -> None:
        self.name = place.name
        self.transport = Transport(place.name.host, options.jobs, place.insecure, patience)
        self.door = Door(place.name, self.transport, options, scope)

    def ask(self, method: str, what: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Ask, and open the door where it is shut. Raises ``RegistryError``."""
        # What begins with a slash is the registry's own, not the repository's.
        path = f"/v2{what}" if what.startswith("/") else f"/v2/{self.name.repository}/{what}"
        tries = 0
        while True:
            shown = self.door.value()
            answer = self.transport.request(method, path, headers, self.door.value)
            tries += 1
            # Once for the first login or token, once for one that has run out.
            if answer.status != 401 or tries > _DOORS:
                return answer
            if not self.door.opened(answer.headers.getlist("WWW-Authenticate"), shown):
                return answer
            discard(answer)


class Client:
    """One repository of one registry. Safe to be used by several threads."""

    def __init__(
        self, name: Name, options: Options | None = None, patience: float | None = None, scope: str = ""
    ) -> None:
        """Name the repository; nothing is asked yet. ``options`` are the run's, if none are given.

        ``patience`` bounds each wait, in seconds (see ``Transport``); ``scope`` is what a token is asked for where it
        is not the repository's contents.

        Raises ``RegistryError`` where the machine's configuration blocks it.
        """
        self.name = name
        # A login that is given for one registry is for the one that was named, whatever mirrors it has.
        options = options or chosen
        options.login_host = options.login_host or name.host
        self._ends = [_End(place, options, patience, scope) for place in places(name)]

    def _ask(self, method: str, what: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Ask the mirrors, then the registry itself. Raises ``RegistryError``."""
        for end in self._ends[:-1]:
            # Whatever is wrong with a mirror: the registry itself has the last word.
            with suppress(RegistryError):
                answer = end.ask(method, what, headers)
                if answer.status < 400:
                    return answer
                discard(answer)
        return self._ends[-1].ask(method, what, headers)

    # -- manifests ---------------------------------------------------------------------------------------

    def digest(self, reference: str) -> str | None:
        """Return the digest of what a tag points to now; ``None`` where the registry doesn't tell it unasked."""
        answer = self._ask("HEAD", f"manifests/{reference}", {"Accept": _ACCEPT})
        discard(answer)
        found = answer.headers.get("Docker-Content-Digest")
        return found if answer.status == 200 and is_digest(found) else None

    def manifest(self, reference: str) -> Document:
        """Return a manifest or an index, by tag or digest.

        Raises ``ImageNotFoundError``, ``RegistryError``, and ``ArchiveError`` for what is none, or not what its digest
        says.
        """
        path = f"manifests/{reference}"
        data, headers = self._small(path, {"Accept": _ACCEPT}, MAX_JSON, "the manifest", reference)
        label = self.name.text
        try:
            parsed = isinstance(json.loads(data[:1] + b"}" if data[:1] == b"{" else data), dict)
        except ValueError:
            parsed = False
        if not parsed:
            raise RegistryError(f"{self.registry} answers with something that is no manifest; is it a registry?")
        claimed = reference if is_digest(reference) else headers.get("Docker-Content-Digest")
        if not is_digest(claimed):
            return Document(data, digest_of(data))
        try:
            actual = digest_of(data, algorithm_of(claimed))
        except Unverifiable as error:
            raise ArchiveError(f"{escape(label)}: the manifest can't be checked: {error}") from None
        if actual != claimed and not is_digest(reference) and b'"signatures"' in data:
            # Schema 1 is signed within, and its digest leaves that out; it is refused for what it is.
            return Document(data, digest_of(data))
        if actual != claimed:
            raise ArchiveError(
                f"{escape(label)}: the manifest {short(claimed)} is damaged or forged: its bytes have another digest"
            )
        return Document(data, claimed)

    def _small(
        self, path: str, headers: Mapping[str, str], limit: int, what: str, reference: str | None
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return a small answer whole, and its headers; one that breaks off is asked for again.

        Raises ``RegistryError``, ``ImageNotFoundError``, and ``ArchiveError`` where it is too long.
        """
        for tries in range(1, TRIES + 1):
            answer = self._ask("GET", path, headers)
            if answer.status != 200:
                self._refused(answer, reference)
            length = answer.headers.get("Content-Length", "")
            too_long = length.isdigit() and int(length[:19]) > limit
            try:
                data = b"" if too_long else read_up_to(answer, limit + 1)
            except Exception as error:
                if tries < TRIES:
                    again(tries)
                    continue
                raise RegistryError(f"{self.registry} {why(error)}, in the middle of {what}") from None
            if too_long or len(data) > limit:
                answer.close()
                raise ArchiveError(f"{escape(self.name.text)}: {what} is over {limit >> 20} MiB")
            return data, answer.headers
        raise AssertionError

    # -- blobs -------------------------------------------------------------------------------------------

    def has_blob(self, digest: str) -> bool:
        """Tell whether the registry has a blob. Raises ``RegistryError`` where it doesn't say."""
        answer = self._ask("HEAD", f"blobs/{digest}", {})
        discard(answer)
        if answer.status in (200, 404):
            return answer.status == 200
        self._refused(answer, digest)

    def small(self, digest: str, what: str) -> bytes:
        """Return a small blob, such as a config, whole; whether it has its digest is the caller's to check."""
        return self._small(f"blobs/{digest}", {"Accept-Encoding": "identity"}, MAX_JSON, what, digest)[0]

    def blob(self, digest: str, start: int = 0, end: int | None = None) -> BaseHTTPResponse:
        """Ask for a blob from ``start``, up to ``end`` (not included): the answer has status 200 for all of it, or 206.

        Raises ``RegistryError`` and ``ImageNotFoundError``.
        """
        # Bytes as they are: a blob is what its digest says, whatever a server would like to make of it.
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        answer = self._ask("GET", f"blobs/{digest}", headers)
        if answer.status == 206 and "Range" in headers:
            stated = answer.headers.get("Content-Range", "").strip().lower()
            if stated.startswith(f"bytes {start}-"):
                return answer
            answer.close()
            raise RegistryError(f"{self.registry} answers with another part of {short(digest)} than was asked for")
        if answer.status != 200:
            self._refused(answer, digest)
        return answer

    # -- tags --------------------------------------------------------------------------------------------

    def tags(self, limit: int = MAX_TAGS, pages: int = MAX_PAGES) -> list[str]:
        """Return the repository's tags as the registry lists them: at most ``limit``, from so many ``pages``.

        Raises ``ImageNotFoundError`` and ``RegistryError``.
        """
        return self.listed("tags/list", "tags", _TAG, limit, pages)

    def listed(self, what: str, kind: str, form: re.Pattern[str], limit: int, pages: int) -> list[str]:
        """Return the names of a list that comes in pages (OCI distribution spec, *Listing Tags*).

        ``what`` is asked for; ``kind`` is what they are called there. Raises as ``tags``.
        """
        found: dict[str, None] = {}
        asked = f"{what}?n=1000"
        before: set[str] = set()
        left = MAX_LIST
        while len(before) < pages:
            if asked in before:
                raise RegistryError(
                    f"{self.registry} lists its {kind} in a circle: a page leads back to an earlier one"
                )
            before.add(asked)
            data, headers = self._small(asked, {"Accept": "application/json"}, _MAX_PAGE, f"the list of {kind}", None)
            left -= len(data)
            if left < 0:
                raise RegistryError(f"{self.registry} lists {kind} without an end: over {MAX_LIST >> 20} MiB of them")
            try:
                listed = json.loads(data).get(kind) or []
                page = [name for name in listed if isinstance(name, str) and form.fullmatch(name)]
            except (ValueError, AttributeError, TypeError, RecursionError):
                raise RegistryError(f"{self.registry} answers with something that is no list of {kind}") from None
            count = len(found)
            found.update(dict.fromkeys(page))
            following = _NEXT.search(headers.get("Link", ""))
            if following is None or len(found) >= limit or len(found) == count:
                break
            # Only its query counts: it stays this list.
            asked = f"{what}?" + following[1].partition("?")[2]
        return list(found)[:limit]

    # -- errors ------------------------------------------------------------------------------------------

    @property
    def registry(self) -> str:
        """What to call the registry in messages."""
        return "Docker Hub" if self.name.host == HUB else f"the registry {escape(self.name.host)}"

    def _refused(self, answer: BaseHTTPResponse, reference: str | None) -> NoReturn:
        """Raise the error for an answer that is none, with what to do."""
        status = answer.status
        codes, said = _said(answer)
        name, registry = self.name, self.registry
        place = escape(name.place)
        login = "docker login" + ("" if name.host == HUB else f" {escape(name.host)}")
        if status == 429 or "TOOMANYREQUESTS" in codes:
            more = f"; log in for more: {login}" if not self._has_login() else ""
            raise RegistryError(f"{registry} has had too many requests from here (its rate limit): wait{more}")
        if status == 401 or (status == 403 and "DENIED" in codes and not self._has_login()):
            if self._has_login():
                raise RegistryError(
                    f"{registry} gives no access to {place} with the login that there is: no such repository, or not "
                    f"yours to read; log in again with {login}, or check the name"
                )
            raise RegistryError(
                f"{registry} gives no access to {place} without a login: log in with {login}, or check the name"
            )
        if status == 403:
            raise RegistryError(f"{registry} forbids reading {place}{said}")
        if status == 404 and reference is not None and "NAME_UNKNOWN" not in codes:
            if is_digest(reference):
                raise ImageNotFoundError(f"{registry} has no {short(reference)} in {place}")
            raise ImageNotFoundError(self._no_tag(reference))
        if status == 404:
            raise ImageNotFoundError(f"{registry} has no repository {place}{said}; check the name")
        if status >= 500:
            raise RegistryError(f"{registry} can't answer now ({status}{said}); try again later")
        raise RegistryError(f"{registry} answers {status}{said or ', which no registry should'}; is it a registry?")

    def _has_login(self) -> bool:
        try:
            return self._ends[-1].door.has_login
        except RegistryError:
            return False

    def _no_tag(self, tag: str) -> str:
        """Say that a tag isn't there, and which are like it, if the registry lists them."""
        import difflib

        place = escape(self.name.place)
        text = f"{self.registry} has no tag {escape(tag)!r} of {place}"
        try:
            tags = self.tags(5000, 5)
        except ImageNotFoundError:
            return f"{self.registry} has no repository {place}; check the name"
        except (RegistryError, ArchiveError):
            return text
        near = difflib.get_close_matches(tag, tags, 3, 0.5) or tags[-3:]
        what = " or ".join(f"registry:{escape(self.name.with_tag(found))}" for found in near)
        return f"{text}; did you mean {what}?" if near else f"{text}, nor any other"

    def close(self) -> None:
        """Close the connections."""
        for end in self._ends:
            end.transport.close()


def _said(answer: BaseHTTPResponse) -> tuple[list[str], str]:
    """Read the codes of a registry's errors (distribution spec, *Error Codes*), and words for the first of them."""
    try:
        document: Any = json.loads(read_up_to(answer, _MAX_ERROR))
        errors = [error for error in document["errors"] if isinstance(error, dict)]
    except Exception:
        return [], ""
    codes = [str(error.get("code", ""))[:64] for error in errors[:20]]
    words = [str(error.get("message") or "") for error in errors[:1]]
    text = escape(" ".join(" ".join(words).split())[:160])
    return codes, f": {text}" if text else ""
