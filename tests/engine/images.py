"""Images for a real engine to build: between them they hold every case of the layer rules."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

# Each RUN is a layer of its own; `base` is one static BusyBox, imported.
DOCKERFILES = {
    "whiteouts": r"""
        FROM base
        RUN mkdir -p /d/e/f /o/p && echo 1 > /d/e/f/x && echo 22 > /d/e/y && echo 333 > /o/p/z && echo 4 > /kept && echo 5 > /gone
        RUN rm /gone && rm -rf /d/e/f
        RUN rm -rf /o && mkdir -p /o/p && echo new > /o/p/new
        RUN rm -rf /d && echo again > /gone && touch /made && rm /made
        RUN echo one > /-dash && echo two > '/+plus' && rm /kept
        RUN rm /-dash && echo three > /-dash
        ENV DONE=1
    """,
    "swaps": r"""
        FROM base
        RUN mkdir -p /a/in /b/in /c/in /target/t && echo x > /a/in/f && echo y > /b/in/f && echo z > /c/in/f && echo w > /file && ln -s target /link
        RUN rm -rf /a && echo 'a file now' > /a
        RUN rm -rf /b && ln -s target /b
        RUN rm /file && mkdir -p /file/deep && echo v > /file/deep/f
        RUN rm /link && mkdir /link && echo u > /link/f
        RUN rm /a && mkdir /a && rm -rf /c && mkfifo /c
        RUN rm /b && mkdir /b && echo back > /b/f
    """,
    "hardlinks": r"""
        FROM base
        RUN mkdir /l && head -c 5000 /bin/busybox > /l/one && ln /l/one /l/two && ln /l/one /three && echo s > /single
        RUN rm /l/one
        RUN ln /l/two /l/four
        RUN rm /l/two && chmod 600 /three
        RUN ln -s /nowhere /l/sym && ln /single /second && rm /single
        RUN rm -rf /l
    """,
    "special": r"""
        FROM base
        RUN mkdir -p /dev2 && mknod /dev2/null c 1 3 && mknod /dev2/loop b 7 0 && mkfifo /dev2/pipe && mkdir /sticky && chmod 1777 /sticky
        RUN echo a > /suid && chmod 4755 /suid && echo b > /sgid && chmod 2750 /sgid && chown 12:34 /sgid && chmod 2775 /sticky
        RUN rm /dev2/null && mknod /dev2/null c 1 5 && chown 1:1 /dev2/pipe
    """,
    "names": r"""
        FROM base
        ADD names.tar /
        RUN mkdir -p /long && cd /long && i=0; while [ $i -lt 12 ]; do d=abcdefghijklmnopqrstuvwxyz0123456789$i; mkdir $d; cd $d; echo $i > file; i=$((i+1)); done
        RUN rm /names/two*lines && rm -rf /long/*/*/*/*/abcdefghijklmnopqrstuvwxyz01234567894
    """,
    "metadata": r"""
        FROM base
        RUN mkdir -p /m/sub && head -c 3000 /bin/busybox > /m/a && cp /m/a /m/b && cp /m/a /m/sub/c && cp /m/a /m/d
        RUN chown -R 5:6 /m/sub
        RUN chmod 640 /m/a
        RUN touch -d '2001-02-03 04:05:06' /m/b
        RUN cp -p /m/d /m/d2 && mv /m/d2 /m/d
        ADD xattrs.tar /
    """,
    "sparse": r"""
        FROM base
        ADD sparse.tar /
        RUN dd if=/dev/zero of=/hole bs=1 count=1 seek=3000000 2>/dev/null && cp /hole /copy
        RUN echo x >> /hole
    """,
    "symlinks": r"""
        FROM base
        RUN mkdir -p /real/sub && echo 1 > /real/f && ln -s /real /abs && ln -s real/sub /rel && ln -s nowhere /dangling && ln -s loop2 /loop1 && ln -s loop1 /loop2 && ln -s ../../../etc/passwd /up
        RUN echo 2 > /abs/through && echo 3 > /rel/below && ln -sfn /tmp /rel && rm /dangling && ln -s elsewhere /dangling
        RUN rm -rf /real/sub && rm /loop2
        WORKDIR /abs/made/by/workdir
        RUN echo here > file
    """,
    "many": r"""
        FROM base
        ADD many.tar /
        RUN rm -rf /many/d1 /many/d3 && chmod -R 700 /many/d2
        COPY --chown=7:8 Dockerfile /copied/
    """,
}


def text_of(name: str) -> str:
    if name == "layers":
        lines = ["FROM base"]
        for number in range(45):
            lines.append(f"ENV STEP={number}")
            lines.append(f"COPY f{number % 5} /f{number % 7}")
        return "\n".join([*lines, 'CMD ["/bin/true"]', "LABEL a=b", ""])
    return "\n".join(line.strip() for line in DOCKERFILES[name].strip().splitlines()) + "\n"


NAMES = [*DOCKERFILES, "layers"]


def _tar(path: Path, entries: list[tuple[tarfile.TarInfo, bytes]], format: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(path, "w", format=format, errors="surrogateescape") as tar:
        for info, data in entries:
            info.size = len(data)
            info.mtime = 1_700_000_000
            tar.addfile(info, io.BytesIO(data))


def _file(name: str, data: bytes = b"x\n", **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, data


def _names(folder: Path) -> None:
    hostile = ["two\nlines", "tab\there", " space ", "-dash", "esc\x1b[31m", "quote'\"", "ünï", "日本語", "back\\slash"]
    entries = [_file(f"names/{name}") for name in hostile]
    entries += [_file("names/" + b"latin-\xe9\xff".decode("utf-8", "surrogateescape"))]
    entries += [
        _file("names/" + "l" * 150),
        _file("names/" + "m" * 250),
        _file("./names/./dotted"),
        _file("names/.hidden"),
    ]
    _tar(folder / "names.tar", entries, tarfile.GNU_FORMAT)


def _xattrs(folder: Path) -> None:
    # cap_net_bind_service=ep, as setcap writes it.
    capability = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    headers = {"SCHILY.xattr.security.capability": capability.decode("latin-1")}
    with tarfile.open(folder / "xattrs.tar", "w", format=tarfile.PAX_FORMAT, encoding="latin-1") as tar:
        info, data = _file("m/capable", b"binary", pax_headers=headers, mode=0o755, mtime=1_700_000_000)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))


def _sparse(folder: Path) -> None:
    import subprocess

    # In PAX's form: this engine's ADD refuses the old GNU one (which layers may hold all the same).
    source = folder / "sparse"
    source.mkdir()
    for name in ("gnu", "pax"):
        with (source / name).open("wb") as file:
            file.seek(1_000_000)
            file.write(b"middle")
            file.truncate(2_500_000)
    subprocess.run(
        ["tar", "-C", folder, "--sparse", "--format=posix", "-cf", folder / "sparse.tar", "sparse"], check=True
    )
    for path in source.iterdir():
        path.unlink()
    source.rmdir()


def _many(folder: Path) -> None:
    _tar(folder / "many.tar", [_file(f"many/d{n % 40}/file-{n}", b"%d\n" % n) for n in range(4000)])


def _layers(folder: Path) -> None:
    for number in range(5):
        (folder / f"f{number}").write_text(f"{number}\n" * (number + 1))


CONTEXTS: dict[str, Callable[[Path], None]] = {
    "names": _names,
    "metadata": _xattrs,
    "sparse": _sparse,
    "many": _many,
    "layers": _layers,
}


def write_context(name: str, folder: Path) -> None:
    """Write the Dockerfile of an image, and what it adds, into an empty folder."""
    (folder / "Dockerfile").write_text(text_of(name))
    if name in CONTEXTS:
        CONTEXTS[name](folder)


def root_tar() -> bytes:
    """Return the base image's root: one static BusyBox and links to it."""
    busybox = next(path for path in (Path("/bin/busybox"), Path("/usr/bin/busybox")) if path.exists()).read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("bin", "etc", "tmp"):
            info = tarfile.TarInfo(f"./{name}")
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, 1_600_000_000
            tar.addfile(info)
        info = tarfile.TarInfo("./bin/busybox")
        info.size, info.mode, info.mtime = len(busybox), 0o755, 1_600_000_000
        tar.addfile(info, io.BytesIO(busybox))
        applets = "sh cat chmod chown cp dd echo head ln ls mkdir mkfifo mknod mv rm sleep touch true"
        for applet in applets.split():
            info = tarfile.TarInfo(f"./bin/{applet}")
            info.type, info.linkname, info.mtime = tarfile.SYMTYPE, "busybox", 1_600_000_000
            tar.addfile(info)
        info, data = _file("./etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
