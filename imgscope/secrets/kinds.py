"""Kinds of files that hold secrets: where they lie, and what in them shows that they do.

``judge`` says of a path and its content what is secret there. A key at a key's place, or with a key's name, counts
whatever it holds; files of tools by what their own format says; any other small text by what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .files import in_history, in_settings, in_source, plausible_values
from .names import compiled

# Files larger than this are no key and no login.
MAX_SECRET = 1 << 20
# Text of no known kind is looked at in files up to this.
MAX_TEXT = 64 << 10

Proof = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A kind of file that holds secrets: where it lies, and what tells from its content that it does."""

    kind: str
    places: tuple[str, ...]
    proof: Proof


_PRIVATE = rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File"
_PUBLIC = (
    rb"\s{0,64}+(?:(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,64} |-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}(?:PUBLIC KEY|CERTIFICATE)"
    rb"|---- BEGIN SSH2 PUBLIC|#!|<|\x7fELF|[$%{]|<\?)|\s*+$"
)
_PLACEHOLDER = rb"(?i)\s{0,64}+(?:change|replace|your|insert|todo|dummy|placeholder|example|secret|none|empty|test)"
_ONE_WORD = rb"\s{0,64}+[A-Za-z0-9+/=_-]{16,1024}+\s{0,64}+\Z"


# The shortest that anything keeps in a file of its own: 128 bits.
_SHORTEST_KEY = 16


def _private_key(data: bytes) -> bool:
    return compiled(_PRIVATE).search(data) is not None


def _key_by_name(data: bytes) -> bool:
    """Tell whether a file that is called a private key can be one: all but what says that it is something else."""
    if _private_key(data):
        return True
    if len(data.strip()) < _SHORTEST_KEY or compiled(_PUBLIC).match(data) is not None:
        return False
    return len(data) > 200 or compiled(_PLACEHOLDER).match(data) is None


def _key_or_word(data: bytes) -> bool:
    return _private_key(data) or (
        compiled(_ONE_WORD).match(data) is not None and plausible_values(rb"\s*+(\S++)", data, random=True)
    )


def _anything(data: bytes) -> bool:
    return bool(data.strip())


def _value(pattern: bytes, *, random: bool = False) -> Proof:
    return lambda data: plausible_values(pattern, data, random=random)


def _either(*proofs: Proof) -> Proof:
    return lambda data: any(proof(data) for proof in proofs)


_URL_LOGIN = _value(rb"://[^\s/:@]{0,256}+:([^\s/@\"']{3,1024}+)@|://([^\s/:@]{20,1024}+)@")
_SETTINGS: Proof = in_settings
# A token may stand for the name, with no password.
_NETRC = _either(_value(rb"\bpassword\s{1,16}+(\S++)"), _value(rb"\blogin\s{1,16}+(\S++)", random=True))

PRIVATE_KEYS = (
    SecretFile(
        "private key",
        (
            "/**/*.pem",
            "/**/*.ppk",
            "/**/*.asc",
            "/**/*.priv",
            "/**/identity",
            "/etc/ssh/**",
            "/etc/ssl/private/**",
            "/**/.ssh/**",
        ),
        _private_key,
    ),
    SecretFile("private key", ("/**/*.key",), _key_or_word),
    SecretFile("private key", ("/**/private-keys-v1.d/**", "/**/.gnupg/secring.gpg", "/**/secring.gpg"), _anything),
    SecretFile(
        "key store",
        ("/**/*.p12", "/**/*.pfx", "/**/*.jks", "/**/*.jceks", "/**/*.bcfks", "/**/*.keystore", "/**/*.kdbx"),
        _anything,
    ),
)
# Names that are a private key's whatever follows them, in any folder.
KEY_NAMES = (
    rb"(?i)(?:[\w.+-]{0,80}[._-])?(?:id[_-](?:rsa|dsa|ecdsa|ed25519|xmss)(?:[_-]sk)?|deploy[._-]?key|ssh_host_\w{1,20}_key"
    rb"|master\.key)(?:[\d~._-].{0,80})?"
)
KEY_BY_NAME = SecretFile("private key", (), _key_by_name)
# Its public half, and programs that are called after what they work on.
NO_KEY = (
    rb"(?i).*(?:\.pub|[._-]pub(?:lic)?(?:[._-].*)?|\.(?:py|rb|js|ts|go|java|c|h|cc|rs|php|md|rst|html?|ya?ml|json|so|o"
    rb"|d|1|8|gz|xz|zip|css|svg|png|po|mo|sh|pyc|class|cs|tf|conf|service))"
)
_TRUST_STORE = rb"(?i).*(?:cacert|trust|ca[._-]?(?:bundle|certs?|certificates?|roots?)|^ca\.|[._-]ca\.|debug\.keystore)"

