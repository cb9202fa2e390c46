"""The pairs. ``sloppy`` and ``good`` are built from the same files; ``smoke`` runs in both and prints the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """A Dockerfile (or a .dockerignore) that mends just what these rules find in the sloppy image."""

    codes: tuple[str, ...]
    dockerfile: str
    ignore: str = ""


@dataclass(frozen=True)
class Pair:
    """One program, packed twice.

    ``found`` are rules that must find something in the sloppy image, and nothing in the good one; ``steps`` mend some
    of its faults one by one. ``registries`` says whether the build needs
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
    steps: tuple[Step, ...] = ()


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that nothing can make smaller."""
    return random.Random(seed).randbytes(size)


def write(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _app(folder: Path) -> None:
    write(folder, **{"app/run.sh": "#!/bin/sh\necho it runs\n", "app/data.bin": noise(900_000)})
    (folder / "app/run.sh").chmod(0o755)


def _sdk(folder: Path) -> None:
    write(folder, **{"sdk.bin": noise(1_500_000), "run.sh": "#!/bin/sh\nwc -c < /opt/tool\n"})
    (folder / "run.sh").chmod(0o755)


def _working_folder(folder: Path) -> None:
    _app(folder)
    write(
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


def _secrets(folder: Path) -> None:
    _app(folder)
    write(
        folder,
        **{
            ".npmrc": "//registry.example/:_authToken=npm_" + "a1B2" * 9 + "\n",
            "deploy/id_ed25519": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXk" * 4 + "\n"
            "-----END OPENSSH " + "PRIVATE KEY-----\n",
        },
    )


def _nothing(folder: Path) -> None:
    write(folder, README="nothing\n")


def _c(folder: Path) -> None:
    write(
        folder,
        **{
            "app.c": '#include <stdio.h>\n#include <zlib.h>\nint main(void) { printf("zlib %s\\n", zlibVersion()); return 0; }\n'
        },
    )


def _python(folder: Path) -> None:
    write(
        folder,
        **{
            "app.py": "import markupsafe, yaml\nprint(markupsafe.escape('<it runs>'), yaml.safe_load('[1, 2]'))\n",
            "requirements.txt": "markupsafe\npyyaml\n",
        },
    )


def _venv(folder: Path) -> None:
    write(
        folder,
        **{
            "app.py": "import markupsafe\nprint(markupsafe.escape('<it runs>'))\n",
            "requirements.txt": "markupsafe==2.1.5\n",
        },
    )


def _java(folder: Path) -> None:
    write(
        folder,
        **{
            "App.java": "public class App { public static void main(String[] a) "
            '{ System.out.println("it runs " + String.join(",", a)); } }\n'
        },
    )


def _node(folder: Path) -> None:
    write(
        folder,
        **{
            "package.json": '{"name": "app", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}, '
            '"devDependencies": {"typescript": "5.4.5"}}\n',
            "index.js": "console.log(require('ms')('2 days'));\n",
        },
    )


def _go(folder: Path) -> None:
    write(
        folder,
        **{
            "go.mod": "module app\n\ngo 1.19\n",
            "main.go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("it runs") }\n',
        },
    )


def _site(folder: Path) -> None:
    write(
        folder,
        **{
            "Makefile": "dist/index.html: index.m4\n\tmkdir -p dist && m4 index.m4 > $@\n",
            "index.m4": "define(`title', `It runs')dnl\n<h1>title</h1>\n",
        },
    )


APT = "apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /var/cache/debconf/* /var/cache/ldconfig/*"

NODE = (
    f"FROM base\nRUN apt-get update && {APT} nodejs npm && {CLEAN}\nWORKDIR /app\nCOPY package.json .\n"
    'RUN {how}\nCOPY index.js .\nCMD ["node", "index.js"]\n'
)

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
        steps=tuple(
            Step((code,), 'FROM base\nCOPY . /src\nCMD ["/src/app/run.sh"]\n', f"**/{name}\n.dockerignore\n")
            for code, name in (("IS301", ".git"), ("IS302", "node_modules"), ("IS303", ".venv"), ("IS304", ".idea"))
        ),
    ),
    Pair(
        "secrets",
        "FROM base\nENV DEPLOY_TOKEN=q7Zx8wLmP0aT3vRd\nCOPY . /src\nRUN cp -r /src/app /app\nRUN rm -rf /src\n"
        'CMD ["/app/run.sh"]\n',
        'FROM base\nCOPY app /app\nCMD ["/app/run.sh"]\n',
        _secrets,
        ("/app/run.sh",),
        ("IS001", "IS601", "IS602", "IS603"),
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
        "apt-lists",
        f'FROM base\nRUN apt-get update && {APT} jq\nCMD ["jq", "--version"]\n',
        f'FROM base\nRUN apt-get update && {APT} jq && {CLEAN}\nCMD ["jq", "--version"]\n',
        _nothing,
        ("jq", "--version"),
        ("IS101", "IS102"),
        registries=True,
        steps=tuple(
            Step((code,), f'FROM base\nRUN apt-get update && {APT} jq && rm -rf {gone}\nCMD ["jq", "--version"]\n')
            for code, gone in (("IS101", "/var/lib/apt/lists/*"), ("IS102", "/var/cache/apt/*"))
        ),
    ),
    Pair(
        "recommends",
        f'FROM base\nRUN apt-get update && apt-get install -y git && {CLEAN}\nCMD ["git", "--version"]\n',
        f'FROM base\nRUN apt-get update && {APT} git && {CLEAN}\nCMD ["git", "--version"]\n',
        _nothing,
        ("git", "--version"),
        ("IS403",),
        registries=True,
    ),
    Pair(
        "build-essential",
        "FROM base\nRUN apt-get update\nRUN apt-get install -y build-essential\nCOPY app.c /src/app.c\n"
        'RUN apt-get install -y zlib1g-dev\nRUN gcc -static -o /usr/local/bin/app /src/app.c -lz\nCMD ["app"]\n',
        "FROM base AS build\nRUN apt-get update && apt-get install -y build-essential zlib1g-dev\n"
        "COPY app.c /src/app.c\nRUN gcc -static -s -o /usr/local/bin/app /src/app.c -lz\n"
        'FROM base\nCOPY --from=build /usr/local/bin/app /usr/local/bin/app\nCMD ["app"]\n',
        _c,
        ("app",),
        ("IS101", "IS102", "IS201", "IS212"),
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
        "venv",
        f"FROM base\nRUN apt-get update && {APT} python3 python3-venv python3-dev gcc libc6-dev && {CLEAN}\n"
        "WORKDIR /app\nRUN python3 -m venv /venv\nCOPY . .\n"
        "RUN /venv/bin/pip install --no-binary markupsafe -r requirements.txt\n"
        'CMD ["/venv/bin/python", "app.py"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} python3 python3-venv python3-dev gcc libc6-dev\n"
        "RUN python3 -m venv /venv\nCOPY requirements.txt .\n"
        "RUN /venv/bin/pip install --no-cache-dir --no-binary markupsafe -r requirements.txt\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nWORKDIR /app\n"
        'COPY --from=build /venv /venv\nCOPY . .\nCMD ["/venv/bin/python", "app.py"]\n',
        _venv,
        ("/venv/bin/python", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "java",
        f"FROM base\nRUN apt-get update && {APT} openjdk-17-jdk-headless && {CLEAN}\nCOPY App.java /src/App.java\n"
        'RUN javac -d /app /src/App.java\nCMD ["java", "-cp", "/app", "App"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} openjdk-17-jdk-headless\nCOPY App.java /src/App.java\n"
        "RUN javac -d /app /src/App.java\n"
        f"FROM base\nRUN apt-get update && {APT} openjdk-17-jre-headless && {CLEAN}\n"
        'COPY --from=build /app /app\nCMD ["java", "-cp", "/app", "App"]\n',
        _java,
        ("java", "-cp", "/app", "App"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "node",
        NODE.format(how="npm install"),
        f"FROM base AS build\nRUN apt-get update && {APT} nodejs npm\nWORKDIR /app\nCOPY package.json .\n"
        "RUN npm install --omit=dev\n"
        f"FROM base\nRUN apt-get update && {APT} nodejs && {CLEAN}\nWORKDIR /app\n"
        'COPY --from=build /app/node_modules node_modules\nCOPY package.json index.js ./\nCMD ["node", "index.js"]\n',
        _node,
        ("node", "index.js"),
        ("IS201", "IS206", "IS110"),
        registries=True,
        steps=(
            Step(("IS110",), NODE.format(how="npm install && rm -rf /root/.npm")),
            Step(("IS206",), NODE.format(how="npm install && npm prune --omit=dev")),
        ),
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
