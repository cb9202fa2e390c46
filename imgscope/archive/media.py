"""Media types: which are an image's, and which can't be a file system (media-types.md of the OCI image spec)."""

from __future__ import annotations

import re

CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    # What Docker's registry wrote for some years.
    "application/octet-stream",
)
_LAYER = re.compile(
    r"application/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs|docker\.container\.image\.rootfs)\..*\btar\b.*"
    r"|application/octet-stream|application/(?:x-)?tar(?:\+?gzip)?|application/x-gtar"
    r"|application/vnd\.docker\.container\.image\.rootfs\.diff\+x-gtar"
)
_DOCUMENT = re.compile(
    r"text/.*|.*[/+.](?:json|jsonl|xml|ya?ml|cose|protobuf)"
    r"|.*(?:cosign|sigstore|simplesigning|in-toto|dsse|notary|spdx|cyclonedx|sbom|attestation|signature).*"
)
# cosign keeps what it says of an image beside it, under the image's digest.
_ABOUT = re.compile(r"(?:.*:)?(sha(?:256|512))-([0-9a-f]{64,128})\.(?:sig|att|sbom)", re.DOTALL)


def is_layer(media_type: str | None) -> bool:
    """Tell whether a media type is that of a container image's layer; a missing one may be."""
    return media_type is None or _LAYER.fullmatch(media_type.split(";")[0].removesuffix("+encrypted")) is not None


def claimed_compression(media_type: object) -> str | None:
    """Return the compression that a layer's media type claims, in the words of ``compression.detect``."""
    ending = re.split(r"[.+]", str(media_type).split(";")[0].removesuffix("+encrypted"))[-1]
    return ending if ending in ("gzip", "zstd") else None


def is_config(media_type: object) -> bool:
    """Tell whether a media type is that of an image's config, its parameters apart."""
    return isinstance(media_type, str) and media_type.split(";")[0].strip() in CONFIG_TYPES


def is_document(media_type: str | None) -> bool:
    """Tell whether a media type is that of a signature, an attestation, a list of packages or the like."""
    if media_type is None or is_layer(media_type) or is_config(media_type):
        return False
    return _DOCUMENT.fullmatch(media_type.lower()) is not None


def subject(name: str) -> str | None:
    """Return the digest of the image that a name like ``sha256-….sig`` speaks of; ``None`` for any other name."""
    found = _ABOUT.fullmatch(name)
    return f"{found[1]}:{found[2]}" if found else None
