"""The pairs. ``sloppy`` and ``good`` are built from the same files; ``smoke`` runs in both and prints the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """One program, packed twice.

    ``found`` are rules that must find something in the sloppy image. ``registries`` says whether the build needs
    packages of a registry; if not, the base is BusyBox alone. ``ignore`` is the good image's .dockerignore.
    """

    name: str
    sloppy: str
    good: str
    files: Callable[[Path], None]
    smoke: tuple[str, ...]
    found: tuple[str, ...]
    registries: bool = False
    ignore: str = ""


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that nothing can make smaller."""
    return random.Random(seed).randbytes(size)


def _write(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _app(folder: Path) -> None:
    _write(folder, **{"app/run.sh": "#!/bin/sh\necho it runs\n", "app/data.bin": noise(900_000)})
    (folder / "app/run.sh").chmod(0o755)


def _sdk(folder: Path) -> None:
    _write(folder, **{"sdk.bin": noise(1_500_000), "run.sh": "#!/bin/sh\nwc -c < /opt/tool\n"})
    (folder / "run.sh").chmod(0o755)


def _working_folder(folder: Path) -> None:
    _app(folder)
    _write(
        folder,
        **{
            ".git/objects/pack/pack-1.pack": noise(700_000, 2),
            ".git/HEAD": "ref: refs/heads/main\n",
            "node_modules/left-pad/index.js": noise(300_000, 3).hex(),
            ".venv/lib/python3.11/site-packages/x.py": noise(200_000, 4).hex(),
            ".idea/workspace.xml": noise(100_000, 5).hex(),
            ".env": "MODE=development\n",
        },
    )


def _nothing(folder: Path) -> None:
    _write(folder, README="nothing\n")


def _c(folder: Path) -> None:
    _write(
        folder,
        **{
            "app.c": '#include <stdio.h>\n#include <zlib.h>\nint main(void) { printf("zlib %s\\n", zlibVersion()); return 0; }\n'
        },
    )


def _python(folder: Path) -> None:
    _write(
        folder,
        **{
            "app.py": "import markupsafe, yaml\nprint(markupsafe.escape('<it runs>'), yaml.safe_load('[1, 2]'))\n",
            "requirements.txt": "markupsafe\npyyaml\n",
        },
    )


def _node(folder: Path) -> None:
    _write(
        folder,
        **{
            "package.json": '{"name": "app", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}, '
            '"devDependencies": {"typescript": "5.4.5"}}\n',
            "index.js": "console.log(require('ms')('2 days'));\n",
        },
    )


def _go(folder: Path) -> None:
    _write(
        folder,
        **{
            "go.mod": "module app\n\ngo 1.19\n",
            "main.go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("it runs") }\n',
        },
    )


def _site(folder: Path) -> None:
    _write(
        folder,
        **{
            "Makefile": "dist/index.html: index.m4\n\tmkdir -p dist && m4 index.m4 > $@\n",
            "index.m4": "define(`title', `It runs')dnl\n<h1>title</h1>\n",
        },
    )


APT = "apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /var/cache/debconf/* /var/cache/ldconfig/*"

PAIRS = [
    Pair(
        "chown",
        'FROM base\nCOPY app /app\nRUN chown -R 1000:1000 /app\nUSER 1000\nCMD ["/app/run.sh"]\n',
        'FROM base\nCOPY --chown=1000:1000 app /app\nUSER 1000\nCMD ["/app/run.sh"]\n',
        _app,
        ("/app/run.sh",),
        ("IS003",),
    ),
    Pair(
        "removed-archive",
        "FROM base\nCOPY . /in\nRUN mkdir /opt && cp /in/sdk.bin /opt/tool && cp /in/run.sh /run.sh\n"
        'RUN rm -rf /in\nCMD ["/run.sh"]\n',
        "FROM base AS unpack\nCOPY . /in\nRUN mkdir /opt && cp /in/sdk.bin /opt/tool && cp /in/run.sh /run.sh\n"
        'FROM base\nCOPY --from=unpack /opt /opt\nCOPY --from=unpack /run.sh /run.sh\nCMD ["/run.sh"]\n',
        _sdk,
        ("/run.sh",),
        ("IS001",),
    ),
    Pair(
        "moved",
        'FROM base\nCOPY app /staging\nRUN mkdir /srv && mv /staging /srv/app\nCMD ["/srv/app/run.sh"]\n',
        'FROM base\nCOPY app /srv/app\nCMD ["/srv/app/run.sh"]\n',
        _app,
        ("/srv/app/run.sh",),
        ("IS005",),
    ),
    Pair(
        "several-runs",
        "FROM base\nCOPY app /app\n"
        + "".join(
            f"RUN mkdir -p /var/lib/db && cat /app/data.bin > /var/lib/db/index && echo {n} >> /var/lib/db/index\n"
            for n in range(4)
        )
        + 'CMD ["/app/run.sh"]\n',
        "FROM base\nCOPY app /app\nRUN mkdir -p /var/lib/db && cat /app/data.bin > /var/lib/db/index && "
        'echo 3 >> /var/lib/db/index\nCMD ["/app/run.sh"]\n',
        _app,
        ("/app/run.sh",),
        ("IS002",),
    ),
    Pair(
        "working-folder",
        'FROM base\nCOPY . /src\nCMD ["/src/app/run.sh"]\n',
        'FROM base\nCOPY . /src\nCMD ["/src/app/run.sh"]\n',
        _working_folder,
        ("/src/app/run.sh",),
        ("IS301", "IS302", "IS303", "IS304"),
        ignore="**/.git\n**/node_modules\n**/.venv\n**/.idea\n.env\n.dockerignore\n",
    ),
    Pair(
        "apt",
        "FROM base\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends curl\n"
        'RUN apt-get install -y --no-install-recommends jq\nCMD ["jq", "--version"]\n',
        f'FROM base\nRUN apt-get update && {APT} curl jq && {CLEAN}\nCMD ["jq", "--version"]\n',
        _nothing,
        ("jq", "--version"),
        ("IS101", "IS102", "IS002"),
        registries=True,
    ),
    Pair(
        "c",
        f"FROM base\nRUN apt-get update && {APT} gcc libc6-dev zlib1g-dev zlib1g && {CLEAN}\nCOPY app.c /src/app.c\n"
        'RUN gcc -o /usr/local/bin/app /src/app.c -lz\nCMD ["app"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} gcc libc6-dev zlib1g-dev\nCOPY app.c /src/app.c\n"
        "RUN gcc -o /usr/local/bin/app /src/app.c -lz\n"
        f"FROM base\nRUN apt-get update && {APT} zlib1g && {CLEAN}\n"
        'COPY --from=build /usr/local/bin/app /usr/local/bin/app\nCMD ["app"]\n',
        _c,
        ("app",),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "python",
        f"FROM base\nRUN apt-get update && {APT} python3 python3-pip python3-dev gcc libc6-dev && {CLEAN}\nWORKDIR /app\n"
        "COPY requirements.txt .\nRUN pip install --break-system-packages --no-binary :none: -r requirements.txt\n"
        'COPY app.py .\nCMD ["python3", "app.py"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} python3 python3-pip\nCOPY requirements.txt .\n"
        "RUN pip install --break-system-packages --no-cache-dir -r requirements.txt\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nWORKDIR /app\n"
        "COPY --from=build /usr/local/lib/python3.11 /usr/local/lib/python3.11\n"
        'COPY app.py .\nCMD ["python3", "app.py"]\n',
        _python,
        ("python3", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "node",
        f"FROM base\nRUN apt-get update && {APT} nodejs npm && {CLEAN}\nWORKDIR /app\nCOPY package.json .\nRUN npm install\n"
        'COPY index.js .\nCMD ["node", "index.js"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} nodejs npm\nWORKDIR /app\nCOPY package.json .\n"
        "RUN npm install --omit=dev\n"
        f"FROM base\nRUN apt-get update && {APT} nodejs && {CLEAN}\nWORKDIR /app\n"
        'COPY --from=build /app/node_modules node_modules\nCOPY package.json index.js ./\nCMD ["node", "index.js"]\n',
        _node,
        ("node", "index.js"),
        ("IS206", "IS110"),
        registries=True,
    ),
    Pair(
        "go",
        f"FROM base\nRUN apt-get update && {APT} golang-go && {CLEAN}\nCOPY . /src\n"
        'RUN cd /src && CGO_ENABLED=0 go build -ldflags "-s -w" -o /usr/local/bin/app .\nCMD ["app"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} golang-go\nCOPY . /src\n"
        'RUN cd /src && CGO_ENABLED=0 go build -ldflags "-s -w" -o /usr/local/bin/app .\n'
        'FROM base\nCOPY --from=build /usr/local/bin/app /usr/local/bin/app\nCMD ["app"]\n',
        _go,
        ("app",),
        ("IS201", "IS113"),
        registries=True,
    ),
    Pair(
        "site",
        f"FROM base\nRUN apt-get update && {APT} make m4 git && {CLEAN}\nWORKDIR /site\nCOPY . .\n"
        'RUN make && mkdir -p /var/www && cp -r dist/. /var/www\nCMD ["cat", "/var/www/index.html"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} make m4\nWORKDIR /site\nCOPY . .\n"
        "RUN make && mkdir -p /var/www && cp -r dist/. /var/www\n"
        'FROM base\nCOPY --from=build /var/www /var/www\nCMD ["cat", "/var/www/index.html"]\n',
        _site,
        ("cat", "/var/www/index.html"),
        ("IS201",),
        registries=True,
    ),
]
