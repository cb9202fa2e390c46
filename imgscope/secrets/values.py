"""Finds secrets that an option or a word gives to a name that stands elsewhere in the command.

``Set-Variable -Name password -Value X``, ``reg add … /v Password /d X``, ``vault kv put secret/x value=X``; and the
options of scripts of which nothing is known but that they log in: ``./login.sh -p X``.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import programs
from .line import Line, keeps_secret, tail
from .names import calls_secret, compiled, is_file, is_slug, looks_chosen, looks_random, looks_typed, word_set, words_of

_ENDINGS = (".sh", ".bash", ".py", ".pl", ".rb", ".js", ".exe", ".ps1", ".cmd", ".bat")
_LOGS_IN = word_set("token login logon signin auth authenticate password passwd pwd credentials")
_SETS = word_set("set change reset update create init make add")
_PASSWORDS = word_set("password passwd pwd pass passphrase")
_OPTIONS = word_set("-p -P -w -pw")
# A script's name is one of the first words.
_SCRIPT_WITHIN = 8
# What may stand before a script that is run; before others (cp, chmod) it is a file.
_RUNNERS = word_set(
    "run cmd entrypoint onbuild healthcheck sh bash zsh dash ash ksh python python2 python3 perl ruby node php sudo "
    "exec env nohup time timeout command then do if ! && || tini xvfb-run"
)
_LOGINS = ("login", "logon", "signin", "auth", "authenticate")
_NAMED_LOGIN = r"[\w.@+-]{1,64}"
# A user given by an option; the password stands behind one of the others.
_USER = word_set("-u -U -user --user --username --login -login")
_CONSOLE = (
    r"(?:[a-z-]{1,40}:){0,3}(?:users?|admin|account):(?:create|add|new|password|change-password|reset-password|promote)"
)


def elsewhere(line: Line) -> None:
    """Judge the values of a whole command whose names stand elsewhere in it."""
    for name in line.seen & programs.NAMED_VALUES.keys():
        _named_value(line, *programs.NAMED_VALUES[name])
    for name in line.seen & programs.KEEPERS.keys():
        if any(needed <= line.seen for needed in programs.KEEPERS[name]) or (
            "write" in line.seen and any(head.startswith(("secret/", "kv/", "cubbyhole/")) for head in line.heads)
        ):
            _kept(line)
    _script(line)
    _beside_user(line)
    _console(line)


def _beside_user(line: Line) -> None:
    """Judge ``-u me … -p X`` of any program: with a user, what can be nothing but a password is one."""
    heads = line.heads
    at = next((number for number, head in enumerate(heads[:-1]) if head in _USER and heads[number + 1][:1] != "-"), -1)
    if at < 0 or line.seen & programs.TAKE_OWNERS:
        return
    for number in range(len(heads) - 1):
        if heads[number] in _OPTIONS and number != at and looks_typed(line.value(number + 1)):
            line.take("password option", number + 1)


def _console(line: Line) -> None:
    """Judge ``bin/console user:create me X``, as frameworks have it."""
    at = next((number for number, head in enumerate(line.heads) if compiled(_CONSOLE).fullmatch(head)), -1)
    rest = [number for number in range(at + 1, len(line.heads)) if line.heads[number][:1] != "-"] if at >= 0 else []
    if len(rest) > 1 or (rest and "password" in line.heads[at]):
        for number in rest[1:] if len(rest) > 1 else rest:
            if _plain(line.value(number)) and "@" not in line.heads[number] and not is_slug(line.value(number)):
                line.take("password", number)


def _options(line: Line, options: frozenset[str]) -> Iterator[tuple[int, int | None]]:
    """Yield the words that some options are given, with where in it the value begins: ``-v X``, ``--value=X``."""
    for number, head in enumerate(line.heads):
        option, equals, _ = head.partition("=")
        if option.lower() in options:
            if equals:
                yield number, len(option) + 1
            elif number + 1 < len(line.words):
                yield number + 1, None


def _named_value(line: Line, names: frozenset[str], values: frozenset[str], surely: frozenset[str]) -> None:
    """Take the value that one option gives to the name that another tells; without those any word may tell it."""
    named: list[str] = []
    sure = any(head.lower().rpartition("=")[2] in surely for head in line.heads)
    if any(True for _ in _options(line, names)):
        named = [line.heads[number][offset or 0 :] for number, offset in _options(line, names)]
    elif line.heads:
        given = {number for number, _ in _options(line, values)}
        named = [head for number, head in enumerate(line.heads) if head[:1] != "-" and number not in given]
    for number, offset in _options(line, values):
        value = line.value(number)[offset or 0 :]
        kind = next((tail(name) for name in named if _tells(name, value)), "")
        if kind or (sure and not value.isdigit()):
            line.take(kind or "secret value", number, offset)


def _tells(name: str, value: str) -> bool:
    last = tail(name)
    return keeps_secret(name) or calls_secret(last, value)


def _kept(line: Line) -> None:
    """Take every value that a keeper of secrets is given: all that it holds is secret."""
    for number, head in enumerate(line.heads):
        name, equals, value = head.partition("=")
        if equals and name[:1] != "-" and value[:1] != "@" and not value.isdigit():
            line.take(name, number, len(name) + 1)


def _script(line: Line) -> None:
    """Judge the words of a script that logs in, or sets a password, by its name."""
    for at, head in enumerate(line.heads[:_SCRIPT_WITHIN]):
        name = head.rpartition("/")[2].rpartition("\\")[2]
        if head[:1] == "-" or not (name.endswith(_ENDINGS) or head.startswith(("./", "/opt/", "/usr/local/"))):
            continue
        words = words_of(name.rpartition(".")[0] or name)
        if words and "test" not in words and "tests" not in words:
            if words[0] in _SETS and words[-1] in _PASSWORDS:
                _last_chosen(line, at)
            elif _LOGS_IN & set(words) or words[-1].endswith(_LOGINS[:3]):
                _chosen_options(line, at)
                if words[-1].endswith(_LOGINS) and _is_run(line, at):
                    _login(line, at)
            elif name.endswith((".exe", ".cmd", ".bat")):
                _slashed(line, at)
        return


def _is_run(line: Line, at: int) -> bool:
    return all(
        head.lower().rpartition("/")[2] in _RUNNERS or head[:1] in "-|" or "=" in head for head in line.heads[:at]
    )


def _login(line: Line, at: int) -> None:
    """Judge what a script that logs in is given: a name and a password, or a token."""
    rest = range(at + 1, len(line.heads))
    if any(line.heads[number][:1] in ("-", "+") for number in rest) or not 1 <= len(rest) <= 3:
        return
    last = rest[-1]
    value = line.value(last)
    named = len(rest) > 1 and all(compiled(_NAMED_LOGIN).fullmatch(line.heads[number]) for number in rest[:-1])
    if not _plain(value) or is_file(value):
        return
    if looks_typed(value) or (looks_random(value) and not is_slug(value)) or (named and not is_slug(value)):
        line.take("password", last)


def _plain(value: str) -> bool:
    return looks_chosen(value) and not set("/\\:=$") & set(value)


def _last_chosen(line: Line, at: int) -> None:
    rest = [
        number
        for number in range(at + 1, len(line.words))
        if line.heads[number][:1] != "-" and not _other_option(line.heads[number - 1])
    ]
    if rest and _plain(line.value(rest[-1])):
        line.take("password", rest[-1])


def _other_option(head: str) -> bool:
    return len(head) == 2 and head[0] == "-" and head not in _OPTIONS


def _chosen_options(line: Line, at: int) -> None:
    for number in range(at + 1, len(line.words) - 1):
        if line.heads[number] in _OPTIONS and _plain(line.value(number + 1)):
            line.take("password option", number + 1)


def _slashed(line: Line, at: int) -> None:
    """Judge ``setup.exe /password X``."""
    for number in range(at + 1, len(line.words) - 1):
        head, value = line.heads[number], line.value(number + 1)
        if head[:1] == "/" and value[:1] != "/" and calls_secret(head[1:], value):
            line.take(head[1:], number + 1)


def powershell_variable(line: Line, name: str, value: str) -> bool:
    """Tell whether ``$p = 'X'`` is a password: no shell but PowerShell writes a variable so to set it."""
    if name.lower() == "p":
        return len(value) >= 8 and _plain(value)
    return name.lower() in ("k", "s", "t") and looks_random(value) and _plain(value)
