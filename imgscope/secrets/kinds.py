"""Kinds of files that hold secrets: where they lie, and what in them shows that they do.

``judge`` says of a path and its content what is secret there. A key at a key's place, or with a key's name, counts
whatever it holds; files of tools by what their own format says; any other small text by what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..globs import expression
from ..knowledge.credentials import (
    APPLICATION_NAMES,
    CREDENTIALS,
    ENVIRONMENT_NAMES,
    KEY_NAMES,
    NO_KEY,
    TRUST_STORE,
)
from ..knowledge.texts import (
    EXAMPLE,
    FOR_SHOW,
    NO_TEXT,
    SCRIPT_ENDINGS,
    SCRIPT_NAMES,
    SETTINGS_ENDINGS,
    SYSTEM,
    TEXT_ENDINGS,
    TEXT_NAMES,
    VENDORED,
)
from .files import in_history, in_settings, in_source, plausible_values
from .names import compiled

# Files larger than this are no key and no login.
MAX_SECRET = 1 << 20
# Text of no known kind is looked at in files up to this.
MAX_TEXT = 64 << 10

Proof = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A kind of file that holds secrets: where it lies, and what tells from its content that it does."""

    kind: str
    places: tuple[str, ...]
    proof: Proof


_PRIVATE = rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File"
_PUBLIC = (
    rb"\s{0,64}+(?:(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,64} |-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}(?:PUBLIC KEY|CERTIFICATE)"
    rb"|---- BEGIN SSH2 PUBLIC|#!|<|\x7fELF|[$%{]|<\?)|\s*+$"
)
_PLACEHOLDER = rb"(?i)\s{0,64}+(?:change|replace|your|insert|todo|dummy|placeholder|example|secret|none|empty|test)"
_ONE_WORD = rb"\s{0,64}+[A-Za-z0-9+/=_-]{16,1024}+\s{0,64}+\Z"


# The shortest that anything keeps in a file of its own: 128 bits.
_SHORTEST_KEY = 16


def _private_key(data: bytes) -> bool:
    return compiled(_PRIVATE).search(data) is not None


def _key_by_name(data: bytes) -> bool:
    """Tell whether a file that is called a private key can be one: all but what says that it is something else."""
    if _private_key(data):
        return True
    if len(data.strip()) < _SHORTEST_KEY or compiled(_PUBLIC).match(data) is not None:
        return False
    return len(data) > 200 or compiled(_PLACEHOLDER).match(data) is None


def _key_or_word(data: bytes) -> bool:
    return _private_key(data) or (
        compiled(_ONE_WORD).match(data) is not None and plausible_values(rb"\s*+(\S++)", data, random=True)
    )


def _anything(data: bytes) -> bool:
    return bool(data.strip())


def _value(pattern: bytes, *, random: bool = False) -> Proof:
    return lambda data: plausible_values(pattern, data, random=random)


def _either(*proofs: Proof) -> Proof:
    return lambda data: any(proof(data) for proof in proofs)


_URL_LOGIN = _value(rb"://[^\s/:@]{0,256}+:([^\s/@\"']{3,1024}+)@|://([^\s/:@]{20,1024}+)@")
_CONDA_TOKEN = _value(rb"://[^\s/]{1,256}+/t/([A-Za-z0-9-]{12,128}+)/", random=True)
_SETTINGS: Proof = in_settings
# A token may stand for the name, with no password.
_NETRC = _either(_value(rb"\bpassword\s{1,16}+(\S++)"), _value(rb"\blogin\s{1,16}+(\S++)", random=True))

_ATTRIBUTE = _value(rb"(?i)\bpassword\s{0,8}=\s{0,8}[\"']([^\"'\n]{1,1024}+)[\"']")
_WORD: Proof = _value(rb"\A\s{0,64}+(\S{4,1024}+)\s{0,64}+\Z")
# url name X, "name" "X", name:X, : PSK "X": the last word of a line, or the third.
_LAST_FIELD: Proof = _value(
    rb"(?m)^[^#\s\"':]{1,256}:(?!\s)(?:[^:\s]{1,256}:)?([^:\s]{4,1024}+)$"
    rb"|^\[?[^#\s]{1,256}+[ \t]++[^\s:\"']{1,256}+:([^:\s]{4,1024}+)$"
    rb"|^\"[^\"\n]{1,256}+\"[ \t]++\"([^\"\n]{4,1024}+)\""
    rb"|:[ \t]++(?:PSK|EAP|XAUTH|NTLM)[ \t]++\"([^\"\n]{4,1024}+)\""
    rb"|^[^#\s:\"']\S{0,256}+[ \t]++\S{1,256}+[ \t]++\"?([^\s\"]{4,1024}+)"
)

