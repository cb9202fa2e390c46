"""An image whose maker writes Markdown, HTML and control characters wherever an image holds a text."""

from __future__ import annotations

import json
from pathlib import Path

from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import file, layer, symlink, whiteout

WORD = "zqx"
"""Is in every text of the maker's, and in none of ours."""
PLANTS = (
    "@zqx see https://zqx.example/x",
    "![zqx](https://zqx.example/a.png)",
    "[zqx](javascript:zqx)",
    "<img src=//zqx.example onerror=zqx>",
    "www.zqx.example zqx@zqx.example #zqx GH-12 zqx/zqx#1",
    "`zqx` ``zqx`` ```zqx",
    "a`|`zqx|zqx\\|zqx",
    "zqx\\",
    "zqx --> <!-- zqx </details> <script>zqx</script>",
    "zqx\n\n# zqx\n\n- @zqx",
    "zqx \x1b[31m \x7f \x9b31m \u202ezqx\u2028zqx\u2066\ufeff",
    "~~~ zqx",
    "**zqx** _zqx_ ~~zqx~~ $zqx$ :zqx: &lt;zqx&gt;",
    " zqx ",
    "::error file=zqx::zqx ::add-mask::zqx",
    "zqx ##[error]zqx ##vso[task.setvariable]zqx",
    "zqx\ufffe\uffff\U000e0041\u3164zqx",
)
HALF = "zqx\ud800zqx"
"""Half of a pair of surrogates: JSON can say it, and nothing can encode it."""
_SITE = "usr/lib/python3.11/site-packages"


def _names(plants: tuple[str, ...]) -> list[str]:
    return [plant.replace("/", "_") for plant in plants]


def _dpkg(plants: tuple[str, ...]) -> bytes:
    rows = [
        f"Package: p{number}\nStatus: install ok installed\nVersion: {plant}\nArchitecture: {plant}\nDepends: {plant}\n"
        for number, plant in enumerate(plants)
        if "\n" not in plant
    ]
    rows += [
        f"Package: {plant}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
        for plant in plants
        if "\n" not in plant
    ]
    return "\n".join(rows).encode("utf-8", "surrogateescape")


def layers(plants: tuple[str, ...], extra: tuple[bytes, ...] = ()) -> list[bytes]:
    """A base, and layers with what rules and reports look at, under the maker's names."""
    names = _names(plants)
    data = b"x" * 2000
    release = f'ID=debian\nPRETTY_NAME="{plants[0]}"\nVERSION_ID="{plants[3]}"\n'.encode()
    scripts = "".join(f"{name}\n" for name in plants).encode("utf-8", "surrogateescape")
    base = layer(file("etc/os-release", release), file("etc/passwd", b"root:x:0:0::/:/bin/sh\n"))
    packages = json.dumps({"name": plants[1], "version": plants[2], "devDependencies": dict.fromkeys(plants, "1")})
    own = layer(
        file("var/lib/dpkg/status", _dpkg(plants)),
        file("app/package.json", packages.encode("utf-8", "surrogatepass")),
        file("start.sh", b"#!/usr/bin/" + plants[0].encode() + b"\n" + scripts, mode=0o755),
        *(file(f"app/{name}/core", data, mtime=1) for name in names),
        *(file(f"root/.cache/pip/{name}", data) for name in names),
        *(file(f"app/{name}.pem", b"-----BEGIN PRIVATE KEY-----\n" + data) for name in names),
        *(
            file(f"usr/lib/python3.11/site-packages/{name}-1.dist-info/METADATA", b"Name: x\nVersion: 1\n")
            for name in names
        ),
        *(symlink(f"links/{name}", plant) for name, plant in zip(names, plants, strict=True)),
        *extra,
    )
    again = layer(*(file(f"app/{name}/core", data, mtime=2, uid=5) for name in names))
    removed = layer(*(whiteout(f"root/.cache/pip/{name}") for name in names[::2]))
    return [base, own, again, removed]


def image(path: Path, plants: tuple[str, ...] = PLANTS, *, version: str = "1", extra: tuple[bytes, ...] = ()) -> Path:
    """Write the archive; images of other ``version``s differ in their config."""
    made = layers(plants, extra)
    history = [{"created_by": "/bin/sh -c #(nop) ADD file:0 in / ", "comment": plants[4]}]
    history += [{"created_by": f"RUN {plant} {version}", "author": plant, "empty_layer": True} for plant in plants]
    history += [{"created_by": f"{word} {plants[0]} /app # {plants[5]}"} for word in ("COPY", "RUN", "RUN rm")]
    history.append({"created_by": 'CMD ["zqx\\ud800", "zqx"]', "comment": HALF, "author": HALF, "empty_layer": True})
    config = {
        "User": plants[0],
        "WorkingDir": plants[1],
        "StopSignal": plants[2],
        "Entrypoint": ["/start.sh", *plants, HALF],
        "Cmd": [f"{plant} {version}" for plant in plants],
        "Env": [f"{name}={plant} {version}" for name, plant in zip(_names(plants), plants, strict=True)]
        + [f"{HALF}={HALF}"],
        "Labels": {plant: f"{plant} {version}" for plant in (*plants, HALF)}
        | {"org.opencontainers.image.base.name": f"{plants[0]}:latest"},
        "ExposedPorts": {plant: {} for plant in plants},
        "Volumes": {plant: {} for plant in plants},
        "Healthcheck": {"Test": ["CMD-SHELL", plants[1]]},
        "Shell": [plants[3]],
        "OnBuild": list(plants),
    }
    extra_config = {"history": history, "config": config, "os": "linux", "architecture": plants[0], "author": plants[1]}
    found = Image(tuple(made), names=tuple(plants), extra=extra_config)
    return write_tar(path, docker_archive(found))
