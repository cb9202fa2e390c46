"""Finds secrets that stand behind an option, or in one: ``--password X``, ``mysql -pX``, ``curl -u me:X``."""

from __future__ import annotations

import re

from . import programs
from .assigned import LOGIN
from .encoded import encoded_command
from .line import Line, says_password
from .names import calls_secret, compiled, looks_random, looks_typed, negated, word_set

SHELLS = word_set("sh bash zsh dash ash ksh")
# curl -sSfLu me:password, curl -sume:password: options in one word, of those that take nothing.
_CURL_LOGIN = r"-[#BfgGiIjJkLlnNOpqRsSvZ0-6]{0,16}u"
# zip -rP X, unzip -qP X; ldapsearch -xw X.
_ZIP = r"-[A-Za-z]{1,8}P"
_LDAP = r"-[A-Za-z]{1,8}w"


def option(line: Line, number: int, following: int) -> int:
    """Judge an option with the word that follows it; return the number of that if it is its value, else -1."""
    head, seen = line.heads[number], line.seen
    curl = compiled(_CURL_LOGIN).match(head) if "curl" in seen else None
    if _glued(line, number, curl) or following < 0:
        return -1
    value = line.heads[following]
    if head == "--from-literal" and {"create", "secret"} <= seen and "=" in value:
        line.take(value.partition("=")[0], following, value.index("=") + 1)
        return following
    if head in ("-b", "--cookie") and "curl" in seen and "=" in value:
        line.take("cookie", following, value.index("=") + 1)
        return following
    if head in ("-E", "--cert", "--proxy-cert") and "curl" in seen and ":" in value[2:]:
        # A certificate's file and what unlocks it; C:\ is a folder.
        line.take("password option", following, value.index(":", 2) + 1)
        return following
    if value[:1] == "-" and not line.words[following].quoted:
        return -1
    if _apart(line, head, following):
        _secret_of(line, head, following)
        return following
    if _takes_login(head, seen) or (curl is not None and curl.end() == len(head)):
        return _login(line, head, following)
    name = head.lstrip("-")
    if says_password(name):
        line.printed(name, *line.cores[following])
        return -1
    if encoded_command(line, head, following):
        return following
    if (len(name) > 2 or head == "--pw") and calls_secret(name, value) and not negated(name):
        if head == "--secret" and not looks_random(value) and seen & {"gcloud", "docker", "podman", "buildah"}:
            return -1
        _secret_of(line, name, following)
        return following
    return -1


def _glued(line: Line, number: int, curl: re.Match[str] | None) -> bool:
    """Judge an option that has its value in the same word."""
    head, seen = line.heads[number], line.seen
    if curl is not None and ":" in head[curl.end() + 1 :]:
        line.take("password option", number, head.index(":") + 1)
        return True
    if head[:2] == "-U" and "%" in head and seen & programs.PERCENT:
        line.take("password in a login", number, head.index("%") + 1)
        return True
    for begin, least, takers in programs.GLUED:
        if head.startswith(begin) and len(head) >= least and seen & takers and not head.startswith("--"):
            line.take("password option", number, len(begin))
            return True
    if head[:2] == "-p" and len(head) > 5 and "login" in seen and seen & programs.LOG_IN:
        line.take("password option", number, 2)
        return True
    return False


def _apart(line: Line, head: str, following: int) -> bool:
    """Tell whether an option of the programs seen has a password as its next word."""
    seen, value = line.seen, line.value(following)
    if head == "-macopt":
        return "openssl" in seen and value.startswith(("key:", "hexkey:"))
    if value.isdigit() and len(value) < 6:
        # A port.
        return False
    if head == "-p" and "login" in seen and seen & programs.LOG_IN:
        return True
    if head in ("-p", "-b") and "htpasswd" in seen:
        return False
    if any(head in programs.APART[name] for name in seen & programs.APART.keys()):
        return True
    if seen & {"zip", "unzip"} and compiled(_ZIP).fullmatch(head):
        return True
    if any(name.startswith("ldap") for name in seen) and compiled(_LDAP).fullmatch(head):
        return True
    # bash <(curl …) -t TOKEN, curl … | bash -s -- -t TOKEN: the script's own option.
    script = "-s" in seen and bool(seen & SHELLS)
    if script and head in ("-p", "-P", "-w") and looks_typed(value):
        return True
    if not looks_random(value) or set("/:") & set(value):
        return False
    if head in ("-t", "-k") and (script or head == line.heads[0]):
        return True
    return any(head in programs.RANDOM[name] for name in seen & programs.RANDOM.keys())


def script_given(line: Line) -> None:
    """Judge what a script that a shell is fed is given: ``… | sh -s X``."""
    if "-s" not in line.seen or not line.seen & SHELLS:
        return
    at = line.heads.index("-s") if "-s" in line.heads else len(line.heads)
    for number in range(at + 1, len(line.heads)):
        value = line.value(number)
        free = line.heads[number - 1][:1] != "-" or line.heads[number - 1] in ("-s", "--")
        if free and len(value) >= 16 and value.isalnum() and looks_typed(value) and looks_random(value):
            line.take("password or token", number)


def slashed(line: Line, number: int, following: int) -> bool:
    """Judge an option of Windows with the word that follows it: ``/rp X``."""
    head = line.heads[number].lower()
    if not any(head in programs.APART[name] for name in line.seen & programs.APART.keys()):
        return False
    return line.take("password option", following)


def _secret_of(line: Line, name: str, following: int) -> None:
    offset = None
    prefix = re.match(r"(pass|env|file|fd|stdin|key|hexkey):", line.value(following))
    if prefix is not None:
        if prefix[1] not in ("pass", "key", "hexkey"):
            return
        offset = prefix.end()
    line.take("password option" if len(name.lstrip("-")) < 3 else name, following, offset)


def _takes_login(head: str, seen: set[str]) -> bool:
    return (
        head in programs.LOGIN_OPTIONS
        or (head in ("-c", "-L") and bool(seen & {"ttyd", "gotty", "gost"}))
        or (head == "-n" and "transmission-remote" in seen)
        or (head == "-A" and "ab" in seen)
    )


def _login(line: Line, head: str, following: int) -> int:
    """Judge ``-u name:password``; owners and groups are no logins."""
    start, end = line.cores[following]
    value, seen = line.text[start:end], line.seen
    match = compiled(LOGIN).match(value)
    separator = 0
    if match is not None:
        separator = match.start(2)
        if seen & programs.NO_LOGIN:
            return -1
        owner = match[2].isdigit() or match[1].isdigit() or match[2].lower() in programs.OWNERS
        if owner and "curl" not in seen:
            return -1
        named = head in ("-u", "--user")
        if named and seen & programs.TAKE_OWNERS and "curl" not in seen and not looks_random(match[2]):
            return -1
    elif head in ("-U", "--user") and seen & programs.PERCENT and "%" in value:
        separator = value.index("%") + 1
    elif head == "-u" and seen & {"lftp", "ncftpput", "ncftpget", "open"} and "," in value:
        separator = value.index(",") + 1
    elif value.startswith(":") and len(value) > 5:
        separator = 1
    else:
        return -1
    line.take("password in a login", following, separator)
    return following
