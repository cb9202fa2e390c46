"""Finds secrets by where they stand among the words of a command, an instruction or a list of arguments.

A text is cut into words as a shell does it, quotes within quotes too, and words into simple commands. Each word is then
judged with those before it: ``NAME=VALUE``, ``Name: value``, ``--password VALUE``, ``mysql -pVALUE``,
``echo VALUE | docker login --password-stdin``. A text may be anybody's and need not be one that a shell takes: every
step goes over it once, and quotes are looked into to a fixed depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .forms import Secret
from .names import about, default_of, looks_random, names_secret, negated, plausible

# Quotes within quotes, at most.
_DEPTH = 5
# Words of a command that its rules look at.
_MOST_WORDS = 100_000

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\f\v\x00]++)|(?P<slashes>\\++(?:[\"'`]|\r?\n)?)|(?P<quote>[\"'`])|(?P<newline>\n)"
    r"|(?P<operator>[|&;<>()]++)|(?P<plain>[^\s\\\"'`|&;<>()\x00]++)|(?P<other>.)",
    re.DOTALL,
)
_QUOTE = re.compile(r"\\*+[\"'`]")
_APOSTROPHE = re.compile(r"(?<=[A-Za-z][A-Za-z])'(?=(?:t|s|re|ll|ve|d|m)\b)|(?<=[sS])'(?= )")
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_AROUND = "\\\"'`"
_BRACKETS = "[]{},"
_OPENS = frozenset("\"'[]{}")
# Worth a look at words at all: no text without one of these has what the rules below find.
_HINT = re.compile(
    r"(?i)pass|pwd|pw\b|secret|token|key|auth|cred|login|salt|cookie|\bpat|pin\b|jwt|otp|mysql|maria|sshpass|redis|curl|wget"
    r"|--user|(?<![\w-])-[a-z]*[upawksUPAWKS]|identified|mongo|sas\b|signature|net user|bearer|runas|seed|chpasswd|sqlplus"
)
_NAMES_TO_COME = re.compile(r"(?:^|\s)([A-Za-z_][\w.\-/]{0,200}+)=")
_SCHEMES = frozenset(("basic", "bearer", "token", "digest", "apikey", "negotiate", "key", "aws4-hmac-sha256", "bot"))
_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth"))
_SCRIPT_FLAG = re.compile(r"-\w{0,6}[cC]|/[cCkK]|-[Cc]ommand|-e(?:ncodedcommand)?|-EncodedCommand|--command|--eval|CMD-SHELL")
_SCRIPT = re.compile(r"\n| (?:&&|\|\|?|;) |; |\$\(|&& ")
_SHELL_WORD = re.compile(r"(?i)(?:.*[/\\])?(?:ba|da|a|z|k|c|tc|fi|pwsh|power|r)?sh(?:ell)?(?:\.exe)?|(?:.*[/\\])?(?:cmd|pwsh|busybox|env)(?:\.exe)?")
_SETS = frozenset(("set", "setx", "config", "configure", "add", "setenv", "put", "env", "--env", "-e"))
_SETS_SURELY = frozenset(("set", "setx", "config", "configure", "setenv"))
_PASSED = frozenset(("pass", "password", "passwd", "secret", "token"))

_MYSQL = frozenset(
    "mysql mysqladmin mysqldump mysqlimport mysqlcheck mysqlshow mysqlsh mysql_upgrade mariadb mariadb-admin mariadb-dump "
    "mariadb-check mariadb-import mycli sshpass 7z 7za 7zr 7zz rar unrar".split()
)
_LOGIN_TOOLS = frozenset(
    "docker podman buildah skopeo nerdctl crane helm oras regctl oc az azcopy ibmcloud cf faas-cli argocd harbor gcrane "
    "quay rancher vault gh glab npm yarn pnpm".split()
)
# Programs whose option, written apart, is a password: the option by the program.
_APART: dict[str, frozenset[str]] = {
    "sshpass": frozenset(("-p",)),
    "useradd": frozenset(("-p",)),
    "usermod": frozenset(("-p",)),
    "mongo": frozenset(("-p",)),
    "mongosh": frozenset(("-p",)),
    "mongodump": frozenset(("-p",)),
    "mongorestore": frozenset(("-p",)),
    "mongoimport": frozenset(("-p",)),
    "mongoexport": frozenset(("-p",)),
    "twine": frozenset(("-p",)),
    "zip": frozenset(("-P",)),
    "unzip": frozenset(("-P",)),
    "redis-cli": frozenset(("-a",)),
    "ldapsearch": frozenset(("-w",)),
    "ldapadd": frozenset(("-w",)),
    "ldapmodify": frozenset(("-w",)),
    "ldappasswd": frozenset(("-w", "-s", "-a")),
    "ldapwhoami": frozenset(("-w",)),
    "openssl": frozenset(("-k", "-K", "-pass", "-passin", "-passout", "-psk")),
    "sqlcmd": frozenset(("-P",)),
    "bcp": frozenset(("-P",)),
    "tsql": frozenset(("-P",)),
    "isql": frozenset(("-P",)),
    "cqlsh": frozenset(("-p",)),
    "mosquitto_pub": frozenset(("-P",)),
    "mosquitto_sub": frozenset(("-P",)),
    "ssh-keygen": frozenset(("-N", "-P")),
    "dotnet": frozenset(("-p", "-k", "--api-key")),
    "nuget": frozenset(("-Password", "-ApiKey")),
    "ipmitool": frozenset(("-P",)),
    "rabbitmqadmin": frozenset(("-p",)),
    "amixer": frozenset(),
    "influx": frozenset(("-p", "-t")),
    "clickhouse-client": frozenset(("--password",)),
    "arangosh": frozenset(("--server.password",)),
    "keytool": frozenset(("-storepass", "-keypass", "-srcstorepass", "-deststorepass")),
    "impacket-secretsdump": frozenset(),
    "vncpasswd": frozenset(),
    "pgbouncer": frozenset(),
    "s3cmd": frozenset(("--secret_key",)),
}
_APART = {program: options for program, options in _APART.items() if options}
# Programs whose last word is a password or token: (what else has to stand there, options that have to).
_LAST: dict[str, tuple[frozenset[str], str]] = {
    "htpasswd": (frozenset(), "b"),
    "cargo": (frozenset(("login",)), ""),
    "vault": (frozenset(("login",)), ""),
    "ngrok": (frozenset(("authtoken", "add-authtoken")), ""),
    "snyk": (frozenset(("auth",)), ""),
    "mkpasswd": (frozenset(), ""),
    "composer": (frozenset(("config",)), ""),
    "poetry": (frozenset(("config",)), ""),
    "bundle": (frozenset(("config",)), ""),
    "rclone": (frozenset(("obscure",)), ""),
}
_READS_PASSWORDS = frozenset(
    "chpasswd passwd smbpasswd su sudo htpasswd kinit cryptsetup gpg gpg2 openssl vncpasswd tigervncpasswd kpasswd "
    "cargo vault ecryptfs-add-passphrase keyctl rabbitmqctl newusers".split()
)
_SAYS = frozenset("echo printf cat print yes write-output write-host".split())
_LOGIN = re.compile(r"([^\s:/@$\\\"'%]{1,128}+):([^\s]{4,})", re.DOTALL)
# Owners and groups are written like logins.
_OWNERS = frozenset(
    "root www-data nobody nogroup users staff wheel daemon adm bin sys node app apps appuser appgroup nginx apache httpd "
    "docker postgres mysql redis mongodb www users jenkins ubuntu debian admin vscode nonroot nonroot".split()
)
_TAKES_OWNER = frozenset(
    "docker podman nerdctl chown su-exec gosu setpriv chroot install sudo useradd usermod adduser chpst s6-setuidgid run "
    "kubectl bwrap runuser unshare buildah".split()
)


class Word(NamedTuple):
    """A word: where it stands, and the quoted pieces in it (their insides)."""

    start: int
    end: int
    quoted: tuple[tuple[int, int], ...] = ()


class Command(NamedTuple):
    """A simple command: its words, the operator that ends it, and those of its here-documents' words."""

    words: list[Word]
    ends: str
    fed: list[Word]


