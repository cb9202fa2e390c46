"""Finds secrets that an option or a word gives to a name that stands elsewhere in the command.

``Set-Variable -Name password -Value X``, ``reg add … /v Password /d X``, ``vault kv put secret/x value=X``; and the
options of scripts of which nothing is known but that they log in: ``./login.sh -p X``.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import programs
from .line import Line, keeps_secret, tail
from .names import calls_secret, looks_chosen, looks_random, word_set, words_of

_ENDINGS = (".sh", ".bash", ".py", ".pl", ".rb", ".js", ".exe", ".ps1", ".cmd", ".bat")
_LOGS_IN = word_set("token login logon signin auth authenticate password passwd pwd credentials")
_SETS = word_set("set change reset update create init make add")
_PASSWORDS = word_set("password passwd pwd pass passphrase")
_OPTIONS = word_set("-p -P -w -pw")
# A script's name is one of the first words.
_SCRIPT_WITHIN = 8


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
            elif _LOGS_IN & set(words):
                _chosen_options(line, at)
            elif name.endswith((".exe", ".cmd", ".bat")):
                _slashed(line, at)
        return


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
