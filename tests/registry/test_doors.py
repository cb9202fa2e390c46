"""Doors: TLS with an own authority, logins wherever they are kept, tokens, proxies, stores that are elsewhere."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from imgscope import ReadOptions, analyze
from imgscope.errors import ImageError, RegistryError, UsageError
from imgscope.sources.registry import hosts

from .servers import HTPASSWD, PASSWORD, USER, Quiet, Registry, authority, serving, storage, tokens

SECRET = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def locked(registry, tmp_path_factory):
    """The same images behind a login."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "htpasswd").write_text(HTPASSWD)
    settings = {"auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}}
    found = Registry(folder, settings, data=registry.data)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def behind_tls(registry, own, tmp_path_factory):
    _, cert, key = own
    found = Registry(
        tmp_path_factory.mktemp("tls"), http={"tls": {"certificate": str(cert), "key": str(key)}}, data=registry.data
    )
    yield found
    found.stop()


@pytest.fixture
def with_tokens(registry, own, tmp_path):
    ca, cert, key = own
    handler = tokens(cert, key, "tests", "issuer")
    with serving(handler) as service:
        settings = {
            "auth": {
                "token": {
                    "realm": f"http://{service.host}/token",
                    "service": "tests",
                    "issuer": "issuer",
                    "rootcertbundle": str(ca),
                }
            }
        }
        found = Registry(tmp_path / "tokens", settings, data=registry.data)
        found.tokens = handler
        yield found
        found.stop()


def write(path: Path, document: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def auths(key: str) -> dict:
    return {"auths": {key: {"auth": SECRET}}}


# -- logins ----------------------------------------------------------------------------------------------


def test_without_a_login_the_error_says_how_to_log_in(locked):
    with pytest.raises(RegistryError, match=f"log in with docker login {locked.address}"):
        analyze(f"registry:{locked.address}/site:1.0")


def test_a_call_brings_its_own_login_source_and_jobs_and_leaves_nothing_behind(locked, registry):
    login = (USER, PASSWORD)
    with analyze(f"registry:{locked.address}/site:1.0", login=login, cache=False, jobs=1) as analysis:
        assert analysis.image.verified == ("manifest", "config", "layers")
        # Contents are had with the same login, later.
        overlay = analysis.body.overlay
        entry = next(entry for _, entry in overlay.paths() if entry >= 0 and overlay.sizes[entry])
        assert dict(analysis.contents.read([overlay.locate(entry)]))
    with pytest.raises(RegistryError, match="log in with"):
        analyze(f"registry:{locked.address}/site:1.0", cache=False)
    with analyze(f"{registry.address}/site:1.0", source=["registry"], cache=False) as analysis:
        assert analysis.layers
    for wrong in ({"source": "nowhere"}, {"jobs": 0}, {"jobs": 1000}):
        with pytest.raises(UsageError):
            analyze(f"{registry.address}/site:1.0", **wrong)
    assert PASSWORD not in repr(ReadOptions(login=login))


def docker_config(address, monkeypatch, folder):
    write(Path(os.environ["DOCKER_CONFIG"]) / "config.json", auths(address))


def docker_url(address, monkeypatch, folder):
    write(Path(os.environ["DOCKER_CONFIG"]) / "config.json", auths(f"https://{address}/v1/"))


def helper(address, monkeypatch, folder, name="credsStore"):
    program = folder / "docker-credential-tests"
    program.write_text(
        '#!/bin/sh\nread host\n[ "$1" = get ] || exit 1\n'
        f'echo \'{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}\'\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    value = "tests" if name == "credsStore" else {address: "tests"}
    write(Path(os.environ["DOCKER_CONFIG"]) / "config.json", {name: value})


def helper_of_a_host(address, monkeypatch, folder):
    helper(address, monkeypatch, folder, "credHelpers")


def auth_file(address, monkeypatch, folder):
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(write(folder / "auth.json", auths(address))))


def podman_of_a_repository(address, monkeypatch, folder):
    wrong = {"auth": base64.b64encode(b"other:wrong").decode()}
    document = {"auths": {address: wrong, f"{address}/site": {"auth": SECRET}}}
    write(Path(os.environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json", document)


def environment(address, monkeypatch, folder):
    monkeypatch.setenv("IMGSCOPE_REGISTRY_USERNAME", USER)
    monkeypatch.setenv("IMGSCOPE_REGISTRY_PASSWORD", PASSWORD)


@pytest.mark.parametrize(
    "way",
    [docker_config, docker_url, helper, helper_of_a_host, auth_file, podman_of_a_repository, environment],
    ids=lambda way: way.__name__,
)
def test_logins_are_found_where_other_tools_keep_them(locked, way, monkeypatch, tmp_path):
    way(locked.address, monkeypatch, tmp_path)
    assert analyze(f"registry:{locked.address}/site:1.0", cache=False).layers


def test_a_login_of_the_command_line(locked, imgscope):
    reference = f"registry:{locked.address}/site:1.0"
    given = ("analyze", reference, "--no-tui", "--registry-login", "stdin")
    assert imgscope(*given, input=f"{USER}:{PASSWORD}\n".encode()).returncode == 0
    done = imgscope(*given, input=f"{USER}:wrong-word\n".encode())
    assert done.returncode == 3 and b"log in again" in done.stderr and b"wrong-word" not in done.stderr
    assert imgscope(*given, input=b"\n").returncode == 2


def test_a_login_is_one_hosts(locked, monkeypatch):
    """Whoever is asked besides gets nothing."""
    seen = []

    class Thief(Quiet):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.answer(401, b"{}", WWW_Authenticate='Basic realm="give"')

        do_HEAD = do_GET

    environment("", monkeypatch, None)
    monkeypatch.setenv("IMGSCOPE_REGISTRY_HOST", locked.address)
    write(Path(os.environ["DOCKER_CONFIG"]) / "config.json", auths(locked.address))
    with serving(Thief) as thief, pytest.raises(RegistryError, match="without a login"):
        analyze(f"registry:{thief.host}/site:1.0")
    assert seen == [None]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "it is not what docker login writes"),
        ("[]", "it is not what docker login writes"),
        ('{"auths": {"HOST": {"auth": "c2VjcmV0LXdpdGhvdXQtY29sb24="}}}', "it is not what docker login writes"),
        ('{"credsStore": "nothing-of-that-name"}', "credential helper docker-credential-nothing-of-that-name"),
    ],
)
def test_logins_that_cannot_be_read_are_said_without_a_word_of_them(locked, document, words):
    path = Path(os.environ["DOCKER_CONFIG"]) / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(document.replace("HOST", locked.address))
    with pytest.raises(RegistryError, match=words) as error:
        analyze(f"registry:{locked.address}/site:1.0")
    assert "secret" not in str(error.value) and "\n" not in str(error.value)


def test_half_a_login(locked, monkeypatch):
    monkeypatch.setenv("IMGSCOPE_REGISTRY_USERNAME", USER)
    with pytest.raises(UsageError, match="IMGSCOPE_REGISTRY_PASSWORD"):
        analyze(f"registry:{locked.address}/site:1.0")


# -- tokens ----------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_with_the_least_scope(with_tokens, monkeypatch):
    environment(with_tokens.address, monkeypatch, None)
    assert analyze(f"registry:{with_tokens.address}/webapp:gzip", cache=False).layers
    asked = with_tokens.tokens.asked
    assert [one["query"]["scope"] for one in asked] == [["repository:webapp:pull"]]
    assert asked[0]["query"]["service"] == ["tests"]


def test_a_token_without_a_login(with_tokens):
    with pytest.raises(RegistryError, match="gives no token without a login; log in: docker login"):
        analyze(f"registry:{with_tokens.address}/site:1.0", cache=False)
    with_tokens.tokens.anonymous = True
    assert analyze(f"registry:{with_tokens.address}/site:1.0", cache=False).layers


def test_a_token_that_is_refused_once_is_renewed(with_tokens, monkeypatch):
    """The service says that a token lasts, and the registry finds it has run out."""
    environment(with_tokens.address, monkeypatch, None)
    from imgscope.sources.registry.client import Client
    from imgscope.sources.registry.names import parse

    client = Client(parse(f"{with_tokens.address}/site:1.0"))
    assert client.manifest("1.0").data
    client._ends[-1].door._value = "Bearer " + "x" * 40
    assert client.manifest("1.0").data
    assert len(with_tokens.tokens.asked) == 2
    client.close()


def test_an_identity_token(with_tokens):
    document = {"auths": {with_tokens.address: {"auth": "", "identitytoken": "an-identity-token"}}}
    write(Path(os.environ["DOCKER_CONFIG"]) / "config.json", document)
    assert analyze(f"registry:{with_tokens.address}/site:1.0", cache=False).layers
    assert with_tokens.tokens.asked[0]["form"]["scope"] == ["repository:site:pull"]


# -- stores elsewhere ------------------------------------------------------------------------------------


def test_a_store_elsewhere_gets_no_login(registry, tmp_path, monkeypatch):
    handler = storage(registry.data)
    with serving(handler) as store:
        (tmp_path / "htpasswd").write_text(HTPASSWD)
        settings = {
            "auth": {"htpasswd": {"realm": "tests", "path": str(tmp_path / "htpasswd")}},
            "middleware": {"storage": [{"name": "redirect", "options": {"baseurl": f"http://{store.host}/"}}]},
        }
        found = Registry(tmp_path / "redirecting", settings, data=registry.data)
        try:
            environment(found.address, monkeypatch, None)
            assert analyze(f"registry:{found.address}/webapp:gzip", cache=False).layers
        finally:
            found.stop()
    # Nine layers and the config came from there.
    assert len(handler.asked) == 10


# -- TLS -------------------------------------------------------------------------------------------------


def test_an_authority_that_is_not_known(behind_tls):
    with pytest.raises(
        RegistryError, match="certificate that is not trusted here; name its authority's with SSL_CERT_FILE"
    ):
        analyze(f"registry:{behind_tls.address}/site:1.0")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_ones_own(behind_tls, own, variable, monkeypatch):
    monkeypatch.setenv(variable, str(own[0]))
    assert analyze(f"registry:{behind_tls.address}/site:1.0").layers
    with pytest.raises(RegistryError, match="can't be read" if variable == "REQUESTS_CA_BUNDLE" else "not trusted"):
        monkeypatch.setenv(variable, str(own[0].parent / "absent"))
        analyze(f"registry:{behind_tls.address}/webapp:gzip")


def test_certificates_of_a_host(behind_tls, own):
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "containers" / "certs.d" / behind_tls.address
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(own[0].read_bytes())
    assert analyze(f"registry:{behind_tls.address}/site:1.0").layers


def test_a_client_certificate(registry, own, tmp_path):
    ca, cert, key = own
    tls = {"certificate": str(cert), "key": str(key), "clientcas": [str(ca)]}
    found = Registry(tmp_path / "mutual", http={"tls": tls}, data=registry.data)
    try:
        folder = Path(os.environ["XDG_CONFIG_HOME"]) / "containers" / "certs.d" / found.address
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(ca.read_bytes())
        with pytest.raises(RegistryError):
            analyze(f"registry:{found.address}/site:1.0")
        (folder / "client.cert").write_bytes(cert.read_bytes())
        (folder / "client.key").write_bytes(key.read_bytes())
        assert analyze(f"registry:{found.address}/site:1.0").layers
    finally:
        found.stop()


def test_no_login_over_plain_http_to_another_machine(locked, monkeypatch):
    """A host that is configured as insecure is read, but shown nothing."""
    from imgscope.sources.registry.transport import Transport

    monkeypatch.setattr(hosts, "is_loopback", lambda host: False)
    transport = Transport(locked.address, insecure=True)
    asked = []
    answer = transport.request("GET", "/v2/site/manifests/1.0", {}, lambda: asked.append(1) or f"Basic {SECRET}")
    assert transport._schemes[0] == "http" and answer.status == 401
    assert not transport.may_log_in
    transport.close()
    plain = Transport(locked.address)
    with pytest.raises(RegistryError, match="speaks no TLS"):
        plain.request("GET", "/v2/", {}, lambda: None)
    plain.close()


# -- proxies ---------------------------------------------------------------------------------------------


@pytest.fixture
def proxy():
    """A proxy that knows where registry.test is; it wants a login of its own."""
    asked = []

    class Proxy(Quiet):
        target = ("127.0.0.1", 0)

        def do_CONNECT(self):
            asked.append((self.path, self.headers.get("Proxy-Authorization"), self.headers.get("Authorization")))
            with socket.create_connection(self.target) as other:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=pump, args=(other, self.connection), daemon=True)
                back.start()
                pump(self.connection, other)
                back.join(5)
            self.close_connection = True

    def pump(one, other):
        try:
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    with serving(Proxy) as server:
        server.handler, server.asked = Proxy, asked
        yield server


