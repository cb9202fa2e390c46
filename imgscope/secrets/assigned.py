"""Finds secrets that a word gives to a name: ``NAME=VALUE``, ``Name: value``, ``/pass:value``, ``me:value@host``."""

from __future__ import annotations

from . import programs
from .line import Line, says_password, tail
from .names import calls_secret, compiled, is_version, looks_chosen, looks_random, names_secret, plausible, word_set
from .shell import AROUND
from .values import powershell_variable

SCHEMES = word_set("basic bearer token digest apikey negotiate key aws4-hmac-sha256 bot")
HEADERS = word_set("authorization proxy-authorization cookie set-cookie x-auth x-jfrog-art-api")
SCHEME = r"(?i)\s{0,8}(?:basic|bearer|token|digest|apikey|negotiate|bot)\s{1,8}"
LOGIN = r"(?s)([^\s:/@$\\\"'%]{1,128}+)[\"']?:[\"']?([^\s]{4,})"
_PASSED = word_set("pass password passwd secret token")
_NEXT = r"[;&|\s\"'`]|,(?=[\w.\-]{1,60}=)|[)}\]]"
_MORE = r",(?=[\w.\-]{1,60}=)"
# me:password@host, without a scheme. Images and packages are written alike: name:tag@sha256:…, npm:name@latest.
_HOST_LOGIN = (
    r"(?:[A-Za-z_]\w{0,60}=)?((?:podman|docker|oci|registry|engine|docker-daemon|containers-storage|:pserver):)?"
    r"([\w.+-]{1,64}+):([^\s@/:\"'$]{6,128}+)@(?!sha\d|latest|next)"
    r"(?:[A-Za-z\[(]|:\d{2,5}$|(?:\d{1,3}\.){3}\d{1,3}(?![\w.]))"
)
_NO_LOGIN = ("npm", "workspace", "file", "git", "link", "patch", "mailto", "oci", "docker")
# Programs of which --secret=NAME only says which one.
_NAME_SECRETS = word_set("gcloud docker podman buildah nerdctl kubectl buildctl")


def assigned(line: Line, number: int) -> bool:
    """Judge each ``NAME=VALUE``, and ``name:value``, in a word."""
    text = line.text
    start, end = line.cores[number]
    # What stands behind a blank is in quotes, and is looked into on its own.
    blank = compiled(r"\s").search(text, start, end)
    inner = end if blank is None else blank.start()
    at = text.find("=", start, inner)
    done = start
    while at >= 0:
        name = tail(text[max(done, at - 96) : at].rstrip(AROUND + " :+?)]"))
        if done == start and (taken := _first(line, number, at, inner, name)) is not None:
            return taken
        if _named(line, number, at, name, done == start):
            return True
        done = at + 1
        at = text.find("=", at + 1, inner)
    login = compiled(_HOST_LOGIN).match(text, start, end)
    if (
        login is not None
        and not login[2].lower().endswith(_NO_LOGIN)
        and (login[1] or looks_chosen(login[3]) or text.startswith(("tcp(", "unix("), login.end(3) + 1))
    ):
        return line.script.add("password in a login", login.start(3), login.end(3))
    return _with_colon(line, number, inner)


def _first(line: Line, number: int, at: int, inner: int, name: str) -> bool | None:
    """Judge what only the first ``=`` of a word can be; ``None`` where it is nothing of that kind."""
    text, seen, (start, end) = line.text, line.seen, line.cores[number]
    option = text[start:at]
    if option in (f"${name}", f"${{{name}}}") and powershell_variable(
        line, name, text[at + 1 : min(end, at + 600)].strip(AROUND)
    ):
        return line.script.add("password", at + 1, line.words[number].end)
    if option == "--user" and seen & programs.PERCENT and "%" in text[at:end]:
        return line.script.add("password in a login", text.index("%", at) + 1, line.words[number].end)
    if name == "key" and seen & {"uci", "netsh"}:
        return line.script.add("key", at + 1, line.words[number].end)
    if option in programs.LOGIN_OPTIONS and compiled(LOGIN).match(text[at + 1 : min(end, at + 600)].strip(AROUND)):
        return line.script.add("password in a login", text.index(":", at) + 1, line.words[number].end)
    if option == "--from-literal" and {"create", "secret"} <= seen:
        pair = text.find("=", at + 1, inner)
        return pair >= 0 and line.script.add(text[at + 1 : pair], pair + 1, line.words[number].end)
    if name == "p" and (("login" in seen and seen & programs.LOG_IN) or seen & programs.EQUAL_P):
        return line.script.add("password option", at + 1, line.words[number].end)
    if says_password(name):
        begin = at + 1
        while begin < end and text[begin] in AROUND:
            begin += 1
        return line.printed(name, begin, end)
    return None


