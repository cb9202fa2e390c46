"""Secrets in any layer, removed ones and the base's too: where they are, never what they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ...knowledge.pathsets import SETS
from ...layer.index import FILE
from ...paths import internal, join, public
from ...secrets.kinds import (
    ALL,
    KEY_BY_NAME,
    LOGINS,
    MAX_SECRET,
    MAX_TEXT,
    PRIVATE_KEYS,
    SecretFile,
    for_show,
    in_text,
    is_text,
    named,
    others,
    trust_store,
)
from ..context import Context
from ..model import Certainty, Claim, Draft, Evidence, Rule
from ..once import once
from ..own_lines import is_script, own, with_flags
from ..places import Places
from . import words
from .ignore_lines import of_paths

# Texts of no known kind that are looked into: so many, and so many bytes together.
MAX_TEXTS = 2000
MAX_TEXT_BYTES = 16 << 20
# What is in each name that ``named`` takes.
_HINTS = (b"id_", b"id-", b"key", b"Key", b"KEY", b".env", b"env.", b"appsettings", b"application-", b"ID_")
_HARMLESS = Places({"harmless": SETS["secrets"].harmless})
_HOW = (
    "Pass it to the build by RUN --mount=type=secret, or to the container when it runs. Whoever can pull the image has "
    "it now: rotate or revoke it."
)


def _places(kinds: Sequence[SecretFile]) -> tuple[str, ...]:
    return tuple(place for kind in kinds for place in kind.places)


def _in_files(context: Context, code: str, kinds: Sequence[SecretFile]) -> Iterator[Draft]:
    """Draft a finding for each kind of file that is at the place of a secret, and holds one."""
    overlay = context.overlay
    of_entry: dict[int, list[tuple[SecretFile, Claim]]] = {}
    claims = context.claims(code)
    by_kind = Places({str(number): kind.places for number, kind in enumerate(kinds)}) if claims else None
    for claim in claims:
        inode = overlay.inode(claim.entry)
        if by_kind is None or inode < 0 or overlay.kind(inode) != FILE or not 0 < overlay.sizes[inode] <= MAX_SECRET:
            continue
        directory, _, name = claim.path.rpartition(b"/")
        if not _harmless(directory, name):
            fitting = {*by_kind.of_directory(directory), *by_kind.of_file(directory, name)}
            of_entry[inode] = [(kind, claim) for number, kind in enumerate(kinds) if str(number) in fitting]
    for claim, kind in _others(context).named:
        inode = overlay.inode(claim.entry)
        if (kind is KEY_BY_NAME) == (code == "IS601"):
            of_entry.setdefault(inode, []).append((kind, claim))
    numbers = {id(kind): number for number, kind in enumerate(ALL)}
    proofs: dict[int, Collection[int]] = {}
    unknown: list[int] = []
    # Another name of a file may be one of another kind.
    own_names = {inode for inode, found in of_entry.items() if all(claim.entry == inode for _, claim in found)}
    for inode in context.readable(of_entry):
        known = _judged(context, inode)
        if known is not None and inode in own_names:
            proofs[inode] = known[0]
        else:
            unknown.append(inode)
    for inode, data in context.read(unknown) if of_entry else ():
        proofs[inode] = {numbers[id(kind)] for kind, _ in of_entry[inode] if kind.proof(data)}
    proved: dict[str, dict[bytes, Evidence]] = {}
    for inode, found in of_entry.items():
        for kind, claim in found:
            name = claim.path.rpartition(b"/")[2]
            if kind.kind == "key store" and trust_store(name):
                continue
            if numbers[id(kind)] in proofs.get(inode, ()):
                layer = overlay.layer_of(claim.entry)
                row = Evidence(public(claim.path), 0, layer, kind.kind)
                proved.setdefault(kind.kind, {})[claim.path + b"\0%d" % claim.entry] = row
    for kind_name, rows in proved.items():
        yield _draft(context, kind_name, list(rows.values()))


def _judged(context: Context, inode: int) -> tuple[tuple[int, ...], str | None] | None:
    """Return what the layer's scan found out of a file's secrets; ``None`` where it did not ask."""
    layer, own = context.overlay.locate(inode)
    return context.overlay.layers[layer].judged.get(own)


def _draft(context: Context, kind: str, evidence: list[Evidence], certainty: Certainty | None = None) -> Draft:
    evidence.sort(key=lambda row: (row.layer, row.path))
    layers = tuple(sorted({row.layer for row in evidence}))
    count = len({row.path for row in evidence})
    title = f"{kind} in {words.layers(layers)}" + (f", {words.files(count)}" if count > 1 else "")
    if all(context.overlay.lookup(internal(row.path)) is None for row in evidence):
        title += ": removed later, and still to be had from the layer"
    lines = _mounted_file(context, evidence[0])
    ignored = of_paths(context, ((internal(row.path), row.layer) for row in evidence))
    return Draft(title, _HOW, layers=layers, lines=lines, ignore_lines=ignored, evidence=evidence, certainty=certainty)


def _mounted_file(context: Context, row: Evidence) -> tuple[str, ...]:
    """Return the RUN after the instruction that brought a file, mended so that it is mounted; nothing if not known.

    The RUN that may need it is the one between the file's copy and its removal, or else one that names it.
    """
    if not context.is_copy(row.layer) or not _PLACE.fullmatch(row.path):
        return ()
    name = row.path.rpartition("/")[2]
    shown = context.overlay.lookup(internal(row.path)) is not None
    for layer in range(row.layer + 1, len(context.analysis.layers)):
        text = own(context, layer)
        if is_script(text) and (not shown or name in text):
            word = re.sub(r"[^\w-]+", "-", name).strip("-") or "secret"
            return tuple(with_flags(text, f"--mount=type=secret,id={word},target={row.path}").split("\n"))
    return ()


_PLACE = re.compile(r"/[\w./@+-]+")


def _mounted_variable(context: Context, name: str) -> tuple[str, ...]:
    """Return the RUN that uses a variable, mended so that it gets it from a secret; nothing if there is none."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        return ()
    used = re.compile(rf"\$(?:{name}\b|\{{{name}\b)")
    for layer in context.own_layers:
        text = own(context, layer)
        if is_script(text) and used.search(text):
            return tuple(with_flags(text, f"--mount=type=secret,id={name.lower()},env={name}").split("\n"))
    return ()


