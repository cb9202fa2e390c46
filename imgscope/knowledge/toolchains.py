"""Whole toolchains that were unpacked into an image: where they lie, and the commands that need them at run time."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RUSTUP = (
    *("cargo", "cargo-clippy", "cargo-fmt", "cargo-miri", "clippy-driver", "rls", "rust-analyzer", "rust-gdb"),
    *("rust-gdbgui", "rust-lldb", "rustc", "rustdoc", "rustfmt", "rustup"),
)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A toolchain: ``used`` fits what a container runs when it needs it.

    Where ``proof`` names programs, a directory is one only with one of them in it, or in its ``bin``.
    """

    what: str
    places: tuple[str, ...]
    used: re.Pattern[str]
    proof: tuple[bytes, ...] = ()
    vague: bool = False
    """Whether a place is told by its name alone, which other things may have."""


def _word(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(words)})(?![\w.-])")


TOOLCHAINS = (
    Toolchain(
        "the Go toolchain", ("/usr/local/go/**", "/opt/go/**", "/**/sdk/go*/**"), _word("go", "gofmt", "air"), (b"go",)
    ),
    Toolchain(
        "the Rust toolchain",
        (
            "/usr/local/rustup/**",
            "/**/.rustup/**",
            *(f"/{home}/bin/{name}" for home in ("usr/local/cargo", "**/.cargo") for name in _RUSTUP),
        ),
        _word("cargo", "rustc", "rustup"),
        (b"rustc",),
    ),
    Toolchain(
        "Maven",
        ("/usr/share/maven/**", "/opt/maven/**", "/opt/apache-maven*/**", "/usr/local/apache-maven*/**"),
        _word("mvnw?"),
        (b"mvn",),
    ),
    Toolchain(
        "Gradle", ("/opt/gradle*/**", "/usr/share/gradle*/**", "/usr/local/gradle*/**"), _word("gradlew?"), (b"gradle",)
    ),
    Toolchain("SDKMAN's archives", ("/**/.sdkman/archives/**", "/**/.sdkman/tmp/**"), _word("sdk")),
    Toolchain(
        "the Android SDK",
        ("/opt/android*/**", "/**/Android/Sdk/**", "/usr/lib/android-sdk/**", "/usr/local/android*/**"),
        _word("adb", "emulator", "sdkmanager", "gradlew?"),
        vague=True,
    ),
    Toolchain(
        "the .NET SDK",
        tuple(
            f"{home}/{part}/**"
            for home in ("/usr/share/dotnet", "/usr/lib/dotnet", "/**/.dotnet", "/usr/local/share/dotnet")
            for part in ("sdk", "sdk-manifests", "packs", "templates")
        ),
        re.compile(r"dotnet[\"',\s]+(?:run|watch|test|build|tool|ef|publish)\b"),
    ),
    Toolchain(
        "Zig",
        ("/opt/zig*/**", "/usr/local/zig*/**", "/**/site-packages/ziglang/**"),
        _word("zig", "ziglang"),
        (b"zig",),
    ),
    Toolchain("Swift's toolchain", ("/opt/swift*/**",), _word("swiftc?"), (b"swiftc",)),
    Toolchain("Emscripten", ("/emsdk/**", "/opt/emsdk/**"), _word("emcc", "emrun", "emmake")),
    Toolchain("Haskell's toolchain", ("/**/.ghcup/**", "/**/.stack/**"), _word("ghc", "ghci", "stack", "cabal")),
    Toolchain(
        "LLVM",
        ("/opt/llvm*/**", "/usr/local/llvm*/**"),
        _word("clang", "llc", "lldb", "opt"),
        (b"clang", b"llvm-config"),
    ),
    Toolchain("Red Hat's GCC toolset", ("/opt/rh/gcc-toolset-*/**", "/opt/rh/devtoolset-*/**"), _word("gcc", "scl")),
    Toolchain("Flutter", ("/opt/flutter/**", "/usr/local/flutter/**"), _word("flutter", "dart"), (b"flutter",)),
    Toolchain(
        "CMake and Ninja out of Python packages",
        ("/**/site-packages/cmake/data/**", "/**/dist-packages/cmake/data/**", "/**/site-packages/ninja/data/**"),
        _word("cmake", "ninja", "ctest"),
    ),
)

JDK_HOMES = (
    *("/opt/java/**", "/opt/jdk*/**", "/opt/openjdk*/**", "/usr/lib/jvm/**", "/usr/local/jdk*/**", "/usr/java/**"),
    *("/usr/local/openjdk-*/**", "/**/.sdkman/candidates/java/**", "/opt/graalvm*/**"),
)

# Tools that install or build packages, themselves installed by pip or npm.
# pip, setuptools and wheel are part of every environment, and small.
PYTHON_TOOLS = frozenset(
    (
        *("uv", "poetry", "poetry-core", "poetry-plugin-export", "pipenv", "pdm", "hatch", "hatchling", "build"),
        *("twine", "cython", "meson", "meson-python", "ninja", "cmake", "scikit-build", "scikit-build-core", "maturin"),
        *("pip-tools", "virtualenv", "tox", "nox", "pipx", "conan", "setuptools-rust", "flit", "flit-core"),
        *("pyinstaller", "nuitka"),
    )
)
NODE_TOOLS = ("pnpm", "yarn", "typescript", "turbo", "nx", "lerna", "rimraf", "vite")
