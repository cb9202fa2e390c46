"""The user's own instructions, mended: what the ``lines`` of findings are made of.

An instruction is taken from the Dockerfile where that is at hand, with its line breaks, else from the image's history.
It is changed as text: what is advised is read by people, who decide. (What is written into a Dockerfile without being
asked about is ``fix``'s, which has to know far more.)
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from ..dockerfile.redacted import redacted_text
from ..paths import public
from .once import once

if TYPE_CHECKING:
    from .context import Context
    from .model import Claim

# Instructions that a finding mends, at most: those of the layers that hold most of it.
MOST = 3
_WORDY = re.compile(r"RUN\s", re.IGNORECASE)
_FLAGS = re.compile(r"(?:--[\w-]+(?:=\S*)?\s+)*")
_PLAIN = re.compile(r"[\w./+@,:=-]+")
# Commands that end a script, or let what follows run all the same: nothing is added behind these.
_ENDS = re.compile(r"(?:^|&&|;|\|\|)\s*(?:exec\s|exit\b|return\b)[^&;|]*$|(?<!&)&\s*$")
# Several folders are told one by one up to this many.
_MOST_ROOTS = 4

Mend = Callable[[str, Sequence["Claim"]], str]
"""Takes an instruction and the claims of its layer, and returns it mended; the empty text if it can't be."""


@once
def _file(context: Context) -> list[str]:
    matched = context.dockerfile
    return [] if matched is None else [line.rstrip("\r") for line in redacted_text(matched.dockerfile).split("\n")]


def own(context: Context, layer: int) -> str:
    """Return the instruction that made a layer, as its author wrote it: empty where nothing tells."""
    matched = context.dockerfile
    made = matched.instruction(layer) if matched is not None else None
    if made is not None:
        lines = [line for line in _file(context)[made.first - 1 : made.last] if not line.lstrip().startswith("#")]
        return "\n".join(line.rstrip() for line in lines).strip() if not made.heredocs else "\n".join(lines)
    return laid_out(context.instruction(layer))


def laid_out(instruction: str) -> str:
    """Return an instruction of a history with its continuations as lines: builders put blanks in their place."""
    if "\n" in instruction:
        return instruction
    parts: list[str] = []
    start, quote, at = 0, "", 0
    while at < len(instruction):
        letter = instruction[at]
        if letter == "\\" and quote != "'":
            at += 2
            continue
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        elif not quote and letter in " \t":
            end = at
            while end < len(instruction) and instruction[end] in " \t":
                end += 1
            if end - at > 1 and end < len(instruction) and at:
                parts.append(instruction[start:at] + " \\")
                start = end
            at = end
            continue
        at += 1
    if quote:
        # It ends within a word: what looked like gaps may be text.
        return instruction
    return "\n    ".join([*parts, instruction[start:]])


def is_script(text: str) -> bool:
    """Tell whether an instruction is a RUN whose script is a shell's, in its own lines: no list, no here-document."""
    found = _WORDY.match(text)
    if found is None or "<<" in text:
        return False
    rest = text[found.end() :].lstrip()
    return not rest[_FLAGS.match(rest).end() :].startswith("[")  # type: ignore[union-attr]


def then(text: str, command: str) -> str:
    """Add a command at the end of a RUN; the empty text where it would not run there."""
    body = text.rstrip()
    if not is_script(body) or not command or _ENDS.search(body[4:].replace("\\\n", " ")):
        return ""
    body = body.rstrip("; \t\n")
    mark = "`" if re.search(r"`\n", body) else "\\"
    return f"{body} && {mark}\n    {command}"


def first(text: str, command: str) -> str:
    """Put a command before the others of a RUN."""
    found = _WORDY.match(text)
    if found is None or not is_script(text):
        return ""
    rest = text[found.end() :].lstrip()
    flags = _FLAGS.match(rest)
    end = flags.end() if flags is not None else 0
    return f"RUN {rest[:end]}{command} && \\\n    {rest[end:]}"


