"""Which files are texts that people write, and which folders hold those that others wrote, or that are for show."""

from __future__ import annotations

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
"""Names of folders, in small letters."""
VENDORED = frozenset(
    b"node_modules site-packages dist-packages vendor bower_components gems __pycache__ locale locales i18n "
    b"translations lang licenses .git .svn .hg .npm .yarn .cache .m2 .gradle .nuget .cargo .rustup .pnpm-store Lib "
    b"include zoneinfo terminfo".split()
)
"""Names of folders of others' code: a token in them is their matter, and there are tens of thousands of such files."""
SYSTEM = tuple(
    f"{above}{name}"
    for above, names in (
        ("/usr/", "share lib lib32 lib64 libx32 libexec include bin sbin games"),
        ("/usr/local/", "lib lib64 share include go rustup"),
        ("/", "lib lib64 bin sbin proc sys dev boot var/cache var/log go/pkg"),
        ("/var/lib/", "dpkg apt rpm apk pacman dnf yum ucf systemd"),
        ("/etc/", "ssl ca-certificates pki fonts X11 alternatives apk apt java* init.d pam.d security terminfo"),
        ("/opt/", "java conda yarn*"),
    )
    for name in names.split()
)
"""Folders of a system's packages, in globs."""

SETTINGS_ENDINGS = frozenset(
    b".yaml .yml .json .toml .ini .conf .cfg .cnf .properties .xml .config .env .tfvars .service .plist .rc "
    b".hcl .cs .php".split()
)
SCRIPT_ENDINGS = frozenset(b".sh .bash .zsh .ash .ksh .csh .fish .ps1 .psm1 .bat .cmd .sql .acl".split())
SOURCE_ENDINGS = frozenset(
    b".py .rb .js .ts .mjs .cjs .jsx .tsx .go .java .kt .pl .lua .tf .gradle .groovy .txt .exs .ex .scala .rs "
    b".ipynb .r".split()
)
TEXT_ENDINGS = SETTINGS_ENDINGS | SCRIPT_ENDINGS | SOURCE_ENDINGS
TEXT_NAMES = frozenset(
    b".bash_history .zsh_history .sh_history .ash_history .history .psql_history .mysql_history .python_history "
    b".node_repl_history .rediscli_history .bashrc .bash_profile .profile .zshrc .zshenv .zprofile .bash_aliases "
    b".wgetrc .curlrc Dockerfile Makefile Jenkinsfile Vagrantfile Procfile credentials secrets docker-entrypoint "
    b"entrypoint environment".split()
)
SCRIPT_NAMES = TEXT_NAMES - {b"credentials", b"secrets", b"environment"}
NO_TEXT = (
    rb"(?i).*(?:\.lock|[-.]lock\.(?:json|ya?ml)|\.min\.js|\.d\.ts|package\.json|tsconfig.*|\.schema\.json"
    rb"|shrinkwrap\.json)"
)
"""Names that end as a text's do, and that a program wrote."""
