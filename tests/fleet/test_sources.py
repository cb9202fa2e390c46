"""What a source's name means."""

from __future__ import annotations

import pytest

from imgscope.errors import UsageError
from imgscope.fleet.sources.registries import parsed


@pytest.mark.parametrize(
    ("text", "host", "repository", "glob"),
    [
        ("registry.example.com", "registry.example.com", None, None),
        ("registry.example.com:5000", "registry.example.com:5000", None, None),
        ("localhost:5000", "localhost:5000", None, None),
        ("[::1]:5000", "[::1]:5000", None, None),
        ("harbor/", "harbor", None, None),
        ("harbor:5000/", "harbor:5000", None, None),
        ("python", "docker.io", "library/python", "*"),
        ("python:3.*", "docker.io", "library/python", "3.*"),
        ("localhost:5000/app", "localhost:5000", "app", "*"),
        ("ghcr.io/org/app:1.?", "ghcr.io", "org/app", "1.?"),
        ("ghcr.io/org/app:1.0", "ghcr.io", "org/app", None),
        ("ghcr.io/org/app@sha256:" + "0" * 64, "ghcr.io", "org/app", None),
    ],
)
def test_a_registry_a_repository_or_some_of_its_tags(text, host, repository, glob):
    found = parsed(text)
    assert found.glob == glob
    assert found.host == host or (found.name is not None and found.name.host == host)
    assert (found.name.repository if found.name is not None else None) == repository


@pytest.mark.parametrize("text", ["", "ghcr.io/org/app name", "ghcr.io/../x", "-"])
def test_what_is_none(text):
    with pytest.raises(UsageError):
        parsed(text)
