"""Judges names and values: which name is that of a secret, and which value is not a secret whatever it is called.

A name is judged by its words (``NPM_TOKEN``, ``authToken`` and ``_auth-token`` end in *token*; ``TOKENIZER`` and
``MAX_TOKENS`` do not), a value by what it says of itself: a reference, a path, a placeholder. Names and values are
looked at up to a fixed length, so a judgement costs the same whatever an image holds.
"""

from __future__ import annotations

import re
from functools import cache

from ..knowledge.secret_words import (
    ABOUT,
    AFTER,
    DOCUMENTED,
    GLUED,
    GLUED_SHORT,
    KEYS,
    LOGINS,
    NEGATED,
    NOUNS,
    OTHER_TOKENS,
    PUBLIC,
    SIGNED,
    WEAK,
    word_set,
)

# Imported from here by who judges words.
__all__ = ["word_set"]

MAX_NAME = 80

# Most texts have nothing that most patterns are for: they are compiled when they are first asked.
compiled = cache(re.compile)

# Of a value only the beginning is looked at to tell what it is.
_LOOK = 512

_WORDS = re.compile(r"[A-Z]++(?![a-z])|[A-Z]?[a-z]++|[A-Z](?=[a-z])|[0-9]++")

_REFERENCE = r"""(?ix)
    \$(?!(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|argon2\w{0,2}|scrypt|pbkdf2[-\w]{0,20})\\?\$) | \\\$(?!\w{1,6}\\?\$) |
    % [A-Za-z_]\w*+ % | \{\{ | \{%  | <[\w .:/-]*> | \[ | @[./~-] | \( | `
    | \.{1,2}/ | ~/ | [a-z]:\\ | \\\\\w | file: | env: | env\. | process\.env | os\.environ | os\.getenv | getenv
    | System\. | vault: | op:// | ssm: | secretsmanager: | arn:aws | ref: | sops: | awssm: | secretref: | config\.
    | \{[a-z_][\w.\[\]]{0,60}\}(?=$|[\"'\\]) | :[\"'] | %-?[0-9.]{0,8}[sdqbv](?![A-Za-z0-9]) | \.[*+]
    | (?:id|src|source|target|env|type|required|mode|uid|gid|dst)= | keyring: | keychain:
    | (?:true|false|yes|no|none|null|nil|undefined|on|off|enabled?|disabled?|required|optional|auto|string|always|never
        |basic|bearer|digest|negotiate|password|passwd|secret|token|inherit|prompt|ask|str|int|bool|object|plain)
      (?=$|[,;)\]}'"])
    | (?:[0-9]{1,4}|x{3,}|\*+|-+|=+|\.+|0+|\#+|!|_+)$
    """
_PATH = r"/(?:[\w.+@~-]{1,64}+(?:/|$)){1,64}"
_PLACEHOLDER = r"""(?ix)
    (?:please[-_ ]?)? (?:change|replace|insert|enter|put|set|add|fill|update|provide|generate|choose|pick|type|use
        |define) [-_ ]*(?:me|it|this|that|here|in|with|your|the|a|an|by|one|strong|some)(?![a-z0-9]{6})
    | your(?![a-z]*\d) | (?:todo|tbd|fixme|xxx+|unset|dummy|placeholder|redacted|hidden|masked|omitted|removed|not[-_ ]?
        (?:set|needed|used|real|secret|available|applicable|required|a)\b|n/a$|na$|fake|mock(?:ed)?(?![a-z]) )
    | (?:test|testing|fake|dummy|sample|demo|example|my|some|the|a|an|default|insecure|super|foo|bar|invalid|very|user
        |root|admin|db|app)?
      [-_. ]? (?:test|super|very)? [-_. ]?
      (?:password|passwd|pass|passphrase|secret|token|key|api[-_]?key|value|credentials?|empty|default|test|testing|foo
        |bar|foobar|baz|foobarbaz|example|sample|demo|none|username|string|hunter)
      [-_. ]? (?:here|value|key|string|goes[-_ ]here|123|1234|pw)? [!.]?$
    | (?:build|compile|precompile|check|ci|collectstatic|assets|temp|temporary|tmp|throwaway|unused|ignored?|stub)
      (?:[-_ ]?(?:time|only|step|phase|stage|key|secret|token|value|password|check|test))? $
    """