def _named(line: Line, number: int, at: int, name: str, first: bool) -> bool:
    """Take the value behind a ``=`` if the name before it is that of a secret."""
    text, seen, (start, end) = line.text, line.seen, line.cores[number]
    value = text[at + 1 : min(end, at + 600)].strip(AROUND)
    # apk add libsecret=0.20.5-r0
    if not name or at + 1 >= end or not names_secret(name, value) or (seen & {"install", "add"} and is_version(value)):
        return False
    if name == "secret" and text[start:at] == "--secret" and seen & _NAME_SECRETS and not looks_random(value):
        return False
    more = compiled(_MORE).search(value)
    if first and more is not None and not plausible(value[: more.start()]):
        # -o credentials=/file,uid=1000
        return False
    stop = line.words[number].end if first else _cut(text, at + 1, min(end, at + 512))
    scheme = compiled(SCHEME).match(text, at + 1, stop)
    if number == 1 and line.heads[0].lower() == "set":
        # cmd.exe takes all that follows for the value.
        stop = line.words[-1].end
    return line.script.add(name, scheme.end() if scheme is not None else at + 1, stop)


def _with_colon(line: Line, number: int, inner: int) -> bool:
    """Judge ``name:value``: headers, ``/pass:value``, settings in one word."""
    text, (start, end) = line.text, line.cores[number]
    colon = text.find(":", start, min(inner, start + 96))
    if not start < colon < inner - 1 or text[colon + 1] in "/:\\" or "${" in text[start:colon]:
        return False
    if text[start:colon] in ("/p", "-p") and line.seen & programs.COLON_P:
        return line.script.add("password option", colon + 1, line.words[number].end)
    if text.startswith("CL:", colon + 1):
        # 3proxy's users.
        return line.script.add("password", colon + 4, line.words[number].end)
    name = tail(text[start:colon].rstrip(AROUND))
    value = text[colon + 1 : min(end, colon + 600)].strip(AROUND)
    if text[colon + 1] in "\"'\\" and line.words[number].quoted and (name == "pwd" or calls_secret(name)):
        # {user:"me",pwd:"X"}
        return line.script.add(name, colon + 1, line.words[number].end)
    lower = name.lower()
    if text[start] == "/" and (lower in ("pw", "pwd") or calls_secret(name)):
        # /pw:X, /TargetPassword:X, /processModel.password:X
        return line.script.add(name, colon + 1, line.words[number].end)
    if not (lower in _PASSED or lower in HEADERS or looks_random(value)):
        return False
    if (lower in HEADERS or names_secret(name, value)) and not (lower in _PASSED and _slug(value)):
        return line.script.add(name, colon + 1, line.words[number].end)
    return False


def unnamed(line: Line, head: str, number: int) -> bool:
    """Tell whether a word is a password though its name is of none: ``$p = 'X'``, ``user = me:X`` of curl."""
    value = line.value(number)
    if head[:1] == "$":
        return powershell_variable(line, head[1:], value)
    match = compiled(LOGIN).fullmatch(value) if head in ("user", "proxy-user") else None
    return match is not None and looks_chosen(match[2])


def announced(line: Line, number: int, following: int) -> bool:
    """Judge ``Name: value`` and ``Name= value`` in two or three words."""
    head, words = line.heads[number], line.words
    name = tail(head[:-1].rstrip(AROUND))
    header = name.lower() in HEADERS
    # {user: 'me', pwd: 'value'}: no shell's variable is written so.
    spelt = name == "pwd" and head[-1] == ":" and bool(words[following].quoted)
    if not name or not (header or spelt or names_secret(name, line.value(following))):
        return False
    if head[-1] == "=" and not words[following].quoted and "sc" not in line.seen:
        return False
    if any(start == end for start, end in words[number].quoted):
        # --token='' --password=''
        return False
    if line.heads[following].lower() in SCHEMES and following + 1 < len(words):
        following += 1
    if header and name.lower().endswith("cookie"):
        return line.script.add(name, words[following].start, words[-1].end)
    return line.take(name, following)


def _cut(text: str, start: int, end: int) -> int:
    """Return where a value ends that is one of several in a word."""
    begin = start
    while begin < min(end, start + 8) and text[begin] in AROUND:
        begin += 1
    match = compiled(_NEXT).search(text, begin, end)
    return match.start() if match is not None else end


def _slug(value: str) -> bool:
    """Tell whether a value is a tag or a plain word rather than a password: ``latest``, ``read``, ``v1``."""
    return len(value) < 8 and value.isalpha() and value.islower()


def headed(line: Line, start: int, end: int) -> bool:
    """Judge a quoted piece that begins with a name: a header, or an assignment."""
    name = compiled(r"\s{0,8}+([A-Za-z_$][\w.:$-]{0,80}?)(:(?!/)|=)").match(line.text, start, end)
    if name is None:
        return False
    value = line.text[name.end() : min(end, name.end() + 600)].strip()
    if name[1].lower() not in HEADERS and not (names_secret(name[1], value) and (name[2] == ":" or " " in value)):
        return False
    scheme = compiled(SCHEME).match(line.text, name.end(), end)
    return line.script.add(name[1], scheme.end() if scheme is not None else name.end(), end)
