"""Programs that take passwords on their command lines, and how they do it."""

from __future__ import annotations

from .names import word_set

# mysql -pPASSWORD, in one word.
GLUED_P = word_set(
    "mysql mysqladmin mysqldump mysqlimport mysqlcheck mysqlshow mysqlsh mysql_upgrade mariadb mariadb-admin "
    "mariadb-dump mariadb-check mariadb-import mycli sshpass 7z 7za 7zr 7zz rar unrar"
)
# docker login -p PASSWORD.
LOG_IN = word_set(
    "docker podman buildah skopeo nerdctl crane helm oras regctl oc az azcopy ibmcloud cf faas-cli argocd harbor "
    "gcrane quay rancher vault gh glab npm yarn pnpm"
)
# Options whose next word is a password, by the program.
APART = {
    program: word_set(options)
    for options, programs in {
        "-p": "sshpass useradd usermod mongo mongosh mongodump mongorestore mongoimport mongoexport twine cqlsh "
        "rabbitmqadmin poetry conan",
        "-P": "zip unzip sqlcmd bcp tsql isql mosquitto_pub mosquitto_sub ipmitool p4",
        "-a": "redis-cli",
        "-w": "ldapsearch ldapadd ldapmodify ldapwhoami ldapdelete",
        "-w -s -a": "ldappasswd",
        "-k -K -pass -passin -passout -psk": "openssl",
        "-N -P": "ssh-keygen",
        "-p -k": "dotnet",
        "-p -t": "influx",
        "-t": "codecov doctl",
        "-r": "gitlab-runner SUSEConnect suseconnect",
        "-license": "newrelic-install",
        "-A -X": "snmpget snmpwalk snmpset snmptrap",
        "/p": "signtool",
        "-storepass -keypass -srcstorepass -deststorepass": "keytool jarsigner",
    }.items()
    for program in programs.split()
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
    "mc": (word_set("alias"), ""),
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
READ = word_set(
    "chpasswd passwd smbpasswd htpasswd kinit cryptsetup vncpasswd tigervncpasswd kpasswd vault "
    "ecryptfs-add-passphrase keyctl rabbitmqctl newusers elasticsearch-keystore"
)
# Others read data or a script there, unless one of their words begins like this.
READ_WITH = {
    "sudo": ("-S", "-kS", "-nS", "-HS", "-ES", "-iS", "--stdin"),
    "openssl": ("stdin", "-stdin", "passwd"),
    "gpg": ("--passphrase-fd",),
    "gpg2": ("--passphrase-fd",),
    "cargo": ("login",),
    "wrangler": ("secret",),
}
SAY = word_set("echo printf cat print yes write-output write-host")
# Owners and groups are written as logins are: -u app:staff.
OWNERS = word_set(
    "root www-data nobody nogroup users staff wheel daemon adm bin sys node app apps appuser appgroup nginx "
    "apache httpd docker postgres mysql redis mongodb www jenkins ubuntu debian admin vscode nonroot"
)
TAKE_OWNERS = word_set(
    "docker podman nerdctl chown su-exec gosu setpriv chroot install sudo useradd usermod adduser chpst "
    "s6-setuidgid kubectl docker-compose bwrap runuser unshare buildah"
)
# Commands that are followed by a name and its value.
SET = word_set("set setx config configure add setenv put env --env -e")
SET_SURELY = word_set("set setx config configure setenv")