def by_words(text: str, start: int = 0, end: int | None = None) -> list[Secret]:
    """Return the secrets in a part of a text that its words tell, in no order."""
    end = len(text) if end is None else end
    if _HINT.search(text, start, end) is None:
        return []
    finder = _Finder(text)
    finder.script(start, end, 0)
    return finder.found


def in_arguments(text: str, words: Sequence[tuple[int, int]]) -> list[Secret]:
    """Return the secrets in a list of arguments: the parts of ``text`` that they are are given."""
    if _HINT.search(text) is None:
        return []
    finder = _Finder(text)
    finder.command(Command([Word(start, end, ((start, end),)) for start, end in words], "", []), None, 0)
    return finder.found


def in_pairs(text: str, start: int, end: int) -> Iterator[Secret]:
    """Yield the secrets in what a builder writes of ENV, LABEL and ARG: ``A=1 B=two words``, or ``NAME value``."""
    names = list(_NAMES_TO_COME.finditer(text, start, end))
    if not names or text[start : names[0].start()].strip():
        name, _, rest = text[start:end].lstrip().partition(" ")
        at = end - len(rest)
        if "=" not in name:
            value = _stripped(text, at, end)
            if value is not None and names_secret(name.strip(_AROUND), text[value[0] : value[1]]):
                yield Secret(_kind(name), *value)
    for number, match in enumerate(names):
        finish = names[number + 1].start() if number + 1 < len(names) else end
        value = _stripped(text, match.end(), finish)
        if value is not None and names_secret(match[1], text[value[0] : value[1]]):
            yield Secret(_kind(match[1]), *value)


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where a value stands without the quotes and blanks around it; ``None`` for what can be no secret."""
    part = text[start:end]
    end -= len(part) - len(part.rstrip(" \t\r\n\\\"'`"))
    start += len(part) - len(part.lstrip(" \t\r\n\\\"'`")) if end > start else 0
    if end <= start:
        return None
    value = text[start : min(end, start + 600)]
    if plausible(value):
        return start, end
    inner = default_of(value)
    if inner is not None and plausible(value[inner[0] : inner[1]]):
        return start + inner[0], start + inner[1]
    return None


def _kind(name: str) -> str:
    return name.strip(_AROUND + _BRACKETS).lstrip("-./").rstrip(".-")[-80:] or "password or token"


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Secret] = []

    # -- words -------------------------------------------------------------------------------------------

    def script(self, start: int, end: int, depth: int) -> None:
        """Look through a part of the text that may be a script, or one word."""
        before: Command | None = None
        for command in self.commands(start, end):
            self.command(command, before, depth)
            before = command

    def commands(self, start: int, end: int) -> Iterator[Command]:
        """Cut a part of the text into simple commands."""
        text = self.text
        mates = self.mates(start, end)
        words: list[Word] = []
        fed: list[Word] = []
        here = ""
        at, begin = start, -1
        quoted: list[tuple[int, int]] = []

        def finish(stop: int) -> None:
            nonlocal begin, quoted, here
            if begin >= 0:
                # The brackets of a list are no part of its words.
                while begin < stop and text[begin] in "[{" and text[begin + 1 : begin + 2] in _OPENS:
                    begin += 1
                while stop > begin and text[stop - 1] in "]}," and text[stop - 2 : stop - 1] in _OPENS:
                    stop -= 1
                (fed if here else words).append(Word(begin, stop, tuple(quoted)))
                if here == "<<<":
                    here = ""
            begin, quoted = -1, []

        while at < end:
            match = _TOKEN.match(text, at, end)
            assert match is not None
            kind, token = match.lastgroup, match[0]
            stop = match.end()
            if kind == "slashes" and token[-1] in "\"'`":
                kind = "quote"
            if kind == "quote":
                mate = mates.get(at)
                if mate is None:
                    begin = at if begin < 0 else begin
                else:
                    begin = at if begin < 0 else begin
                    quoted.append((stop, mate))
                    stop = mate + len(token)
                    if text[stop : stop + 1] == ",":
                        # Lists as JSON writes them have no blanks between their words.
                        finish(stop)
                        stop += 1
            elif kind == "space" or (kind == "slashes" and token[-1] == "\n"):
                finish(at)
            elif kind == "newline":
                finish(at)
                here = "" if here == "<<<" else here
                if here:
                    if fed and text[fed[-1].start : fed[-1].end] == here and _alone(text, fed[-1], start):
                        here = ""
                elif words or fed:
                    yield Command(words, "\n", fed)
                    words, fed = [], []
            elif kind == "operator" and not here:
                finish(at)
                if token[:2] == "<<":
                    here = self.tag(stop, end) if token != "<<<" else token
                elif token.strip("<>") and token not in (">&", "<&", "&>", "&>>"):
                    yield Command(words, token, fed)
                    words, fed = [], []
            else:
                begin = at if begin < 0 else begin
            at = stop
        finish(end)
        if words or fed:
            yield Command(words, "", fed)

    def tag(self, start: int, end: int) -> str:
        match = re.compile(r"-?\s{0,8}[\"'\\]{0,8}([A-Za-z_]\w{0,80})").match(self.text, start, end)
        # One that never comes again is none: what follows is looked at as commands.
        if match is None or self.text.find("\n" + match[1], match.end(), min(end, match.end() + (1 << 16))) < 0:
            return ""
        return match[1]

    def mates(self, start: int, end: int) -> dict[int, int]:
        """Return for every opening quote where the one like it is that closes it."""
        text = self.text
        marks = [
            (match.start(), match[0])
            for match in _QUOTE.finditer(text, start, end)
            if match[0] != "'" or _APOSTROPHE.match(text, match.start(), end) is None
        ]
        last: dict[str, int] = {}
        found: dict[int, int] = {}
        for at, token in reversed(marks):
            if token in last:
                found[at] = last[token]
            last[token] = at
        return found

    # -- judging -----------------------------------------------------------------------------------------

    def add(self, kind: str, start: int, end: int) -> bool:
        """Take a value for a secret, unless it can be none."""
        value = _stripped(self.text, start, end)
        if value is None:
            return False
        self.found.append(Secret(_kind(kind), *value))
        return True

    def core(self, word: Word) -> tuple[int, int]:
        """Return where a word's own text is: without quotes and brackets around all of it."""
        part = self.text[word.start : word.end]
        around = _AROUND + _BRACKETS
        end = word.end - (len(part) - len(part.rstrip(around)))
        start = word.start + (len(part) - len(part.lstrip(around)))
        return (start, end) if start < end else (word.start, word.start)

    def command(self, command: Command, before: Command | None, depth: int) -> None:
        """Judge the words of a command, then what is quoted in them."""
        text, words = self.text, command.words[:_MOST_WORDS]
        cores = [self.core(word) for word in words]
        # Bounded pieces: what is longer is no option and no program.
        heads = [text[start : min(end, start + 256)] for start, end in cores]
        seen: set[str] = set()
        taken = -1
        for number, (word, head) in enumerate(zip(words, heads, strict=True)):
            if number != taken:
                taken = self.word(number, words, cores, heads, seen, command)
            if head[:1] not in ("-", "/") or "/" in head[1:]:
                seen.add(_program(head))
            elif len(head) < 20:
                seen.add(head)
        self.last_word(words, cores, heads, seen)
        self.fed(command, before, seen)
        if depth < _DEPTH:
            previous = ""
            for word, head in zip(words, heads, strict=True):
                for start, end in word.quoted:
                    self.quoted(start, end, depth + 1, previous)
                previous = head
            if command.fed:
                self.document(command.fed, depth + 1)

    def quoted(self, start: int, end: int, depth: int, previous: str) -> None:
        """Look into a quoted piece: a header, an assignment, or a script of its own."""
        text = self.text
        if end - start < 6 or not _COMPOSED.search(text, start, end):
            return
        name = _HEADED.match(text, start, end)
        script = _SCRIPT_FLAG.fullmatch(previous) is not None or _SCRIPT.search(text, start, end) is not None
        if name is not None and not script:
            value = text[name.end() : min(end, name.end() + 600)].strip()
            if name[1].lower() in _HEADERS or (names_secret(name[1], value) and (name[2] == ":" or " " in value)):
                scheme = _SCHEME.match(text, name.end(), end)
                self.add(name[1], scheme.end() if scheme is not None else name.end(), end)
        self.script(start, end, depth)

    def document(self, words: list[Word], depth: int) -> None:
        """Look through a here-document as if it were a script."""
        self.script(words[0].start, words[-1].end, depth)

    def word(
        self,
        number: int,
        words: list[Word],
        cores: list[tuple[int, int]],
        heads: list[str],
        seen: set[str],
        command: Command,
    ) -> int:
        """Judge one word; return the number of the next where that is its value, else -1."""
        start, end = cores[number]
        head = heads[number]
        following = number + 1 if number + 1 < len(words) else -1
        if self.assigned(number, start, end, words, heads, seen):
            return -1
        if head.endswith((":", "=")) and end - start <= 256 and following >= 0:
            if self.announced(head, following, words, cores, heads):
                return following
        elif following >= 0 and heads[following] in ("=", ":", ":=", "=>") and following + 1 < len(words):
            name = _tail(head)
            if self.is_secret(name, cores[following + 1]):
                self.add(name, words[following + 1].start, words[following + 1].end)
                return -1
        if head[:1] == "-" and len(head) > 1 and "=" not in head:
            return self.option(head, number, following, words, cores, heads, seen)
        if following < 0:
            return -1
        if (seen & _SETS or head.startswith("//")) and self.is_secret(_tail(head), cores[following]):
            value = text_of(self.text, cores[following])
            sure = bool(seen & _SETS_SURELY) or looks_random(value)
            if sure and not value.startswith("-") and "=" not in head:
                self.add(_tail(head), words[following].start, words[following].end)
                return following
        lower = head.lower()
        if lower in ("password", "by") and (lower == "password" or (number and heads[number - 1].lower() == "identified")):
            # ALTER USER x PASSWORD 'y', IDENTIFIED BY 'y'.
            if words[following].quoted and self.add("password", words[following].start, words[following].end):
                return following
        if lower in _SCHEMES and looks_random(text_of(self.text, cores[following])):
            self.add("authorization header", words[following].start, words[following].end)
            return following
        if lower == "user" and "net" in seen and following + 1 < len(words):
            self.add("password", words[following + 1].start, words[following + 1].end)
        return -1

    def is_secret(self, name: str, value: tuple[int, int]) -> bool:
        return bool(name) and names_secret(name, text_of(self.text, value)) and not about(name)

    def assigned(
        self, number: int, start: int, end: int, words: list[Word], heads: list[str], seen: set[str]
    ) -> bool:
        """Judge each ``NAME=VALUE``, and ``name:value``, in a word."""
        text = self.text
        # What stands behind a blank is in quotes, and is looked into on its own.
        blank = _BLANK.search(text, start, end)
        inner = end if blank is None else blank.start()
        at = text.find("=", start, inner)
        whole = words[number].end
        first = True
        done = start
        while at >= 0:
            name = _tail(text[max(done, at - 96) : at].rstrip(_AROUND + " :+?"))
            if name and at + 1 < end and names_secret(name, text[at + 1 : min(end, at + 600)].strip(_AROUND)):
                stop = end if first else self.cut(at + 1, min(end, at + 512))
                scheme = _SCHEME.match(text, at + 1, stop)
                if "set" in seen and number == 1 and heads[0].lower() == "set":
                    # cmd.exe takes all that follows for the value.
                    stop = words[-1].end
                elif first:
                    stop = whole
                if self.add(name, scheme.end() if scheme is not None else at + 1, stop):
                    return True
            first = False
            done = at + 1
            at = text.find("=", at + 1, inner)
        colon = text.find(":", start, min(inner, start + 96))
        if start < colon < inner - 1 and text[colon + 1] not in "/:\\" and "${" not in text[start:colon]:
            name = _tail(text[start:colon].rstrip(_AROUND))
            value = text[colon + 1 : min(end, colon + 600)].strip(_AROUND)
            lower = name.lower()
            certain = lower in _PASSED or lower in _HEADERS or looks_random(value)
            if certain and (lower in _HEADERS or names_secret(name, value)) and not (lower in _PASSED and _slug(value)):
                return self.add(name, colon + 1, words[number].end)
        return False

    def cut(self, start: int, end: int) -> int:
        """Return where a value ends that is one of several in a word."""
        match = _NEXT.search(self.text, start, end)
        return match.start() if match is not None else end

    def announced(
        self, head: str, following: int, words: list[Word], cores: list[tuple[int, int]], heads: list[str]
    ) -> bool:
        """Judge ``Name: value`` and ``Name= value`` in two or three words."""
        name = _tail(head[:-1].rstrip(_AROUND))
        header = name.lower() in _HEADERS
        if not name or not (header or names_secret(name, text_of(self.text, cores[following]))):
            return False
        if head[-1] == "=" and not words[following].quoted:
            return False
        if heads[following].lower() in _SCHEMES and following + 1 < len(words):
            following += 1
        if header and name.lower().endswith("cookie"):
            return self.add(name, words[following].start, words[-1].end)
        return self.add(name, words[following].start, words[following].end)

    # -- options -----------------------------------------------------------------------------------------

    def option(
        self,
        head: str,
        number: int,
        following: int,
        words: list[Word],
        cores: list[tuple[int, int]],
        heads: list[str],
        seen: set[str],
    ) -> int:
        """Judge an option with the word that follows it."""
        text = self.text
        start = cores[number][0]
        if head[1] == "p" and len(head) > 2 and seen & _MYSQL and head[:3] != "--p":
            self.add("password option", start + 2, words[number].end)
            return -1
        if head[:2] == "-u" and len(head) > 4 and seen & {"curl"} and ":" in head:
            self.add("password option", start + head.index(":") + 1, words[number].end)
            return -1
        if head[:2] == "-P" and len(head) > 4 and seen & {"zip", "unzip"}:
            self.add("password option", start + 2, words[number].end)
            return -1
        if head[:2] == "-a" and len(head) > 4 and "redis-cli" in seen:
            self.add("password option", start + 2, words[number].end)
            return -1
        if following < 0:
            return -1
        value = heads[following]
        if value[:1] == "-" and not words[following].quoted:
            return -1
        name = head.lstrip("-")
        dashes = len(head) - len(name)
        if dashes == 1 and self.apart(head, seen):
            self.secret_of(head, words, cores, following)
            return following
        if head in ("-u", "--user", "--proxy-user", "-U", "--auth", "-a", "--credentials", "--creds", "--user-password"):
            return self.login(head, following, words, cores, seen)
        if len(name) > 2 and names_secret(name, value) and not negated(name) and not about(name):
            self.secret_of(name, words, cores, following)
            return following
        return -1

    @staticmethod
    def apart(head: str, seen: set[str]) -> bool:
        """Tell whether an option of the programs seen has a password as its next word."""
        if head == "-p" and "login" in seen and seen & _LOGIN_TOOLS:
            return True
        if head in ("-p", "-b") and seen & {"htpasswd"}:
            return False
        return any(head in _APART[program] for program in seen if program in _APART)

    def secret_of(self, name: str, words: list[Word], cores: list[tuple[int, int]], following: int) -> None:
        start = words[following].start
        head = text_of(self.text, cores[following])
        prefix = re.match(r"(?:pass|env|file|fd|stdin):", head)
        if prefix is not None and prefix[0] != "pass:":
            return
        if prefix is not None:
            start = cores[following][0] + prefix.end()
        kind = "password option" if len(name.lstrip("-")) < 3 else name
        self.add(kind, start, words[following].end)

    def login(
        self, head: str, following: int, words: list[Word], cores: list[tuple[int, int]], seen: set[str]
    ) -> int:
        """Judge ``-u name:password``; owners and groups are no logins."""
        start, end = cores[following]
        value = self.text[start:end]
        match = _LOGIN.match(value)
        separator = 0
        if match is not None:
            separator = match.start(2)
            owner = match[2].isdigit() or match[1].isdigit() or match[2].lower() in _OWNERS
            if owner and "curl" not in seen:
                return -1
            if seen & _TAKES_OWNER and "curl" not in seen and not looks_random(match[2]):
                return -1
        elif head == "-U" and "smbclient" in seen and "%" in value:
            separator = value.index("%") + 1
        elif head == "-u" and seen & {"lftp", "ncftpput", "ncftpget"} and "," in value:
            separator = value.index(",") + 1
        elif value.startswith(":") and len(value) > 5:
            separator = 1
        else:
            return -1
        self.add("password in a login", start + separator, words[following].end)
        return following

    # -- commands ----------------------------------------------------------------------------------------

    def last_word(
        self, words: list[Word], cores: list[tuple[int, int]], heads: list[str], seen: set[str]
    ) -> None:
        """Judge the last word of commands that take a password there."""
        if len(words) < 2:
            return
        for program in seen & _LAST.keys():
            needed, option = _LAST[program]
            if needed and not needed & seen:
                continue
            if option and not any(head[:1] == "-" and head[1:2] != "-" and option in head for head in heads):
                continue
            last = len(words) - 1
            head = heads[last]
            if head[:1] == "-" or head in needed or _program(head) == program:
                continue
            if program in ("composer", "poetry", "bundle"):
                if not any(
                    word in ("http-basic", "github-oauth", "gitlab-token", "bearer", "pypi-token", "bitbucket-oauth")
                    or ("bundle" == program and ("." in word or "__" in word))
                    for text in heads[1:last]
                    for word in (text.split(".")[0], text)
                ):
                    continue
                start = cores[last][0]
                name, colon, _ = head.partition(":")
                self.add("password or token", start + len(name) + 1 if colon else start, words[last].end)
            elif program != "htpasswd" or last >= 2:
                self.add("password", words[last].start, words[last].end)
        if "openssl" in seen and "passwd" in seen and heads[-1][:1] != "-" and heads[-2] != "-salt" and len(words) > 2:
            if heads[-1] != "passwd" and not heads[-1].startswith("/"):
                self.add("password", words[-1].start, words[-1].end)
        if "sqlplus" in seen:
            for (start, end), head in zip(cores, heads, strict=True):
                match = re.match(r"[\w$#]{1,60}/([^\s@/]{4,200})(?:@|$)", head)
                if match is not None and "sqlplus" not in head:
                    self.add("password", start + match.start(1), start + match.end(1))

    def fed(self, command: Command, before: Command | None, seen: set[str]) -> None:
        """Judge what is fed to a command that reads passwords: by a pipe, or as a here-document."""
        options = " ".join(sorted(word for word in seen if word[:1] == "-"))
        reads = bool(seen & _READS_PASSWORDS) or "--password-stdin" in options or "--with-token" in options
        if not reads:
            reads = any(
                "stdin" in text_of(self.text, self.core(word)) for word in command.words if word.end - word.start < 64
            ) and bool(seen & {"login", "passwd", "auth"})
        if not reads:
            return
        lines = bool(seen & {"chpasswd", "newusers"})
        sources = list(command.fed)
        if before is not None and before.ends in ("|", "|&"):
            said = [self.core(word) for word in before.words]
            names = {_program(text_of(self.text, part)) for part in said[:4]}
            if names & _SAYS:
                first = next(
                    place for place, part in enumerate(said) if _program(text_of(self.text, part)) in _SAYS
                )
                sources += before.words[first + 1 :]
            sources += before.fed
        elif seen & _SAYS:
            return
        for word in sources:
            self.said(word, lines)

    def said(self, word: Word, logins: bool) -> None:
        """Take a word that is fed to a program for a password, or for names with passwords."""
        start, end = self.core(word)
        value = self.text[start:end]
        if value.startswith("-") or not value or value.startswith("%s"):
            return
        if not logins:
            self.add("password on standard input", start, end)
            return
        for match in re.finditer(r"([^\s:\\]{1,128}+):((?:[^\s\\]|\\(?!n)){4,})", value):
            self.add("password on standard input", start + match.start(2), start + match.end(2))