PRIVATE_KEYS = (
    SecretFile(
        "private key",
        CREDENTIALS["private key"].places,
        _private_key,
    ),
    SecretFile("private key", CREDENTIALS["key or word"].places, _key_or_word),
    SecretFile("private key", CREDENTIALS["GnuPG"].places, _anything),
    SecretFile(
        "key store",
        CREDENTIALS["key store"].places,
        _anything,
    ),
)
KEY_BY_NAME = SecretFile("private key", (), _key_by_name)
_JSON = rb"\"\s{0,16}+:\s{0,16}+\"([^\"\n]{1,4096}+)\""
LOGINS: tuple[SecretFile, ...] = (
    SecretFile(
        "npm credentials",
        CREDENTIALS["npm"].places,
        _value(rb"(?i)_(?:authToken|auth|password)[ \t]*+=[ \t]*+\"?([^\s\"]++)"),
    ),
    SecretFile(
        "Yarn credentials",
        CREDENTIALS["Yarn"].places,
        _value(rb"(?i)npmAuth(?:Token|Ident)\"?[ \t]*+:[ \t]*+\"?([^\s\"]++)|_authToken[\" \t]++([^\s\"]++)"),
    ),
    SecretFile(
        "AWS credentials",
        CREDENTIALS["AWS"].places,
        _value(rb"(?i)aws_(?:secret|session)\w{0,40}+[ \t]*+=[ \t]*+(\S++)"),
    ),
    SecretFile(
        "Docker credentials",
        CREDENTIALS["Docker"].places,
        _value(rb"\"(?:auth|identitytoken|password|registrytoken)" + _JSON),
    ),
    SecretFile(
        "git credentials",
        CREDENTIALS["git"].places,
        _either(
            _URL_LOGIN, _value(rb"(?i)extraheader[ \t]*+=[ \t\"]*+authorization:[ \t]*+\w{1,10}[ \t]++([^\s\"]++)")
        ),
    ),
    SecretFile("credentials", CREDENTIALS["netrc"].places, _NETRC),
    SecretFile(
        "PyPI credentials",
        CREDENTIALS["PyPI"].places,
        _either(_value(rb"(?im)^[ \t]*+(?:password|token)[ \t]*+[=:][ \t]*+[\"']?([^\s\"']++)"), _URL_LOGIN),
    ),
    SecretFile(
        "Google Cloud credentials",
        CREDENTIALS["Google Cloud"].places,
        _value(rb"(?i)\"(?:private_key|refresh_token|client_secret|access_token)" + _JSON),
    ),
    SecretFile(
        "Azure credentials",
        CREDENTIALS["Azure"].places,
        _value(rb"(?i)\"(?:access_?token|refresh_?token|secret|client_?secret|password)" + _JSON),
    ),
    SecretFile(
        "Kubernetes credentials",
        CREDENTIALS["Kubernetes"].places,
        _value(rb"(?m)^[ \t-]*+\"?(?:token|client-key-data|password)\"?[ \t]*+:[ \t]*+\"?([^\s\"]++)"),
    ),
    SecretFile(
        "GitHub credentials",
        CREDENTIALS["GitHub"].places,
        _value(rb"(?m)^[ \t]*+(?:-[ \t]*+)?oauth_token[ \t]*+:[ \t]*+(\S++)"),
    ),
    SecretFile(
        "Cargo credentials",
        CREDENTIALS["Cargo"].places,
        _value(rb"(?m)^[ \t]*+(?:secret-)?(?:token|key)[ \t]*+=[ \t]*+\"?([^\s\"]++)"),
    ),
    SecretFile(
        "RubyGems credentials",
        CREDENTIALS["RubyGems"].places,
        _value(
            rb"(?m)^[ \t]*+:\w{0,40}?key[ \t]*+:[ \t]*+(\S++)|:rubygems\w{0,40}+:[ \t]*+(\S++)"
            rb"|^BUNDLE_\w{1,60}__\w{1,60}:[ \t]*+\"?(\S++)"
        ),
    ),
    SecretFile(
        "NuGet credentials",
        CREDENTIALS["NuGet"].places,
        _value(rb"(?i)key=\"(?:ClearText)?Password\"\s{1,16}+value=\"([^\"]{1,1024}+)"),
    ),
    SecretFile(
        "Maven credentials",
        CREDENTIALS["Maven"].places,
        _value(rb"<(?:password|passphrase|master)>\s{0,256}+([^<\s]{1,1024}+)"),
    ),
    SecretFile("Gradle credentials", CREDENTIALS["Gradle"].places, _SETTINGS),
    SecretFile(
        "Composer credentials",
        CREDENTIALS["auth.json"].places,
        _value(
            rb"(?s)\"(?:http-basic|github-oauth|gitlab-token|gitlab-oauth|bearer|bitbucket-oauth)\"\s{0,64}+:\s{0,64}+\{"
            rb".{0,1024}?\"(?:password|token|consumer-secret|[\w.-]{1,80}\.\w{1,20})" + _JSON
        ),
    ),
    SecretFile(
        "Docker credentials", CREDENTIALS["auth.json"].places, _value(rb"\"(?:auth|identitytoken|token)" + _JSON)
    ),
    SecretFile(
        "database credentials",
        CREDENTIALS["database"].places,
        _value(
            rb"(?m)^[^#\s:]{1,256}+(?::[^:\s]{1,256}+){3}:([^:\s]{1,256}+)"
            rb"|(?i:password|passwd)[ \t]*+=[ \t]*+[\"']?([^\s\"']++)"
        ),
    ),
    SecretFile("password file", CREDENTIALS["password file"].places, _value(rb"(?m)^[^\s:#]{1,256}+:([^\s:]++)")),
    SecretFile(
        "password hash",
        CREDENTIALS["password hash"].places,
        _value(rb"(?m)^[^:\n]{1,256}+:!?(\$[^:\n]{8,1024}+|[./A-Za-z0-9]{13}):"),
    ),
    SecretFile("Vault token", CREDENTIALS["token file"].places, _anything),
    SecretFile(
        "S3 credentials",
        CREDENTIALS["S3"].places,
        _value(rb"(?m)^[ \t]*+secret_key[ \t]*+=[ \t]*+(\S++)|^\w{16,}:(\S++)"),
    ),
    SecretFile(
        "rclone credentials",
        CREDENTIALS["rclone"].places,
        _value(
            rb"(?m)^[ \t]*+(?:pass(?:word2?)?|secret_access_key|client_secret|token|key|sas_url"
            rb"|service_account_credentials)[ \t]*+=[ \t]*+(\S++)"
        ),
    ),
    SecretFile(
        "Terraform state or values",
        CREDENTIALS["Terraform"].places,
        _value(
            rb"(?i)(?:password|secret|token|private_key|access_key)\w{0,40}+\"?\s{0,16}+[=:]\s{0,16}+\"([^\"\n]{1,4096}+)"
        ),
    ),
    SecretFile("environment", CREDENTIALS["environment"].places, _SETTINGS),
    SecretFile("WordPress settings", CREDENTIALS["WordPress"].places, _SETTINGS),
    SecretFile("application settings", CREDENTIALS["application"].places, _SETTINGS),
    SecretFile("run-time secret", CREDENTIALS["run time"].places, _anything),
    SecretFile(
        "package manager credentials",
        CREDENTIALS["package sources"].places,
        _either(_URL_LOGIN, _NETRC, _value(rb"(?m)^[ \t]*+password[ \t]*+=[ \t]*+(\S++)"), _CONDA_TOKEN),
    ),
    SecretFile(
        "mail credentials",
        CREDENTIALS["mail"].places,
        _either(_value(rb"(?im)\bpass(?:word)?[\"']?(?:[ \t]++|[ \t]*+=[ \t]*+)[\"']?([^\s\"'=]++)"), _LAST_FIELD),
    ),
    SecretFile("network credentials", CREDENTIALS["network"].places, _LAST_FIELD),
    SecretFile(
        "credentials",
        CREDENTIALS["network settings"].places,
        _value(
            rb"(?im)^[ \t]*+(?:psk|password|requirepass|masterauth|sentinel[ \t]++auth-pass[ \t]++\S{1,128})"
            rb"(?:[ \t]*+=[ \t]*+|[ \t]++)[\"']?([^\s\"']++)"
        ),
    ),
    SecretFile("private key", CREDENTIALS["OpenVPN"].places, _private_key),
    SecretFile("password file", CREDENTIALS["one word"].places, _WORD),
    SecretFile("credentials", CREDENTIALS["tool settings"].places, _either(_SETTINGS, _ATTRIBUTE)),
)
# Names that can't be told by their ending: .env.production, appsettings.Production.json.
ENVIRONMENT = SecretFile("environment", (), _SETTINGS)
APPLICATION = SecretFile("application settings", (), _SETTINGS)