_JSON = rb"\"\s{0,16}+:\s{0,16}+\"([^\"\n]{1,4096}+)\""
LOGINS = (
    SecretFile(
        "npm credentials", ("/**/.npmrc",), _value(rb"(?i)_(?:authToken|auth|password)[ \t]*+=[ \t]*+\"?([^\s\"]++)")
    ),
    SecretFile(
        "Yarn credentials",
        ("/**/.yarnrc.yml", "/**/.yarnrc"),
        _value(rb"(?i)npmAuth(?:Token|Ident)\"?[ \t]*+:[ \t]*+\"?([^\s\"]++)|_authToken[\" \t]++([^\s\"]++)"),
    ),
    SecretFile(
        "AWS credentials",
        ("/**/.aws/credentials", "/**/.aws/config", "/**/.boto"),
        _value(rb"(?i)aws_(?:secret|session)\w{0,40}+[ \t]*+=[ \t]*+(\S++)"),
    ),
    SecretFile(
        "Docker credentials",
        ("/**/.docker/config.json", "/**/.dockercfg", "/**/.dockerconfigjson", "/**/containers/auth.json"),
        _value(rb"\"(?:auth|identitytoken|password|registrytoken)" + _JSON),
    ),
    SecretFile(
        "git credentials",
        ("/**/.git-credentials", "/**/.git/config", "/**/.gitconfig", "/**/git/credentials", "/etc/gitconfig"),
        _either(
            _URL_LOGIN, _value(rb"(?i)extraheader[ \t]*+=[ \t\"]*+authorization:[ \t]*+\w{1,10}[ \t]++([^\s\"]++)")
        ),
    ),
    SecretFile("credentials", ("/**/.netrc", "/**/_netrc", "/**/.authinfo"), _NETRC),
    SecretFile(
        "PyPI credentials",
        ("/**/.pypirc", "/**/pip.conf", "/**/.pip/pip.conf", "/**/pip.ini", "/**/uv.toml", "/**/pypoetry/auth.toml"),
        _either(_value(rb"(?im)^[ \t]*+(?:password|token)[ \t]*+[=:][ \t]*+[\"']?([^\s\"']++)"), _URL_LOGIN),
    ),
    SecretFile(
        "Google Cloud credentials",
        (
            "/**/application_default_credentials.json",
            "/**/.config/gcloud/**",
            "/**/service-account.json",
            "/**/service_account.json",
            "/**/serviceaccount.json",
            "/**/credentials.json",
            "/**/*-credentials.json",
        ),
        _value(rb"(?i)\"(?:private_key|refresh_token|client_secret|access_token)" + _JSON),
    ),
    SecretFile(
        "Azure credentials",
        ("/**/.azure/**",),
        _value(rb"(?i)\"(?:access_?token|refresh_?token|secret|client_?secret|password)" + _JSON),
    ),
    SecretFile(
        "Kubernetes credentials",
        ("/**/.kube/config", "/**/kubeconfig", "/**/kubeconfig.yaml", "/**/kubeconfig.yml"),
        _value(rb"(?m)^[ \t-]*+\"?(?:token|client-key-data|password)\"?[ \t]*+:[ \t]*+\"?([^\s\"]++)"),
    ),
    SecretFile(
        "GitHub credentials",
        ("/**/.config/gh/hosts.yml", "/**/.config/hub"),
        _value(rb"(?m)^[ \t]*+(?:-[ \t]*+)?oauth_token[ \t]*+:[ \t]*+(\S++)"),
    ),
    SecretFile(
        "Cargo credentials",
        ("/**/.cargo/credentials", "/**/.cargo/credentials.toml"),
        _value(rb"(?m)^[ \t]*+(?:secret-)?(?:token|key)[ \t]*+=[ \t]*+\"?([^\s\"]++)"),
    ),
    SecretFile(
        "RubyGems credentials",
        ("/**/.gem/credentials", "/**/.local/share/gem/credentials", "/**/.bundle/config"),
        _value(
            rb"(?m)^[ \t]*+:\w{0,40}?key[ \t]*+:[ \t]*+(\S++)|:rubygems\w{0,40}+:[ \t]*+(\S++)"
            rb"|^BUNDLE_\w{1,60}__\w{1,60}:[ \t]*+\"?(\S++)"
        ),
    ),
    SecretFile(
        "NuGet credentials",
        ("/**/NuGet.Config", "/**/nuget.config", "/**/NuGet.config"),
        _value(rb"(?i)key=\"(?:ClearText)?Password\"\s{1,16}+value=\"([^\"]{1,1024}+)"),
    ),
    SecretFile(
        "Maven credentials",
        ("/**/.m2/settings.xml", "/**/.m2/settings-security.xml", "/**/maven/conf/settings.xml"),
        _value(rb"<(?:password|passphrase|master)>\s{0,256}+([^<\s]{1,1024}+)"),
    ),
    SecretFile("Gradle credentials", ("/**/gradle.properties",), _SETTINGS),
    SecretFile(
        "Composer credentials",
        ("/**/auth.json",),
        _value(
            rb"(?s)\"(?:http-basic|github-oauth|gitlab-token|gitlab-oauth|bearer|bitbucket-oauth)\"\s{0,64}+:\s{0,64}+\{"
            rb".{0,1024}?\"(?:password|token|consumer-secret|[\w.-]{1,80}\.\w{1,20})" + _JSON
        ),
    ),
    SecretFile("Docker credentials", ("/**/auth.json",), _value(rb"\"(?:auth|identitytoken|token)" + _JSON)),
    SecretFile(
        "database credentials",
        ("/**/.pgpass", "/**/.my.cnf", "/**/.mylogin.cnf", "/**/pgpass.conf"),
        _value(
            rb"(?m)^[^#\s:]{1,256}+(?::[^:\s]{1,256}+){3}:([^:\s]{1,256}+)"
            rb"|(?i:password|passwd)[ \t]*+=[ \t]*+[\"']?([^\s\"']++)"
        ),
    ),
    SecretFile("password file", ("/**/.htpasswd", "/**/htpasswd"), _value(rb"(?m)^[^\s:#]{1,256}+:([^\s:]++)")),
    SecretFile(
        "password hash",
        ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/master.passwd"),
        _value(rb"(?m)^[^:\n]{1,256}+:!?(\$[^:\n]{8,1024}+|[./A-Za-z0-9]{13}):"),
    ),
    SecretFile("Vault token", ("/**/.vault-token", "/**/.huggingface/token", "/**/huggingface/token"), _anything),
    SecretFile(
        "S3 credentials",
        ("/**/.s3cfg", "/**/s3cfg", "/**/.passwd-s3fs"),
        _value(rb"(?m)^[ \t]*+secret_key[ \t]*+=[ \t]*+(\S++)|^\w{16,}:(\S++)"),
    ),
    SecretFile(
        "rclone credentials",
        ("/**/rclone.conf", "/**/.rclone.conf"),
        _value(
            rb"(?m)^[ \t]*+(?:pass(?:word2?)?|secret_access_key|client_secret|token|key|sas_url"
            rb"|service_account_credentials)[ \t]*+=[ \t]*+(\S++)"
        ),
    ),
    SecretFile(
        "Terraform state or values",
        ("/**/*.tfstate", "/**/*.tfvars", "/**/.terraformrc", "/**/credentials.tfrc.json"),
        _value(
            rb"(?i)(?:password|secret|token|private_key|access_key)\w{0,40}+\"?\s{0,16}+[=:]\s{0,16}+\"([^\"\n]{1,4096}+)"
        ),
    ),
    SecretFile("environment", ("/**/.env", "/**/*.env", "/**/.envrc"), _SETTINGS),
    SecretFile("WordPress settings", ("/**/wp-config.php",), _SETTINGS),
    SecretFile(
        "application settings", ("/**/appsettings.json", "/**/local.settings.json", "/**/web.config"), _SETTINGS
    ),
    SecretFile("run-time secret", ("/run/secrets/**", "/var/run/secrets/**"), _anything),
)
# Names that can't be told by their ending: .env.production, appsettings.Production.json.
ENVIRONMENT = SecretFile("environment", (), _SETTINGS)
APPLICATION = SecretFile("application settings", (), _SETTINGS)
_ENVIRONMENTS = rb"(?i)\.env[._-][\w.-]{1,60}|env\.(?:prod\w*|local|dev\w*|staging)"
_APPLICATIONS = rb"(?i)appsettings\.[\w.-]{1,60}\.json|application-[\w.-]{1,60}\.(?:ya?ml|properties)"

