"""A registry that does all that one shouldn't: one line each time, bounded, and nothing kept that was not checked."""

from __future__ import annotations

import json
import socket
import time

import pytest

from imgscope import analyze
from imgscope.cache import Cache
from imgscope.errors import ArchiveError, ImageError, LimitError, RegistryError
from imgscope.sources.registry import transport
from tests.archive.images import Image, digest, layer, manifest_of

from .servers import Quiet, blob_of, serving

IMAGE = Image(layers=(layer(a="a" * 300), layer(b="b")))


class Faulty(Quiet):
    """Serves one small image; what is wrong is done in ``hook``, which returns whether it has answered."""

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def document(self):
        path = self.path.partition("?")[0].split("/")
        reference = path[-1]
        if path[-2] == "manifests":
            return self.top if reference in ("1", digest(self.top)) else None
        return self.members.get(blob_of(reference))

    def do_GET(self):
        self.asked.append((self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if self.hook():
            return None
        data = self.document()
        if data is None:
            return self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return self.give(data)

    do_HEAD = do_GET

    def hook(self) -> bool:
        return False

    def give(self, data: bytes):
        wanted = self.headers.get("Range")
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            part = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self.answer(206, data[start:], Content_Range=part)
        return self.answer(200, data, Content_Type="application/vnd.oci.image.manifest.v1+json")


@pytest.fixture
def faulty():
    """Return what runs a server with a hook: ``with faulty(hook) as (reference, handler)``."""
    from contextlib import contextmanager

    @contextmanager
    def run(hook=Faulty.hook, **settings):
        members: dict[str, bytes] = {}
        top = members[blob_of(manifest_of(IMAGE, members)["digest"])]
        names = {"members": members, "top": top, "asked": [], "ranges": True, "hook": hook, **settings}
        handler = type("Handler", (Faulty,), names)
        with serving(handler) as server:
            yield f"registry:{server.host}/app:1", handler

    return run


def fails(reference, kind=ImageError, match=None) -> str:
    with pytest.raises(kind, match=match) as error:
        analyze(reference)
    text = str(error.value)
    assert "\n" not in text and len(text) < 500 and error.value.exit_code == 3
    return text


def kept() -> int:
    return Cache().info().layers + Cache().info().images


def layers_of(handler) -> list[str]:
    return [one["digest"] for one in json.loads(handler.top)["layers"]]


def is_blob(self) -> bool:
    return "/blobs/" in self.path


def test_it_works_when_nothing_is_wrong(faulty):
    with faulty() as (reference, _):
        assert analyze(reference).image.id == IMAGE.id


def cut_short(self):
    """Answer with the first bytes of what is asked for the first time."""
    data = self.document()
    if data is None or self.path in self.seen or self.cut >= len(data):
        return False
    self.seen.add(self.path)
    self.send_response(200)
    self.send_header("Content-Length", str(len(data)))
    self.end_headers()
    self.wfile.write(data[: self.cut])
    self.close_connection = True
    return True


def test_a_transfer_that_is_cut_goes_on_where_it_stopped(faulty):
    """After n bytes, for every n of every answer."""
    from imgscope.sources.registry.blobs import RemoteBlob
    from imgscope.sources.registry.client import Client
    from imgscope.sources.registry.names import parse

    with faulty(cut_short, seen=set(), cut=0) as (reference, handler):
        client = Client(parse(reference.partition(":")[2]))
        wanted = handler.members[blob_of(layers_of(handler)[0])]
        blob = RemoteBlob(client, layers_of(handler)[0], len(wanted))
        for cut in range(len(wanted)):
            handler.cut = cut
            handler.seen = set()
            handler.asked.clear()
            with blob.stream() as read:
                found = b""
                while data := read(64):
                    found += data
            assert found == wanted
            assert [part for _, _, part, _ in handler.asked] == [None, f"bytes={handler.cut}-" if handler.cut else None]
        for cut in range(len(handler.top)):
            handler.cut = cut
            handler.seen = set()
            assert client.manifest("1").data == handler.top
            handler.seen = set()
            assert client.small(IMAGE.id, "config") == handler.members[blob_of(IMAGE.id)]
        for cut in range(0, len(handler.top), 100):
            handler.cut = cut
            handler.seen = set()
            assert analyze(reference, cache=False).image.id == IMAGE.id
        client.close()


def test_a_registry_without_ranges_is_read_from_the_start_again(faulty):
    def hook(self):
        data = self.document()
        if data is None or self.path.rpartition("/")[2] not in layers_of(self) or self.path in self.seen:
            return False
        self.seen.add(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:50])
        self.close_connection = True
        return True

    with faulty(hook, seen=set(), ranges=False) as (reference, _):
        assert analyze(reference).image.id == IMAGE.id


def test_a_registry_that_always_breaks_off(faulty):
    def hook(self):
        if self.path.rpartition("/")[2] not in layers_of(self):
            return False
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.document())))
        self.end_headers()
        self.wfile.write(self.document()[:10])
        self.close_connection = True
        return True

    with faulty(hook, ranges=False) as (reference, _):
        fails(reference, RegistryError, "can't be read: the registry broke off")
        assert kept() == 0


