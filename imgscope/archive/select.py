"""Chooses one image of those that an archive names: by name, tag, digest or id, and by platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ..errors import AmbiguousImageError, ArchiveError, ImageNotFoundError, NoPlatformError, PlatformError
from ..reference import split_tag
from . import platform as platforms
from .candidate import Candidate, missing
from .digests import short
from .platform import Platform
from .store import shown

MAX_LISTED = 12
_HEX = re.compile(r"(?:sha256:)?[0-9a-f]{4,64}")


def familiar(name: str) -> str:
    """Return a reference as Docker prints it, without ``docker.io/library/``."""
    for prefix in ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/"):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def choose(found: list[Candidate], label: str, image: str | None, platform: str | None) -> Candidate:
    """Return the one image that is meant.

    ``image`` is a name, tag, digest or the start of an id; without it there must be one only. ``platform`` is
    what the user asked for, else this machine's is taken where it is there, else the only one. Raises
    ``AmbiguousImageError``, ``ImageNotFoundError``, ``PlatformError`` and ``ArchiveError``.
    """
    wanted = platforms.parse(platform) if platform else None
    if image is not None:
        found = _named(found, image, label)
    found = [candidate for candidate in found if not candidate.aside] or found
    found = [candidate for candidate in found if not candidate.artifact] or found[:1]
    groups = _groups(found)
    if len(groups) == 1:
        return for_platform(groups[0], wanted, label)
    chosen: list[Candidate] = []
    refused: PlatformError | None = None
    for group in groups:
        try:
            chosen.append(for_platform(group, wanted, label))
        except PlatformError as error:
            refused = error
    if not chosen and refused is not None:
        raise refused
    distinct = {candidate.id: candidate for candidate in chosen}
    if len(distinct) == 1:
        names = tuple(dict.fromkeys(name for candidate in chosen for name in candidate.names))
        return replace(chosen[0], names=names)
    titles = _titles(distinct.values())
    example = titles[0].rpartition("@")[2]
    raise AmbiguousImageError(
        f"{label} holds {len(titles)} images: {_listed(titles)}; choose one, say with --image {example}"
    )


def each(found: list[Candidate], label: str, platform: str | None) -> Iterator[Candidate]:
    """Yield every image of an archive, for one platform, without artifacts and what is not there for it.

    ``platform`` is as for ``choose``.
    """
    wanted = platforms.parse(platform) if platform else None
    seen: set[str] = set()
    for group in _groups([candidate for candidate in found if not candidate.aside and not candidate.artifact]):
        try:
            chosen = for_platform(group, wanted, label)
        except PlatformError:
            continue
        if chosen.id not in seen:
            seen.add(chosen.id)
            yield chosen


def _titles(candidates: Iterable[Candidate]) -> list[str]:
    """Return what to call each; where two would be the same, with the digest."""
    candidates = list(candidates)
    titles = [candidate.title() for candidate in candidates]
    return [
        title if titles.count(title) == 1 else f"{title}@{short(candidate.manifest_digest or candidate.id)}"
        for title, candidate in zip(titles, candidates, strict=True)
    ]


def _listed(titles: list[str]) -> str:
    more = len(titles) - MAX_LISTED
    return ", ".join(titles[:MAX_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _groups(found: list[Candidate]) -> list[list[Candidate]]:
    """Put together what is one image for several platforms: from one index, or side by side under one name.

    The latter only while no two are for the same platform.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in found:
        groups.setdefault(candidate.group, []).append(candidate)
    # Builders also write the platforms of an image side by side, under one name or none.
    flat: dict[tuple[str, ...], list[Candidate]] = {}
    for group in groups.values():
        if not group[0].parents:
            flat.setdefault(group[0].names, []).extend(group)
    result = [group for group in groups.values() if group[0].parents]
    for side in flat.values():
        if len({candidate.platform for candidate in side}) == len(side):
            result.append(side)
        else:
            result += [[candidate] for candidate in side]
    return result


