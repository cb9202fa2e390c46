"""Ready sets of paths for ``forbidden-paths``: ``secrets`` and ``caches``."""

from __future__ import annotations

from dataclasses import dataclass

from .caches import FORBIDDEN


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
        FORBIDDEN,
    ),
}
