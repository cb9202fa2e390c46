"""HTTP with one registry and with where it sends us: redirects, retries, time-outs, errors of one line.

urllib3 itself, not requests on top of it: what that adds (netrc, redirects that carry logins on, the environment's say
in everything) is what has to be off here. A login or token goes to the registry's own scheme, host and port and no
further; plain HTTP is spoken on loopback alone, unless the machine's configuration says otherwise, and then without a
login. Names and answers of the other side are escaped before they are shown, headers never shown at all.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin, urlsplit

from ... import __version__
from ...errors import RegistryError
from ...escape import escape
from .. import patience
from . import hosts

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT = 10
"""Seconds that a connection, with its TLS, may take to be made."""
MAX_REDIRECTS = 5
TRIES = 4
MAX_WAIT = 60
"""A registry that asks for more patience than so many seconds is told to the user instead."""
_AGAIN = (429, 500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_WRONG_SCHEME = (b"HTTPS", b"https", b"SSL", b"TLS")
_AGENT = f"imgscope/{__version__}"
MAX_URL = 16 << 10


def pause(seconds: float) -> None:
    """Wait before another try."""
    time.sleep(seconds)


class Transport:
    """Requests to one registry. Safe to be used by several threads."""

    def __init__(self, host: str, jobs: int = 4, insecure: bool = False, patience: float | None = None) -> None:
        """Name the ``host``; nothing is asked yet. ``insecure``: it may be spoken with over plain HTTP.

        With ``patience`` no connection is waited for longer, in seconds, and nothing asked twice.
        """
        self._patience = patience
        self._tries = TRIES if patience is None else 1
        self.host = host
        self.address = hosts.address(host)
        self.loopback = hosts.is_loopback(host)
        self._insecure = insecure
        self._jobs = jobs
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str], PoolManager] = {}
        # What listens on loopback speaks plain HTTP nearly always, and says so when it doesn't.
        plain = self.loopback and not hosts.certificates(host)
        self._schemes = ["http", "https"] if plain else ["https", "http"] if insecure or self.loopback else ["https"]
        self._settled = len(self._schemes) == 1

    @property
    def may_log_in(self) -> bool:
        """Tell whether a login may be sent: never over plain HTTP but to this machine itself."""
        return self._schemes[0] == "https" or self.loopback

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        authorization: Callable[[], str | None],
    ) -> BaseHTTPResponse:
        """Ask the registry for a path of its API; the answer's body is not read yet.

        ``authorization`` returns the header's value, which goes to the registry alone. Busy answers are waited for,
        redirects followed. Raises ``RegistryError`` where no answer is had.
        """
        tries = 0
        while True:
            try:
                answer = self._followed(method, path, headers, authorization)
            except RegistryError:
                raise
            except Exception as error:
                tries += 1
                if tries >= self._tries or not _passing(error):
                    self._failed(error)
                again(tries)
                continue
            if answer.status not in _AGAIN:
                return answer
            tries += 1
            wait = _retry_after(answer.headers.get("Retry-After"))
            if tries >= self._tries or (wait is not None and wait > MAX_WAIT):
                return answer
            discard(answer)
            pause(backoff(tries) if wait is None else wait)

    def _followed(
        self, method: str, path: str, headers: Mapping[str, str], authorization: Callable[[], str | None]
    ) -> BaseHTTPResponse:
        answer = self._first(method, path, headers, authorization)
        url = f"{self._schemes[0]}://{self.address}{path}"
        for followed in range(MAX_REDIRECTS + 1):
            if answer.status not in _REDIRECTS:
                return answer
            location = answer.headers.get("Location")
            discard(answer)
            if followed == MAX_REDIRECTS:
                break
            if not location or len(location) > MAX_URL:
                raise RegistryError(f"{self._name} answers with a redirect that leads nowhere")
            before, url = urlsplit(url), urljoin(url, location)
            target = urlsplit(url)
            if target.scheme not in ("http", "https") or not target.hostname:
                raise RegistryError(f"{self._name} redirects to an address that is not one of the web")
            if hosts.is_loopback(target.netloc) and not self.loopback:
                raise RegistryError(f"{self._name} redirects to this machine itself, at {escape(target.netloc)}")
            if target.scheme == "http" and before.scheme == "https" and not self.loopback:
                raise RegistryError(f"{self._name} redirects from HTTPS to plain HTTP, at {escape(target.netloc)}")
            own = (target.scheme, target.netloc) == (self._schemes[0], self.address)
            # What a store is sent to besides the request itself is in its address, signed.
            value = authorization() if own and self.may_log_in else None
            sent = {**headers, **({"Authorization": value} if value else {})}
            answer = self._send(method, url, sent)
        raise RegistryError(f"{self._name} redirects in circles, or more than {MAX_REDIRECTS} times")

    def _first(
        self, method: str, path: str, headers: Mapping[str, str], authorization: Callable[[], str | None]
    ) -> BaseHTTPResponse:
        """Send a request to the registry itself, finding out whether it speaks TLS where that is not settled."""
        from urllib3.exceptions import ProtocolError, SSLError

        while True:
            value = authorization() if self.may_log_in else None
            sent = {**headers, **({"Authorization": value} if value else {})}
            try:
                answer = self._send(method, f"{self._schemes[0]}://{self.address}{path}", sent)
            except (ProtocolError, SSLError):
                if not self._other_scheme():
                    raise
                continue
            if not self._settled and self._schemes[0] == "http" and answer.status in (400, 426, 497):
                said = read_up_to(answer, 4096)
                if any(word in said for word in _WRONG_SCHEME) and self._other_scheme():
                    continue
            self._settled = True
            return answer

    def _other_scheme(self) -> bool:
        with self._lock:
            if self._settled:
                return False
            self._settled = True
            self._schemes.reverse()
            return True

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        return self._pool(url).request(
            method,
            url,
            headers={"User-Agent": _AGENT, **headers},
            preload_content=False,
            redirect=False,
            decode_content=False,
        )

    def _pool(self, url: str) -> PoolManager:
        target = urlsplit(url)
        with self._lock:
            key = (target.scheme, target.netloc)
            found = self._pools.get(key)
            if found is None:
                from urllib3 import Timeout

                limits = Timeout(connect=CONNECT, read=patience.silence())
                if self._patience is not None:
                    limits = Timeout(connect=self._patience, read=self._patience)
                host = self.host if target.netloc == self.address else target.netloc
                tls = hosts.context(host) if target.scheme == "https" else None
                found = self._pools[key] = hosts.pool(f"{target.scheme}://{target.netloc}", tls, limits, self._jobs)
            return found

    def elsewhere(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> BaseHTTPResponse:
        """Ask a service that the registry names (tokens). Raises ``RegistryError``; redirects are not followed."""
        target = urlsplit(url)
        if hosts.is_loopback(target.netloc) and not self.loopback:
            raise RegistryError(f"{self._name} names this machine itself for a token service")
        if target.scheme != "https" and not (target.scheme == "http" and hosts.is_loopback(target.netloc)):
            raise RegistryError(f"{self._name} wants a token to be had over plain HTTP, at {escape(target.netloc)}")
        for tries in range(1, self._tries + 1):
            try:
                answer = self._pool(url).request(
                    method,
                    url,
                    headers={"User-Agent": _AGENT, **headers},
                    body=body,
                    preload_content=False,
                    redirect=False,
                )
            except Exception as error:
                if tries >= self._tries or not _passing(error):
                    self._failed(error, target.netloc)
                again(tries)
                continue
            if answer.status not in _AGAIN or tries >= self._tries:
                return answer
            wait = _retry_after(answer.headers.get("Retry-After"))
            if wait is not None and wait > MAX_WAIT:
                return answer
            discard(answer)
            pause(backoff(tries) if wait is None else wait)
        raise AssertionError

    @property
    def _name(self) -> str:
        return f"the registry {escape(self.host)}"

    def _failed(self, error: Exception, host: str = "") -> NoReturn:
        raise RegistryError(
            f"{f'{escape(host)}, where {self._name} sends us,' if host else self._name} {why(error)}"
        ) from None

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].clear()


def backoff(tries: int) -> float:
    """Return the seconds to wait before the next try: longer each time, and not all at the same moment."""
    return min(0.25 * float(1 << tries), 8.0) * random.uniform(0.75, 1.25)  # noqa: S311


def again(tries: int) -> None:
    """Wait before another try, longer each time."""
    pause(backoff(tries))


def discard(answer: BaseHTTPResponse) -> None:
    """Be done with an answer: what is short is read, so that its connection serves again."""
    with suppress(Exception):
        if len(answer.read(4096)) < 4096:
            answer.release_conn()
            return
    answer.close()


def read_up_to(answer: BaseHTTPResponse, limit: int) -> bytes:
    """Return an answer's body, at most ``limit`` bytes of it, and be done with it. Raises what urllib3 raises."""
    parts: list[bytes] = []
    left = limit
    try:
        while left > 0 and (data := answer.read(min(left, 1 << 16))):
            parts.append(data)
            left -= len(data)
        if left > 0:
            answer.release_conn()
    finally:
        if left <= 0:
            answer.close()
    return b"".join(parts)


