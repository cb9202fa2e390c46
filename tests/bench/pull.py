"""Holds the cost of a pull against a real engine: ``python -m tests.bench.pull [FOLDER…]``.

An image with a layer for each folder is pushed to Debian's docker-registry on loopback and pulled by the engine through
a proxy that lets so many bytes a second pass, once for each rate. How fast this machine unpacks is taken from a pull
without a limit. Needs Docker and docker-registry.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

from imgscope.pulls import pull_cost
from imgscope.pulls.cost import parse_rate
from tests.oracle.maketar import docker_archive
from tests.registry.servers import Registry

RATES = ("100Mbit", "400Mbit", "1Gbit")
_PIECE = 64 << 10
_BURST = 0.05


class Line:
    """A proxy in front of a server that lets ``rate`` bytes a second pass, however many connections share it."""

    def __init__(self, server: str, rate: float) -> None:
        self.host, _, port = server.partition(":")
        self.server_port = int(port)
        self.rate = rate
        self.free = 0.0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection(self.host, self.server_port)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, to, limited=False), self._pass(there, writer, limited=True))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, limited: bool) -> None:
        while data := await source.read(_PIECE):
            if limited:
                now = time.monotonic()
                # What a sleep that took too long has cost is made up for.
                self.free = max(self.free, now - _BURST) + len(data) / self.rate
                await asyncio.sleep(max(0.0, self.free - now))
            target.write(data)
            await target.drain()
        target.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def pulled(registry: str, name: str, rate: float) -> float:
    """Return the seconds that the engine takes for a pull."""
    line = Line(registry, rate)
    reference = f"127.0.0.1:{line.port}/{name}"
    begun = time.monotonic()
    docker("pull", "--quiet", reference)
    took = time.monotonic() - begun
    docker("rmi", "--force", reference)
    line.stop()
    return took


def layers(folders: list[str], salt: str) -> list[bytes]:
    """Return a tar of each folder, which no engine has seen before."""
    found = []
    for folder in folders:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(folder, folder.lstrip("/"))
            info = tarfile.TarInfo(f"salt-{salt}-{len(found)}")
            tar.addfile(info)
        found.append(buffer.getvalue())
    return found


def main() -> None:
    """Pull an image at each rate, and print the table of docs/pull.md."""
    folders = sys.argv[1:] or ["/usr/share/perl", "/usr/lib/python3", "/usr/share/doc", "/usr/lib/git-core"]
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder))
        archive = docker_archive(Path(folder) / "image.tar", layers(folders, str(time.time_ns())))
        registry.push(f"docker-archive:{archive}", "pull/image:1")
        archive.unlink()
        there = f"registry:{registry.address}/pull/image:1"
        free = pulled(registry.address, "pull/image:1", 1e12)
        known = pull_cost(there, layers=True, rate="1000GB", unpack_rate="1000GB")
        unpack = sum(layer.unpacked_bytes for layer in known.layers) / free
        print(f"{known.bytes / 1e6:.0f} MB in {len(known.layers)} layers, unpacked at {unpack / 1e6:.0f} MB/s")
        print("| rate | predicted | engine | off |\n|---:|---:|---:|---:|")
        for rate in RATES:
            cost = pull_cost(there, layers=True, rate=rate, unpack_rate=f"{round(unpack)}B")
            took = pulled(registry.address, "pull/image:1", parse_rate(rate, "rate"))
            print(f"| {rate} | {cost.seconds:.2f} s | {took:.2f} s | {cost.seconds / took - 1:+.1%} |", flush=True)
        registry.stop()


if __name__ == "__main__":
    main()
