"""Tells whether a text is worth to be cut into words: most that an image holds are not."""

from __future__ import annotations

from .names import compiled, word_set

# Worth a look at words at all: no text without one of these has what the rules of words find.
_HINTS = (
    "net user",
    "net use",
    "gitlab-runner",
    "suseconnect",
    "ua attach",
    "pro attach",
    "mc config",
    "mc alias",
    "mc admin",
    "connect ",
    "npm adduser",
    "borg init",
    "funzip",
    "arj ",
    "extpass",
    "user =",
    "vercel env",
    "bw ",
    "bao ",
    "$p=",
    "$p =",
    "${p}",
    "--masked",
    "put-parameter",
    "jdbc:",
    "/p:",
    "/rp",
    "<<<",
    "read ",
    "aws configure",
    "rocommunity",
    "rwcommunity",
    ":cl:",
    "user:",
    "users:",
    "register ",
    "eap ",
    *sorted(
        word_set(
            "pass pwd secret token key auth cred login salt cookie jwt otp mysql maria redis curl wget --user "
            "identified mongo signature bearer runas seed sqlplus composer poetry bundle influx rabbitmqctl session "
            "secure signtool cryptsetup kinit codecov x-jfrog kennw senha wachtw haslo salasana contrasena @ obscure "
            "unseal cloudflared samba-tool smbclient impdp expdp sqlldr isql qpdf db2 add-user realm openconnect "
            "transmission base64 vault newusers etcdctl setuser ftp davfs unlock fscrypt ecryptfs kubeseal create-user "
            "adduser htdigest ttyd gotty pwfile eyaml nomad keyctl encodedcommand uci hdbsql psk"
        )
    ),
)
# Those that count at the edge of a word, or as an option.
_EDGES = (
    ("pat", r"pat(?<![a-z0-9]pat)(?![a-z])"),
    ("pw", r"pw(?!\w)"),
    ("sed", r"sed(?<!\wsed)(?!\w)"),
    ("perl", r"perl(?<!\wperl)(?!\w)"),
    ("pin", r"pin(?!\w)"),
    ("sas", r"sas(?!\w)"),
    ("su", r"su(?<!\wsu)(?!\w)"),
    ("send", r"send(?<!\wsend)(?!\w)"),
    ("-", r"-(?<![\w-]-)(?:t(?!\w)|[a-z]*?[upawks])"),
)


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
    return any(compiled(pattern).search(low, 1 if start else 0) for pattern in edges)