_SYSTEM = rb"(?:" + b"|".join(expression(glob[1:].encode()) for glob in SYSTEM) + rb")(?:/|\Z)"


def trust_store(name: bytes) -> bool:
    """Tell whether a key store's name is that of one that holds others' certificates."""
    return compiled(TRUST_STORE).match(name) is not None


def for_show(directory: bytes, name: bytes) -> bool:
    """Tell whether a file is an example, or of tests or documentation: what looks like a secret there is none."""
    return not FOR_SHOW.isdisjoint(directory.lower().split(b"/")) or compiled(EXAMPLE).fullmatch(name) is not None


def others(directory: bytes) -> bool:
    """Tell whether what lies in a directory was written by others: packages of a system or of a language."""
    return compiled(_SYSTEM).match(directory) is not None or not VENDORED.isdisjoint(directory.split(b"/"))


def named(name: bytes) -> list[SecretFile]:
    """Return the kinds that a file is of by a name that no glob tells."""
    found = []
    if compiled(KEY_NAMES).fullmatch(name) and not compiled(NO_KEY).fullmatch(name):
        found.append(KEY_BY_NAME)
    if compiled(ENVIRONMENT_NAMES).fullmatch(name) and not re.search(rb"(?i)\.(?:js|ts|py|md|vue|rb|php|go)$", name):
        found.append(ENVIRONMENT)
    if compiled(APPLICATION_NAMES).fullmatch(name):
        found.append(APPLICATION)
    return found