def _harmless(directory: bytes, name: bytes) -> bool:
    """Tell whether what looks like a secret at a path is none: shipped for all to see, an example, a test."""
    return bool(_HARMLESS.of_directory(directory) or _HARMLESS.of_file(directory, name)) or for_show(directory, name)


class _Others(NamedTuple):
    """Files that no glob finds: those of a kind by their names, and texts of no known kind."""

    named: list[tuple[Claim, SecretFile]]
    texts: list[Claim]


@once
def _others(context: Context) -> _Others:
    """Go over all names of the image once, each directory's together.

    Texts are looked for in the image's own layers, and below the base's where only users put files; the smallest come
    first, and of more than ``MAX_TEXTS`` files or ``MAX_TEXT_BYTES`` the rest is left out.
    """
    overlay = context.overlay
    found = _Others([], [])
    own = context.own_layers.start
    sized: list[tuple[int, bytes, int]] = []
    for number, layer in enumerate(overlay.layers):
        first = overlay.first[number]
        for directory, names in layer.children.items():
            blob = b"\0".join(names)
            kinds = any(hint in blob for hint in _HINTS)
            text = not others(directory) and (number >= own or not directory.startswith(b"etc"))
            if not kinds and not text:
                continue
            for name, index in names.items():
                if index < 0 or layer.kinds[index] != FILE:
                    continue
                size = layer.sizes[index]
                if kinds and 0 < size <= MAX_SECRET:
                    of_name = named(name)
                    if of_name and not _harmless(directory, name):
                        claim = Claim(join(directory, name), first + index)
                        found.named.extend((claim, kind) for kind in of_name)
                if text and 7 < size <= MAX_TEXT and is_text(name) and not for_show(directory, name):
                    sized.append((size, join(directory, name), first + index))
    sized.sort()
    total = 0
    for size, path, entry in sized[:MAX_TEXTS]:
        total += size
        if total > MAX_TEXT_BYTES:
            break
        found.texts.append(Claim(path, entry))
    return found


def _in_texts(context: Context, known: set[tuple[str, int]]) -> Iterator[Draft]:
    """Draft a finding for each kind of secret that stands in a text; ``known`` are paths and layers told already."""
    claims = {
        context.overlay.inode(claim.entry): claim
        for claim in _others(context).texts
        if (public(claim.path), context.layer_of(claim)) not in known
    }
    proved: dict[str, list[Evidence]] = {}
    kinds: dict[int, str] = {}
    unknown: list[int] = []
    for inode in context.readable(claims):
        claim = claims[inode]
        # Another name of a file may be one of another kind of text.
        judged = _judged(context, inode) if inode == claim.entry else None
        if judged is not None and judged[1] is not None:
            kinds[inode] = judged[1]
        else:
            unknown.append(inode)
    for inode, data in context.read(unknown) if claims else ():
        kinds[inode] = in_text(claims[inode].path.rpartition(b"/")[2], data) or ""
    for inode, claim in claims.items():
        kind = kinds.get(inode)
        if kind:
            row = Evidence(public(claim.path), 0, context.overlay.layer_of(claim.entry), kind)
            proved.setdefault(kind, []).append(row)
    for kind, evidence in sorted(proved.items()):
        yield _draft(context, kind, evidence, "likely")


def _private_keys(context: Context) -> Iterator[Draft]:
    yield from _in_files(context, "IS601", PRIVATE_KEYS)


def _logins(context: Context) -> Iterator[Draft]:
    drafts = list(_in_files(context, "IS602", LOGINS))
    yield from drafts
    yield from _in_texts(context, {(row.path, row.layer) for draft in drafts for row in draft.evidence})


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
            lines=_mounted_variable(context, kind),
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
        why="A key counts by its place or by its name, whatever follows that (`deploy_key`, `id_rsa.bak`, "
        "`master.key`); public keys, trust stores, and those of tests and examples do not. " + _WHY,
        before="COPY id_rsa /root/.ssh/id_rsa\nRUN git clone git@example.com:app.git && rm /root/.ssh/id_rsa",
        after="RUN --mount=type=ssh git clone git@example.com:app.git",
        places=_places(PRIVATE_KEYS),
        everywhere=True,
    ),
    Rule(
        "IS602",
        "login-file",
        "Tokens and passwords in files of well-known tools and in other small texts, in any layer.",
        "certain",
        _logins,
        why="Any other small text (`.env.*`, `.yaml`, `.json`, `.sh`, `settings.py`, `.bash_history`, …) counts "
        "as well where a token has its issuer's form, or the name of a password a value that looks like one: that is "
        "*likely*. " + _WHY,
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
        why="Build arguments, variables, labels and the words of every command are written into the image's config "
        "and its history, for whoever has the image to read.",
        before="ARG NPM_TOKEN\nRUN npm config set //registry.npmjs.org/:_authToken=$NPM_TOKEN && npm ci",
        after="RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci",
    ),
)
