"""Random stacks of layers as engines write them, from a seed: what lies below what is right, whiteouts are not."""

from __future__ import annotations

import random

from tests.oracle import maketar as tar

NAMES = ("a", "b", "c", "-x", "+", ".y", "Z", "a-", "a.b", "é", ".w", ".wi")
SIZES = (0, 1, 2, 3, 700, 5000, 100, 10)


class _Layer:
    """One layer under way: its members, and the kind of each path."""

    def __init__(self, rng: random.Random, state: dict[str, str]) -> None:
        self.rng = rng
        self.state = state
        self.kinds: dict[str, str] = {}
        self.members: list[bytes] = []

    def path(self) -> str:
        rng = self.rng
        return "/".join(rng.choice(NAMES if rng.random() < 0.4 else NAMES[:3]) for _ in range(rng.randint(1, 3)))

    def below_directories(self, path: str) -> bool:
        parts = path.split("/")
        return all(self.kinds.get("/".join(parts[:end]), "d") == "d" for end in range(1, len(parts)))

    def forget_below(self, path: str) -> None:
        for known in [known for known in self.state if known.startswith(path + "/")]:
            del self.state[known]

    def whiteout(self) -> None:
        rng = self.rng
        path = rng.choice(sorted(self.state)) if self.state and rng.random() > 0.15 else self.path()
        directory, slash, name = path.rpartition("/")
        marker = f"{directory}{slash}.wh.{name}"
        if self.below_directories(path) and marker not in self.kinds:
            self.kinds[marker] = "w"
            self.members.append(tar.whiteout(path))
            self.state.pop(path, None)
            self.forget_below(path)

    def opaque(self, path: str) -> None:
        marker = path + "/.wh..wh..opq"
        if marker not in self.kinds:
            self.kinds.setdefault(path, "d")
            self.kinds[marker] = "w"
            self.members.append(tar.opaque(path))
            self.forget_below(path)

    def add(self) -> None:
        rng = self.rng
        what = rng.random()
        if what < 0.25:
            if self.state or rng.random() < 0.3:
                self.whiteout()
            return
        path = self.path()
        occupied = any(known.startswith(path + "/") for known in self.kinds)
        if path in self.kinds or not self.below_directories(path) or (occupied and not 0.45 < what < 0.65):
            return
        kind = "o"
        if what < 0.45 or what > 0.9:
            kind = "f"
            mode, uid = rng.choice((0o644, 0o4755, 0o1777)), rng.choice((0, 1000))
            self.members.append(tar.file(path, b"x" * rng.choice(SIZES), mode=mode, uid=uid))
        elif what < 0.65:
            kind = "d"
            self.members.append(tar.directory(path + rng.choice(("", "/"))))
        elif what < 0.75:
            self.members.append(tar.symlink(path, rng.choice((*NAMES, "../q"))))
        elif what < 0.82:
            files = [known for known, its in self.kinds.items() if its == "f"]
            if not files:
                return
            self.members.append(tar.hardlink(path, rng.choice(files)))
        elif what < 0.86:
            self.opaque(path)
            return
        else:
            made = (tar.character(path, 1, 3), tar.fifo(path), tar.block_device(path, 8, 1))
            self.members.append(made[min(int((what - 0.86) / 0.0134), 2)])
        self.kinds[path] = kind


def stack(seed: int, most_layers: int = 5, most_members: int = 14) -> list[bytes]:
    """Return the layers that a seed stands for, bottom first."""
    rng = random.Random(seed)
    state: dict[str, str] = {}
    layers = []
    for _ in range(rng.randint(1, most_layers)):
        layer = _Layer(rng, state)
        for _ in range(rng.randint(0, most_members)):
            layer.add()
        state.update({path: kind for path, kind in layer.kinds.items() if kind != "w"})
        if rng.random() < 0.5:
            rng.shuffle(layer.members)
        layers.append(tar.layer(*layer.members))
    return layers
