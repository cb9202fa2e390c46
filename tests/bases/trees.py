"""Small root filesystems to stand on, and programs that need this or that of them; made with gcc and musl-gcc."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

HELLO = '#include <stdio.h>\nint main(void) { puts("app runs"); return 0; }\n'
LIBRARY = "#include <stdio.h>\nvoid demo_one(void) {}\n"
LIBRARY_2 = LIBRARY + 'void demo_two(void) { puts("app runs"); }\n'
CALLER = "void demo_two(void);\nint main(void) { demo_two(); return 0; }\n"
CALLER_1 = '#include <stdio.h>\nvoid demo_one(void);\nint main(void) { demo_one(); puts("app runs"); return 0; }\n'
VERSIONS_1 = "DEMO_1 { global: demo_one; local: *; };\n"
VERSIONS_2 = VERSIONS_1 + "DEMO_2 { global: demo_two; } DEMO_1;\n"
PASSWD = b"root:x:0:0::/:/bin/sh\n"


def missing() -> str | None:
    for tool in ("gcc", "musl-gcc"):
        if not shutil.which(tool):
            return f"needs {tool} (Debian's packages gcc and musl-tools)"
    return None


def compile_c(folder: Path, name: str, text: str, *options: str, compiler: str = "gcc") -> Path:
    source = folder / f"{name}.c"
    source.write_text(text)
    subprocess.run([compiler, str(source), "-o", str(folder / name), *options], check=True, capture_output=True)
    return folder / name


def programs(folder: Path) -> dict[str, Path]:
    """Compile every program and library."""
    found = {
        "glibc": compile_c(folder, "glibc", HELLO),
        "musl": compile_c(folder, "musl", HELLO, compiler="musl-gcc"),
        "static": compile_c(folder, "static", HELLO, "-static"),
    }
    for number, text, versions in ((1, LIBRARY, VERSIONS_1), (2, LIBRARY_2, VERSIONS_2)):
        (folder / f"v{number}").mkdir()
        script = folder / f"v{number}.map"
        script.write_text(versions)
        options = ("-shared", "-fPIC", "-Wl,-soname,libdemo.so.1", f"-Wl,--version-script={script}")
        made = compile_c(folder, f"v{number}/libdemo.so.1", text, *options)
        found[f"library{number}"] = made
    new, old = str(found["library2"]), str(found["library1"])
    found["needs2"] = compile_c(folder, "needs2", CALLER, new)
    found["needs1"] = compile_c(folder, "needs1", CALLER_1, old)
    found["beside"] = compile_c(folder, "beside", CALLER, new, "-Wl,--enable-new-dtags,-rpath,$ORIGIN/lib")
    found["rpath"] = compile_c(folder, "rpath", CALLER, new, "-Wl,--disable-new-dtags,-rpath,/opt/demo")
    return found


def libraries(program: Path) -> list[Path]:
    """Return the loader and libraries that a program of this machine uses."""
    answer = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", answer)]


def tree(files: dict[str, bytes | Path | str | None]) -> bytes:
    """Make a tar: bytes or a file of this machine, ``None`` for a directory, text for a symlink."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.strip("/"))
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                data = content if isinstance(content, bytes) else content.read_bytes()
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


def busybox() -> Path:
    return next(Path(path) for path in ("/bin/busybox", "/usr/bin/busybox") if Path(path).exists())


def common(shell: bool = True) -> dict[str, bytes | Path | str | None]:
    files: dict[str, bytes | Path | str | None] = {"tmp": None, "etc/passwd": PASSWD, "etc/group": b"root:x:0:\n"}
    if shell:
        files |= {"bin": None, "bin/busybox": busybox(), "bin/sh": "busybox"}
    return files


def bases(made: dict[str, Path]) -> dict[str, bytes]:
    """Make the root filesystems, as tars for ``docker import``."""
    glibc: dict[str, bytes | Path | str | None] = common()
    # Where the loader itself looks, whatever path this machine's links give.
    for path in libraries(made["glibc"]):
        glibc[str(path)] = path.resolve()
    # The same in today's layout: /lib and /lib64 are links into /usr.
    merged: dict[str, bytes | Path | str | None] = common()
    for top in ("lib", "lib64"):
        merged[top] = f"usr/{top}"
        merged[f"usr/{top}"] = None
    for path in libraries(made["glibc"]):
        merged["usr/" + str(path).removeprefix("/usr").strip("/")] = path.resolve()
    loader = Path("/lib/ld-musl-x86_64.so.1")
    if not loader.exists():
        loader = next(Path("/lib").glob("ld-musl-*.so.1"))
    musl = {**common(), str(loader): loader.resolve()}
    bash: dict[str, bytes | Path | str | None] = {**glibc, "bin/bash": Path("/bin/bash")}
    for path in libraries(Path("/bin/bash")):
        bash[str(path)] = path.resolve()
    return {
        "glibc": tree(glibc),
        "merged": tree(merged),
        "musl": tree(musl),
        "musl2": tree({**musl, "opt": None, "bin/ls": "busybox"}),
        "empty": tree(common(shell=False)),
        "demo1": tree({**glibc, "usr/lib/libdemo.so.1": made["library1"]}),
        "demo2": tree({**glibc, "usr/lib/libdemo.so.1": made["library2"]}),
        "opt": tree({**glibc, "opt/demo/libdemo.so.1": made["library2"]}),
        # A library where no loader looks: what ldconfig was not run for.
        "stray": tree({**glibc, "usr/share/demo/libdemo.so.1": made["library2"]}),
        "bash": tree(bash),
        "user": tree({**glibc, "etc/passwd": PASSWD + b"app:x:1000:1000::/:/bin/sh\n"}),
    }


APPS = {
    "glibc": 'COPY glibc /app/run\nCMD ["/app/run"]\n',
    "lib": 'COPY glibc /lib/app/run\nRUN chmod 755 /lib/app/run\nCMD ["/lib/app/run"]\n',
    "musl": 'COPY musl /app/run\nCMD ["/app/run"]\n',
    "static": 'COPY static /app/run\nENTRYPOINT ["/app/run"]\n',
    "shell": "COPY static /app/run\nENV PATH=/app:/bin\nCMD run\n",
    "needs1": 'COPY needs1 /app/run\nCMD ["/app/run"]\n',
    "needs2": 'COPY needs2 /app/run\nCMD ["/app/run"]\n',
    "beside": 'COPY beside /app/run\nCOPY v2/libdemo.so.1 /app/lib/\nCMD ["/app/run"]\n',
    "rpath": 'COPY rpath /app/run\nCMD ["/app/run"]\n',
    "path": 'COPY needs2 /app/run\nENV LD_LIBRARY_PATH=/usr/share/demo\nCMD ["/app/run"]\n',
    "script": 'COPY run.sh static /app/\nWORKDIR /app\nENTRYPOINT ["./run.sh"]\n',
    "user": 'COPY static /app/run\nUSER app\nCMD ["/app/run"]\n',
    "number": 'COPY static /app/run\nUSER 1000:1000\nCMD ["/app/run"]\n',
    "calls": 'COPY start.sh musl /app/\nCMD ["sh", "/app/start.sh"]\n',
}
SCRIPTS = {
    "run.sh": '#!/bin/bash\nset -eu\nwords=(app runs)\nexec /app/static "${words[@]}"\n',
    "start.sh": "# starts what it has\nset -e\nexec ./app/musl\n",
}