_EXAMPLES = (
    r"(?i)example|changeme|change[-_]me|placeholder|dummy|not[-_]?a[-_]?(?:real[-_]?)?(?:secret|key|token|password)"
    r"|(?:replace|change|insert)[-_](?:with|this|me)|your[-_](?:api|secret|token|password|key|access)|x{8}|(.)\1{9}"
)
_FINGERPRINT = r"(?:0x)?(?:[0-9A-F]{40}|[0-9A-F]{16}|[0-9A-F]{8})(?:[ ,;].*)?|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,}"
_HOST = r"[a-z0-9-]{1,63}+(?:\.[a-z0-9-]{1,63}+)+(?::\d{1,5})?(?:/.*)?"
_VERSION = r"[vV~^=<>]*\d+(?:[.-]\w{1,12}+)*(?:[+~]\S*)?"
_CHOSEN = r"(?=\S*[A-Za-z])(?=\S*[0-9!#$%^&*?])\S{6,}"
# Letters of both kinds with a digit, or a sign that nothing but a password has: no name, tag, version or folder.
_TYPED = (
    r"(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])[^\s/\\:=,{}()<>|;]{6,}"
    r"|(?=\S*[A-Za-z])(?=\S*[!#%^&*?$])[^\s/\\:=,{}()<>|;]{6,}"
)
_DIGEST = r"[0-9a-fA-F]{7,128}"
_SLUG = r"[a-z]++(?:[-_.][a-z0-9]{1,64}+)*+"
_FILE = r".*\.[A-Za-z]{1,5}\d?|\d.*\.\d.*|v\d.*"
_LOGIN = r"[\w.+-]{1,64}:[^\s/:$]{6,128}"
_SPLIT = r"[-_./:+= ,;@]"


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters: ``NPM_TOKEN``, ``npmToken`` and ``npm-token`` are all two."""
    return tuple(word.lower() for word in _WORDS.findall(name[-MAX_NAME:]))


def names_secret(name: str, value: str | None = None) -> bool:
    """Tell whether a name is that of a secret; where the name leaves it open, whether ``value`` looks like one."""
    words = words_of(name)
    if not words:
        return False
    found = _noun(words, value)
    if found is None:
        return value is not None and name.startswith("BUNDLE_") and "__" in name and _is_login(words, value)
    return found or (value is not None and (_is_key(value) or _is_login(words, value)))


def _is_key(value: str) -> bool:
    """Tell whether the value of a name that leaves it open looks like a secret, and is no address of one."""
    return looks_random(value) and compiled(r"[\"']?\w{1,20}+://").match(value) is None


def _is_login(words: tuple[str, ...], value: str) -> bool:
    """Tell whether a value is a name and a password, where its name says that it is to log in with."""
    named = (
        words[-1] in LOGINS
        or words[-2:] in (("basic", "auth"), ("http", "auth"), ("auth", "ident"))
        # A host of Bundler's: BUNDLE_GEMS__EXAMPLE__NET.
        or (words[0] == "bundle" and len(words) > 2)
    )
    return named and compiled(_LOGIN).fullmatch(value[:_LOOK]) is not None


def _noun(words: tuple[str, ...], value: str | None) -> bool | None:
    """Judge the words of a name: ``None`` is none, ``False`` leaves it to the value."""
    while len(words) > 1 and words[-1].isdigit():
        words = words[:-1]
    strength = _ends(words)
    if strength is not None:
        return _of_kind(words, value, strength)
    at = len(words)
    while at > 1 and (words[at - 1] in AFTER or words[at - 1].isdigit() or len(words[at - 1]) == 1):
        at -= 1
        strength = _ends(words[:at])
        if strength is not None:
            return _of_kind(words[:at], value, strength)
    if words[-1] in ABOUT or not any(word in NOUNS for word in words):
        # SECRET_ID is what Vault calls one half of a login; ACCESS_KEY_ID is half of one of a cloud.
        if words[-2:] == ("secret", "id") or words[-3:] == ("access", "key", "id"):
            return False
        return None
    return False if not any(word in PUBLIC for word in words) else None


def _ends(words: tuple[str, ...]) -> bool | None:
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if before == "existing":
        # A chart's existingSecret is the name of one.
        return None
    if last == "token":
        return None if before in OTHER_TOKENS or words[-3:] == ("initial", "cluster", "token") else True
    if last == "pwd":
        return None if before in ("old", "") and len(words) < 2 else True
    if last in NOUNS or last == "pass":
        return True
    if last == "pw":
        return True
    if last in ("key", "keys"):
        return last == "key" and before in KEYS
    if last == "auth":
        return before in ("redis", "rediscli", "npm", "registry") or words[-4:-1] == ("neo", "4", "j")
    if last == "cookie" and before == "erlang":
        return True
    if last in ("secrets", "tokens"):
        return None
    if last.endswith(GLUED) or compiled(GLUED_SHORT).fullmatch(last):
        return True
    return False if last in WEAK else None


def _of_kind(words: tuple[str, ...], value: str | None, strength: bool) -> bool | None:
    kept = "private" in words or "secret" in words or words[-1].startswith(("pass", "pwd")) or words[-1] == "token"
    if not kept and any(word in PUBLIC for word in words):
        return None
    if (
        not kept
        and value is not None
        and compiled(_FINGERPRINT).fullmatch(value[:_LOOK])
        and words[-1].endswith(("key", "keys"))
    ):
        return None
    if not kept and any(word in SIGNED for word in words) and strength is False:
        return None
    return strength


def negated(name: str) -> bool:
    """Tell whether an option only speaks of a secret: ``--disabled-password``, ``--no-password``."""
    return any(word in NEGATED for word in words_of(name)[:-1])


def speaks_of(value: str) -> bool:
    """Tell whether a value is what is said of secrets rather than one: ``reset``, ``policy``, ``required``."""
    words = words_of(value)
    return value.isalpha() and all(word in ABOUT or word in NEGATED for word in words)


def about(name: str) -> bool:
    """Tell whether a name is of something about a secret: its file, its length."""
    words = words_of(name)
    return bool(words) and words[-1] in ABOUT


def calls_secret(name: str, value: str | None = None) -> bool:
    """Tell whether a name is a secret's own (see ``names_secret``), and not that of something about one."""
    return names_secret(name, value) and not about(name)


