"""Registries for tests: Debian's docker-registry on loopback, and what may stand around one."""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

USER, PASSWORD = "someone", "s3cret-word"
# bcrypt's, as htpasswd -B writes it.
HTPASSWD = f"{USER}:$2y$04$abcdefghijklmnopqrstuuzQDw2v3CQSMowG.sq3X.nH1lfmlmQMW\n"
_REQUEST = re.compile(rb'"(GET|HEAD|PUT|POST|PATCH) (/v2/[^ "]*) HTTP/[0-9.]+" ([0-9]{3}) ([0-9]+)[^\n]*imgscope/')


def missing(*tools: str) -> str | None:
    """Say what keeps these tests from running."""
    for tool in ("docker-registry", "skopeo", *tools):
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


def blob_of(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Request:
    method: str
    path: str
    status: int
    bytes: int


@dataclass
class Registry:
    """A docker-registry that serves a folder; ``requests`` are those of imgscope, by the registry's own log."""

    folder: Path
    settings: dict = field(default_factory=dict)
    http: dict = field(default_factory=dict)
    data: Path | None = None

    def __post_init__(self):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.data or self.folder / "data"
        self.data.mkdir(exist_ok=True)
        config = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": False}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.data)},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": self.address, **self.http},
            **self.settings,
        }
        (self.folder / "config.json").write_text(json.dumps(config))  # JSON is YAML too
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", str(self.folder / "config.json")],
                stdout=log,
                stderr=log,
                env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
            )
        self.wait()

    def wait(self):
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def requests(self) -> list[Request]:
        # What was asked last may not be written yet.
        time.sleep(0.05)
        found = _REQUEST.findall(self.log.read_bytes())
        return [Request(m.decode(), p.decode(), int(s), int(b)) for m, p, s, b in found]

    @contextlib.contextmanager
    def counted(self):
        """Give a list that has, at the end, what was asked within."""
        before = len(self.requests())
        asked: list[Request] = []
        yield asked
        asked += self.requests()[before:]

    def push(self, source: object, name: str, *options: str, all_platforms: bool = False) -> str:
        """Copy an image in with skopeo; return its reference."""
        extra = ["--all"] if all_platforms else []
        done = subprocess.run(
            [
                "skopeo",
                "copy",
                "--quiet",
                "--insecure-policy",
                *extra,
                "--dest-tls-verify=false",
                *options,
                str(source),
                f"docker://{self.address}/{name}",
            ],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return f"registry:{self.address}/{name}"

    def upload(self, name: str, tag: str, members: dict[str, bytes], top: dict) -> str:
        """Put an image in as it is, blobs and manifests by the distribution spec; return its reference."""
        repository = f"http://{self.address}/v2/{name}"

        def send(method: str, url: str, body: bytes = b"", kind: str = "application/octet-stream"):
            request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                return answer.headers.get("Location", "")

        def walk(descriptor: dict, reference: str):
            data = members[blob_of(descriptor["digest"])]
            document = json.loads(data)
            for inner in document.get("manifests", ()):
                walk(inner, inner["digest"])
            for blob in (document.get("config"), *document.get("layers", ())):
                if blob is not None and blob_of(blob["digest"]) in members:
                    place = send("POST", f"{repository}/blobs/uploads/")
                    mark = "&" if "?" in place else "?"
                    send("PUT", f"{place}{mark}digest={blob['digest']}", members[blob_of(blob["digest"])])
            send("PUT", f"{repository}/manifests/{reference}", data, descriptor["mediaType"])

        walk(top, tag)
        return f"registry:{self.address}/{name}:{tag}"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None):
    """Run a server of a handler on loopback; gives the server, whose address is ``host``."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass

    server = Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def storage(data: Path) -> type[Quiet]:
    """A host that a registry's storage redirects to: it rejects whoever shows it a login, as real ones do."""

    class Storage(Quiet):
        asked: list = []  # noqa: RUF012

        def do_GET(self):
            self.asked.append(self.path)
            if "Authorization" in self.headers:
                return self.answer(400, b"<Error>only one auth mechanism allowed</Error>")
            body = (data / self.path.lstrip("/")).read_bytes()
            self.answer(200, body, Content_Type="application/octet-stream")

    return Storage


def authority(folder: Path) -> tuple[Path, Path, Path]:
    """Make an authority of one's own and a certificate for this machine: (authority, certificate, key)."""
    folder.mkdir(parents=True, exist_ok=True)

    def openssl(*arguments: object, **options):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, **options)
        assert done.returncode == 0, done.stderr.decode()

    ca, ca_key, cert, key, request = (folder / name for name in ("ca.crt", "ca.key", "tls.crt", "tls.key", "tls.csr"))
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca, "-days", 2, "-subj", "/CN=tests"
    )
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test\n")
    openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        ca,
        "-CAkey",
        ca_key,
        "-CAcreateserial",
        "-days",
        2,
        "-extfile",
        names,
        "-out",
        cert,
    )
    return ca, cert, key


def tokens(cert: Path, key: Path, service: str, issuer: str) -> type[Quiet]:
    """A token service (the distribution project's specification): JWTs signed with a key of RSA, for one login."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(cert.read_text())).decode()

    class Tokens(Quiet):
        asked: list = []  # noqa: RUF012
        anonymous = False
        lasts = 300

        def do_POST(self):
            form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.asked.append({"form": form})
            if form.get("refresh_token") != ["an-identity-token"]:
                return self.answer(401, b"{}")
            self.give(form["scope"], "access_token")

        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            shown = self.headers.get("Authorization", "")
            self.asked.append({"query": query, "authorization": bool(shown)})
            right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if shown != right and not (self.anonymous and not shown):
                return self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}')
            self.give(query["scope"], "token")

        def give(self, scopes: list[str], name: str):
            access = []
            for scope in scopes:
                kind, _, rest = scope.partition(":")
                repository, _, actions = rest.rpartition(":")
                access.append({"type": kind, "name": repository, "actions": actions.split(",")})
            now = int(datetime.datetime.now(datetime.UTC).timestamp())
            header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
            claims = {
                "iss": issuer,
                "sub": USER,
                "aud": service,
                "exp": now + self.lasts,
                "nbf": now - 10,
                "iat": now,
                "jti": str(len(self.asked)),
                "access": access,
            }
            text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
            signed = subprocess.run(
                ["openssl", "dgst", "-sha256", "-sign", str(key)], input=text.encode(), capture_output=True, check=True
            ).stdout
            answer = {name: f"{text}.{encoded(signed)}", "expires_in": self.lasts}
            self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    return Tokens
