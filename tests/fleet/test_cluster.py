"""A Dask cluster of processes of their own: a scheduler and workers that die are nothing to lose images by."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.registry.servers import free_port

from .conftest import events, everything
from .test_scan import _begun


class Cluster:
    """A scheduler and workers, which know nothing of one another but an address."""

    def __init__(self, folder: Path, workers: int):
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.processes: list[subprocess.Popen] = []
        self.scheduler = self._run("scheduler", "--host", self.address, "--no-dashboard")
        self.workers = [self.worker(number) for number in range(workers)]

    def _run(self, kind: str, *words: str) -> subprocess.Popen:
        log = (self.folder / f"{kind}-{len(self.processes)}.log").open("wb")
        found = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s"},
        )
        self.processes.append(found)
        return found

    def worker(self, number: int) -> subprocess.Popen:
        words = (self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", f"w{number}-{time.time()}")
        return self._run("worker", *words)

    def again(self) -> None:
        """End the scheduler at once, and start another at its place."""
        self.scheduler.kill()
        self.scheduler.wait()
        self.scheduler = self._run("scheduler", "--host", self.address, "--no-dashboard")

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = []

    def make(workers: int) -> Cluster:
        made.append(Cluster(tmp_path, workers))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def start(fleet, store, cluster, **more):
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "imgscope", "fleet", "scan", fleet.source, "--store", str(store)),
            *("--scheduler", cluster.address, "--log", "json"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_worker_that_is_killed_and_a_scheduler_that_begins_anew(fleet, store, expected, cluster):
    made = cluster(3)
    process = start(fleet, store, made)
    _begun(store)
    made.workers[0].send_signal(signal.SIGKILL)
    _begun(store, 3)
    made.again()
    # Workers end with their scheduler, or come back to it; in any case there are some.
    made.worker(9)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert everything(store) == expected
    assert events(err)[-1]["event"] == "done"


def test_no_login_is_in_what_a_cluster_is_sent():
    import datetime
    import pickle

    from imgscope.fleet.model import Batch, How, Unit
    from imgscope.sources.options import chosen

    chosen.login = ("someone", "s3cret-word")
    try:
        unit = Unit("h", "r", "1", "registry:h/r:1", "registry:h/r@sha256:0", blobs=("sha256:1",))
        sent = pickle.dumps((Batch(0, (unit,), datetime.datetime.now(datetime.UTC)), How(own_login=True)))
    finally:
        chosen.login = None
    assert b"s3cret-word" not in sent
    assert len(sent) < 2000


def test_no_scheduler_is_said(store, inside, monkeypatch):
    from imgscope.fleet.running import cluster

    monkeypatch.setattr(cluster, "_CONNECT", 1)
    done = inside("fleet", "scan", "docker:", "--store", store, "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
