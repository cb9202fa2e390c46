"""Where package managers and build tools keep what makes them faster the next time, and what builds leave in passing.

By the name of the rule of ``suggest`` that finds it. The set ``caches`` of ``forbidden-paths`` is narrower: it fails
builds, so it holds only what no image means to have.
"""

from __future__ import annotations

from typing import NamedTuple


class Cache(NamedTuple):
    """A tool's places, in globs: those that both commands know, those of ``suggest`` alone (wanted now and then, or
    found by more than the place), and those that ``forbidden-paths`` words more narrowly or broadly.
    """

    both: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """What ``suggest`` looks for."""
        return self.both + self.suggested


CACHES = {
    "apt-lists": Cache(
        both=("/var/lib/apt/lists/**",),
    ),
    "apt-archives": Cache(
        both=("/var/cache/apt/**",),
    ),
    "apk-cache": Cache(
        both=(
            "/var/cache/apk/**",
            "/etc/apk/cache/**",
        ),
    ),
    "dnf-cache": Cache(
        both=(
            "/var/cache/dnf/**",
            "/var/cache/yum/**",
            "/var/cache/libdnf5/**",
        ),
        suggested=("/var/lib/dnf/repos/**",),
    ),
    "zypper-cache": Cache(
        both=("/var/cache/zypp/**",),
    ),
    "pip-cache": Cache(
        both=("/**/.cache/pip/**",),
    ),
    "uv-cache": Cache(
        both=("/**/.cache/uv/**",),
    ),
    "poetry-cache": Cache(
        both=("/**/.cache/pipenv/**",),
        suggested=(
            "/**/.cache/pypoetry/cache/**",
            "/**/.cache/pypoetry/artifacts/**",
        ),
        forbidden=("/**/.cache/pypoetry/**",),
    ),
    "conda-cache": Cache(
        suggested=(
            "/**/conda/pkgs/**",
            "/**/miniconda3/pkgs/**",
            "/**/miniforge3/pkgs/**",
            "/**/anaconda3/pkgs/**",
        ),
        forbidden=(
            "/**/conda/pkgs/*.conda",
            "/**/conda/pkgs/*.tar.bz2",
        ),
    ),
    "npm-cache": Cache(
        both=(
            "/**/.npm/_cacache/**",
            "/**/.npm/_logs/**",
        ),
        suggested=("/**/.npm/_npx/**",),
    ),
    "yarn-cache": Cache(
        both=("/**/.cache/yarn/**",),
        suggested=(
            "/**/.yarn/berry/cache/**",
            "/usr/local/share/.cache/yarn/**",
            "/**/.yarn-cache/**",
        ),
        forbidden=(
            "/**/.yarn/cache/**",
            "/usr/local/share/.cache/**",
        ),
    ),
    "pnpm-store": Cache(
        both=("/**/.local/share/pnpm/store/**",),
        suggested=(
            "/**/.pnpm-store/**",
            "/**/.cache/pnpm/**",
        ),
    ),
    "go-cache": Cache(
        both=("/**/.cache/go-build/**",),
        suggested=(
            "/**/go/pkg/mod/**",
            "/**/go/pkg/sumdb/**",
        ),
        forbidden=("/**/go/pkg/mod/cache/**",),
    ),
    "cargo-cache": Cache(
        suggested=(
            "/**/.cargo/registry/**",
            "/**/.cargo/git/**",
            "/usr/local/cargo/registry/**",
            "/usr/local/cargo/git/**",
        ),
        forbidden=(
            "/**/.cargo/registry/cache/**",
            "/usr/local/cargo/registry/cache/**",
        ),
    ),
    "maven-cache": Cache(
        both=("/**/.m2/repository/**",),
    ),
    "gradle-cache": Cache(
        both=("/**/.gradle/caches/**",),
        suggested=(
            "/**/.gradle/wrapper/dists/**",
            "/**/.gradle/daemon/**",
        ),
    ),
    "composer-cache": Cache(
        both=(
            "/**/.composer/cache/**",
            "/**/.cache/composer/**",
        ),
    ),
    "gem-cache": Cache(
        both=(
            "/usr/local/bundle/cache/**",
            "/**/.bundle/cache/**",
        ),
        suggested=(
            "/usr/lib/ruby/gems/*/cache/**",
            "/usr/local/lib/ruby/gems/*/cache/**",
            "/var/lib/gems/*/cache/**",
            "/**/.gem/**/cache/**",
        ),
    ),
    "nuget-cache": Cache(
        both=("/**/.nuget/packages/**",),
        suggested=("/**/.local/share/NuGet/**",),
    ),
    "pacman-cache": Cache(
        both=("/var/cache/pacman/pkg/**",),
        suggested=("/var/lib/pacman/sync/**",),
    ),
    "tool-caches": Cache(
        both=(
            "/**/.ccache/**",
            "/**/.cache/bazel/**",
            "/**/.cache/node/**",
            "/**/.mypy_cache/**",
            "/**/.pytest_cache/**",
            "/**/.ruff_cache/**",
        ),
        suggested=(
            "/**/.cache/ccache/**",
            "/**/.cache/node-gyp/**",
            "/**/.node-gyp/**",
            "/**/.cache/pre-commit/**",
            "/**/.cache/Cypress/**",
            "/**/.cache/electron/**",
            "/**/.tox/**",
            "/**/.nox/**",
            "/**/.sass-cache/**",
            "/**/.parcel-cache/**",
            "/**/node_modules/.cache/**",
            "/**/.next/cache/**",
        ),
    ),
    "logs-and-temporary": Cache(
        suggested=(
            "/tmp/**",  # noqa: S108
            "/var/tmp/**",  # noqa: S108
            "/var/log/**",
            "/var/cache/debconf/**",
            "/var/cache/ldconfig/**",
            "/var/cache/man/**",
            "/var/cache/fontconfig/**",
        ),
    ),
    "huggingface-cache": Cache(forbidden=("/**/.cache/huggingface/**",)),
}

FORBIDDEN = tuple(glob for cache in CACHES.values() for glob in cache.both + cache.forbidden)
"""The set ``caches``."""