def default_of(value: str) -> tuple[int, int] | None:
    """Return where in ``${NAME:-value}`` the value stands that is taken where the variable is not set."""
    match = re.match(r"\$\{\w{1,80}+:?[-=](?!\$)", value)
    if match is None:
        return None
    end = value.find("}", match.end())
    return (match.end(), end if end >= 0 else len(value)) if end != match.end() else None


def plausible(value: str) -> bool:
    """Tell whether a value can be a secret: no reference to one, no path, no placeholder, no documented example."""
    value = value[:_LOOK].strip()
    if len(value) < 4 or compiled(_REFERENCE).match(value):
        return False
    if value[0] == "/" and compiled(_PATH).fullmatch(value.rstrip(";,")) and not re.search(r"[+=]", value):
        return False
    return not is_placeholder(value)


def is_placeholder(value: str) -> bool:
    """Tell whether a value only stands for one: ``changeme``, ``your-token-here``, what documentation prints."""
    value = value[:_LOOK]
    return bool(
        compiled(_PLACEHOLDER).match(value)
        or compiled(_EXAMPLES).search(value)
        or any(known in value for known in DOCUMENTED)
    )


def looks_chosen(value: str) -> bool:
    """Tell whether somebody may have thought a value up for a password: no plain word, no host, no version."""
    value = value[:_LOOK]
    return (
        compiled(_CHOSEN).fullmatch(value) is not None
        and not compiled(_HOST).fullmatch(value)
        and not compiled(_VERSION).fullmatch(value)
    )


def looks_typed(value: str) -> bool:
    """Tell whether a value is hardly anything but a password, whatever the place: no name, file, version or digest."""
    value = value[:_LOOK]
    return (
        looks_chosen(value)
        and compiled(_TYPED).fullmatch(value) is not None
        and compiled(_DIGEST).fullmatch(value) is None
        and not is_file(value)
    )


def is_slug(value: str) -> bool:
    """Tell whether a value is written as names are: words in small letters, joined by signs."""
    return compiled(_SLUG).fullmatch(value) is not None


def is_file(value: str) -> bool:
    """Tell whether a value is a file's name by its ending, or a version."""
    return compiled(_FILE).fullmatch(value[:_LOOK]) is not None


def is_version(value: str) -> bool:
    """Tell whether a value is a version of more than one number: ``0.20.5-r0``."""
    return "." in value and len(value) <= 64 and compiled(_VERSION).fullmatch(value) is not None


def looks_random(value: str) -> bool:
    """Tell whether a value looks like one that a machine made: letters and digits in one piece, no host or version."""
    value = value[:_LOOK]
    if len(value) < 12 or " " in value or compiled(_HOST).fullmatch(value) or compiled(_VERSION).fullmatch(value):
        return False
    for piece in compiled(_SPLIT).split(value):
        if len(piece) < 8:
            continue
        digits = sum(map(str.isdigit, piece))
        letters = sum(map(str.isalpha, piece))
        if digits >= 2 and letters >= 2:
            return True
        if len(piece) >= 16 and any(map(str.isupper, piece)) and any(map(str.islower, piece)) and len(set(piece)) > 9:
            # Words in camel case have a capital now and then; random letters have them all over.
            capitals = sum(map(str.isupper, piece))
            if capitals * 3 >= len(piece) or digits:
                return True
    return False