def is_text(name: bytes) -> bool:
    """Tell whether a file's name is one of text that may hold anything."""
    known = name[name.rfind(b".") :].lower() in TEXT_ENDINGS or name in TEXT_NAMES or name.startswith(b"Dockerfile.")
    return known and compiled(NO_TEXT).fullmatch(name) is None


def in_text(name: bytes, data: bytes) -> str | None:
    """Return what is secret in a text of no known kind; ``None`` where nothing is."""
    if b"\0" in data:
        return None
    ending = name[name.rfind(b".") :].lower()
    if ending in SCRIPT_ENDINGS or name in SCRIPT_NAMES or name.startswith(b"Dockerfile."):
        return in_history(data)
    return in_source(data, settings=ending in SETTINGS_ENDINGS or name in TEXT_NAMES)


# All kinds, in an order that stays: what the cache knows of a file are their numbers.
ALL = (*PRIVATE_KEYS, *LOGINS, KEY_BY_NAME, ENVIRONMENT, APPLICATION)


class PlaceNames:
    """The names at which kinds of secrets lie, their folders left open as far as globs do, and beyond.

    It tells of no fewer files than the globs, and is quick enough to be asked of every file that passes.
    """

    def __init__(self, kinds: Sequence[SecretFile]) -> None:
        """Take the places of ``kinds``."""
        self.names: dict[bytes, list[int]] = {}
        """Kinds by files' names."""
        self.endings: dict[bytes, list[tuple[bytes, int]]] = {}
        """Whole endings with their kinds, by what follows the last dot of a name."""
        self._folders: dict[bytes, set[int]] = {}
        self._rooted: list[tuple[bytes, int]] = []
        for number, kind in enumerate(kinds):
            for place in kind.places:
                above, _, last = place.encode().rpartition(b"/")
                if last == b"**" and above.startswith(b"/**/"):
                    self._folders.setdefault(above.rpartition(b"/")[2], set()).add(number)
                elif last == b"**":
                    self._rooted.append((above[1:] + b"/", number))
                elif last[:1] == b"*":
                    self.endings.setdefault(last[last.rindex(b".") :], []).append((last[1:], number))
                else:
                    self.names.setdefault(last, []).append(number)
        self._roots = tuple(prefix for prefix, _ in self._rooted)
        self._numbers = {id(kind): number for number, kind in enumerate(kinds)}

    def inside(self, directory: bytes) -> set[int]:
        """Return the kinds of all that lies in a directory, or below it."""
        path, parts = directory + b"/", directory.split(b"/")
        # Most directories are told by this alone.
        if not path.startswith(self._roots) and self._folders.keys().isdisjoint(parts):
            return set()
        found = {number for prefix, number in self._rooted if path.startswith(prefix)}
        return found.union(*(self._folders[part] for part in parts if part in self._folders))

    def of(self, directory: bytes, name: bytes) -> set[int]:
        """Return the kinds that a file may be of."""
        found = self.inside(directory)
        found.update(self.names.get(name, ()))
        ends = self.endings.get(name[name.rfind(b".") :], ())
        found.update(number for ending, number in ends if name.endswith(ending))
        found.update(self._numbers[id(kind)] for kind in named(name))
        return found


SECRET_PLACES = PlaceNames(ALL)