# What is written to be copied, or for tests: nothing in it is anybody's.
EXAMPLE = (
    rb"(?i)(?:.*[._-])?(?:examples?|samples?|templates?|tmpl|tpl|dist|mocks?|fixtures?|schema|demo)(?:[._-].*)?"
    rb"|.*[._-](?:test|spec)s?\.\w{1,4}|tests?[_-].*|readme.*|changelog.*|license.*"
)
FOR_SHOW = frozenset(
    b"test tests testing testdata test-data test_data __tests__ spec specs fixture fixtures testfixtures example "
    b"examples sample samples doc docs documentation man demo demos mock mocks __mocks__ e2e snapshots "
    b"__snapshots__ test-fixtures integration-tests cassettes".split()
)
# Folders of others' code: a token in them is their matter, and there are tens of thousands of such files.
VENDORED = frozenset(
    b"node_modules site-packages dist-packages vendor bower_components gems __pycache__ locale locales i18n "
    b"translations lang licenses .git .svn .hg .npm .yarn .cache .m2 .gradle .nuget .cargo .rustup .pnpm-store Lib "
    b"include zoneinfo terminfo".split()
)
_SYSTEM = (
    rb"(?:usr/(?:share|lib|lib32|lib64|libx32|libexec|include|bin|sbin|games)|usr/local/(?:lib|lib64|share|include|go|rustup)|lib|lib64"
    rb"|bin|sbin|proc|sys|dev|boot|var/lib/(?:dpkg|apt|rpm|apk|pacman|dnf|yum|ucf|systemd)|var/cache|var/log"
    rb"|etc/(?:ssl|ca-certificates|pki|fonts|X11|alternatives|apk|apt|java[\w.-]*|init\.d|pam\.d|security|terminfo)"
    rb"|go/pkg|opt/(?:java|conda|yarn[\w.-]*))(?:/|\Z)"
)
_SETTINGS_ENDINGS = frozenset(
    b".yaml .yml .json .toml .ini .conf .cfg .cnf .properties .xml .config .env .tfvars .service .plist .rc "
    b".hcl .cs .php".split()
)
_SCRIPT_ENDINGS = frozenset(b".sh .bash .zsh .ash .ksh .csh .fish .ps1 .psm1 .bat .cmd .sql .acl".split())
_SOURCE_ENDINGS = frozenset(
    b".py .rb .js .ts .mjs .cjs .jsx .tsx .go .java .kt .pl .lua .tf .gradle .groovy .txt .exs .ex .scala .rs "
    b".ipynb .r".split()
)
TEXT_ENDINGS = _SETTINGS_ENDINGS | _SCRIPT_ENDINGS | _SOURCE_ENDINGS
TEXT_NAMES = frozenset(
    b".bash_history .zsh_history .sh_history .ash_history .history .psql_history .mysql_history .python_history "
    b".node_repl_history .rediscli_history .bashrc .bash_profile .profile .zshrc .zshenv .zprofile .bash_aliases "
    b".wgetrc .curlrc Dockerfile Makefile Jenkinsfile Vagrantfile Procfile credentials secrets docker-entrypoint "
    b"entrypoint environment".split()
)
_SCRIPT_NAMES = TEXT_NAMES - {b"credentials", b"secrets", b"environment"}
_NO_TEXT = (
    rb"(?i).*(?:\.lock|[-.]lock\.(?:json|ya?ml)|\.min\.js|\.d\.ts|package\.json|tsconfig.*|\.schema\.json"
    rb"|shrinkwrap\.json)"
)