def _retry_after(value: str | None) -> float | None:
    """Return the seconds that ``Retry-After`` asks for: a number, or a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value.strip()[:9])
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, float(parsedate_to_datetime(value).timestamp() - time.time()))
    return None


def _passing(error: BaseException) -> bool:
    """Tell whether another try may do: not where a name is not known, or a certificate."""
    from urllib3.exceptions import LocationParseError, NameResolutionError, ProxyError, SSLError

    return not isinstance(
        _cause(error),
        (NameResolutionError, SSLError, ProxyError, LocationParseError, ValueError, ConnectionRefusedError),
    )


def _cause(error: BaseException) -> BaseException:
    """Return what is behind a request that failed."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    for _ in range(5):
        inner = getattr(error, "reason", None) if isinstance(error, MaxRetryError) else None
        if inner is None and isinstance(error, NewConnectionError):
            inner = error.__cause__ or error.__context__
            # A name that is not known says more than the system's number for it.
            inner = inner if isinstance(inner, ConnectionRefusedError) else None
        if not isinstance(inner, BaseException):
            return error
        error = inner
    return error


def why(error: BaseException) -> str:
    """Say in words what kept a request from being answered; what the other side wrote is not in it."""
    from urllib3.exceptions import (
        ConnectTimeoutError,
        NameResolutionError,
        ProxyError,
        ReadTimeoutError,
        SSLError,
    )

    cause = _cause(error)
    if isinstance(cause, NameResolutionError):
        return "is not known: its name does not resolve; check the name, or the network"
    if isinstance(cause, ConnectionRefusedError):
        return "can't be reached: nobody listens there"
    if isinstance(cause, ProxyError):
        return "can't be reached by way of the proxy; check HTTPS_PROXY and NO_PROXY"
    if isinstance(cause, SSLError):
        text = str(cause)
        if "certificate verify failed" in text.lower() or "CERTIFICATE_VERIFY_FAILED" in text:
            return (
                "has a certificate that is not trusted here; name its authority's with SSL_CERT_FILE, or put it in "
                "/etc/docker/certs.d"
            )
        if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
            return "speaks no TLS; plain HTTP is spoken with this machine alone"
        return "can't be spoken with over TLS"
    if isinstance(cause, (ConnectTimeoutError,)):
        return f"does not answer: no connection within {CONNECT} s"
    if isinstance(cause, (ReadTimeoutError, TimeoutError)):
        limit = patience.silence()
        return f"has stalled: it sent nothing for {limit or 0:g} s; {patience.VARIABLE} sets how many seconds to wait"
    return "broke off the connection"
