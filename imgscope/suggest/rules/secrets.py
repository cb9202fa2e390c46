"""Secrets in any layer, removed ones and the base's too: where they are, never what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...layer.index import FILE
from ...layer.names import internal, public
from ...pathsets import SETS
from ..context import Context
from ..model import Claim, Draft, Evidence, Rule
from ..places import Places
from . import words

# A key or a login is a small file.
_MAX_SECRET = 1 << 20


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A kind of file that holds secrets: where it lies, and what in it shows that it does."""

    kind: str
    places: tuple[str, ...]
    proof: re.Pattern[bytes]


_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File")
_ASSIGNED = re.compile(
    rb"(?im)^\s*(?:export\s+)?[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api_?key|access_?key|private_?key"
    rb"|credentials?)[\w.-]*\s*[=:]\s*[\"']?(?![$<{\s])[^\s\"']{4,}"
)
_ANY = re.compile(rb"\S")

PRIVATE_KEYS = (
    SecretFile(
        "private key",
        (
            "/**/id_rsa",
            "/**/id_dsa",
            "/**/id_ecdsa",
            "/**/id_ecdsa_sk",
            "/**/id_ed25519",
            "/**/id_ed25519_sk",
            "/**/identity",
            "/**/*.pem",
            "/**/*.key",
            "/**/*.ppk",
            "/**/*.asc",
            "/**/*_rsa.priv",
            "/etc/ssh/**",
            "/etc/ssl/private/**",
            "/**/.ssh/**",
            "/**/.gnupg/private-keys-v1.d/**",
        ),
        _KEY,
    ),
    SecretFile("key store", ("/**/*.p12", "/**/*.pfx", "/**/*.jks", "/**/*.keystore", "/**/*.kdbx"), _ANY),
)
LOGINS = (
    SecretFile("npm login", ("/**/.npmrc",), re.compile(rb"(?i)_(?:authToken|auth|password)\s*=\s*(?!\s*\$)\S")),
    SecretFile("Yarn login", ("/**/.yarnrc.yml",), re.compile(rb"(?i)npmAuth(?:Token|Ident)\"?\s*:\s*(?!\s*\"?\$)\S")),
    SecretFile(
        "AWS login", ("/**/.aws/credentials", "/**/.aws/config"), re.compile(rb"(?i)aws_(?:secret|session)\w*\s*=\s*\S")
    ),
    SecretFile(
        "Docker login",
        ("/**/.docker/config.json", "/**/.dockercfg", "/**/containers/auth.json"),
        re.compile(rb"\"(?:auth|identitytoken|password)\"\s*:\s*\"[^\"]"),
    ),
    SecretFile(
        "git login",
        ("/**/.git-credentials", "/**/.git/config", "/**/.gitconfig", "/**/git/credentials"),
        re.compile(rb"://[^\s/:@]*:[^\s/@]+@|://[^\s/:@]{20,}@|(?i:extraheader)\s*=\s*\S"),
    ),
    SecretFile("login", ("/**/.netrc", "/**/_netrc", "/**/.authinfo"), re.compile(rb"(?m)\bpassword\s+\S")),
    SecretFile(
        "PyPI login",
        ("/**/.pypirc", "/**/pip.conf", "/**/.pip/pip.conf"),
        re.compile(rb"(?im)^\s*password\s*[=:]\s*\S|://[^\s/:@]*:[^\s/@$]+@"),
    ),
    SecretFile(
        "Google Cloud login",
        (
            "/**/application_default_credentials.json",
            "/**/.config/gcloud/**",
            "/**/service-account.json",
            "/**/service_account.json",
            "/**/credentials.json",
            "/**/*-credentials.json",
        ),
        re.compile(rb"\"(?:private_key|refresh_token|client_secret)\"\s*:\s*\"[^\"]|(?i:access_token)"),
    ),
    SecretFile(
        "Azure login",
        ("/**/.azure/**",),
        re.compile(rb"(?i)\"(?:access_?token|refresh_?token|secret)\"\s*:\s*\"[^\"]|client_secret"),
    ),
    SecretFile(
        "Kubernetes login",
        ("/**/.kube/config", "/**/kubeconfig"),
        re.compile(rb"(?m)^\s*(?:token|client-key-data|password)\s*:\s*\S"),
    ),
    SecretFile(
        "GitHub login",
        ("/**/.config/gh/hosts.yml", "/**/.config/hub"),
        re.compile(rb"(?m)^\s*(?:-\s*)?oauth_token\s*:\s*\S"),
    ),
    SecretFile(
        "Cargo login", ("/**/.cargo/credentials", "/**/.cargo/credentials.toml"), re.compile(rb"(?m)^\s*token\s*=\s*\S")
    ),
    SecretFile(
        "RubyGems login",
        ("/**/.gem/credentials", "/**/.local/share/gem/credentials"),
        re.compile(rb"(?m)^\s*:\w*key\s*:\s*\S|:rubygems"),
    ),
    SecretFile(
        "NuGet login",
        ("/**/NuGet.Config", "/**/nuget.config"),
        re.compile(rb"(?i)ClearTextPassword|<add\s+key=\"Password\""),
    ),
    SecretFile(
        "Maven login",
        ("/**/.m2/settings.xml", "/**/.m2/settings-security.xml"),
        re.compile(rb"<(?:password|passphrase|master)>\s*(?!\s*\$\{)[^<\s]"),
    ),
    SecretFile("Gradle login", ("/**/gradle.properties", "/**/.gradle/gradle.properties"), _ASSIGNED),
    SecretFile(
        "Composer login",
        ("/**/auth.json", "/**/.composer/auth.json"),
        re.compile(rb"\"(?:http-basic|github-oauth|gitlab-token|bearer)\"\s*:\s*\{\s*\""),
    ),
    SecretFile(
        "database login",
        ("/**/.pgpass", "/**/.my.cnf", "/**/.mylogin.cnf"),
        re.compile(rb"(?m)^[^#\s]*(?::[^:\s]*){4}|(?i:password)\s*=\s*\S"),
    ),
    SecretFile("password file", ("/**/.htpasswd",), re.compile(rb"(?m)^[^\s:#]+:\S")),
    SecretFile("Vault token", ("/**/.vault-token",), _ANY),
    SecretFile(
        "Terraform state or values",
        ("/**/*.tfstate", "/**/*.tfvars", "/**/.terraformrc", "/**/credentials.tfrc.json"),
        re.compile(rb"(?i)(?:password|secret|token|private_key)\w*\"?\s*[=:]\s*\"[^\"]"),
    ),
    SecretFile(
        "environment",
        (
            "/**/.env",
            "/**/*.env",
            "/**/.env.local",
            "/**/.env.production",
            "/**/.env.development",
            "/**/.env.prod",
            "/**/.env.dev",
            "/**/.envrc",
        ),
        _ASSIGNED,
    ),
    SecretFile("run-time secret", ("/run/secrets/**", "/var/run/secrets/**"), _ANY),
)