_BLANK = re.compile(r"\s")
_COMPOSED = re.compile(r"[\s|&;=:<>()]")
_HEADED = re.compile(r"\s{0,8}+([A-Za-z_$][\w.:$-]{0,80}?)(:(?!/)|=)")
_SCHEME = re.compile(r"(?i)\s{0,8}(?:basic|bearer|token|digest|apikey|negotiate|bot)\s{1,8}")
_NEXT = re.compile(r"[;&|\s\"'`]|,(?=[\w.\-]{1,60}=)|[)}\]]")


def text_of(text: str, part: tuple[int, int]) -> str:
    """Return the beginning of a part of a text, as far as any judgement looks."""
    return text[part[0] : min(part[1], part[0] + 600)]


def _tail(text: str) -> str:
    """Return the name that a text ends with."""
    text = text[-96:]
    return text[len(text.rstrip(_NAME)) :].lstrip("-.")


def _program(word: str) -> str:
    name = word.rpartition("/")[2].rpartition("\\")[2]
    return name.removesuffix(".exe").lower() if len(name) <= 64 else ""


def _slug(value: str) -> bool:
    """Tell whether a value is a tag or a plain word rather than a password: ``latest``, ``read``, ``v1``."""
    return len(value) < 8 and value.isalpha() and value.islower()


