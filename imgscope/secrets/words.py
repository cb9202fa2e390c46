"""Finds secrets by where they stand among the words of a command, an instruction or a list of arguments.

A text is cut into words as a shell does it, quotes within quotes too, and words into simple commands. Each word is then
judged with those before it: ``NAME=VALUE``, ``Name: value``, ``--password VALUE``, ``mysql -pVALUE``,
``echo VALUE | docker login --password-stdin``. A text may be anybody's and need not be one that a shell takes: every
step goes over it once, and quotes are looked into to a fixed depth.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from . import programs
from .arguments import kind_of, stripped
from .forms import Secret
from .names import about, is_version, looks_chosen, looks_random, names_secret, negated, word_set
from .shell import AROUND, Command, Word, commands, core, text_of

# Quotes within quotes, at most.
_DEPTH = 5
# Words of a command that its rules look at.
_MOST_WORDS = 100_000

_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
# Worth a look at words at all: no text without one of these has what the rules below find.
_HINTS = (
    "net user",
    "gitlab-runner",
    "suseconnect",
    "ua attach",
    "pro attach",
    *sorted(
        word_set(
            "pass pwd secret token key auth cred login salt cookie jwt otp mysql maria redis curl wget --user "
            "identified mongo signature bearer runas seed sqlplus composer poetry bundle influx rabbitmqctl session "
            "secure signtool cryptsetup kinit codecov x-jfrog kennw senha wachtw haslo salasana contrasena @"
        )
    ),
)
# Those that count at the edge of a word, or as an option.
_EDGES = tuple(
    (piece, re.compile(pattern))
    for piece, pattern in (
        ("pat", r"pat(?<!\wpat)(?![a-z])"),
        ("pw", r"pw(?!\w)"),
        ("pin", r"pin(?!\w)"),
        ("sas", r"sas(?!\w)"),
        ("su", r"su(?<!\wsu)(?!\w)"),
        ("send", r"send(?<!\wsend)(?!\w)"),
        ("-", r"-(?<![\w-]-)(?:t(?!\w)|[a-z]*?[upawks])"),
    )
)
_SCHEMES = word_set("basic bearer token digest apikey negotiate key aws4-hmac-sha256 bot")
_HEADERS = word_set("authorization proxy-authorization cookie set-cookie x-auth x-jfrog-art-api")
_SCRIPT_FLAG = re.compile(
    r"-\w{0,6}[cC]|/[cCkK]|-[Cc]ommand|-e(?:ncodedcommand)?|-EncodedCommand|--command|--eval|CMD-SHELL"
)
_SCRIPT = re.compile(r"\n| (?:&&|\|\|?|;) |; |\$\(|&& ")
_PASSED = word_set("pass password passwd secret token")

_BLANK = re.compile(r"\s")
_COMPOSED = re.compile(r"[\s|&;=:<>()]")
_HEADED = re.compile(r"\s{0,8}+([A-Za-z_$][\w.:$-]{0,80}?)(:(?!/)|=)")
_SCHEME = re.compile(r"(?i)\s{0,8}(?:basic|bearer|token|digest|apikey|negotiate|bot)\s{1,8}")
_NEXT = re.compile(r"[;&|\s\"'`]|,(?=[\w.\-]{1,60}=)|[)}\]]")
# me:password@host, without a scheme. Images and packages are written alike: name:tag@sha256:…, npm:name@latest.
_HOST_LOGIN = re.compile(
    r"(?:[A-Za-z_]\w{0,60}=)?((?:podman|docker|oci|docker-daemon|containers-storage):)?"
    r"([\w.+-]{1,64}+):([^\s@/:\"'$]{6,128}+)@(?!sha\d|latest|next)"
    r"(?:[A-Za-z\[(]|(?:\d{1,3}\.){3}\d{1,3}(?![\w.]))"
)
# What sed puts in a placeholder's place: s/PASSWORD_HERE/value/.
_REPLACED = re.compile(r"(?<![\w\\])s([/|#,:!~@%+])((?:(?!\1)[^\s]){4,60}+)\1((?:(?!\1)[^\s]){4,256}+)")
_PLACED = re.compile(r"(?i)(?:your|replace|change|insert|the|my)[-_]{1,2}|[-_]{1,2}(?:here|placeholder|value|goes|me)$")
# What expect types: send "value\r".
_TYPED = re.compile(r"([^\s\\]{4,128}+)(?:\\{1,8}[rn]){1,4}")
# One word, no path and no command.
_PIECE = re.compile(r"[^\s/$]{4,128}")
_SHELLS = word_set("sh bash zsh dash ash ksh")
_NO_LOGIN = ("npm", "workspace", "file", "git", "link", "patch", "mailto", "oci", "docker")
# Commands that a pipeline's end is judged with.
_PIPED = 8
# Words that may stand before an echo: RUN --mount=… /bin/bash -o pipefail -o errexit -c, sudo -u me, env A=b.
_BEFORE_SAID = 24
_LOGIN_OPTIONS = word_set(
    "-u --user --proxy-user -U --auth -a --credentials --creds --src-creds --dest-creds --user-password"
)
# curl -sSfLu me:password, curl -sume:password: options in one word, of those that take nothing.
_CURL_LOGIN = re.compile(r"-[#BfgGiIjJkLlnNOpqRsSvZ0-6]{0,16}u")
# Files of lines that are a name and a password.
_LOGIN_FILES = frozenset((".htpasswd", "htpasswd", ".passwd-s3fs"))
_LOGIN = re.compile(r"([^\s:/@$\\\"'%]{1,128}+):([^\s]{4,})", re.DOTALL)


def hinted(text: str, start: int, end: int) -> bool:
    """Tell whether a part of a text is worth to be cut into words."""
    # Texts are searched for one piece after the other: that is many times faster than for all of them by a pattern.
    # In a list of arguments words are apart by a character of ours.
    low = text[start:end].lower().replace("\0", " ")
    for piece in _HINTS:
        if piece in low:
            return True
    edges = [pattern for piece, pattern in _EDGES if piece in low]
    if edges and start:
        low = text[start - 1].lower()[-1] + low
    return any(pattern.search(low, 1 if start else 0) for pattern in edges)


def by_words(text: str, start: int = 0, end: int | None = None) -> list[Secret]:
    """Return the secrets in a part of a text that its words tell, in no order."""
    end = len(text) if end is None else end
    if not hinted(text, start, end):
        return []
    finder = _Finder(text)
    finder.script(start, end, 0)
    return finder.found


def in_arguments(text: str, words: Sequence[tuple[int, int]]) -> list[Secret]:
    """Return the secrets in a list of arguments: the parts of ``text`` that they are are given."""
    if not hinted(text, 0, len(text)):
        return []
    finder = _Finder(text)
    finder.command(Command([Word(start, end, ((start, end),)) for start, end in words], "", []), (), 0)
    return finder.found


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Secret] = []
        # An expect script waits for a prompt that asks for a password.
        self.asked = False

    # -- words -------------------------------------------------------------------------------------------

    def script(self, start: int, end: int, depth: int) -> None:
        """Look through a part of the text that may be a script, or one word."""
        before: deque[Command] = deque(maxlen=_PIPED)
        piped, brackets = False, 0
        for command in commands(self.text, start, end):
            if command.words or command.fed:
                first = (command.words or command.fed)[0].start
                last = max(word.end for part in (command.words, command.fed) for word in part[-1:])
                if hinted(self.text, first, last):
                    self.command(command, before if piped else (), depth)
            if command.words or command.fed:
                before.append(command)
            piped = command.ends in ("|", "|&")
            brackets = max(0, brackets + command.ends.count("(") - command.ends.count(")"))
            # What is in brackets is piped together.
            if "(" in command.ends or not (piped or brackets or ")" in command.ends):
                before.clear()

    # -- judging -----------------------------------------------------------------------------------------

    def add(self, kind: str, start: int, end: int) -> bool:
        """Take a value for a secret, unless it can be none."""
        value = stripped(self.text, start, end)
        if value is None:
            return False
        self.found.append(Secret(kind_of(kind), *value))
        return True

    def command(self, command: Command, before: Sequence[Command], depth: int) -> None:
        """Judge the words of a command, then what is quoted in them; ``before`` are those that may be piped into it."""
        text, words = self.text, command.words[:_MOST_WORDS]
        cores = [core(self.text, word) for word in words]
        # Bounded pieces: what is longer is not an option and no program.
        heads = [text[start : min(end, start + 256)] for start, end in cores]
        seen: set[str] = set()
        taken = -1
        for number, head in enumerate(heads):
            if number != taken:
                taken = self.word(number, words, cores, heads, seen, command)
            if head[:1] not in ("-", "/") or "/" in head[1:]:
                seen.add(_program(head))
            elif len(head) < 20:
                seen.add(head)
        self.last_word(words, cores, heads, seen)
        if "sed" in seen:
            self.replaced(cores)
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
        if (seen & programs.SET or head.startswith("//")) and self.is_secret(_tail(head), cores[following]):
            value = text_of(self.text, cores[following])
            sure = bool(seen & programs.SET_SURELY) or looks_random(value)
            if sure and not value.startswith("-") and "=" not in head:
                self.add(_tail(head), words[following].start, words[following].end)
                return following
        lower = head.lower()
        # ALTER USER x PASSWORD 'y', IDENTIFIED BY 'y'.
        sql = lower == "password" or (lower == "by" and number > 0 and heads[number - 1].lower() == "identified")
        # machine example.com login me password X, in one line or in three.
        login = lower.endswith("\\npassword") or (lower == "password" and ("login" in seen or len(words) == 2))
        if (login or (sql and words[following].quoted)) and self.add(
            "password", words[following].start, words[following].end
        ):
            return following
        # requirepass in redis.conf; mysqladmin password X; nmcli … password X.
        if lower in ("requirepass", "masterauth") or (lower == "password" and seen & {"mysqladmin", "nmcli"}):
            self.add("password", words[following].start, words[following].end)
            return following
        if lower in ("expect", "send"):
            return self.typed(lower, following, words, cores, heads)
        if lower == "convertto-securestring":
            self.add("password", words[following].start, words[following].end)
        if head[:1] == "/" and self.apart(head, seen):
            self.add("password option", words[following].start, words[following].end)
            return following
        if lower in _SCHEMES and looks_random(text_of(self.text, cores[following])):
            self.add("authorization header", words[following].start, words[following].end)
            return following
        if lower == "user" and "net" in seen and following + 1 < len(words):
            self.add("password", words[following + 1].start, words[following + 1].end)
        return -1

    def typed(
        self, word: str, following: int, words: list[Word], cores: list[tuple[int, int]], heads: list[str]
    ) -> int:
        """Judge what an expect script types, by itself and by what it waited for."""
        if word == "expect":
            self.asked = any("assw" in head.lower() or "assphr" in head.lower() for head in heads[following:][:3])
            return -1
        if heads[following] in ("--", "-h", "-s") and following + 1 < len(words):
            following += 1
        match = _TYPED.fullmatch(text_of(self.text, cores[following]))
        prompted = self.asked or any("assw" in head.lower() for head in heads[max(0, following - 4) : following])
        if match is None or not (prompted or looks_chosen(match[1])):
            return -1
        self.asked = False
        start = cores[following][0]
        self.add("password", start, start + match.end(1))
        return following

    def replaced(self, cores: Sequence[tuple[int, int]]) -> None:
        """Judge what sed puts in the place of something that is called a secret."""
        for start, end in cores:
            for match in _REPLACED.finditer(self.text, start, min(end, start + 4096)):
                mark, value = match[2].strip("@%_<>{}$#[]()*.^\\"), match[3]
                name = _PLACED.sub("", mark)
                placeholder = mark.isupper() or mark != match[2]
                chosen = not (value.isupper() or names_secret(value)) if placeholder else looks_random(value)
                if chosen and names_secret(name, value) and not about(name):
                    self.add(name, match.start(3), match.end(3))

    def is_secret(self, name: str, value: tuple[int, int]) -> bool:
        return bool(name) and names_secret(name, text_of(self.text, value)) and not about(name)

    def assigned(self, number: int, start: int, end: int, words: list[Word], heads: list[str], seen: set[str]) -> bool:
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
            name = _tail(text[max(done, at - 96) : at].rstrip(AROUND + " :+?)]"))
            value = text[at + 1 : min(end, at + 600)].strip(AROUND)
            if first and text[start:at] in _LOGIN_OPTIONS and _LOGIN.match(value):
                return self.add("password in a login", text.index(":", at) + 1, whole)
            # apk add libsecret=0.20.5-r0
            version = seen & {"install", "add"} and is_version(value)
            if name and at + 1 < end and names_secret(name, value) and not version:
                stop = end if first else self.cut(at + 1, min(end, at + 512))
                scheme = _SCHEME.match(text, at + 1, stop)
                if "set" in seen and number == 1 and heads[0].lower() == "set":
                    # cmd.exe takes all that follows for the value.
                    stop = words[-1].end
                elif first:
                    stop = whole
                if self.add(name, scheme.end() if scheme is not None else at + 1, stop):
                    return True
            elif first and text[start:at] == "--from-literal" and {"create", "secret"} <= seen:
                pair = text.find("=", at + 1, inner)
                return pair >= 0 and self.add(text[at + 1 : pair], pair + 1, whole)
            elif first and name == "p" and "login" in seen and seen & programs.LOG_IN:
                self.add("password option", at + 1, words[number].end)
            first = False
            done = at + 1
            at = text.find("=", at + 1, inner)
        login = _HOST_LOGIN.match(text, start, end)
        if (
            login is not None
            and not login[2].lower().endswith(_NO_LOGIN)
            and (login[1] or looks_chosen(login[3]) or text.startswith(("tcp(", "unix("), login.end(3) + 1))
        ):
            return self.add("password in a login", login.start(3), login.end(3))
        colon = text.find(":", start, min(inner, start + 96))
        if start < colon < inner - 1 and text[colon + 1] not in "/:\\" and "${" not in text[start:colon]:
            name = _tail(text[start:colon].rstrip(AROUND))
            value = text[colon + 1 : min(end, colon + 600)].strip(AROUND)
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
        name = _tail(head[:-1].rstrip(AROUND))
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
        start = cores[number][0]
        if head[1] == "p" and len(head) > 2 and seen & programs.GLUED_P and head[:3] != "--p":
            self.add("password option", start + 2, words[number].end)
            return -1
        curl = _CURL_LOGIN.match(head) if "curl" in seen else None
        if curl is not None and ":" in head[curl.end() + 1 :]:
            self.add("password option", start + head.index(":") + 1, words[number].end)
            return -1
        if head[1] == "p" and len(head) > 5 and "login" in seen and seen & programs.LOG_IN:
            self.add("password option", start + 2, words[number].end)
            return -1
        if head[:2] == "-P" and len(head) > 4 and seen & {"zip", "unzip", "bcp", "sqlcmd"}:
            self.add("password option", start + 2, words[number].end)
            return -1
        if head[:3] == "-hp" and len(head) > 6 and "rar" in seen:
            self.add("password option", start + 3, words[number].end)
            return -1
        if head[:2] == "-a" and len(head) > 4 and "redis-cli" in seen:
            self.add("password option", start + 2, words[number].end)
            return -1
        if following < 0:
            return -1
        value = heads[following]
        if head == "--from-literal" and {"create", "secret"} <= seen and "=" in value:
            self.add(value.partition("=")[0], cores[following][0] + value.index("=") + 1, words[following].end)
            return following
        if head in ("-b", "--cookie") and "curl" in seen and "=" in value:
            self.add("cookie", cores[following][0] + value.index("=") + 1, words[following].end)
            return following
        if value[:1] == "-" and not words[following].quoted:
            return -1
        # bash <(curl …) -t TOKEN, curl … | bash -s -- -t TOKEN: the script's own option.
        script = number == 0 or ("-s" in seen and seen & _SHELLS)
        if head in ("-t", "-k") and script and looks_random(value) and not set("/:") & set(value):
            self.secret_of(head, words, cores, following)
            return following
        name = head.lstrip("-")
        dashes = len(head) - len(name)
        if dashes == 1 and self.apart(head, seen):
            self.secret_of(head, words, cores, following)
            return following
        if head in _LOGIN_OPTIONS or (curl is not None and curl.end() == len(head)):
            return self.login(head, following, words, cores, seen)
        if len(name) > 2 and names_secret(name, value) and not negated(name) and not about(name):
            self.secret_of(name, words, cores, following)
            return following
        return -1

    @staticmethod
    def apart(head: str, seen: set[str]) -> bool:
        """Tell whether an option of the programs seen has a password as its next word."""
        if head == "-p" and "login" in seen and seen & programs.LOG_IN:
            return True
        if head in ("-p", "-b") and seen & {"htpasswd"}:
            return False
        return any(head in programs.APART[program] for program in seen if program in programs.APART)

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

    def login(self, head: str, following: int, words: list[Word], cores: list[tuple[int, int]], seen: set[str]) -> int:
        """Judge ``-u name:password``; owners and groups are no logins."""
        start, end = cores[following]
        value = self.text[start:end]
        match = _LOGIN.match(value)
        separator = 0
        if match is not None:
            separator = match.start(2)
            owner = match[2].isdigit() or match[1].isdigit() or match[2].lower() in programs.OWNERS
            if owner and "curl" not in seen:
                return -1
            if seen & programs.TAKE_OWNERS and "curl" not in seen and not looks_random(match[2]):
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

    def last_word(self, words: list[Word], cores: list[tuple[int, int]], heads: list[str], seen: set[str]) -> None:
        """Judge the last word of commands that take a password there."""
        if len(words) < 2:
            return
        for program in seen & programs.LAST.keys():
            needed, option = programs.LAST[program]
            if needed and not needed & seen:
                continue
            if option and not any(head[:1] == "-" and head[1:2] != "-" and option in head for head in heads):
                continue
            last = len(words) - 1
            head = heads[last]
            if head[:1] == "-" or head in needed or _program(head) == program:
                continue
            if program in ("composer", "poetry", "bundle") and needed:
                if not any(
                    word in programs.LOGIN_SETTINGS or (program == "bundle" and ("." in word or "__" in word))
                    for text in heads[1:last]
                    for word in (text.split(".")[0], text)
                ):
                    continue
                start = cores[last][0]
                name, colon, _ = head.partition(":")
                self.add("password or token", start + len(name) + 1 if colon else start, words[last].end)
            elif program != "htpasswd" or last >= 2:
                self.add("password", words[last].start, words[last].end)
        self.written(words, heads, seen)
        hashes = {"openssl", "passwd"} <= seen and len(words) > 2 and heads[-2] != "-salt"
        if hashes and heads[-1] != "passwd" and not heads[-1].startswith(("/", "-")):
            self.add("password", words[-1].start, words[-1].end)
        if "sqlplus" in seen:
            for (start, _), head in zip(cores, heads, strict=True):
                match = re.match(r"[\w$#]{1,60}/([^\s@/]{4,200})(?:@|$)", head)
                if match is not None and "sqlplus" not in head:
                    self.add("password", start + match.start(1), start + match.end(1))

    def written(self, words: list[Word], heads: list[str], seen: set[str]) -> None:
        """Judge ``echo VALUE > FILE`` where the file is called like a secret."""
        before = self.text[max(0, words[-1].start - 4) : words[-1].start].rstrip()
        if not seen & programs.SAY or not before.endswith(">"):
            return
        said = [word for word, head in zip(words[:-1], heads, strict=False) if head[:1] != "-"]
        at = next(
            place
            for place, word in enumerate(said)
            if _program(text_of(self.text, core(self.text, word))) in programs.SAY
        )
        folder, _, name = heads[-1].rpartition("/")
        if len(said) != at + 2:
            return
        if name in _LOGIN_FILES:
            self.said(said[-1], True)
        elif folder.endswith("/run/secrets") or (name != "passwd" and names_secret(name) and not about(name)):
            self.add(name, said[-1].start, said[-1].end)

    def fed(self, command: Command, before: Sequence[Command], seen: set[str]) -> None:
        """Judge what is fed to a command that reads passwords: by a pipe, or as a here-document."""
        if not before and not command.fed:
            return
        options = " ".join(sorted(word for word in seen if word[:1] == "-"))
        reads = bool(seen & programs.READ) or "--password-stdin" in options or "--with-token" in options
        if not reads:
            reads = any(
                "stdin" in text_of(self.text, core(self.text, word))
                for word in command.words
                if word.end - word.start < 64
            ) and bool(seen & {"login", "passwd", "auth"})
        reads = reads or any(
            word.startswith(first)
            for name in seen & programs.READ_WITH.keys()
            for word in seen
            for first in programs.READ_WITH[name]
        )
        if not reads and "su" not in seen:
            return
        lines = bool(seen & {"chpasswd", "newusers"})
        # With a command of its own su reads nothing but a password.
        reads = reads or ("su" in seen and any(re.fullmatch(r"-[a-z]{0,4}c|--command", word) for word in seen))
        sources = list(command.fed)
        for other in before:
            names = [_program(text_of(self.text, core(self.text, word))) for word in other.words[:_BEFORE_SAID]]
            first = next((place for place, name in enumerate(names) if name in programs.SAY), None)
            sources += [*(other.words[first + 1 :] if first is not None else ()), *other.fed]
        for word in sources:
            # Root needs no password: what it feeds to su is a script, unless it looks like nothing but a password.
            said = text_of(self.text, core(self.text, word))
            if reads or looks_chosen(said) or (len(sources) == 1 and _PIECE.fullmatch(said)):
                self.said(word, lines)

    def said(self, word: Word, logins: bool) -> None:
        """Take a word that is fed to a program for a password, or for names with passwords."""
        start, end = core(self.text, word)
        value = self.text[start:end]
        if value.startswith("-") or not value or value.startswith("%s"):
            return
        if not logins:
            self.add("password on standard input", start, end)
            return
        for match in re.finditer(r"([^\s:\\]{1,128}+):((?:[^\s\\]|\\(?!n)){4,})", value):
            self.add("password on standard input", start + match.start(2), start + match.end(2))


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
