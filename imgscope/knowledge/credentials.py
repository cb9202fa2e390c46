"""Where keys, tokens and passwords lie, and what such files are called.

``suggest`` looks into a file at such a place before it says anything (``secrets.kinds`` has the proofs, by the same
keys); the set ``secrets`` of ``forbidden-paths`` goes by the place alone, so it is narrower.
"""

from __future__ import annotations

from .tool_places import ToolPlaces

CREDENTIALS = {
    "private key": ToolPlaces(
        both=("/**/*.ppk", "/etc/ssl/private/**"),
        suggested=("/**/*.pem", "/**/*.asc", "/**/*.priv", "/**/identity", "/etc/ssh/**", "/**/.ssh/**"),
        # suggest knows these by KEY_NAMES.
        forbidden=(
            "/**/id_rsa",
            "/**/id_dsa",
            "/**/id_ecdsa",
            "/**/id_ecdsa_sk",
            "/**/id_ed25519",
            "/**/id_ed25519_sk",
            "/**/*-key.pem",
            "/**/*_key.pem",
            "/**/privkey*.pem",
            "/**/private*.pem",
            "/etc/ssh/ssh_host_*_key",
        ),
    ),
    "key or word": ToolPlaces(both=("/**/*.key",)),
    "GnuPG": ToolPlaces(suggested=("/**/private-keys-v1.d/**", "/**/.gnupg/secring.gpg", "/**/secring.gpg")),
    "key store": ToolPlaces(
        both=("/**/*.p12", "/**/*.pfx", "/**/*.jks", "/**/*.keystore", "/**/*.kdbx"),
        suggested=("/**/*.jceks", "/**/*.bcfks"),
    ),
    "npm": ToolPlaces(both=("/**/.npmrc",)),
    "Yarn": ToolPlaces(both=("/**/.yarnrc.yml",), suggested=("/**/.yarnrc",)),
    "AWS": ToolPlaces(both=("/**/.aws/credentials",), suggested=("/**/.aws/config", "/**/.boto")),
    "Docker": ToolPlaces(
        both=("/**/.docker/config.json",),
        suggested=("/**/.dockercfg", "/**/.dockerconfigjson", "/**/containers/auth.json"),
        forbidden=("/**/.config/containers/auth.json",),
    ),
    "git": ToolPlaces(
        both=("/**/.git-credentials",),
        suggested=("/**/.git/config", "/**/.gitconfig", "/**/git/credentials", "/etc/gitconfig"),
    ),
    "netrc": ToolPlaces(both=("/**/.netrc",), suggested=("/**/_netrc", "/**/.authinfo")),
    "PyPI": ToolPlaces(
        both=("/**/.pypirc",),
        suggested=("/**/pip.conf", "/**/.pip/pip.conf", "/**/pip.ini", "/**/uv.toml", "/**/pypoetry/auth.toml"),
    ),
    "Google Cloud": ToolPlaces(
        both=("/**/application_default_credentials.json", "/**/.config/gcloud/**"),
        suggested=(
            "/**/service-account.json",
            "/**/service_account.json",
            "/**/serviceaccount.json",
            "/**/credentials.json",
            "/**/*-credentials.json",
        ),
    ),
    "Azure": ToolPlaces(suggested=("/**/.azure/**",), forbidden=("/**/.azure/*.json",)),
    "Kubernetes": ToolPlaces(
        both=("/**/.kube/config",),
        suggested=("/**/kubeconfig", "/**/kubeconfig.yaml", "/**/kubeconfig.yml"),
    ),
    "GitHub": ToolPlaces(both=("/**/.config/gh/hosts.yml",), suggested=("/**/.config/hub",)),
    "Cargo": ToolPlaces(
        suggested=("/**/.cargo/credentials", "/**/.cargo/credentials.toml"),
        forbidden=("/**/.cargo/credentials*",),
    ),
    "RubyGems": ToolPlaces(
        both=("/**/.gem/credentials",),
        suggested=("/**/.local/share/gem/credentials", "/**/.bundle/config"),
    ),
    "NuGet": ToolPlaces(suggested=("/**/NuGet.Config", "/**/nuget.config", "/**/NuGet.config")),
    "Maven": ToolPlaces(
        both=("/**/.m2/settings.xml",),
        suggested=("/**/.m2/settings-security.xml", "/**/maven/conf/settings.xml"),
    ),
    "Gradle": ToolPlaces(suggested=("/**/gradle.properties",)),
    "auth.json": ToolPlaces(suggested=("/**/auth.json",)),
    "database": ToolPlaces(
        both=("/**/.pgpass", "/**/.my.cnf"),
        suggested=("/**/.mylogin.cnf", "/**/pgpass.conf"),
    ),
    "password file": ToolPlaces(both=("/**/.htpasswd",), suggested=("/**/htpasswd",)),
    "password hash": ToolPlaces(suggested=("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/master.passwd")),
    "token file": ToolPlaces(
        both=("/**/.vault-token",),
        suggested=("/**/.huggingface/token", "/**/huggingface/token"),
    ),
    "S3": ToolPlaces(suggested=("/**/.s3cfg", "/**/s3cfg", "/**/.passwd-s3fs")),
    "rclone": ToolPlaces(suggested=("/**/rclone.conf", "/**/.rclone.conf")),
    "Terraform": ToolPlaces(
        both=("/**/*.tfstate", "/**/*.tfvars"),
        suggested=("/**/.terraformrc", "/**/credentials.tfrc.json"),
    ),
    "environment": ToolPlaces(
        both=("/**/.env",),
        suggested=("/**/*.env", "/**/.envrc"),
        # suggest knows these by ENVIRONMENT_NAMES.
        forbidden=("/**/.env.local", "/**/.env.production"),
    ),
    "WordPress": ToolPlaces(suggested=("/**/wp-config.php",)),
    "application": ToolPlaces(suggested=("/**/appsettings.json", "/**/local.settings.json", "/**/web.config")),
    "package sources": ToolPlaces(
        suggested=(
            "/etc/apt/auth.conf",
            "/etc/apt/auth.conf.d/**",
            "/etc/apt/sources.list",
            "/etc/apt/sources.list.d/**",
            "/etc/apt/apt.conf.d/**",
            "/etc/apk/repositories",
            "/etc/yum.repos.d/**",
            "/etc/zypp/credentials.d/**",
            "/**/.condarc",
        )
    ),
    "mail": ToolPlaces(
        suggested=(
            "/**/.msmtprc",
            "/etc/msmtprc",
            "/**/.fetchmailrc",
            "/etc/fetchmailrc",
            "/**/.mailrc",
            "/**/.muttrc",
            "/etc/postfix/sasl_passwd",
            "/etc/postfix/sasl/sasl_passwd",
            "/etc/exim4/passwd.client",
        )
    ),
    "network": ToolPlaces(
        suggested=(
            "/etc/ppp/chap-secrets",
            "/etc/ppp/pap-secrets",
            "/etc/ipsec.secrets",
            "/etc/davfs2/secrets",
            "/**/.davfs2/secrets",
            "/**/rsyncd.secrets",
            "/**/pgbouncer/userlist.txt",
            "/**/mosquitto/passwd",
        )
    ),
    "network settings": ToolPlaces(
        suggested=("/**/*.nmconnection", "/**/.smbcredentials", "/**/redis.conf", "/**/sentinel.conf", "/**/cqlshrc")
    ),
    "OpenVPN": ToolPlaces(suggested=("/**/*.ovpn",)),
    "one word": ToolPlaces(
        suggested=(
            "/**/.erlang.cookie",
            "/**/.vault_pass",
            "/**/.vault_pass.txt",
            "/**/.vault_password",
            "/**/.vault-password",
        )
    ),
    "tool settings": ToolPlaces(
        suggested=(
            "/**/.databrickscfg",
            "/**/.sentryclirc",
            "/**/.snowsql/config",
            "/**/.influxdbv2/configs",
            "/**/.oci/config",
            "/**/.sbt/.credentials",
            "/**/.ivy2/.credentials",
            "/**/.config/argocd/config",
            "/**/.Renviron",
            "/**/.hgrc",
            "/**/tomcat-users.xml",
        )
    ),
    "run time": ToolPlaces(both=("/run/secrets/**",), suggested=("/var/run/secrets/**",)),
}

