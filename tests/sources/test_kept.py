"""An engine exports an image once: what commands need of its files was kept while it streamed by; no secret was."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from imgscope import analyze
from imgscope.cache import Cache
from imgscope.cli import run
from imgscope.contents import in_place
from imgscope.layer import codec, parts, scan
from imgscope.layer.texts import MAX_JUDGED, Texts
from imgscope.packages.dependencies import DATABASES, MARKS
from imgscope.rootfs.elf import read_elf
from imgscope.scanning import RETENTION

from ..archive.images import Image, docker_archive, write_tar
from ..oracle.maketar import file, layer, symlink
from .test_engine import Engine

SECRET = "Zq7Rk2Vw9Xp4Lm8T"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA7Qk2\n" * 8 + "-----END RSA PRIVATE KEY-----\n"
STATUS = (
    b"Package: demo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nMaintainer: x\nDescription: y\n\n"
)
ELF = Path(shutil.which("ls") or sys.executable).resolve().read_bytes()

SYSTEM = layer(
    file("etc/os-release", b'ID=debian\nVERSION_ID="12"\n'),
    file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n"),
    file("var/lib/dpkg/status", STATUS),
    file("var/lib/dpkg/info/demo.list", b"/.\n/usr\n/usr/bin\n/usr/bin/ls\n"),
    file("usr/bin/ls", ELF, mode=0o755),
    file("usr/bin/script", b"#!/bin/sh\nexec /usr/bin/ls\n", mode=0o755),
)
APP = layer(
    file("app/tool", ELF, mode=0o755),
    file("app/data", b"x" * 300_000, mode=0o755),
    file("usr/local/bin/start", b"#!/bin/sh\nexec /app/tool\n", mode=0o755),
    file("app/settings.yaml", b"level: debug\n"),
    file("app/.env", f"DB_PASSWORD={SECRET}\n".encode()),
    file("app/deploy.sh", f"#!/bin/sh\ncurl -H 'Authorization: token {TOKEN}' https://api.github.com\n".encode()),
    file("app/id_rsa", KEY.encode()),
    file("app/package.json", json.dumps({"dependencies": {"one": "1"}, "devDependencies": {"two": "1"}}).encode()),
    file("app/node_modules/one/package.json", b'{"name": "one", "version": "1.0.0"}'),
    file("app/node_modules/two/package.json", b'{"name": "two", "version": "1.0.0"}'),
    file("app/node_modules/two/index.js", b"x" * 200_000),
    file("usr/lib/python3/site-packages/demo-1.dist-info/RECORD", b"demo.py,,\n"),
    file("usr/lib/python3/site-packages/demo-1.dist-info/METADATA", b"Name: demo\nVersion: 1\n\n"),
)
CLEANED = layer(file(".wh.x", b""), file("app/again", b"y" * 150_000), file("app/again2", b"y" * 150_000))
EXTRA = {
    "config": {"Cmd": ["/usr/local/bin/start"], "User": "app", "Env": ["PATH=/usr/local/bin:/usr/bin"]},
    "history": [
        {"created_by": "/bin/sh -c #(nop) ADD file:system in / "},
        {"created_by": "COPY . / # buildkit"},
        {"created_by": "RUN /bin/sh -c apt-get install -y demo && make clean # buildkit"},
        {"created_by": "USER app", "empty_layer": True},
        {"created_by": 'CMD ["/usr/local/bin/start"]', "empty_layer": True},
    ],
}
IMAGE = Image((SYSTEM, APP, CLEANED), ("app:1.0",), extra=EXTRA)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    archive = write_tar(tmp_path / "image.tar", docker_archive(Image(IMAGE.layers, (), extra=EXTRA))).read_bytes()
    server = Engine(tmp_path / "docker.sock", archive, IMAGE)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", server.address)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("IMGSCOPE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def exports(engine) -> int:
    return sum(path.endswith("/get") for path, _ in engine.asked)


def printed(capfdbinary, *arguments: str) -> bytes:
    code = run(list(arguments))
    out, err = capfdbinary.readouterr()
    assert code in (0, 1), err
    return out


COMMANDS = {
    "suggest": ("suggest", "app:1.0", "--format", "json", "--min-size", "1"),
    "fix": ("suggest", "app:1.0", "--dockerfile", "Dockerfile", "--diff"),
    "bases": ("bases", "app:1.0", "--with", "image.tar", "--format", "json"),
    "cat": ("cat", "app:1.0", "/etc/os-release"),
    "cat-script": ("cat", "app:1.0", "/usr/local/bin/start"),
    "why": ("why", "app:1.0", "/app/.env"),
    "check": ("check", "app:1.0", "--format", "json", "--require-non-root", "--forbidden-findings", "IS6"),
}


def write_dockerfile():
    Path("Dockerfile").write_text(
        'FROM debian:12\nCOPY . /\nRUN apt-get install -y demo && make clean\nUSER app\nCMD ["/usr/local/bin/start"]\n'
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_after_an_analysis_nothing_is_exported_again_and_the_answer_is_the_same(engine, capfdbinary, monkeypatch, name):
    write_dockerfile()
    arguments = COMMANDS[name]
    fresh = printed(capfdbinary, *arguments, "--no-cache")
    printed(capfdbinary, "analyze", "app:1.0", "--format", "json")
    before = exports(engine)
    warm = printed(capfdbinary, *arguments)
    assert exports(engine) == before
    # And where the command itself is the first that sees the image, one export does, for it and for what comes after.
    monkeypatch.setenv("IMGSCOPE_CACHE_DIR", str(Path.cwd() / "other"))
    cold = printed(capfdbinary, *arguments)
    again = printed(capfdbinary, *arguments)
    assert exports(engine) == before + 1
    assert fresh == warm == cold == again


def test_what_holds_a_secret_is_read_from_the_image_and_never_from_the_cache(engine, capfdbinary, tmp_path):
    printed(capfdbinary, "analyze", "app:1.0", "--format", "json")
    found = json.loads(printed(capfdbinary, *COMMANDS["suggest"]))
    told = {row["path"] for finding in found["findings"] for row in finding["evidence"] if finding["code"][:3] == "IS6"}
    assert {"/app/.env", "/app/deploy.sh", "/app/id_rsa"} <= told
    assert exports(engine) == 1
    cache = Cache()
    held = b""
    for kind in ("layers", "images"):
        for name in os.listdir(tmp_path / "cache" / kind):
            payload = (tmp_path / "cache" / kind / name).read_bytes()
            held += payload + (unpacked(payload) or b"")
            assert (tmp_path / "cache" / kind / name).stat().st_mode & 0o777 == 0o600
    assert cache.info().layers == 3
    assert b"exec /app/tool" in held
    for secret in (SECRET, TOKEN, "MIIEowIBAAKCAQEA7Qk2"):
        assert secret[:8].encode() not in held
    assert SECRET.encode() in printed(capfdbinary, "cat", "app:1.0", "/app/.env")
    assert exports(engine) == 2


def unpacked(record: bytes) -> bytes | None:
    from imgscope.cache import _CHECK, _MAGIC, unpacked

    return unpacked(record[len(_MAGIC) + _CHECK :])


def streamed(data: bytes):
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        # Pieces of odd lengths: what is kept may lie across any number of them.
        part = data[position : position + min(size, 70_001)]
        position += len(part)
        return part

    return scan.scan_stream(read, texts=Texts(retention=RETENTION))


class NothingElse:
    """Contents of an image that is not at hand."""

    def read(self, keys):
        assert not list(keys), "a part was asked for that was not kept"
        return iter(())

    def random_access(self, layer):
        raise AssertionError("a file was asked for that was not kept")


def programs(count: int) -> list[Path]:
    """Return programs and libraries of this system."""
    found = [path for path in sorted(Path("/usr/lib").rglob("*.so*")) if path.is_file() and not path.is_symlink()]
    found += [path for path in sorted(Path("/usr/bin").iterdir()) if path.is_file() and not path.is_symlink()]
    fitting = [path for path in found if 64 < path.stat().st_size < 4 << 20]
    return fitting[:: max(1, len(fitting) // count)]


@pytest.mark.parametrize("prefix", [parts.PREFIX, 1 << 16])
def test_what_is_kept_of_programs_is_what_readers_ask_for(monkeypatch, prefix):
    for module in (parts, scan):
        monkeypatch.setattr(module, "PREFIX", prefix)
    monkeypatch.setattr(scan, "READ", 1 << 16)
    paths = programs(60)
    contents = [path.read_bytes() for path in paths]
    index = streamed(layer(*(file(f"usr/lib/{n}/x", data, mode=0o755) for n, data in enumerate(contents))))
    assert list(index.elf) == [n for n, data in enumerate(contents) if data[:4] == b"\x7fELF"]
    index = codec.decode(codec.encode(index))
    seen = 0
    for entry, at, size in in_place(NothingElse(), index, 0, [n for n in index.elf if n in index.parts], 1 << 30):
        data = contents[entry]

        def whole(offset, length, data=data):
            return data[offset : offset + length] if offset >= 0 and length > 0 else b""

        assert read_elf(at, size) == read_elf(whole, len(data)), paths[entry]
        seen += 1
    # A beginning that is too short for a program's tables is no error: such a file is read when it is asked for.
    assert seen == len(index.elf) if prefix == parts.PREFIX and prefix > 1 << 16 else seen > 0
    assert index.kept_bytes < sum(map(len, contents)) / 3


def test_a_program_that_lies_about_itself_is_kept_in_no_other_bounds():
    """Damaged headers: what is kept answers as the file itself does, or not at all."""
    import random

    chance = random.Random(1)
    made = []
    for _ in range(60):
        data = bytearray(ELF[: chance.choice((60, 64, 4096, len(ELF)))])
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(16, min(len(data), 900))] = chance.choice((0, 255, chance.randrange(256)))
        made.append(bytes(data))
    index = streamed(layer(*(file(f"usr/lib/{n}/x", data, mode=0o755) for n, data in enumerate(made))))

    class Whole(NothingElse):
        def read(self, keys):
            return iter([(key, made[key[1]]) for key in keys])

    for entry, at, size in in_place(Whole(), index, 0, sorted(index.parts), 1 << 30):
        data = made[entry]

        def whole(offset, length, data=data):
            return data[offset : offset + length] if offset >= 0 and length > 0 else b""

        assert read_elf(at, size) == read_elf(whole, len(data))


def test_only_so_many_texts_are_judged():
    count = MAX_JUDGED + 50
    index = streamed(layer(*(file(f"srv/{n}.yaml", b"x: y\n" * (2 + (n % 3))) for n in range(count))))
    assert len(index.judged) == MAX_JUDGED
    # The smallest: rules read these first.
    assert max(index.sizes[entry] for entry in index.judged) <= 20
    assert sum(index.sizes[entry] == 10 for entry in index.judged) == sum(size == 10 for size in index.sizes)


def test_what_layers_may_cost_together_may_be_spent():
    texts = Texts(5, 30)
    for entry, size in enumerate((20, 9, 9, 9, 40)):
        texts.take(entry, b"srv", b"a.yaml", b"x" * size)
    assert sorted(texts.judge()[0]) == [1, 2, 3]
    spent = Texts(5, -10)
    spent.take(0, b"srv", b"a.yaml", b"x: y\n")
    assert spent.judge() == ({}, {})


def test_files_that_lie_elsewhere_than_they_are_called_are_not_judged_by_their_names():
    moved = streamed(layer(symlink("a", "run/secrets"), file("a/token.yaml", b"x: y and more\n")))
    assert (moved.judged, moved.kept) == ({}, {})
    plain = streamed(layer(file("./x/../run/secrets/token.yaml", b"x: y and more\n")))
    assert [known.proofs for known in plain.judged.values()] != [()]
    assert not plain.kept


def test_a_password_file_with_hashes_in_it_is_not_kept():
    plain = streamed(layer(file("etc/passwd", b"root:x:0:0::/root:/bin/sh\n")))
    hashed = streamed(layer(file("etc/passwd", b"root:$6$abc$defdefdefdefdefdefdef:0:0::/root:/bin/sh\n")))
    assert plain.kept
    assert not hashed.kept


def test_an_image_in_a_file_is_read_as_before(tmp_path):
    path = write_tar(tmp_path / "plain.tar", docker_archive(IMAGE))
    with analyze(path, cache=False, contents=True) as analysis:
        assert all(not index.kept and not index.parts for index in analysis.body.overlay.layers)


def test_every_database_that_packages_are_read_from_is_kept():
    others = (b"usr/lib/python3/site-packages/a.dist-info/RECORD", b"app/node_modules/@x/y/package.json")
    for path in (*DATABASES, *MARKS, *others):
        folder, _, name = path.rpartition(b"/")
        assert name.endswith(RETENTION.endings(folder)), path
        assert RETENTION.endings(b"./" + folder) == RETENTION.endings(folder)
    assert not b"package.json".endswith(RETENTION.endings(b"app"))
