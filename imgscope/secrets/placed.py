"""Finds secrets by their place in a command: the last word of ``cargo login X``, the second after ``net user me X``.

Also what is said in so many words: SQL's ``PASSWORD 'X'``, a netrc file's ``login X``, what sed and expect write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from . import programs
from .assigned import LOGIN, SCHEMES
from .formats import formatted
from .line import Line, keeps_secret, program, tail
from .names import compiled, looks_chosen, looks_random, names_secret, speaks_of
from .options import script_given, slashed
from .replaced import is_placeholder_for, replaced
from .shell import Command
from .values import elsewhere

# What expect types: send "value\r".
_TYPED = r"([^\s\\]{4,128}+)(?:\\{1,8}[rn]){1,4}"
_ORACLE = r"[\w$#]{1,60}/([^\s@/]{4,200})(?:@|$)"
# url name X, client server X address.
_THIRD = r"\s{0,8}+\S{1,256}+\s{1,8}+\S{1,256}+\s{1,8}+(\S{4,256}+)"
_ONE_PLACE = r"%s(?:\\{1,4}[nr]){0,2}"
_SWAPPED = ("x-oauth-basic", "x-access-token")


def by_place(line: Line, number: int, following: int, before: Sequence[Command]) -> int:
    """Judge a word that says what the next one is; return the number of that if it is a secret, else -1."""
    head, seen = line.heads[number], line.seen
    lower = head.lower()
    if lower == "convertto-securestring":
        _secured(line, number, before)
        return -1
    if following < 0:
        return -1
    if (seen & programs.SET or head.startswith("//")) and line.names(tail(head), following):
        if number and line.heads[number - 1].lower() == "set" and line.heads[following].lower() == "to":
            # SET app.password TO 'X'
            following = line.after(following)
            if following < 0 or not line.words[following].quoted:
                return -1
        value = line.value(following)
        sure = bool(seen & programs.SET_SURELY) or looks_random(value)
        if sure and not value.startswith("-") and "=" not in head:
            line.take(tail(head), following)
            return following
    if head[:1] == "+" and line.names(head[1:], following):
        # What servers of games are told: +rcon_password X.
        line.take(head[1:], following)
        return following
    if lower in ("expect", "send"):
        return _typed(line, lower, following)
    if lower == "user" and line.script.ftp and len(line.words) == number + 3:
        # What ftp is told: user me X.
        line.take("password", number + 2)
        return -1
    if _announced(line, number, following) and line.take("password", following):
        return following
    if head[:1] == "/" and slashed(line, number, following):
        return following
    if lower in SCHEMES and looks_random(line.value(following)):
        line.take("authorization header", following)
        return following
    return -1


def _announced(line: Line, number: int, following: int) -> bool:
    """Tell whether a word says that a password follows."""
    head, seen = line.heads[number], line.seen
    lower = head.lower()
    previous = line.heads[number - 1] if number else ""
    if line.text[line.words[number].end - 1] == ",":
        # A list of columns.
        return False
    if lower.endswith("\\npassword") or (lower == "password" and ("login" in seen or len(line.words) == 2)):
        # machine example.com login me password X, in one line or in three.
        return not speaks_of(line.value(following))
    if lower == "login" or lower.endswith("\\nlogin"):
        # GitHub and others take a token for the name, and need no password.
        return bool(seen & {"machine", "default"} or len(line.words) == 2) and looks_random(line.value(following))
    # ALTER USER x PASSWORD 'y', IDENTIFIED WITH plugin BY 'y'.
    if line.words[following].quoted and (lower == "password" or (lower == "by" and "identified" in seen)):
        return True
    if lower == "secret" and line.words[following].quoted:
        return looks_random(line.value(following))
    if lower == "by" and previous.lower() == "identified" and seen & {"user", "role", "grant"}:
        # Oracle's need no quotes.
        return len(line.words) == following + 1 and not names_secret(line.value(following))
    if lower in ("psk", "eap", "xauth", "ntlm") and previous.endswith(":") and line.words[following].quoted:
        # ipsec.secrets
        return True
    if lower in ("rocommunity", "rwcommunity"):
        return looks_chosen(line.value(following))
    # requirepass in redis.conf; mysqladmin password X; nmcli … password X; debconf's package/password password X.
    if head == "AUTH" and len(line.words) == 2:
        return looks_chosen(line.value(following))
    return re.split(r"[\\/]", lower)[-1] in ("requirepass", "masterauth", "bindpw", "rootpw") or (
        (lower == "pass" and previous.lower() == "quote")
        or (
            lower == "password"
            and (
                bool(seen & {"mysqladmin", "nmcli", "poll"})
                or ("/" in previous and names_secret(previous.rpartition("/")[2]))
            )
        )
    )


def _secured(line: Line, number: int, before: Sequence[Command]) -> None:
    """Judge what ConvertTo-SecureString of PowerShell is given: as a word, by ``-String``, or by a pipe."""
    at = number + 1
    while at < len(line.words):
        lower = line.heads[at].lower()
        if lower[:1] != "-" or line.words[at].quoted:
            line.take("password", at)
            return
        at += 2 if lower in ("-key", "-securekey") else 1
    if before and before[-1].words and before[-1].words[-1].quoted:
        line.script.add("password", before[-1].words[-1].start, before[-1].words[-1].end)


def _typed(line: Line, word: str, following: int) -> int:
    """Judge what an expect script types, by itself and by what it waited for."""
    heads = line.heads
    if word == "expect":
        asks = ("assw", "assphr")
        line.script.asked = any(any(map(head.lower().__contains__, asks)) for head in heads[following:][:3])
        return -1
    if heads[following] in ("--", "-h", "-s") and following + 1 < len(line.words):
        following += 1
    match = compiled(_TYPED).fullmatch(line.value(following))
    prompted = line.script.asked or any("assw" in head.lower() for head in heads[max(0, following - 4) : following])
    if match is None or not (prompted or looks_chosen(match[1])):
        return -1
    line.script.asked = False
    start = line.cores[following][0]
    line.script.add("password", start, start + match.end(1))
    return following


# -- whole commands ----------------------------------------------------------------------------------------------


def in_place(line: Line) -> None:
    """Judge the words of a whole command that are secrets by where they stand."""
    _last_word(line)
    _after_words(line)
    _written(line)
    formatted(line)
    elsewhere(line)
    script_given(line)
    heads, seen = line.heads, line.seen
    if seen & {"sed", "perl", "ex", "vim", "vi"}:
        replaced(line)
    if seen & programs.REPLACE:
        at = next(number for number, name in enumerate(map(program, heads)) if name in programs.REPLACE)
        if len(heads) > at + 2 and is_placeholder_for(line.value(at + 1), line.value(at + 2)):
            line.take(line.value(at + 1), at + 2)
    if "setuser" in seen or ("redis-server" in seen and "--user" in seen):
        # ACL SETUSER me on >X
        for number, head in enumerate(heads):
            if head[:1] == ">":
                line.take("password", number, 1)
    if "etcdctl" in seen and "user" in seen and (login := compiled(LOGIN).fullmatch(heads[-1])) is not None:
        line.take("password in a login", len(heads) - 1, login.start(2))
    hashes = {"openssl", "passwd"} <= seen and len(heads) > 2 and heads[-2] != "-salt"
    if hashes and heads[-1] != "passwd" and not heads[-1].startswith(("/", "-")):
        line.take("password", len(heads) - 1)
    if seen & programs.ORACLE or heads[:1] in (["connect"], ["CONNECT"]):
        for number, head in enumerate(heads):
            match = compiled(_ORACLE).match(head)
            sure = match is not None and (bool(seen & programs.ORACLE) or looks_chosen(match[1]))
            if match is not None and sure and program(head) not in programs.ORACLE:
                start = line.cores[number][0]
                line.script.add("password", start + match.start(1), start + match.end(1))


def _last_word(line: Line) -> None:
    """Judge the last word of commands that take a password there."""
    if len(line.words) < 2:
        return
    last = len(line.words) - 1
    head = line.heads[last]
    for name in line.seen & programs.LAST.keys():
        needed, option = programs.LAST[name]
        if needed and not needed & line.seen:
            continue
        if option and not any(text[:1] == "-" and text[1:2] != "-" and option in text for text in line.heads):
            continue
        if head[:1] == "-" or head in needed or program(head) == name or (needed and "=" in head):
            continue
        if name in ("composer", "poetry", "bundle"):
            if _is_setting(line, name):
                _login_of(line, last)
        elif name != "htpasswd" or last >= 2:
            line.take("password", last)


def _is_setting(line: Line, name: str) -> bool:
    """Tell whether a setting that is written is one of logins."""
    return any(
        word in programs.LOGIN_SETTINGS or (name == "bundle" and ("." in word or "__" in word))
        for text in line.heads[1:-1]
        for word in (text.split(".")[0], text)
    )


def _login_of(line: Line, number: int) -> None:
    """Take the password of ``name:password``, or a token alone."""
    name, colon, password = line.heads[number].partition(":")
    if password in _SWAPPED:
        start = line.cores[number][0]
        line.script.add("password or token", start, start + len(name))
    elif colon and not password:
        # A token for the name, and no password.
        start = line.cores[number][0]
        line.script.add("password or token", start, start + len(name))
    else:
        line.take("password or token", number, len(name) + 1 if colon else 0)


def _after_words(line: Line) -> None:
    """Judge words at a fixed distance from a command's own: ``net user me X``, ``steamcmd +login me X``."""
    for name in line.seen & programs.AFTER.keys():
        for words, distances, random in programs.AFTER[name]:
            for number, head in enumerate(line.heads):
                if head.lower() in words or (not words and program(head) == name):
                    for at in _counted(line, number, distances, not words):
                        if not random or looks_random(line.value(at)):
                            line.take("password", at)
                    break