def trust_store(name: bytes) -> bool:
    """Tell whether a key store's name is that of one that holds others' certificates."""
    return compiled(_TRUST_STORE).match(name) is not None


def for_show(directory: bytes, name: bytes) -> bool:
    """Tell whether a file is an example, or of tests or documentation: what looks like a secret there is none."""
    return not FOR_SHOW.isdisjoint(directory.lower().split(b"/")) or compiled(EXAMPLE).fullmatch(name) is not None


def others(directory: bytes) -> bool:
    """Tell whether what lies in a directory was written by others: packages of a system or of a language."""
    return compiled(_SYSTEM).match(directory) is not None or not VENDORED.isdisjoint(directory.split(b"/"))


def named(name: bytes) -> list[SecretFile]:
    """Return the kinds that a file is of by a name that no glob tells."""
    found = []
    if compiled(KEY_NAMES).fullmatch(name) and not compiled(NO_KEY).fullmatch(name):
        found.append(KEY_BY_NAME)
    if compiled(_ENVIRONMENTS).fullmatch(name) and not re.search(rb"(?i)\.(?:js|ts|py|md|vue|rb|php|go)$", name):
        found.append(ENVIRONMENT)
    if compiled(_APPLICATIONS).fullmatch(name):
        found.append(APPLICATION)
    return found