_HARMLESS = Places({"harmless": SETS["secrets"].harmless})
_HOW = (
    "Give it to the build as a secret (RUN --mount=type=secret,id=…), or to the container when it runs. Whoever can "
    "pull the image has it now: make it invalid."
)
_MOUNT = ("RUN --mount=type=secret,id=token,target=/run/secrets/token …",)


def _places(kinds: Sequence[SecretFile]) -> tuple[str, ...]:
    return tuple(place for kind in kinds for place in kind.places)


def _in_files(context: Context, code: str, kinds: Sequence[SecretFile]) -> Iterator[Draft]:
    overlay = context.overlay
    of_entry: dict[int, list[tuple[SecretFile, Claim]]] = {}
    claims = context.claims(code)
    by_kind = Places({kind.kind: kind.places for kind in kinds}) if claims else None
    for claim in claims:
        inode = overlay.inode(claim.entry)
        if by_kind is None or inode < 0 or overlay.kind(inode) != FILE or not 0 < overlay.sizes[inode] <= _MAX_SECRET:
            continue
        directory, _, name = claim.path.rpartition(b"/")
        if not _HARMLESS.of_directory(directory) and not _HARMLESS.of_file(directory, name):
            fitting = {*by_kind.of_directory(directory), *by_kind.of_file(directory, name)}
            of_entry[inode] = [(kind, claim) for kind in kinds if kind.kind in fitting]
    proved: dict[str, list[Evidence]] = {}
    for inode, data in context.read(of_entry) if of_entry else ():
        for kind, claim in of_entry[inode]:
            if kind.proof.search(data):
                layer = overlay.layer_of(claim.entry)
                proved.setdefault(kind.kind, []).append(Evidence(public(claim.path), 0, layer, kind.kind))
    for kind_name, evidence in proved.items():
        evidence.sort(key=lambda row: (row.layer, row.path))
        layers = tuple(sorted({row.layer for row in evidence}))
        count = len({row.path for row in evidence})
        title = f"{kind_name} in {words.layers(layers)}" + (f", {words.files(count)}" if count > 1 else "")
        if all(overlay.lookup(internal(row.path)) is None for row in evidence):
            title += ": removed later, and still to be had from the layer"
        yield Draft(title, _HOW, layers=layers, lines=_MOUNT, evidence=evidence)


