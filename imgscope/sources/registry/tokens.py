"""Bearer tokens, by a registry's challenge (the distribution project's token specification), with the least scope.

Whatever scope a registry names, this asks to pull from the one repository that is read.
"""

from __future__ import annotations

import json
import re
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from ...errors import RegistryError
from ...escape import escape
from .logins import Login, login_for
from .transport import Transport, read_up_to

if TYPE_CHECKING:
    from ..options import Options
    from .names import Name

_MAX_ANSWER = 64 << 10
_MAX_CHALLENGE = 8 << 10
# What fits a header and is a token (RFC 6750 has less).
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_PARAMETER = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
# A token is taken for expired a little before its time, in seconds; without a word it holds for a minute.
_EARLY, _USUAL = 10, 60


class Door:
    """What is shown at a registry's door for one repository: nothing, a login or a token, once it has said which."""

    def __init__(self, name: Name, transport: Transport, options: Options, scope: str = "") -> None:
        """Show nothing yet; ``options`` may hold a login."""
        self._name = name
        self._scope = scope
        self._options = options
        self._transport = transport
        self._lock = threading.Lock()
        self._login: Login | None = None
        self._looked = False
        self._value: str | None = None
        self._until = 0.0
        self._challenge: dict[str, str] | None = None

    def value(self) -> str | None:
        """Return the Authorization header's value, renewed where it has run out. Raises ``RegistryError``."""
        with self._lock:
            if self._challenge is not None and time.monotonic() >= self._until:
                self._fetch(self._challenge)
            return self._value

    @property
    def has_login(self) -> bool:
        """Tell whether there is a login for the host. Raises ``RegistryError``."""
        return self._known() is not None

    def _known(self) -> Login | None:
        if not self._looked:
            self._login = login_for(self._name, self._options) if self._transport.may_log_in else None
            self._looked = True
        return self._login

    def opened(self, challenges: list[str], shown: str | None) -> bool:
        """Take the challenges of an answer 401 on; tell whether it is worth asking again. Raises ``RegistryError``.

        ``shown`` is what the refused request showed: another thread may have renewed it meanwhile.
        """
        with self._lock:
            if self._value is not None and self._value != shown:
                return True
            for text in challenges:
                scheme, _, rest = text[:_MAX_CHALLENGE].strip().partition(" ")
                found = {
                    key.lower(): quoted.replace('\\"', '"') or plain for key, quoted, plain in _PARAMETER.findall(rest)
                }
                if scheme.lower() == "bearer" and found.get("realm"):
                    if not self._transport.may_log_in:
                        return False
                    before = self._value
                    self._fetch(found)
                    self._challenge = found
                    return before is None or self._value != before
                if scheme.lower() == "basic":
                    login = self._known()
                    if login is None or login.basic is None or login.basic == shown:
                        return False
                    self._value, self._until = login.basic, float("inf")
                    return True
            return False

    def _fetch(self, challenge: dict[str, str]) -> None:
        """Have a token. Raises ``RegistryError``."""
        realm = challenge["realm"]
        target = urlsplit(realm)
        where = f"the token service {escape(target.netloc.rpartition('@')[2])} of {escape(self._name.host)}"
        if target.scheme not in ("https", "http") or not target.hostname or "@" in target.netloc:
            raise RegistryError(
                f"the registry {escape(self._name.host)} names a token service that is no address of the web"
            )
        login = self._known()
        asked = {"scope": self._scope or f"repository:{self._name.repository}:pull"}
        if challenge.get("service"):
            asked["service"] = challenge["service"]
        headers = {"Accept": "application/json"}
        if login is not None and login.identity:
            form = {**asked, "grant_type": "refresh_token", "client_id": "imgscope", "refresh_token": login.identity}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer = self._transport.elsewhere("POST", realm, headers, urlencode(form).encode())
        else:
            if login is not None and login.basic is not None:
                headers["Authorization"] = login.basic
            joined = realm + ("&" if target.query else "?") + urlencode(asked)
            answer = self._transport.elsewhere("GET", joined, headers)
        try:
            data = read_up_to(answer, _MAX_ANSWER + 1)
        except Exception:
            raise RegistryError(f"{where} broke off its answer") from None
        if answer.status in (401, 403):
            raise RegistryError(
                f"{where} refuses the login that there is; log in again: docker login {_host(self._name)}"
                if login is not None
                else f"{where} gives no token without a login; log in: docker login {_host(self._name)}"
            )
        if answer.status != 200:
            raise RegistryError(f"{where} gives no token: it answers {answer.status}")
        if len(data) > _MAX_ANSWER:
            raise RegistryError(f"{where} answers with more than {_MAX_ANSWER >> 10} KiB, which no token needs")
        try:
            document = json.loads(data)
            token = document.get("token") or document.get("access_token")
            lasts = document.get("expires_in", _USUAL)
        except (ValueError, AttributeError, RecursionError):
            document, token, lasts = None, None, None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise RegistryError(f"{where} gives an answer that is no token")
        seconds = lasts if isinstance(lasts, (int, float)) and not isinstance(lasts, bool) else _USUAL
        self._value = f"Bearer {token}"
        self._until = time.monotonic() + max(min(seconds, 86400) - _EARLY, 5)


def _host(name: Name) -> str:
    from .names import HUB

    return "" if name.host == HUB else escape(name.host)
