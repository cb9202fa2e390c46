"""Programs that take passwords on their command lines, and how they do it."""

from __future__ import annotations

from .names import word_set


def _by_program(table: dict[str, str]) -> dict[str, frozenset[str]]:
    """Turn a table of options and the programs that take them into one of programs and their options."""
    found: dict[str, frozenset[str]] = {}
    for options, takers in table.items():
        for taker in takers.split():
            found[taker] = found.get(taker, frozenset()) | word_set(options)
    return found


_ZIP = word_set("7z 7za 7zr 7zz rar unrar")
# Options with their value in the same word: how they begin, the fewest characters of all, and whose they are.
GLUED = (
    (
        "-p",
        3,
        word_set(
            "mysql mysqladmin mysqldump mysqlimport mysqlcheck mysqlshow mysqlsh mysql_upgrade mariadb mariadb-admin "
            "mariadb-dump mariadb-check mariadb-import mycli sshpass"
        )
        | _ZIP,
    ),
    ("-p", 6, word_set("mongo mongosh mongodump mongorestore")),
    ("-P", 5, word_set("zip unzip bcp sqlcmd")),
    ("-hp", 7, _ZIP),
    ("-a", 5, word_set("redis-cli")),
    ("-", 5, word_set("funzip")),
    ("-g", 5, word_set("arj")),
    ("-w", 5, word_set("ldapsearch ldapadd ldapmodify ldapwhoami ldapdelete")),
)
# -p=PASSWORD and /p:PASSWORD.
EQUAL_P = word_set("choco")
COLON_P = word_set("xfreerdp xfreerdp3 wlfreerdp sdl-freerdp rdesktop winrs")
# -U name%password.
PERCENT = word_set("smbclient rpcclient net smbget wbinfo smbcacls smbcquotas smbtree")
# name/password, as Oracle's programs take it.
ORACLE = word_set("sqlplus impdp expdp imp exp sqlldr rman tnsping sqlcl")
# Programs whose own options begin with a slash.
SLASHES = word_set("net")
# Programs whose options take nothing: a word's place does not change by them.
FLAGS = word_set("isql")
# docker login -p PASSWORD.
LOG_IN = word_set(
    "docker podman buildah skopeo nerdctl crane helm oras regctl oc az azcopy ibmcloud cf faas-cli argocd harbor "
    "gcrane quay rancher vault gh glab npm yarn pnpm cosign singularity apptainer"
)
# Options whose next word is a password, by the program.
APART = _by_program(
    {
        "-p": "sshpass useradd usermod mongo mongosh mongodump mongorestore mongoimport mongoexport twine cqlsh "
        "rabbitmqadmin poetry conan vsce ovsx psexec cypher-shell couchbase-cli beeline oras ncftpput ncftpget smbmap "
        "crackmapexec nxc netexec evil-winrm hydra hdbsql unar steghide veracrypt certutil rdesktop "
        "npm-cli-login fcrackzip signcode kwalletcli "
        "airflow altool rhc pihole unlock-keychain create-keychain add-user-keycloak.sh "
        "add-user.sh elasticsearch-users doveadm mcrcon rhn_register keycloak-add-user.sh register_new_matrix_user",
        "-P": "zip unzip sqlcmd bcp tsql isql mosquitto_pub mosquitto_sub mqttx ipmitool p4 kdb5_util "
        "security yubico-piv-tool osql gpg-preset-passphrase microsocks socks5",
        "-a": "redis-cli",
        "-k": "mcrypt ss-server ss-local ss-redir ss-tunnel ss-manager ssserver sslocal",
        "-K": "ccrypt pk12util swift",
        "-v": "transmission-daemon",
        "-w": "ldapsearch ldapadd ldapmodify ldapwhoami ldapdelete kadmin ipa-client-install dsconf vsql "
        "add-generic-password add-internet-password odoo odoo-bin",
        "-ap": "swaks",
        "-encrypt": "consul nomad serf",
        "-pw": "manage-bde nzsql plink pscp psftp putty addprinc kadmin kadmin.local",
        "-s": "slappasswd eyaml",
        "-xp": "sendemail",
        "--plaintext": "caddy",
        "-serial": "unity-editor unity",
        "/rp": "schtasks",
        "-w -s -a": "ldappasswd",
        "-k -K -pass -passin -passout -psk -hmac": "openssl",
        "-N -P": "ssh-keygen",
        "-W": "pk12util",
        "-upw -opw": "pdftotext pdftoppm pdfimages pdfinfo pdftocairo pdftohtml pdfseparate",
        "--pin --so-pin --new-pin": "pkcs11-tool softhsm2-util p11tool yubico-piv-tool pkcs15-init pkcs15-tool",
        "-a --auth": "hatch",
        "-p -k": "dotnet",
        "-p -t": "influx",
        "-t": "codecov doctl",
        "-r --regcode": "gitlab-runner suseconnect",
        "-license": "newrelic-install",
        "-A -X": "snmpget snmpwalk snmpset snmptrap",
        "/p": "signtool",
        "-storepass -keypass -srcstorepass -deststorepass -new": "keytool jarsigner",
    }
)
# Options that take much else as well: their next word has to look like one that a machine made.
RANDOM = _by_program(
    {
        "-t": "rancher uv anaconda flyctl fly vercel vc frpc",
        "-k": "gem choco newrelic newrelic-install",
        "--auth": "netlify crictl http https hysteria",
        "-v": "kaggle",
    }
)
# Words that a password stands behind, at some distance (0: it is the last word), options not counted; of those with
# a mark it has to look like one that a machine made. No words: it is the program's own name, with no option before.
AFTER: dict[str, tuple[tuple[frozenset[str], tuple[int, ...], bool], ...]] = {
    "net": ((word_set("user"), (2,), False), (word_set("use"), (1,), False)),
    "steamcmd": ((word_set("+login"), (2,), False),),
    "redis-cli": ((word_set("auth"), (0,), False),),
    "qpdf": ((word_set("--encrypt"), (1, 2), False),),
    "pdftk": ((word_set("input_pw"), (1,), False), (word_set("user_pw"), (1,), False)),
    "db2": ((word_set("using"), (1,), False),),
    "isql": ((frozenset(), (3,), False),),
    "nuget": ((word_set("setapikey"), (1,), False), (word_set("push"), (2,), True)),
    "neo4j-admin": ((word_set("set-initial-password"), (1,), False),),
    "vault": ((word_set("unseal"), (1,), False),),
    "bw": ((word_set("login"), (2,), False), (word_set("unlock"), (1,), False)),
    "consul": ((word_set("set-agent-token"), (2,), False),),
    "cf": ((word_set("create-user"), (2,), False),),
    "salt": ((word_set("shadow.set_password"), (2,), False),),
    "keyctl": ((word_set("add"), (3,), False),),
    "sp_addlogin": ((frozenset(), (2,), False),),
    "sp_password": ((frozenset(), (2,), False),),
    "doppler": ((word_set("set"), (2,), False),),
    "ansible-vault": ((word_set("encrypt_string"), (1,), False),),
    "credstash": ((word_set("put"), (2,), False),),
    "mc": ((word_set("set add"), (4,), False), (word_set("user"), (4,), False)),
    "chamber": ((word_set("write"), (3,), False),),
    "b2": ((word_set("authorize-account authorize"), (2,), False),),
    "samba-tool": ((word_set("create add setpassword"), (2,), False),),
    "drush": ((word_set("user:password upwd"), (2,), False),),
    "dscl": ((word_set("-passwd"), (0,), False),),
    "cloudflared": ((word_set("install"), (1,), True),),
    "smbclient": ((frozenset(), (2,), False),),
    "add-user.sh": ((frozenset(), (2,), False),),
    "+sv_setsteamaccount": ((frozenset(), (1,), False),),
    "auth-pass": ((frozenset(), (2,), False),),
    # What snmpd is told.
    "createuser": (
        (word_set("sha md5 sha-224 sha-256 sha-384 sha-512"), (1,), False),
        (word_set("aes des"), (1,), False),
    ),
    "prosodyctl": ((word_set("register"), (3,), False),),
    "ejabberdctl": ((word_set("register"), (3,), False), (word_set("change_password"), (3,), False)),
}
# Programs whose last word is a password or token: what else has to stand there, and an option that has to.
LAST = {
    "htpasswd": (frozenset[str](), "b"),
    "cargo": (word_set("login"), ""),
    "vault": (word_set("login"), ""),
    "ngrok": (word_set("authtoken add-authtoken"), ""),
    "snyk": (word_set("auth"), ""),
    "wandb": (word_set("login"), ""),
    "pulumi": (word_set("--secret"), ""),
    "mosquitto_passwd": (frozenset[str](), "b"),
    "grafana-cli": (word_set("reset-admin-password"), ""),
    "cf": (word_set("auth"), ""),
    "heroku": (word_set("auth:token"), ""),
    "flyctl": (word_set("token"), ""),
    "ua": (word_set("attach"), ""),
    "pro": (word_set("attach"), ""),
    "mkpasswd": (frozenset[str](), ""),
    "composer": (word_set("config"), ""),
    "poetry": (word_set("config"), ""),
    "bundle": (word_set("config"), ""),
    "rclone": (word_set("obscure"), ""),
    "wpa_passphrase": (frozenset[str](), ""),
    "rabbitmqctl": (word_set("add_user change_password authenticate_user"), ""),
}
# Settings of these that hold logins: composer config github-oauth.github.com TOKEN.
LOGIN_SETTINGS = word_set("http-basic github-oauth gitlab-token bearer pypi-token bitbucket-oauth")
# Programs that read passwords from what is piped into them, and those that say what is piped.
# Programs that put their second word wherever the first stands.
REPLACE = word_set("replace rpl sd")
READ = word_set(
    "chpasswd passwd smbpasswd htpasswd kinit cryptsetup vncpasswd tigervncpasswd kpasswd vault "
    "ecryptfs-add-passphrase keyctl rabbitmqctl newusers elasticsearch-keystore realm openconnect saslpasswd2 "
    "secret-tool systemd-creds mount.davfs kubeseal keepassxc-cli fscrypt ecryptfs-mount-private pure-pw "
    "gpg-preset-passphrase"
)
# Others read data or a script there, unless one of their words begins like this.
READ_WITH = {
    "sudo": ("-S", "-kS", "-nS", "-HS", "-ES", "-iS", "--stdin"),
    "openssl": ("stdin", "-stdin", "passwd"),
    "gpg": ("--passphrase-fd",),
    "gpg2": ("--passphrase-fd",),
    "cargo": ("login",),
    "wrangler": ("secret",),
    "docker": ("secret", "unlock"),
    "podman": ("secret",),
    "circleci": ("store-secret",),
    "gopass": ("insert",),
    "rbw": ("unlock",),
    "zfs": ("load-key",),
    "jupyter": ("password",),
    "npm": ("adduser", "login"),
    "borg": ("init",),
    "ipa": ("--password",),
    "gcloud": ("--data-file",),
    "gh": ("secret",),
    "pass": ("insert",),
    "keyring": ("set",),
    "vercel": ("env",),
    "mount": ("davfs",),
    "sshfs": ("password_stdin",),
    "mkpasswd": ("-s", "--stdin"),
}
# Programs that ask for much else as well: of what they are fed only what can be nothing but a secret counts.
ASK = (
    *map(word_set, ("aws configure", "terraform login", "devops login", "p4 login", "age -p")),
    *(
        frozenset((name,))
        for name in word_set(
            "mysql_secure_installation adduser createuser pdbedit kasmvncpasswd "
            "htdigest mkpasswd adcli elasticsearch-reset-password login"
        )
    ),
)
SAY = word_set("echo printf cat print yes write-output write-host")
# What writes a file in PowerShell.
WRITES = word_set("out-file set-content add-content tee-object")
# Owners and groups are written as logins are: -u app:staff.
OWNERS = word_set(
    "root www-data nobody nogroup users staff wheel daemon adm bin sys node app apps appuser appgroup nginx "
    "apache httpd docker postgres mysql redis mongodb www jenkins ubuntu debian admin vscode nonroot"
)
# Programs whose -u and -U are no logins.
NO_LOGIN = word_set("cp ls mv ln unzip tar sort date")
TAKE_OWNERS = word_set(
    "docker podman nerdctl chown su-exec gosu setpriv chroot install sudo useradd usermod adduser chpst "
    "s6-setuidgid kubectl docker-compose bwrap runuser unshare buildah"
)
# Commands that are followed by a name and its value.
SET = word_set(
    "set setx config configure add setenv put env --env -e modify --set set-env set-item set-variable new-variable "
    "dconf gsettings option config:set env:set --arg set_network"
)
SET_SURELY = word_set(
    "set setx config configure setenv modify --set set-env set-item set-variable new-variable dconf gsettings etcdctl "
    "consul option config:set env:set --arg set_network nmcli"
)
# Options that take a name and a password.
LOGIN_OPTIONS = word_set(
    "-u --user --proxy-user -U --auth -a -auth --credentials "
    "--auth-basic --basic-auth --userpass --http-auth --creds --src-creds --dest-creds --user-password"
)
# Files of lines that are a name and a password.
LOGIN_FILES = frozenset(("rsyncd.secrets", ".htpasswd", "htpasswd", ".passwd-s3fs", "sasl_passwd"))
# Files of lines whose third word is a password.
FIELD_FILES = ("chap-secrets", "pap-secrets", "davfs2/secrets")
_POWERSHELL = (word_set("-name -path -literalpath -filepath"), word_set("-value"), frozenset[str]())
# Programs that are given a name by one option and its value by another: these, those, and the words with which any
# value is a secret. No names: any word may be it.
NAMED_VALUES = {
    "reg": (word_set("/v"), word_set("/d"), frozenset[str]()),
    "aws": (word_set("--name"), word_set("--value"), word_set("securestring")),
    "az": (word_set("--name -n"), word_set("--value"), word_set("keyvault")),
    "gh": (frozenset[str](), word_set("--body -b"), word_set("secret")),
    "occ": (frozenset[str](), word_set("--value"), frozenset[str]()),
    "dasel": (frozenset[str](), word_set("-v --value"), frozenset[str]()),
    "glab": (frozenset[str](), word_set("--value"), word_set("--masked")),
    "xmlstarlet": (word_set("-u --update -n --name"), word_set("-v --value"), frozenset[str]()),
    **dict.fromkeys(
        word_set(
            "set-variable new-variable set-item new-item set-itemproperty new-itemproperty set-content add-content"
        ),
        _POWERSHELL,
    ),
}
# Programs that keep secrets and nothing else: the words with which every NAME=VALUE is one.
KEEPERS = {
    "vault": (word_set("kv put"), word_set("kv patch")),
    "flyctl": (word_set("secrets set"),),
    "doppler": (word_set("secrets set"),),
    "nomad": (word_set("var put"),),
    "infisical": (word_set("secrets set"),),
    "supabase": (word_set("secrets set"),),
}
