"""``imgscope fleet scan`` whole: the store, where it runs, what it tells meanwhile, and how it ends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..errors import UsageError
from .extras import need_store
from .model import How
from .running.interface import Runner


def start(
    sources: Sequence[str],
    path: str,
    *,
    platform: str | None,
    newest: int | None,
    since: datetime | None,
    jobs: int | None,
    scheduler: str | None,
    local: bool,
    digests: bool,
    json_log: bool,
) -> int:
    """Scan sources into the store at ``path``; return the exit code. Raises ``UsageError`` and ``OutputError``."""
    need_store()
    if scheduler and local:
        raise UsageError("--scheduler names a cluster, --dask local makes one: give one of them")
    if scheduler and jobs is not None:
        raise UsageError("--jobs is for this machine's processes; a cluster has the workers that it has")
    if platform is not None:
        from ..archive.platform import parse

        parse(platform)
    from ..sources.options import chosen
    from .log import Log
    from .scan import Choice, Scan
    from .sources.find import checked
    from .store import Store

    checked(sources)
    # A worker has no folder of ours to go from.
    path = path if "://" in path or not path else str(Path(path).absolute())
    store = Store.open(path, create=True)
    how = How(platform, digests, chosen.sources, chosen.jobs, own_login=bool(scheduler or local) and bool(chosen.login))
    runner = _runner(path, how, jobs, scheduler, local)
    choice = Choice(newest, since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since)
    log = Log(json_log)
    scan = Scan(store, how, chosen, choice, runner, log.told, log.trouble)
    try:
        with log.showing(scan):
            summary = scan.run(sources)
    except BaseException:
        log.interrupted(scan)
        raise
    log.done(scan)
    if not summary.troubles:
        return 0
    return 1 if summary.images or summary.held else 3


def _runner(path: str, how: How, jobs: int | None, scheduler: str | None, local: bool) -> Runner:
    if scheduler or local:
        from .running.cluster import Cluster

        return Cluster(path, how, scheduler, jobs or _processors())
    jobs = jobs or _processors()
    if jobs == 1:
        from .running.here import Here

        return Here(path, how)
    from ..sources.options import chosen
    from .running.processes import Processes

    return Processes(path, how, jobs, chosen)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