def test_a_proxy_of_the_environment(behind_tls, own, proxy, monkeypatch):
    proxy.handler.target = ("127.0.0.1", behind_tls.port)
    monkeypatch.setenv("SSL_CERT_FILE", str(own[0]))
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass%20word@{proxy.host}")
    assert analyze("registry:registry.test/site:1.0", cache=False).layers
    shown = "Basic " + base64.b64encode(b"me:pass word").decode()
    assert set(proxy.asked) == {("registry.test:443", shown, None)}
    monkeypatch.setenv("NO_PROXY", "registry.test")
    with pytest.raises(ImageError, match="does not resolve"):
        analyze("registry:registry.test/site:1.0", cache=False)


def test_a_proxy_that_is_not_there(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pass-word@127.0.0.1:9")
    with pytest.raises(RegistryError, match="by way of the proxy") as error:
        analyze("registry:registry.test/site:1.0")
    assert "pass-word" not in str(error.value)


def test_nothing_secret_is_kept_or_shown(with_tokens, imgscope, own_cache, tmp_path):
    """Neither in the cache, nor in what is printed, whatever goes wrong."""
    reference = f"registry:{with_tokens.address}/webapp:gzip"
    login = {"IMGSCOPE_REGISTRY_USERNAME": USER, "IMGSCOPE_REGISTRY_PASSWORD": PASSWORD, "IMGSCOPE_DEBUG": "1"}
    done = imgscope("analyze", reference, "--format", "json", env=login)
    assert done.returncode == 0
    with_tokens.stop()
    failed = imgscope("analyze", reference, "--no-cache", "--no-tui", env=login)
    assert failed.returncode == 3
    texts = [done.stdout, done.stderr, failed.stdout, failed.stderr]
    from imgscope.cache import unpacked

    for path in own_cache.rglob("*"):
        if path.is_file() and path.stat().st_size > 50:
            data = path.read_bytes()
            start = data.find(b"\x28\xb5\x2f\xfd")
            texts.append(repr(unpacked(data[start:]) if start >= 0 else data))
    for text in texts:
        for secret in (PASSWORD, SECRET, "Bearer ey"):
            assert secret not in text


def test_certificates_are_checked_against_the_hosts_name(own):
    context = hosts.context("registry.test")
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
