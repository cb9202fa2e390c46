"""Where package managers and build tools keep what makes them faster the next time, and what builds leave in passing.

By the name of the rule of ``suggest`` that finds it. The set ``caches`` of ``forbidden-paths`` is narrower: it fails
builds, so it holds only what no image means to have.
"""

from __future__ import annotations

from .tool_places import ToolPlaces

CACHES = {
    "apt-lists": ToolPlaces(
        both=("/var/lib/apt/lists/**",),
    ),
    "apt-archives": ToolPlaces(
        both=("/var/cache/apt/**",),
    ),
    "apk-cache": ToolPlaces(
        both=(
            "/var/cache/apk/**",
            "/etc/apk/cache/**",
        ),
    ),
    "dnf-cache": ToolPlaces(
        both=(
            "/var/cache/dnf/**",
            "/var/cache/yum/**",
            "/var/cache/libdnf5/**",
        ),
        suggested=("/var/lib/dnf/repos/**",),
    ),
    "zypper-cache": ToolPlaces(
        both=("/var/cache/zypp/**",),
    ),
    "pip-cache": ToolPlaces(
        both=("/**/.cache/pip/**",),
    ),
    "uv-cache": ToolPlaces(
        both=("/**/.cache/uv/**",),
    ),
    "poetry-cache": ToolPlaces(
        both=("/**/.cache/pipenv/**",),
        suggested=(
            "/**/.cache/pypoetry/cache/**",
            "/**/.cache/pypoetry/artifacts/**",
        ),
        forbidden=("/**/.cache/pypoetry/**",),
    ),
    "conda-cache": ToolPlaces(
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
    "npm-cache": ToolPlaces(
        both=(
            "/**/.npm/_cacache/**",
            "/**/.npm/_logs/**",
        ),
        suggested=("/**/.npm/_npx/**",),
    ),
    "yarn-cache": ToolPlaces(
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
    "pnpm-store": ToolPlaces(
        both=("/**/.local/share/pnpm/store/**",),
        suggested=(
            "/**/.pnpm-store/**",
            "/**/.cache/pnpm/**",
        ),
    ),
    "go-cache": ToolPlaces(
        both=("/**/.cache/go-build/**",),
        suggested=(
            "/**/go/pkg/mod/**",
            "/**/go/pkg/sumdb/**",
        ),
        forbidden=("/**/go/pkg/mod/cache/**",),
    ),
    "cargo-cache": ToolPlaces(
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
    "maven-cache": ToolPlaces(
        both=("/**/.m2/repository/**",),
    ),
    "gradle-cache": ToolPlaces(
        both=("/**/.gradle/caches/**",),
        suggested=(
            "/**/.gradle/wrapper/dists/**",
            "/**/.gradle/daemon/**",
        ),
    ),
    "composer-cache": ToolPlaces(
        both=(
            "/**/.composer/cache/**",
            "/**/.cache/composer/**",
        ),
    ),
    "gem-cache": ToolPlaces(
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
    "nuget-cache": ToolPlaces(
        both=("/**/.nuget/packages/**",),
        suggested=("/**/.local/share/NuGet/**",),
    ),
    "pacman-cache": ToolPlaces(
        both=("/var/cache/pacman/pkg/**",),
        suggested=("/var/lib/pacman/sync/**",),
    ),
    "tool-caches": ToolPlaces(
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
    "logs-and-temporary": ToolPlaces(
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
    "huggingface-cache": ToolPlaces(forbidden=("/**/.cache/huggingface/**",)),
}