def with_option(text: str, call: str, option: str) -> str:
    """Put an option behind each call that the pattern ``call`` finds, where its name is not in the text already."""
    if not is_script(text) or option.partition("=")[0].split()[0] in text:
        return ""
    changed = _compiled(call).sub(lambda found: f"{found[0]} {option}", text)
    return changed if changed != text else ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def mounted(text: str, targets: Iterable[str]) -> str:
    """Give a RUN mounts in which caches lie, in place of the image."""
    found = _WORDY.match(text)
    options = " ".join(f"--mount=type=cache,target={target}" for target in targets)
    if found is None or not options:
        return ""
    return f"RUN {options} {text[found.end() :].lstrip()}"


def with_flags(text: str, flags: str) -> str:
    """Put flags behind the keyword of an instruction."""
    keyword, _, rest = text.partition(" ")
    return f"{keyword} {flags} {rest.lstrip()}"


def mended(context: Context, claims: Sequence[Claim], mend: Mend, otherwise: str = "") -> tuple[str, ...]:
    """Return the lines of the RUN that claims are of, mended: of those with most of the bytes, in their order.

    ``otherwise`` is a command that does it, shown where none of them can be mended.
    """
    layers = context.by_layer(claims)
    ranked = sorted(layers, key=lambda layer: (-context.size(layers[layer]), layer))
    texts: dict[int, str] = {}
    for layer in ranked[:MOST]:
        text = own(context, layer) if context.is_run(layer) else ""
        changed = mend(text, layers[layer]) if text else ""
        if changed:
            texts[layer] = changed
    if texts:
        return tuple(line for layer in sorted(texts) for line in texts[layer].split("\n"))
    return (otherwise,) if otherwise else ()


def roots(claims: Iterable[Claim], globs: Sequence[str]) -> list[str]:
    """Return the folders that globs ending in ``/**`` mean, of these claims: each as a container sees it."""
    patterns = [_folder(glob) for glob in globs if glob.endswith("/**")]
    found: dict[str, None] = {}
    for claim in claims:
        path = public(claim.path)
        if any(path.startswith(known + "/") for known in found):
            continue
        for pattern in patterns:
            match = pattern.match(path)
            if match is not None:
                found[match[1]] = None
                break
    return sorted(found)


@cache
def _folder(glob: str) -> re.Pattern[str]:
    parts = [r"(?:/[^/]+)*?" if part == "**" else "/" + "[^/]*".join(map(re.escape, part.split("*")))
             for part in glob.strip("/").split("/")[:-1]]  # fmt: skip
    return re.compile(f"({''.join(parts)})/", re.DOTALL)


def homes(claims: Iterable[Claim], most: int = _MOST_ROOTS) -> list[str]:
    """Return at most ``most`` folders that all claims lie below, each as deep as can be; none where that is ``/``."""
    folders = {public(claim.path).rpartition("/")[0] for claim in claims}
    found = _outermost(folders)
    while len(found) > most:
        deepest = max(path.count("/") for path in found)
        found = _outermost({path.rpartition("/")[0] if path.count("/") == deepest else path for path in found})
    return [] if "" in found else sorted(found)


def _outermost(folders: set[str]) -> set[str]:
    found: set[str] = set()
    for folder in sorted(folders):
        if not any(folder == above or folder.startswith(above + "/") for above in _above(folder, found)):
            found.add(folder)
    return found


def _above(folder: str, found: set[str]) -> Iterator[str]:
    while True:
        if folder in found:
            yield folder
        if not folder:
            return
        folder = folder.rpartition("/")[0]


def quoted(paths: Iterable[str]) -> str:
    """Write paths as words of a shell; the empty text where one can't be written in a line."""
    words = list(paths)
    if any(not word.isprintable() for word in words):
        return ""
    return " ".join(word if _PLAIN.fullmatch(word) else shlex.quote(word) for word in words)


def removing(paths: Iterable[str]) -> str:
    """Return the command that removes folders."""
    shown = quoted(paths)
    return f"rm -rf {shown}" if shown else ""
