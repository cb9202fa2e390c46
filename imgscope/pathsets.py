"""Ready sets of paths for ``forbidden-paths``: ``secrets`` and ``caches``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PathSet:
    """Globs that name files (never directories), those of them that are harmless, and whether empty files count."""

    summary: str
    globs: tuple[str, ...]
    harmless: tuple[str, ...] = ()
    empty: bool = False


SETS = {
    "secrets": PathSet(
        "keys, tokens and passwords that tools keep in files",
        (
            # Keys
            "id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ecdsa_sk",
            "id_ed25519",
            "id_ed25519_sk",
            "*.ppk",
            "*.p12",
            "*.pfx",
            "*.jks",
            "*.keystore",
            "*.kdbx",
            "*.key",
            "*-key.pem",
            "*_key.pem",
            "privkey*.pem",
            "private*.pem",
            "/etc/ssh/ssh_host_*_key",
            "/etc/ssl/private/**",
            # Logins of tools
            ".netrc",
            ".git-credentials",
            ".npmrc",
            ".yarnrc.yml",
            ".pypirc",
            "/**/.cargo/credentials*",
            "/**/.gem/credentials",
            "/**/.m2/settings.xml",
            "/**/.docker/config.json",
            "/**/.config/containers/auth.json",
            "/**/.kube/config",
            "/**/.aws/credentials",
            "/**/.azure/*.json",
            "/**/.config/gcloud/**",
            "/**/.config/gh/hosts.yml",
            "application_default_credentials.json",
            ".vault-token",
            ".pgpass",
            ".my.cnf",
            ".htpasswd",
            "*.tfstate",
            "*.tfvars",
            # Environments
            ".env",
            ".env.local",
            ".env.production",
            "/run/secrets/**",
        ),
        (
            # What distributions, languages and test suites ship for all to see.
            "/usr/share/**",
            "/usr/lib/**",
            "/usr/local/lib/**",
            "/lib/**",
            "/etc/apk/keys/**",
            "/opt/java/**/cacerts",
            "/**/site-packages/**/test*/**",
            "/**/node_modules/**/.env",
            "/**/node_modules/**/.npmrc",
            "/**/node_modules/**/test*/**",
            "/**/node_modules/**/fixture*/**",
        ),
    ),
    "caches": PathSet(
        "what package managers and build tools keep to be faster the next time",
        (
            "/var/cache/apt/**",
            "/var/lib/apt/lists/**",
            "/var/cache/apk/**",
            "/etc/apk/cache/**",
            "/var/cache/dnf/**",
            "/var/cache/yum/**",
            "/var/cache/libdnf5/**",
            "/var/cache/zypp/**",
            "/var/cache/pacman/pkg/**",
            "/**/.cache/pip/**",
            "/**/.cache/uv/**",
            "/**/.cache/pypoetry/**",
            "/**/.cache/pipenv/**",
            "/**/.cache/yarn/**",
            "/**/.cache/node/**",
            "/**/.cache/go-build/**",
            "/**/.cache/bazel/**",
            "/**/.cache/composer/**",
            "/**/.cache/huggingface/**",
            "/**/.npm/_cacache/**",
            "/**/.npm/_logs/**",
            "/**/.yarn/cache/**",
            "/usr/local/share/.cache/**",
            "/**/.local/share/pnpm/store/**",
            "/**/go/pkg/mod/cache/**",
            "/**/.cargo/registry/cache/**",
            "/usr/local/cargo/registry/cache/**",
            "/**/.m2/repository/**",
            "/**/.gradle/caches/**",
            "/**/.nuget/packages/**",
            "/**/.composer/cache/**",
            "/**/.bundle/cache/**",
            "/usr/local/bundle/cache/**",
            "/**/conda/pkgs/*.conda",
            "/**/conda/pkgs/*.tar.bz2",
            "/**/.ccache/**",
            "/**/.mypy_cache/**",
            "/**/.pytest_cache/**",
            "/**/.ruff_cache/**",
        ),
    ),
}