def test_another_part_than_was_asked_for(faulty):
    def hook(self):
        data = self.document()
        if self.path.rpartition("/")[2] not in layers_of(self):
            return False
        if self.headers.get("Range"):
            self.answer(206, data[5:], Content_Range=f"bytes 5-{len(data) - 1}/{len(data)}")
            return True
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:50])
        self.close_connection = True
        return True

    with faulty(hook) as (reference, _):
        fails(reference, RegistryError, "another part")
        assert kept() == 0


def test_silence(faulty, monkeypatch):
    monkeypatch.setenv("IMGSCOPE_TIMEOUT", "0.2")

    def hook(self):
        if is_blob(self):
            self.send_response(200)
            self.send_header("Content-Length", "400")
            self.end_headers()
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.5)
            self.close_connection = True
        return is_blob(self)

    with faulty(hook) as (reference, _):
        fails(reference, RegistryError, "stalled: it sent nothing for 0.2 s")


@pytest.mark.parametrize("what", ["config", "layer"])
def test_wrong_bytes(faulty, what):
    def hook(self):
        data = self.document()
        if not is_blob(self) or (self.path.endswith(IMAGE.id)) != (what == "config"):
            return False
        self.give(data.replace(b"1", b"2") if what == "config" else data[:-1] + bytes([data[-1] ^ 1]))
        return True

    with faulty(hook) as (reference, _):
        fails(reference, ArchiveError, "damaged or forged")
        assert kept() == 0
    with faulty() as (reference, _):
        assert analyze(reference).image.id == IMAGE.id


def test_a_layer_that_is_not_what_the_config_says(faulty):
    """The blob is what the manifest names, but uncompressed it is another layer: no other image gets it."""
    wrong = Image(layers=(IMAGE.layers[1],))
    with faulty() as (reference, handler):
        document = json.loads(handler.top)
        document["layers"] = [document["layers"][0]]
        config = wrong.config
        handler.members[blob_of(digest(config))] = config
        document["config"]["digest"], document["config"]["size"] = digest(config), len(config)
        handler.top = json.dumps(document).encode()
        fails(reference, ArchiveError, "layer 0: it is damaged or forged: uncompressed it is sha256")
        assert kept() == 0


@pytest.mark.parametrize("change", [-1, 1, 1000, -100])
@pytest.mark.parametrize("chunked", [False, True])
def test_wrong_lengths(faulty, change, chunked):
    def hook(self):
        if not chunked or not is_blob(self) or self.path.endswith(IMAGE.id):
            return False
        data = self.document()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
        return True

    with faulty(hook, ranges=False) as (reference, handler):
        document = json.loads(handler.top)
        document["layers"][1]["size"] = max(document["layers"][1]["size"] + change, 0)
        handler.top = json.dumps(document).encode()
        fails(reference, ImageError, "layer 1")
        assert Cache().info().images == 0


@pytest.mark.parametrize("size", [None, -1, "12", True, 1 << 80])
def test_sizes_that_are_none(faulty, size):
    with faulty() as (reference, handler):
        document = json.loads(handler.top)
        document["layers"][0]["size"] = size
        handler.top = json.dumps(document).encode()
        fails(reference)


def endless(self):
    self.send_response(200)
    self.send_header("Transfer-Encoding", "chunked")
    self.end_headers()
    try:
        for _ in range(1 << 20):
            self.wfile.write(b"10000\r\n" + b"{" * (1 << 16) + b"\r\n")
            self.sent[0] += 1 << 16
    except OSError:
        self.close_connection = True
    return True