def _private_keys(context: Context) -> Iterator[Draft]:
    yield from _in_files(context, "IS601", PRIVATE_KEYS)


def _logins(context: Context) -> Iterator[Draft]:
    yield from _in_files(context, "IS602", LOGINS)


def _in_config(context: Context) -> Iterator[Draft]:
    places: dict[str, set[str]] = {}
    layers: dict[str, set[int]] = {}
    for row in context.analysis.image.secrets:
        places.setdefault(row.kind, set()).add(row.where)
        if row.layer is not None:
            layers.setdefault(row.kind, set()).add(row.layer)
    for kind, found in sorted(places.items()):
        shown = " and ".join(sorted(found))
        yield Draft(
            f"{kind} has its value in the image's config ({shown})",
            "ENV, ARG and the words of every instruction are kept in the config for all to read. " + _HOW,
            layers=tuple(sorted(layers.get(kind, ()))),
            lines=_MOUNT,
            evidence=[Evidence(f"config: {where}", 0, -1, kind) for where in sorted(found)],
        )


_WHY = (
    "A layer keeps what it was given: removing a file later hides it from the container, not from who has the image. "
    "imgscope says where a secret is and of what kind, never what it is."
)

RULES = (
    Rule(
        "IS601",
        "private-key",
        "Private keys in any layer.",
        "certain",
        _private_keys,
        why=_WHY,
        before="COPY id_rsa /root/.ssh/id_rsa\nRUN git clone git@example.com:app.git && rm /root/.ssh/id_rsa",
        after="RUN --mount=type=ssh git clone git@example.com:app.git",
        places=_places(PRIVATE_KEYS),
        everywhere=True,
    ),
    Rule(
        "IS602",
        "login-file",
        "Tokens and passwords in files of well-known tools, in any layer.",
        "certain",
        _logins,
        why=_WHY,
        before="COPY .npmrc /root/.npmrc\nRUN npm ci && rm /root/.npmrc",
        after="RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci",
        places=_places(LOGINS),
        everywhere=True,
    ),
    Rule(
        "IS603",
        "secret-in-config",
        "Secrets in ENV, ARG and the history.",
        "likely",
        _in_config,
        why="Build arguments and variables are written into the image's config and its history.",
        before="ARG NPM_TOKEN\nRUN npm config set //registry.npmjs.org/:_authToken=$NPM_TOKEN && npm ci",
        after="RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci",
    ),
)