# What no glob says: patterns of whole names.
KEY_NAMES = (
    rb"(?i)(?:[\w.+-]{0,80}[._-])?(?:id[_-](?:rsa|dsa|ecdsa|ed25519|xmss)(?:[_-]sk)?|deploy[._-]?key|ssh_host_\w{1,20}_key"
    rb"|master\.key)(?:[\d~._-].{0,80})?"
)
"""Names that are a private key's whatever follows them, in any folder."""
NO_KEY = (
    rb"(?i).*(?:\.pub|[._-]pub(?:lic)?(?:[._-].*)?|\.(?:py|rb|js|ts|go|java|c|h|cc|rs|php|md|rst|html?|ya?ml|json|so|o"
    rb"|d|1|8|gz|xz|zip|css|svg|png|po|mo|sh|pyc|class|cs|tf|conf|service))"
)
"""A key's public half, and programs that are called after what they work on."""
TRUST_STORE = rb"(?i).*(?:cacert|trust|ca[._-]?(?:bundle|certs?|certificates?|roots?)|^ca\.|[._-]ca\.|debug\.keystore)"
"""Beginnings of the names of key stores that hold others' certificates."""
ENVIRONMENT_NAMES = rb"(?i)\.env[._-][\w.-]{1,60}|env\.(?:prod\w*|local|dev\w*|staging)"
APPLICATION_NAMES = rb"(?i)appsettings\.[\w.-]{1,60}\.json|application-[\w.-]{1,60}\.(?:ya?ml|properties)"