@pytest.mark.parametrize("what", ["manifests", IMAGE.id, "layer"])
def test_answers_without_an_end(faulty, what):
    def hook(self):
        layer = self.path.rpartition("/")[2] in layers_of(self)
        return endless(self) if what in self.path or (what == "layer" and layer) else False

    with faulty(hook, sent=[0]) as (reference, handler):
        fails(reference)
        assert handler.sent[0] < 40 << 20
        assert kept() == 0


def test_a_manifest_of_100_mb(faulty):
    def hook(self):
        if "manifests" not in self.path:
            return False
        self.send_response(200)
        self.send_header("Content-Length", str(100 << 20))
        self.end_headers()
        self.close_connection = True
        return True

    with faulty(hook) as (reference, _):
        fails(reference, ArchiveError, "is over 4 MiB")


@pytest.mark.parametrize(
    "body", [b"<html>Please log in to the hotel's network</html>", b"[]", b"", b"{", b"null", b"{}", b"\xff\xfe"]
)
def test_what_is_no_manifest(faulty, body):
    def hook(self):
        if "manifests" in self.path:
            self.answer(200, body, Content_Type="text/html")
        return "manifests" in self.path

    with faulty(hook) as (reference, _):
        fails(reference)


def test_many_values(faulty):
    with faulty(top=b'{"layers": [' + b"1," * 1_000_000 + b"1]}") as (reference, _):
        fails(reference, LimitError)


@pytest.mark.parametrize("after", ["", "0", "3600", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", "9" * 400])
def test_a_storm_of_429(faulty, after):
    def hook(self):
        headers = {"Retry-After": after} if after else {}
        self.answer(429, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}', **headers)
        return True

    with faulty(hook) as (reference, handler):
        fails(reference, RegistryError, "rate limit")
        assert len(handler.asked) <= transport.TRIES


def test_a_busy_registry_is_waited_for(faulty, monkeypatch):
    waited = []
    monkeypatch.setattr(transport, "pause", waited.append)

    def hook(self):
        if len(self.asked) in (1, 3):
            self.answer(503, b"busy", **({"Retry-After": "7"} if len(self.asked) == 1 else {}))
            return True
        return False

    with faulty(hook) as (reference, _):
        assert analyze(reference).image.id == IMAGE.id
    assert waited[0] == 7 and 0 < waited[1] < 2


def test_the_registrys_own_errors(faulty):
    for status, words in (
        (403, "forbids"),
        (500, "can't answer now"),
        (418, "is it a registry"),
        (401, "without a login"),
    ):

        def hook(self, status=status):
            self.answer(status, b'{"errors":[{"code":"X","message":"line\\n\\u001b[31mtwo"}]}')
            return True

        with faulty(hook) as (reference, _):
            assert "\x1b" not in fails(reference, RegistryError, words)


@pytest.mark.parametrize(
    "location",
    ["/v2/app/manifests/1", "/v2/a", "", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[", "x" * 70_000],
)
def test_redirects_that_lead_nowhere(faulty, location):
    def hook(self):
        self.answer(307, b"", **({"Location": location} if location else {}))
        return True

    with faulty(hook) as (reference, handler):
        fails(reference, RegistryError)
        assert len(handler.asked) <= transport.MAX_REDIRECTS + 1


def test_a_registry_elsewhere_does_not_lead_to_this_machine(faulty):
    """Neither by a redirect nor for a token: what listens here is none of its business."""

    def hook(self):
        self.answer(307, b"", Location=f"http://{self.headers['Host']}/v2/app/manifests/1")
        return True

    with faulty(hook) as (reference, handler):
        host = reference.removeprefix("registry:").partition("/")[0]
        elsewhere = transport.Transport(host)
        elsewhere.loopback = False
        with pytest.raises(RegistryError, match="redirects to this machine itself"):
            elsewhere.request("GET", "/v2/app/manifests/1", {}, lambda: None)
        with pytest.raises(RegistryError, match="names this machine itself"):
            elsewhere.elsewhere("GET", f"http://{host}/token", {})
        assert len(handler.asked) == 1
        elsewhere.close()


CHALLENGE = 'Bearer realm="http://{}/token",service="x",scope="repository:other/secret:pull,push"'


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"token": "x" * (1 << 20)}).encode(),
        b"x" * (1 << 20),
        json.dumps({"token": "two\r\nX-Header: lines"}).encode(),
        json.dumps({"token": 5}).encode(),
        b"[]",
        b"[" * 50_000,
        b"<html>",
        b"",
    ],
    ids=range(8),
)
def test_tokens_that_are_none(faulty, answer):
    def hook(self):
        if self.path.startswith("/token"):
            self.answer(200, answer)
        else:
            self.answer(401, b"{}", WWW_Authenticate=CHALLENGE.format(self.headers["Host"]))
        return True

    with faulty(hook) as (reference, _):
        fails(reference, RegistryError, "token service")


