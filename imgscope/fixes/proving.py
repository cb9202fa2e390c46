"""What proves that a new image does what the old one did: it is learned of the old one, and asked of the new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import EngineError, UsageError
from ..escape import escape
from ..report.sizes import quantity
from ..settings import mapping, settings
from .comparing import config_losses, rights
from .imports import imports
from .loading import Needing, look, lost, words
from .model import Check, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis import Analysis
    from .builders import Engine
    from .containers import Containers, Ran, RunOutcome

# A container that took so many seconds to end may take so many times more.
_SLOWER = 5.0


@dataclass
class Proof:
    """What the old image does, and how a new one is held against it."""

    engine: Engine
    options: Options
    containers: Containers | None
    image: str
    old: Analysis
    looked: Needing
    base: int = 0
    """How many layers are the base's."""
    seen: RunOutcome | None = None
    stable: bool = True
    """Whether the old image printed the same twice."""
    imported: frozenset[str] | None = None
    notes: tuple[str, ...] = ()

    def check(self, image: str, new: Analysis, allowed: frozenset[str]) -> list[Check]:
        """Hold a new image against the old one; the last check is the one that failed, if any did.

        ``allowed`` are the fields of the config that an edit changes on purpose.
        """
        found: list[Check] = []
        for check in self._checks(image, new, allowed):
            found.append(check)
            if not check.passed:
                break
        return found

    def _checks(self, image: str, new: Analysis, allowed: frozenset[str]) -> Iterator[Check]:
        gone = config_losses(self.old, new, allowed)
        yield Check("settings", not gone, "; ".join(gone) or "all settings are as before")
        wrong = rights(self.old, new, self.base)
        yield Check("rights", not wrong, wrong or "owners and permissions are as before")
        looked = look(new)
        stops, minor = lost(self.looked, looked)
        detail = "; ".join(map(words, stops[:3])) or "every program and library that it can reach loads"
        yield Check("loads", not stops, detail + (f" (also: {words(minor[0])})" if minor and not stops else ""))
        containers = self.containers
        if containers is None:
            return
        if self.imported is not None:
            missing = sorted(self.imported - (imports(containers, image, looked) or frozenset()))
            some = ", ".join(missing[:5])
            one = len(self.imported) == 1
            count = f"{quantity(len(self.imported), 'imported module')} {'is' if one else 'are'} found"
            yield Check("imports", not missing, f"modules are not found: {some}" if missing else count)
        if self.seen is not None:
            yield from self._started(containers, image, self.seen)
        up = self.seen is not None and self.seen.up
        for command in self.options.tests:
            yield _tested(command, containers.test(image, command, up=up))
        for command in self.options.outside:
            yield _tested(command, containers.outside(image, command))

    def _started(self, containers: Containers, image: str, seen: RunOutcome) -> Iterator[Check]:
        health = bool(seen.health)
        new = containers.watch(image, self.options.watch if seen.up else 60.0, health=health)
        same = new.up == seen.up and new.code == seen.code and new.started
        last = new.output.splitlines()[-1:] or [""]
        yield Check("start", same, seen.words if same else f"{new.words}, not: {seen.words}: {last[0][:300]}")
        if health:
            yield Check("health", new.health == seen.health, f"HEALTHCHECK: {new.health or 'no answer'}")
        if self.stable and not seen.up:
            same = new.output == seen.output
            yield Check("output", same, "the same output" if same else f"another output: {_differs(seen, new)}")


def learn(
    engine: Engine, containers: Containers | None, image: str, analysis: Analysis, options: Options, base: int
) -> Proof:
    """Find out what the old image does. Raises ``UsageError`` where a test fails in it already."""
    notes = []
    proof = Proof(engine, options, containers, image, analysis, look(analysis), base)
    if containers is None:
        if options.tests or options.outside:
            raise EngineError("tests need docker or podman, which run containers")
        proof.notes = ("nothing here runs containers: what is proven is what can be read off the image",)
        return proof
    health = bool(mapping(settings(analysis.image.config).get("Healthcheck")).get("Test"))
    seen: RunOutcome | None = containers.watch(image, options.watch, health=health)
    assert seen is not None
    if seen.started:
        if not seen.up:
            again = containers.watch(image, options.watch)
            proof.stable = (again.up, again.code, again.output) == (seen.up, seen.code, seen.output)
            if again.up != seen.up or again.code != seen.code:
                notes.append("the container does not end the same way each time: how it starts is not compared")
                seen = None
            elif not proof.stable:
                notes.append("the container's output is another each time: it is not compared")
            if seen is not None and seen.code and not options.tests:
                notes.append(f"the container as it is {seen.words}: a --test would prove more")
        proof.seen = seen
    else:
        notes.append(f"the container as it is does not start ({escape(seen.output)}): a --test would prove more")
    proof.imported = imports(containers, image, proof.looked) or None
    up = proof.seen is not None and proof.seen.up
    for command, done in _tests(containers, image, options, up):
        if done.code != 0:
            raise UsageError(f"the test fails in the image as it is: {escape(command)}: {escape(_ended(done))}")
    proof.notes = tuple(notes)
    return proof


def _tests(containers: Containers, image: str, options: Options, up: bool) -> Iterator[tuple[str, Ran]]:
    for command in options.tests:
        yield command, containers.test(image, command, up=up)
    for command in options.outside:
        yield command, containers.outside(image, command)


def _tested(command: str, done: Ran) -> Check:
    return Check(f"test: {command}", done.code == 0, "passes" if done.code == 0 else _ended(done))


def _ended(done: Ran) -> str:
    how = "takes too long" if done.code is None else f"exit code {done.code}"
    return f"{how}: {done.last}" if done.last else how


def _differs(old: RunOutcome, new: RunOutcome) -> str:
    """Return the first line that differs."""
    before, after = old.output.splitlines(), new.output.splitlines()
    pairs: Sequence[tuple[str, str]] = list(zip([*before, ""], [*after, ""], strict=False))
    one, other = next(((a, b) for a, b in pairs if a != b), ("", ""))
    return f"{other[:150]!r} in place of {one[:150]!r}"
