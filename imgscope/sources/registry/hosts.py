"""How a registry's host is reached: its address, TLS with own authorities and client certificates, proxies.

Certificates lie where Docker and the containers tools look for them (``certs.d/HOST``), a bundle where
``SSL_CERT_FILE``, ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` say.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import RegistryError
from ...escape import escape
from .names import HUB

if TYPE_CHECKING:
    from urllib3 import PoolManager, Timeout

_HUB_ADDRESS = "registry-1.docker.io"
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def address(host: str) -> str:
    """Return where a host's registry listens: Docker Hub's is elsewhere."""
    return _HUB_ADDRESS if host == HUB else host


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine by its very name."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def certificates(host: str) -> list[Path]:
    """Return the folders with certificates for a host that are there: the user's, the containers tools', Docker's."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    places = (config + "/containers/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d")
    found = [Path(place) / address(host) for place in places]
    return [folder for folder in found if folder.is_dir()]


def context(host: str) -> ssl.SSLContext:
    """Return how TLS with a host is checked. Raises ``RegistryError`` for a certificate that can't be read.

    It is made once as long as nothing of it changes: to read a system's authorities takes longer than most requests.
    """
    named = tuple(os.environ.get(name) for name in (*_BUNDLES, "SSL_CERT_FILE", "SSL_CERT_DIR"))
    files = [path for folder in certificates(host) for path in sorted(folder.iterdir())]
    return _context(named, tuple((path, _written(path)) for path in files))


@lru_cache(64)
def _context(named: tuple[str | None, ...], files: tuple[tuple[Path, int], ...]) -> ssl.SSLContext:
    found = ssl.create_default_context()
    # Several variables mostly name the same file.
    bundles = dict.fromkeys(bundle for bundle in named[: len(_BUNDLES)] if bundle)
    try:
        for bundle in bundles:
            folder = bundle if Path(bundle).is_dir() else None
            found.load_verify_locations(None if folder else bundle, folder)
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(f"the certificates in {escape(bundle)} can't be read: {_why(error)}") from None
    if not bundles and not found.cert_store_stats()["x509_ca"] and not _of_system():
        # The system has none: a small container, or a Python that brings its own OpenSSL.
        import certifi

        found.load_verify_locations(certifi.where())
    for path, _ in files:
        try:
            if path.suffix == ".crt":
                found.load_verify_locations(path)
            elif path.suffix == ".cert":
                found.load_cert_chain(path, path.with_suffix(".key"))
        except (OSError, ssl.SSLError) as error:
            raise RegistryError(f"the certificate {escape(str(path))} can't be read: {_why(error)}") from None
    return found


def _written(path: Path) -> int:
    """Return when a file was written; what can't be had is told by whoever reads it."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _of_system() -> bool:
    """Tell whether the system has authorities in files, which are read when they are needed."""
    paths = ssl.get_default_verify_paths()
    try:
        return paths.cafile is not None or (paths.capath is not None and bool(os.listdir(paths.capath)))  # noqa: PTH208
    except OSError:
        return False


def _why(error: OSError) -> str:
    return escape(error.strerror or type(error).__name__)


def proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address; ``None`` for none, or where ``NO_PROXY`` excepts it.

    The rules are those of the requests package (names, suffixes, addresses and networks). What listens on this machine
    is asked directly, unless the proxy is here too: another machine's could not reach it.
    """
    if not any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in os.environ):
        return None
    from requests.utils import get_environ_proxies, select_proxy

    found = select_proxy(url, get_environ_proxies(url)) or None
    if found is not None and is_loopback(urlsplit(url).netloc):
        return (
            found if is_loopback(urlsplit(found if "//" in found else f"//{found}").netloc.rpartition("@")[2]) else None
        )
    return found


def pool(url: str, tls: ssl.SSLContext | None, timeout: Timeout, size: int) -> PoolManager:
    """Return what makes connections to an address: directly, or by way of a proxy. Raises ``RegistryError``."""
    import urllib3
    from urllib3.exceptions import HTTPError
    from urllib3.util import make_headers

    options: dict[str, Any] = {"ssl_context": tls, "timeout": timeout, "maxsize": size, "retries": False}
    by = proxy(url)
    if by is None:
        return urllib3.PoolManager(**options)
    by = by if "://" in by else f"http://{by}"
    parts = urlsplit(by)
    headers = None
    if parts.username is not None:
        from urllib.parse import unquote

        headers = make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
        by = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        return urllib3.ProxyManager(by, proxy_headers=headers, **options)
    except (HTTPError, ValueError):
        raise RegistryError(
            f"the proxy {escape(parts.netloc.rpartition('@')[2])} can't be used: its address is no URL"
        ) from None
