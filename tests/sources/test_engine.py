"""The Docker engine: over its own API spoken by a stand-in that can misbehave, and, where one runs, for real."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from imgscope import analyze
from imgscope.archive import platform as platforms
from imgscope.errors import EngineError, ImageNotFoundError, PlatformError
from imgscope.sources import docker_api, find_source
from imgscope.stopping import Stop, Stopped

from ..archive.images import (
    LAYERS,
    Image,
    descriptor,
    digest,
    digests,
    docker_archive,
    index_of,
    layout,
    manifest_of,
    platform_of,
    scan,
    write_tar,
)

DIFF_IDS = [digest(data) for data in LAYERS]
NAMES = ("app:1.0", "app:latest", "tools/thing:2", "docker:dind", "localhost/x:1")


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Speaks as much of the Docker Engine API as is asked of it, and keeps what was asked."""

    daemon_threads = True
    api = "1.41"
    cut = None  # after how many bytes of an export the connection breaks
    wait = 0.0  # seconds before an export's first byte
    refusal = None  # (status, message) of every request for an image
    chunked = True

    def __init__(self, path, archive: bytes, image: Image):
        self.asked = []
        self.archive = archive
        self.info = {
            "Id": image.id,
            "RepoTags": list(image.names),
            "Os": "linux",
            "Architecture": "amd64",
            "Size": 5000,
        }
        self.address = f"unix://{path}"
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "here"

    def log_message(self, *args):
        pass

    def answer(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        server, url = self.server, urlsplit(self.path)
        path = unquote(url.path)
        server.asked.append((path, parse_qs(url.query)))
        if path == "/version":
            return self.answer({"ApiVersion": server.api})
        path = path.removeprefix(f"/v{server.api}")
        if path == "/images/json":
            return self.answer([{"RepoTags": ["<none>:<none>"]}, {"RepoTags": None}, {"RepoTags": list(NAMES)}])
        if server.refusal:
            return self.answer({"message": server.refusal[1]}, server.refusal[0])
        name = path.removeprefix("/images/").rpartition("/")[0]
        if name not in (server.info["Id"], *server.info["RepoTags"]):
            return self.answer({"message": f"No such image: {name}"}, 404)
        if path.endswith("/json"):
            return self.answer(server.info)
        time.sleep(server.wait)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-tar")
        data = server.archive if server.cut is None else server.archive[: server.cut]
        if not server.chunked or self.request_version == "HTTP/1.0":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True
            return None
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 3000):
            part = data[start : start + 3000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if server.cut is None:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True
        return None


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine with one image, where DOCKER_HOST points."""
    image = Image(names=("app:1.0", "docker.io/library/app:latest"))
    archive = write_tar(tmp_path / "image.tar", docker_archive(Image(names=()))).read_bytes()
    server = Engine(tmp_path / "docker.sock", archive, image)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", server.address)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["app:1.0", "docker:app:1.0", Image().id])
def test_layers_are_scanned_while_the_export_arrives(engine, name):
    source = find_source(name)
    opened = source.open(scan)
    assert [stored.scanned for stored in opened.layers] == DIFF_IDS
    assert opened.origin == "engine"
    assert opened.names == ("app:1.0", "app:latest")
    assert source.vouched == f"engine:{engine.address}"
    assert source.saved() is None
    # It is asked for by its id: a tag may move between the question and the export.
    assert engine.asked[-1] == (f"/v1.41/images/{Image().id}/get", {})


def test_what_an_image_is_costs_no_export(engine):
    source = find_source("app:1.0")
    key = source.cache_key()
    assert Image().id in key and engine.address in key
    assert find_source(Image().id).cache_key() == key
    assert not any(path.endswith("/get") for path, _ in engine.asked)
    assert source.describe() == "app:1.0 from the Docker engine"


def test_tags_are_those_that_the_engine_gives_now_whatever_the_cache_holds(engine):
    first = analyze("docker:app:1.0")
    engine.info["RepoTags"] = ["app:2.0"]
    again = analyze(f"docker:{engine.info['Id']}")
    engine.info["RepoTags"] = []
    untagged = analyze(f"docker:{engine.info['Id']}")
    assert [found.image.names for found in (first, again, untagged)] == [
        ("app:1.0", "app:latest"),
        ("app:2.0",),
        (),
    ]
    assert sum(path.endswith("/get") for path, _ in engine.asked) == 1


def test_contents_come_from_a_copy(engine):
    source = find_source("app:1.0")
    source.open(scan)
    assert digests(source.reopen()) == DIFF_IDS
    before = len(engine.asked)

    opened = find_source("app:1.0", contents=True).open(scan)
    assert digests(opened) == DIFF_IDS
    # One export does for both: the layers were scanned on their way into the copy.
    assert all(layer.region is not None and layer.scanned is not None for layer in opened.layers)
    assert sum(path.endswith("/get") for path, _ in engine.asked[before:]) == 1


def test_progress_has_a_total_where_the_engine_knows_it(engine):
    class Progress:
        def __init__(self):
            self.calls = []

        def start(self, total, what):
            self.calls.append((total, what))

        def advance(self, count):
            pass

        def finish(self):
            self.calls.append("finished")

    progress = Progress()
    find_source("app:1.0").open(scan, progress)
    assert progress.calls == [
        (5000, "waiting for the Docker engine to export app:1.0"),
        (5000, "reading app:1.0 from the Docker engine"),
        "finished",
    ]


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.99, 1])
def test_an_export_that_breaks_off_is_an_error_of_one_line(engine, chunked, share, monkeypatch):
    if chunked:
        monkeypatch.setattr(docker_api, "_bare_connection", lambda api, url: None)
    end = -(-len(engine.archive.rstrip(b"\0")) // 512) * 512
    engine.cut = int(end * share)
    for opening in (lambda: find_source("app:1.0").open(scan), lambda: find_source("app:1.0").reopen()):
        with pytest.raises(Exception) as error:
            opening()
        assert isinstance(error.value, EngineError) or "app:1.0 from the Docker engine" in str(error.value)
        assert error.value.exit_code == 3
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ap:1.0", "did you mean app:1.0"),
        ("app:1.1", "did you mean app:1.0 or app:latest"),
        ("app:completely-different", "did you mean app:"),
        ("tools/thin", "did you mean tools/thing:2"),
        ("localhost/x", "did you mean localhost/x:1"),
        ("docker:dind", "for the image docker:dind write docker:docker:dind"),
        (
            "nothing-like-it",
            "get it with: docker pull nothing-like-it, or read it in its registry: registry:nothing-like-it",
        ),
        ("app:1.1", "In its registry it is registry:app:1.1"),
        ("sha256:" + "0" * 64, "no image"),
    ],
)
def test_an_image_that_is_not_there(engine, name, message):
    with pytest.raises(ImageNotFoundError, match=message) as error:
        find_source(name).open(scan)
    assert engine.address in str(error.value)
    assert "\n" not in str(error.value)


def test_an_engine_that_refuses_says_why(engine):
    engine.refusal = (500, "layer store\nis broken")
    with pytest.raises(EngineError, match="the Docker engine refused: layer store is broken"):
        find_source("app:1.0").cache_key()


def test_the_wrong_platform(engine):
    message = r"app:1.0 is linux/amd64 in the Docker engine, not linux/arm64; .*--platform"
    with pytest.raises(PlatformError, match=message):
        find_source("app:1.0", platform="linux/arm64").open(scan)
    assert find_source("app:1.0", platform="linux/amd64").open(scan).platform == "linux/amd64"


def test_an_engine_with_containerds_store_exports_one_platform(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(platforms, "host", lambda: platforms.Platform("linux", "riscv64"))
    arm = Image(layers=LAYERS[:1], platform="linux/arm64/v8")
    members: dict = {}
    parts = [{**manifest_of(image, members), "platform": platform_of(image.platform)} for image in (Image(), arm)]
    top = descriptor(index_of(*parts), members, "index.v1+json")
    engine.api = "1.48"
    engine.info |= {"Id": top["digest"], "Descriptor": {"digest": top["digest"]}, "Size": 77}
    layout(members, top)
    engine.archive = write_tar(tmp_path / "both.tar", members).read_bytes()
    # The platform that the engine would run, which may be on another machine.
    opened = find_source("app:1.0").open(scan)
    assert opened.platform == "linux/amd64"
    assert engine.asked[-1][1] == {}
    opened = find_source("app:1.0", platform="linux/arm64").open(scan)
    assert opened.id == arm.id
    asked = json.loads(engine.asked[-1][1]["platform"][0])
    assert asked == {"os": "linux", "architecture": "arm64"}
    assert find_source("app:1.0").cache_key() != find_source("app:1.0", platform="linux/arm64").cache_key()


def test_a_slow_first_byte_is_waited_for(engine, monkeypatch):
    monkeypatch.setattr(docker_api, "TIMEOUT", 0.3)
    engine.wait = 0.8
    assert [stored.scanned for stored in find_source("app:1.0").open(scan).layers] == DIFF_IDS


# -- finding the engine ------------------------------------------------------------------------------------


def test_who_stops_the_work_waits_for_no_first_byte(engine):
    engine.wait = 20
    stop, raised = Stop(), []

    def work():
        try:
            with stop.holds():
                find_source("app:1.0").open(scan)
        except Stopped:
            raised.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    while not any(path.endswith("/get") for path, _ in engine.asked):
        time.sleep(0.01)
    began = time.monotonic()
    stop.now()
    thread.join(10)
    assert raised == [True]
    assert time.monotonic() - began < 5


def test_no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(EngineError, match=rf"no Docker engine at unix://{tmp_path}/nothing.sock; start it"):
        find_source("app:1.0").open(scan)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EngineError, match=r"no Docker engine at tcp://127.0.0.1:1"):
        find_source("app:1.0").open(scan)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_socket_that_may_not_be_used(engine):
    os.chmod(engine.address.removeprefix("unix://"), 0o600)
    find_source("app:1.0").cache_key()
    script = (
        "import os\nfrom imgscope.errors import EngineError\nfrom imgscope.sources import find_source\n"
        "source = find_source('app:1.0')\nsource.cache_key()\nsource = find_source('app:1.0')\nos.seteuid(65534)\n"
        "try:\n    source.cache_key()\nexcept EngineError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "permission denied; join its group, or pipe: sudo docker save app:1.0 | imgscope" in done.stdout, done.stderr


@pytest.mark.parametrize("with_config", [True, False])
def test_contexts(engine, tmp_path, monkeypatch, with_config):
    import hashlib

    folder = tmp_path / "config"
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": engine.address, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": endpoints}))
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("HOME", str(tmp_path))
    if with_config:
        (folder / "config.json").write_text('{"currentContext": "mine"}')
    else:
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    assert engine.address in find_source("app:1.0").cache_key()
    monkeypatch.setenv("DOCKER_CONTEXT", "typo")
    with pytest.raises(EngineError, match="no Docker context 'typo'"):
        find_source("app:1.0").cache_key()


@pytest.fixture
def certificates(tmp_path):
    """An authority's certificate, and one made by it for this machine, as `docker` expects them in a folder."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "for").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes")
    authority = ("-subj", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-x509", *key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", *authority)
    openssl("req", *key, "-keyout", "key.pem", "-out", "request", "-subj", "/CN=engine")
    signing = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "for")
    openssl("x509", "-req", "-in", "request", *signing, "-out", "cert.pem", "-days", "2")
    return folder


