"""Who a container's first process is: the image config's User, as the container runtime reads it.

Follows the OCI image spec, "Image Configuration" (config.md, *User*: user, uid, user:group, …), and what runtimes make
of it (libcontainer's ``user``): a number is a uid, ``+0`` and ``00`` too; of a name the first line in the image's
``/etc/passwd`` counts, whose uid is 0 where that is not a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ContentUnavailableError
from ..layer.index import FILE
from ..overlay.merge import NO_ENTRY
from ..settings import settings
from .walk import Walker

if TYPE_CHECKING:
    from ..analysis import Analysis

PASSWD = b"etc/passwd"
# A larger one is not read: the largest real ones have some thousand lines.
MAX_PASSWD = 4 << 20
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_UNSIGNED = re.compile(rb"[+-]?[0-9]+")


class User(NamedTuple):
    """A config's User: ``text`` as it stands (empty: none is set), its ``uid``, or ``why`` that is not known.

    ``listed`` tells that /etc/passwd gave the uid.
    """

    text: str
    uid: int | None
    why: str = ""
    listed: bool = False


def user_of(analysis: Analysis) -> User:
    """Return whom an image's containers run as.

    Raises ``ContentUnavailableError`` where a name's uid would have to be read and contents are not at hand, and
    ``ImageError``.
    """
    value = settings(analysis.image.config).get("User")
    text = value.strip() if isinstance(value, str) else ""
    name = text.partition(":")[0]
    if not name:
        return User(text, 0)
    if _NUMBER.fullmatch(name):
        return User(text, int(name))
    try:
        passwd = _passwd(analysis)
    except ContentUnavailableError:
        if name == "root":
            return User(text, 0)
        raise
    uid = None if passwd is None else _uid(passwd, name.encode("utf-8", "surrogateescape"))
    if uid is not None:
        return User(text, uid, listed=True)
    if name == "root":
        return User(text, 0)
    return User(text, None, "the image has no /etc/passwd" if passwd is None else "/etc/passwd does not list it")


def _passwd(analysis: Analysis) -> bytes | None:
    """Return the content of the file that /etc/passwd leads to; ``None`` where there is none."""
    overlay = analysis.body.overlay
    walked = Walker(overlay).walk(PASSWD)
    inode = overlay.inode(walked.entry)
    if walked.trouble or inode == NO_ENTRY or overlay.kind(inode) != FILE or overlay.sizes[inode] > MAX_PASSWD:
        return None
    return b"".join(data for _, data in analysis.contents.read([overlay.locate(inode)]))


def _uid(passwd: bytes, name: bytes) -> int | None:
    """Return the uid of the first line with a name."""
    for line in passwd.split(b"\n"):
        fields = line.strip().split(b":")
        if fields[0] == name:
            number = fields[2] if len(fields) > 2 else b""
            return int(number[:19]) if _UNSIGNED.fullmatch(number) else 0
    return None