def for_platform(group: list[Candidate], wanted: Platform | None, label: str) -> Candidate:
    """Choose from one image's platforms: ``wanted``, else this machine's.

    Raises ``PlatformError``, and ``ArchiveError`` for what is not whole.
    """
    here = [candidate for candidate in group if not candidate.absent]
    target = wanted or platforms.host()
    fitting = [candidate for candidate in here if candidate.platform and candidate.platform.fits(target)]
    if not fitting and wanted is None and len({candidate.id for candidate in here}) == 1:
        return _whole(here[0], here)
    if not fitting:
        absent = [c for c in group if c.absent and c.claimed and c.claimed.fits(target)]
        if not here:
            raise (absent or group)[0].problem or ArchiveError(f"{label} holds no image")
        there = _listed(sorted({str(c.platform or "no platform") for c in here}))
        name = here[0].title()
        if absent:
            raise PlatformError(f"{label}: {name} for {target} was not saved with it, only {there}")
        if wanted is None:
            raise NoPlatformError(f"{label}: {name} is not there for {target}; choose with --platform one of {there}")
        raise NoPlatformError(f"{label}: {name} is not there for {target}, only for {there}")
    best = [c for c in fitting if c.platform and c.platform.variant == target.variant] or [
        c for c in fitting if c.platform and not c.platform.variant
    ]
    if not best:
        # Any variant was asked for: the newest that all of its kind can run is listed first by builders.
        best = fitting[:1]
    # One that needs more of a system than was asked for is not an engine's first choice.
    fewest = min(len(c.platform.features) for c in best if c.platform)
    best = [c for c in best if c.platform and len(c.platform.features) == fewest]
    distinct = {candidate.id: candidate for candidate in best}
    versions = sorted({str(candidate.platform) for candidate in best})
    if len(distinct) > 1 and len(versions) > 1:
        raise PlatformError(
            f"{label}: {best[0].title()} is there for {target} in {len(versions)} versions; choose with --platform one "
            f"of {_listed(versions)}"
        )
    if len(distinct) > 1:
        raise AmbiguousImageError(
            f"{label} holds {len(distinct)} images named {best[0].title()} for {target}; choose one by its digest: "
            + _listed([short(c.manifest_digest or c.id) for c in distinct.values()])
        )
    return _whole(best[0], here)


def _whole(candidate: Candidate, others: list[Candidate]) -> Candidate:
    """Return the candidate if all of its blobs are there. Raises ``ArchiveError`` that names the first that isn't."""
    if candidate.problem is not None:
        raise candidate.problem
    name = candidate.missing_blob()
    if name is None:
        return candidate
    what = "the image's config" if name == candidate.config_name else f"a layer of {candidate.title()}"
    whole = sorted({str(other.platform) for other in others if other.problem is None and not other.missing_blob()})
    hint = f"; whole are only {_listed(whole)}" if whole else ""
    raise ArchiveError(missing(candidate.store, name, what) + hint)


def _named(found: list[Candidate], image: str, label: str) -> list[Candidate]:
    """Return the candidates that a name, tag, digest or start of an id means: the strictest reading that fits any."""
    for test in _readings(image):
        fitting = [candidate for candidate in found if test(candidate)]
        if fitting:
            return fitting
    titles = list(dict.fromkeys(shown(name) for candidate in found for name in candidate.names or ()))
    titles = titles or list(dict.fromkeys(candidate.title() for candidate in found))
    import difflib

    near = difflib.get_close_matches(image, titles, 1, 0.6)
    hint = f"did you mean {near[0]}? it" if near else "it"
    raise ImageNotFoundError(f"{label} holds no image {shown(image)!r}; {hint} holds {_listed(titles)}")


def _readings(image: str) -> list[Callable[[Candidate], bool]]:
    """Return the ways to read what the user wrote, the strictest first."""
    name = familiar(image.partition("@")[0] or image.lstrip("@"))
    digest = image.rpartition("@")[2]
    readings: list[Callable[[Candidate], bool]] = []
    if "@" in image or (":" in image and _HEX.fullmatch(image)):
        readings.append(lambda c: digest in (c.manifest_digest, c.config_digest, c.id) or digest in c.parents)
        if _HEX.fullmatch(digest):
            readings.append(lambda c: _starts(c, digest))
        return readings
    tagged = name if split_tag(name)[0] != name else name + ":latest"
    readings += [
        lambda c: name in c.names,
        lambda c: tagged in c.names,
        lambda c: any(known.endswith("/" + tagged) for known in c.names),
        # A tag alone, written with or without its colon.
        lambda c: any(":" in known and known.rpartition(":")[2] == name.lstrip(":") for known in c.names),
        # A repository whose tags are others: fine, when there is one.
        lambda c: any(known.rpartition(":")[0] == name for known in c.names),
        lambda c: any(known.rpartition(":")[0].endswith("/" + name) for known in c.names),
    ]
    if _HEX.fullmatch(image):
        readings.append(lambda c: _starts(c, image))
    return readings


def _starts(candidate: Candidate, prefix: str) -> bool:
    prefix = prefix if ":" in prefix else "sha256:" + prefix
    digests = (candidate.id, candidate.manifest_digest or "", *candidate.parents)
    return any(digest.startswith(prefix) for digest in digests)