def test_an_engine_behind_tls(engine, certificates, tmp_path, monkeypatch):
    class Secure(socketserver.ThreadingMixIn, socketserver.TCPServer):
        daemon_threads = True

        def __getattr__(self, name):
            return getattr(engine, name)

        def handle_error(self, request, client_address):
            pass

    server = Secure(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        # Meant for other programs; it must not take the place of the engine's own authority.
        (tmp_path / "bundle.pem").write_text("")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
        assert [stored.scanned for stored in find_source("app:1.0").open(scan).layers] == DIFF_IDS
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "nowhere"))
        with pytest.raises(EngineError) as error:
            find_source("app:1.0").open(scan)
        assert "\n" not in str(error.value)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_engine_over_ssh_needs_nothing_but_ssh(engine, tmp_path, monkeypatch):
    # Stands for ssh: what follows the host is run here, joined to the engine's socket as dial-stdio would.
    (tmp_path / "bin").mkdir()
    dial = (
        "import os, socket, sys, threading\n"
        f"link = socket.socket(socket.AF_UNIX)\nlink.connect({engine.address.removeprefix('unix://')!r})\n"
        "def back():\n    while data := link.recv(65536):\n        os.write(1, data)\n    os._exit(0)\n"
        "threading.Thread(target=back, daemon=True).start()\n"
        "while data := os.read(0, 65536):\n    link.sendall(data)\n"
    )
    (tmp_path / "dial.py").write_text(dial)
    (tmp_path / "bin" / "ssh").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec {sys.executable} {tmp_path}/dial.py\n'
    )
    (tmp_path / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@elsewhere:2222")
    assert [stored.scanned for stored in find_source("app:1.0").open(scan).layers] == DIFF_IDS
    assert "-l me -p 2222 -- elsewhere docker system dial-stdio" in (tmp_path / "asked").read_text()
    assert "paramiko" not in sys.modules


def test_an_ssh_host_that_cannot_be_reached(tmp_path, monkeypatch):
    (tmp_path / "ssh").write_text("#!/bin/sh\nexit 255\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@elsewhere")
    with pytest.raises(EngineError, match="can't be reached; try: ssh me@elsewhere docker version"):
        find_source("app:1.0").open(scan)


def test_asking_an_engine_imports_no_more_than_its_client(engine):
    script = (
        "import sys\nfrom imgscope.sources import find_source\n"
        "print(find_source('app:1.0').cache_key())\n"
        "print(sorted({'rich', 'textual', 'paramiko', 'isal', 'xxhash', 'msgspec'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[1] == "[]", done.stdout + done.stderr


# -- a real engine -----------------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_real_engine(tmp_path):
    if shutil.which("docker") is None or subprocess.run(["docker", "images", "-q"], capture_output=True).returncode:
        pytest.skip("no Docker engine here")
    name = f"imgscope-engine-test:{os.getpid()}"
    path = write_tar(tmp_path / "image.tar", docker_archive(Image(names=(name,))))
    subprocess.run(["docker", "load", "-q", "-i", path], check=True, capture_output=True)
    try:
        source = find_source(name)
        assert [stored.scanned for stored in source.open(scan).layers] == DIFF_IDS
        opened = find_source(name, contents=True).reopen()
        assert digests(opened) == DIFF_IDS
        assert opened.names == (name,)
        assert opened.id == Image(names=(name,)).id
        with pytest.raises(ImageNotFoundError, match=f"did you mean {name}"):
            find_source(name[1:]).open(scan)
    finally:
        subprocess.run(["docker", "rmi", name], check=True, capture_output=True)