def _counted(line: Line, number: int, distances: tuple[int, ...], own: bool) -> Iterator[int]:
    """Yield the words at some distances behind another, options not counted; 0 is the last of all."""
    slash = bool(line.seen & programs.SLASHES)
    rest: list[int] = []
    for at in range(number + 1, min(len(line.words), number + 40)):
        start = line.words[at].start
        first = line.text[start : start + 1]
        if first == "+" or (first == "-" and own and not line.seen & programs.FLAGS):
            break
        # Of Windows' programs: /add, \\server\share, X: and the * that asks for a password.
        other = first in ("/", "\\") or line.heads[at] == "*" or line.heads[at][1:] == ":"
        if first != "-" and not (slash and other):
            rest.append(at)
    for distance in distances:
        if distance <= len(rest) and rest:
            yield rest[distance - 1]


def _written(line: Line) -> None:
    """Judge ``echo VALUE > FILE`` where the file is called like a secret."""
    if not line.seen & programs.SAY or not line.words:
        return
    before = line.text[max(0, line.words[-1].start - 4) : line.words[-1].start].rstrip()
    if not before.endswith(">"):
        return
    said = [number for number in range(len(line.words) - 1) if line.heads[number][:1] != "-"]
    at = next((place for place, number in enumerate(said) if program(line.heads[number]) in programs.SAY), -1)
    name = line.heads[-1].rpartition("/")[2]
    formats = len(said) > at + 2 and compiled(_ONE_PLACE).fullmatch(line.heads[said[at + 1]]) is not None
    if at < 0 or len(said) != at + 2 + formats:
        return
    if name in programs.LOGIN_FILES or (line.script.sets_passwords and ":" in line.value(said[-1])):
        from .fed import said as taken

        taken(line.script, line.words[said[-1]], True)
    elif line.heads[-1].endswith(programs.FIELD_FILES):
        field = compiled(_THIRD).match(line.text, *line.cores[said[-1]])
        if field is not None:
            line.script.add("password", field.start(1), field.end(1))
    elif keeps_secret(line.heads[-1], line.value(said[-1])):
        line.take(name, said[-1])
