"""Built by an engine, a fixed Dockerfile gives the same container, less what is cleaned, and needs no second fix."""

import io
import subprocess
import tarfile

import pytest

from imgscope import analyze
from imgscope.dockerfile import match, read
from imgscope.suggestions import Options, suggest
from imgscope.suggestions.fix import fix
from tests.engine.conftest import base, docker, engine  # noqa: F401

pytestmark = pytest.mark.engine

# A package manager that behaves as apt does, as far as layers are concerned: no lists, no installation.
APT = """#!/bin/sh
set -e
state=/var/lib/apt/lists cache=/var/cache/apt
while case "$1" in -*) true;; *) false;; esac; do shift; done
verb=$1; shift
case "$verb" in
update) mkdir -p $state $cache; dd if=/dev/urandom of=$state/deb_main bs=1k count=300 2>/dev/null;;
install)
    for name; do
        case "$name" in -*) continue;; esac
        test -s $state/deb_main || { echo "E: Unable to locate package $name" >&2; exit 100; }
        mkdir -p /opt/$name $cache/archives /var/lib/dpkg
        echo "$name" > /opt/$name/file
        dd if=/dev/urandom of=$cache/archives/$name.deb bs=1k count=100 2>/dev/null
        dd if=/dev/urandom of=$cache/pkgcache.bin bs=1k count=100 2>/dev/null
        echo "Package: $name" >> /var/lib/dpkg/status
    done;;
purge) for name; do rm -rf /opt/$name; done; echo purged >> /var/lib/dpkg/status;;
clean) rm -rf $cache/archives/*.deb $cache/*.bin;;
esac
"""
SETUP = "#!/bin/sh\napt-get install -y inner\n"
SHAPES = {
    "the textbook": """
RUN apt-get update
# tools
RUN apt-get install -y less

RUN apt-get install -y netcat
RUN apt-get clean
CMD ["cat", "/opt/less/file"]
""",
    "users, settings and a group": """
RUN apt-get update && \\
    apt-get install -y less
LABEL a=b
RUN echo app:x:7:7::/home/app:/bin/sh >> /etc/passwd; mkdir -p /home/app; chown 7 /home/app
ENV APP_MODE=fast
RUN apt-get install -y netcat || exit 1
USER app
CMD ["/bin/sh", "-c", "id -u; cat /opt/netcat/file"]
""",
    "needed by a script": """
RUN apt-get update && apt-get install -y less
COPY setup.sh /setup.sh
RUN /setup.sh && echo done > /home-done
CMD ["cat", "/opt/inner/file"]
""",
    "set -e": """
RUN set -e; apt-get update; apt-get install -y less; mkdir /data
RUN set -e; apt-get install -y gcc; cat /opt/gcc/file > /data/built
RUN set -e; cat /data/built; apt-get purge -y gcc
CMD ["ls", "/data", "/opt"]
""",
    "one that fetches again": """
RUN (cd /tmp && apt-get update && apt-get install -y less)
COPY setup.sh /opt/x.sh
RUN { apt-get update; apt-get install -y netcat; } && exit 0
CMD ["ls", "/opt"]
""",
    "removed later": """
RUN mkdir /data && dd if=/dev/urandom of=/data/big bs=1k count=200
COPY setup.sh /srv/
WORKDIR /srv
RUN rm -rf /data/big
CMD ["ls", "/", "/data"]
""",
}
CLEANED = ("var/lib/apt/lists/", "var/cache/apt/")


def tree(image):
    """Return what a container of an image sees: its paths with type, owner, mode and content."""
    name = docker("create", image, "/nothing").decode().strip()
    try:
        data = docker("export", name)
    finally:
        docker("rm", name)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            content = archive.extractfile(member).read() if member.isreg() else member.linkname
            if member.name.startswith("opt/") or member.isdir() or not member.isreg() or member.size < 1000:
                found[member.name] = member.type, member.uid, member.mode, content
            else:
                # What the stubs make up is different every time.
                found[member.name] = member.type, member.uid, member.mode, member.size
    return found


def build(folder, name, dockerfile):
    docker("build", "-q", "-t", name, "-f", folder / dockerfile, folder)


def fixed(image, path):
    with analyze(image, cache=False, contents=True) as analysis:
        return fix(suggest(analysis, Options(min_size=10_000), dockerfile=match(read(path), analysis)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_fixed_file_builds_the_same_container_with_fewer_bytes(shape, base, tmp_path):  # noqa: F811
    for name, text in (("apt-get", APT), ("setup.sh", SETUP)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    common = f"FROM {base}\nCOPY apt-get /bin/apt-get\n"
    (tmp_path / "Dockerfile").write_text(common + SHAPES[shape].lstrip("\n"))
    names = [f"imgscope-fix:{shape.replace(' ', '-').replace(',', '')}-{n}" for n in ("before", "after")]
    try:
        build(tmp_path, names[0], "Dockerfile")
        done = fixed(names[0], tmp_path / "Dockerfile")
        assert done.made, done.left
        (tmp_path / "Dockerfile.fixed").write_text(done.after.text)
        build(tmp_path, names[1], "Dockerfile.fixed")
        before, after = (tree(name) for name in names)
        gone = {path for path in before if path not in after}
        assert all(path.startswith(CLEANED) for path in gone)
        assert {path: before[path] for path in after} == after
        said = [subprocess.run(["docker", "run", "--rm", name], capture_output=True).stdout for name in names]
        assert said[0] == said[1] != b""
        assert ("var/lib/apt/lists/deb_main" in gone) == (shape not in ("removed later", "needed by a script"))
        with analyze(names[0], cache=False) as one, analyze(names[1], cache=False) as other:
            assert other.image.content_bytes < one.image.content_bytes - 150_000
        again = fixed(names[1], tmp_path / "Dockerfile.fixed")
        assert (again.made, again.diff) == ((), "")
    finally:
        subprocess.run(["docker", "rmi", "-f", *names], capture_output=True)