def _alone(text: str, word: Word, start: int) -> bool:
    line = text.rfind("\n", start, word.start)
    return line >= 0 and not text[line + 1 : word.start].strip()


def starts_shell(word: str, following: str) -> bool:
    """Tell whether a word is where a command begins after build arguments: a shell, a path, or what takes options."""
    name = word[:256]
    return bool(
        _SHELL_WORD.fullmatch(name)
        or (name[:1] == "/" and following[:1] in ("-", "/"))
        or re.match(r"(?i)[a-z]:\\", name)
        or (following[:1] == "-" and re.match(r"[\w./-]+$", name))
    )


def build_arguments(text: str, start: int, count: int, end: int) -> tuple[list[Secret], int]:
    """Return the values of the build arguments in ``|2 A=1 B=two words /bin/sh -c …``, and where the command begins.

    ``start`` is where the first begins. A value may hold blanks; the last one ends where a command begins.
    """
    found: list[Secret] = []
    at = start
    names: list[tuple[str, int, int]] = []
    for match in _NAMES_TO_COME.finditer(text, max(start - 1, 0), end):
        if len(names) == count:
            break
        names.append((match[1], match.start(1), match.end()))
    for number, (name, _, value) in enumerate(names):
        if number + 1 < len(names):
            finish = names[number + 1][1]
        else:
            finish = at = _command_after(text, value, end)
        part = text[value:finish]
        stop = finish - (len(part) - len(part.rstrip()))
        if stop > value:
            found.append(Secret(name, value, stop))
    return found, at


def _command_after(text: str, start: int, end: int) -> int:
    """Return where the command begins behind the last build argument's value."""
    pieces = re.compile(r"\S++")
    first: int | None = None
    match = None if start < end and text[start].isspace() else pieces.match(text, start, end)
    place = match.end() if match is not None else start
    window = min(end, place + (1 << 14))
    words = [(found.start(), found[0]) for found in pieces.finditer(text, place, window)]
    for number, (at, word) in enumerate(words[:400]):
        first = at if first is None else first
        following = words[number + 1][1] if number + 1 < len(words) else ""
        if starts_shell(word, following):
            return at
    return first if first is not None else end