def is_text(name: bytes) -> bool:
    """Tell whether a file's name is one of text that may hold anything."""
    known = name[name.rfind(b".") :].lower() in TEXT_ENDINGS or name in TEXT_NAMES or name.startswith(b"Dockerfile.")
    return known and compiled(_NO_TEXT).fullmatch(name) is None


def in_text(name: bytes, data: bytes) -> str | None:
    """Return what is secret in a text of no known kind; ``None`` where nothing is."""
    if b"\0" in data:
        return None
    ending = name[name.rfind(b".") :].lower()
    if ending in _SCRIPT_ENDINGS or name in _SCRIPT_NAMES or name.startswith(b"Dockerfile."):
        return in_history(data)
    return in_source(data, settings=ending in _SETTINGS_ENDINGS or name in TEXT_NAMES)


# All kinds, in an order that stays: what the cache knows of a file are their numbers.
ALL = (*PRIVATE_KEYS, *LOGINS, KEY_BY_NAME, ENVIRONMENT, APPLICATION)


class PlaceNames:
    """The names at which kinds of secrets lie, their folders left open as far as globs do, and beyond.

    It tells of no fewer files than the globs, and is quick enough to be asked of every file that passes.
    """

    def __init__(self, kinds: Sequence[SecretFile]) -> None:
        """Take the places of ``kinds``."""
        self.names: dict[bytes, list[int]] = {}
        """Kinds by files' names."""
        self.endings: dict[bytes, list[tuple[bytes, int]]] = {}
        """Whole endings with their kinds, by what follows the last dot of a name."""
        self._folders: dict[bytes, set[int]] = {}
        self._rooted: list[tuple[bytes, int]] = []
        for number, kind in enumerate(kinds):
            for place in kind.places:
                above, _, last = place.encode().rpartition(b"/")
                if last == b"**" and above.startswith(b"/**/"):
                    self._folders.setdefault(above.rpartition(b"/")[2], set()).add(number)
                elif last == b"**":
                    self._rooted.append((above[1:] + b"/", number))
                elif last[:1] == b"*":
                    self.endings.setdefault(last[last.rindex(b".") :], []).append((last[1:], number))
                else:
                    self.names.setdefault(last, []).append(number)
        self._roots = tuple(prefix for prefix, _ in self._rooted)
        self._numbers = {id(kind): number for number, kind in enumerate(kinds)}

    def inside(self, directory: bytes) -> set[int]:
        """Return the kinds of all that lies in a directory, or below it."""
        path, parts = directory + b"/", directory.split(b"/")
        # Most directories are told by this alone.
        if not path.startswith(self._roots) and self._folders.keys().isdisjoint(parts):
            return set()
        found = {number for prefix, number in self._rooted if path.startswith(prefix)}
        return found.union(*(self._folders[part] for part in parts if part in self._folders))

    def of(self, directory: bytes, name: bytes) -> set[int]:
        """Return the kinds that a file may be of."""
        found = self.inside(directory)
        found.update(self.names.get(name, ()))
        ends = self.endings.get(name[name.rfind(b".") :], ())
        found.update(number for ending, number in ends if name.endswith(ending))
        found.update(self._numbers[id(kind)] for kind in named(name))
        return found


SECRET_PLACES = PlaceNames(ALL)