def test_a_registry_that_takes_no_token(faulty):
    def hook(self):
        if self.path.startswith("/token"):
            self.answer(200, json.dumps({"token": f"t{len(self.asked)}"}).encode())
        else:
            self.answer(401, b"{}", WWW_Authenticate=CHALLENGE.format(self.headers["Host"]))
        return True

    with faulty(hook) as (reference, handler):
        fails(reference, RegistryError, "gives no access")
        assert len(handler.asked) < 10
        # Whatever it asks for, no more is asked of the service.
        assert all("repository%3Aapp%3Apull&" in path for _, path, _, _ in handler.asked if path.startswith("/token"))


@pytest.mark.parametrize("realm", ["http://192.0.2.1/token", "ftp://x/", "", "http://user:pw@127.0.0.1/", "nonsense"])
def test_token_services_that_are_not_to_be_asked(faulty, realm):
    def hook(self):
        self.answer(401, b"{}", WWW_Authenticate=f'Bearer realm="{realm}"')
        return True

    with faulty(hook) as (reference, _):
        fails(reference, RegistryError)


def test_pages_of_tags_without_an_end(faulty):
    def hook(self):
        if "tags" not in self.path:
            return False
        body = json.dumps({"tags": [f"t{len(self.asked)}", "../../x", 5, None]}).encode()
        self.answer(200, body, Link=f'</v2/app/tags/list?last={len(self.asked)}>; rel="next"')
        return True

    with faulty(hook) as (reference, handler):
        fails(reference.rpartition(":")[0] + ":nosuch")
        assert len(handler.asked) < 10


@pytest.mark.parametrize("kind", ["tags", "repositories"])
def test_a_list_that_leads_back_to_an_earlier_page_is_a_circle(faulty, kind):
    from imgscope.sources.registry import catalog
    from imgscope.sources.registry.client import Client
    from imgscope.sources.registry.names import Name

    def hook(self):
        if not ("tags" in self.path or "_catalog" in self.path):
            return False
        # Always something new, and two pages that lead to one another.
        place = "/v2/app/tags/list" if kind == "tags" else "/v2/_catalog"
        link = f'<{place}?last={len(self.asked) % 2}>; rel="next"'
        self.answer(200, json.dumps({kind: [f"t{len(self.asked)}"]}).encode(), Link=link)
        return True

    with faulty(hook) as (reference, handler):
        host = reference.removeprefix("registry:").partition("/")[0]
        with pytest.raises(RegistryError, match=f"lists its {kind} in a circle"):
            Client(Name(host, "app")).tags() if kind == "tags" else catalog.catalog(host)
        assert len(handler.asked) < 6


def test_a_list_without_an_end_is_given_up_by_its_bytes(faulty, monkeypatch):
    from imgscope.sources.registry import catalog, client

    monkeypatch.setattr(client, "MAX_LIST", 1 << 20)

    def hook(self):
        if "_catalog" not in self.path:
            return False
        names = [f"r{len(self.asked)}-{number}-{'x' * 60}" for number in range(1000)]
        link = f'</v2/_catalog?last={len(self.asked)}>; rel="next"'
        self.answer(200, json.dumps({"repositories": names}).encode(), Link=link)
        return True

    with faulty(hook) as (reference, handler):
        with pytest.raises(RegistryError, match="without an end: over 1 MiB"):
            catalog.catalog(reference.removeprefix("registry:").partition("/")[0])
        assert len(handler.asked) < 30


def test_ctrl_c_is_heeded_at_once(faulty, tmp_path):
    import os
    import signal
    import subprocess
    import sys

    def hook(self):
        if is_blob(self) and not self.path.endswith(IMAGE.id):
            time.sleep(20)
        return False

    with faulty(hook) as (reference, handler):
        process = subprocess.Popen(
            [sys.executable, "-m", "imgscope", "analyze", reference, "--no-tui"],
            stderr=subprocess.PIPE,
            env={**os.environ},
        )
        while not any(path.rpartition("/")[2] in layers_of(handler) for _, path, _, _ in handler.asked):
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert time.monotonic() - began < 3
        assert process.stderr.read().strip() == b""
