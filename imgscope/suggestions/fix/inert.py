"""Programs that never call a package manager of the system by themselves. Data."""

from __future__ import annotations

_NAMES = """
: [ a2disconf a2dismod a2dissite a2enconf a2enmod a2ensite add-shell addgroup adduser alias apache2ctl apachectl
apt-key ar arch aria2c awk base64 basename bash-completion break bsdtar bunzip2 busybox bzip2 c++ cargo-chef cat
cc cd certbot chgrp chmod chown chpasswd chsh cksum clang clang++ cmp comm command continue corepack cp cpio
createdb curl cut date dbus-uuidgen dd debconf-set-selections declare delgroup deluser df diff dirname
docker-php-ext-configure docker-php-ext-enable docker-php-ext-install dos2unix dotnet dpkg dpkg-deb dpkg-divert
dpkg-query dpkg-reconfigure dpkg-statoverride du echo egrep env envsubst eval-gettext exit expand export expr
false fc-cache fgrep file find fold g++ gawk gcc gem.sh getcap getconf getent getopts git glib-compile-schemas
gpg gpg2 gpgconf gradle grep groupadd groupdel groupmod gtk-update-icon-cache gunzip gzip hash head hg hostname
http httpd httpie iconv id initdb install install-info java javac jobs jq kill ld ldconfig ldd less let lftp ln
local local-gen locale-gen localectl localedef ls lsb_release make-ssl-cert mandb md5sum mkdir mkfifo mknod
mkpasswd mktemp mv mvn mysql mysqladmin nginx nm nproc nuget nvm objcopy objdump od openssl passwd patch pecl
pgrep phpdismod phpenmod pkg-config pkill popd printenv printf ps psql pushd pwd pyenv ranlib rbenv read readelf
readlink readonly realpath redis-cli return rm rmdir rpm rpmkeys rsync rustc rustup scp sed seq service set
setcap sha1sum sha256sum sha512sum shift shopt shred size sleep sort split ssh ssh-keygen ssh-keyscan stat
strings strip svn sync systemctl tail tar tee test timedatectl times touch tr trap true truncate tsc tty type
tzdata ulimit umask unalias uname unexpand uniq unlink unset unxz unzip update-alternatives
update-ca-certificates update-locale update-mime-database update-rc.d useradd userdel usermod usleep virtualenv
wait wasm-pack wc wget which whoami xargs xz xzcat yes zcat zip zstd
"""
INERT = frozenset(_NAMES.split())
