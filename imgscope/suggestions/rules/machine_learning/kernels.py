"""Code for GPUs of architectures that nobody has: read out of the libraries themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ....contents import part_of_file
from ....knowledge.gpu import ARCHITECTURE_VARIABLES, OLDEST_CUDA
from ....layer.index import FILE
from ....paths import join
from ....report.sizes import size as size_text
from ....rootfs.kernels import UNKNOWN, Budget, Forward, Kernels, architectures, number, read_kernels
from ....rootfs.root import MAX_STREAMED
from ....settings import environment
from ...elf import elf_files
from ...model import Certainty, Claim, Draft, Rule
from ...once import once
from .. import words
from .libraries import large_libraries

if TYPE_CHECKING:
    from ...context import Context

# More architectures than these are not named one by one.
_NAMED = 4
# What names of libraries for GPUs have in them, or of the folders that they lie in.
_FOR_GPUS = re.compile(
    rb"cuda|cudnn|cublas|cufft|curand|cusolver|cusparse|nccl|nvidia|libnv|libnpp|tensor|torch|onnxruntime|jax|xla|cupy|"
    rb"triton|paddle|faiss|xgboost|lightgbm|ggml|llama|whisper|rocm|amdhip|libhip|rocblas|libroc|rccl|MIOpen|gpu|flash_attn|vllm"
)
# ROCm's libraries keep code objects in files of their own, named for the architecture.
_CODE_OBJECT = re.compile(rb"(?<=[._-])gfx[0-9a-f]{3,5}(?=[._-])")
_ENDINGS = tuple(one + packed for one in (b".co", b".hsaco", b".dat", b".kdb", b"db.txt") for packed in (b"", b".bz2"))


@once
def kernels(context: Context) -> Mapping[int, tuple[bytes, Kernels]]:
    """Return (path, code for GPUs) of the libraries that hold some, by global entry.

    Where code lies is told by the files' section headers; a file too large to be held in a layer that comes in
    sequence is searched as it passes. Raises ``ContentUnavailableError`` where contents can't be read.
    """
    found: dict[int, tuple[bytes, Kernels]] = {}
    budget = Budget()
    for entry, path, architecture in _code_objects(context):
        one = Kernels()
        one.add({architecture: context.overlay.sizes[entry]}, budget)
        found[entry] = path, one
    libraries = _candidates(context)
    ranges = _ranges(context, libraries)
    for layer, entries in _by_layer(context, ranges).items():
        for entry, read in _read(context, layer, entries, ranges, budget):
            if read.containers:
                found[entry] = libraries[entry], read
    return found


def _candidates(context: Context) -> dict[int, bytes]:
    """Return the files that may hold some: what own layers add, whose headers other rules read as well, and of the
    rest what stands beside a library for GPUs.
    """
    libraries = large_libraries(context)
    hinted = any(_FOR_GPUS.search(path) for path in libraries.values())
    if libraries and hinted:
        context.require_contents()
    found = dict(libraries) if hinted else {}
    found.update((entry, path) for entry, (path, elf) in elf_files(context).items() if elf.kernels)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _code_objects(context: Context) -> Iterator[tuple[int, bytes, str]]:
    """Yield (entry, path, architecture) of ROCm's files of code."""
    overlay = context.overlay
    for directory, names in overlay.tree.items():
        if directory.endswith((b"/library", b"/db", b"/lib")):
            for name, entry in names.items():
                if b"gfx" in name and name.endswith(_ENDINGS) and entry >= 0 and overlay.kinds[entry] == FILE:
                    match = _CODE_OBJECT.search(name)
                    if match is not None:
                        yield entry, join(directory, name), match[0].decode()


def _ranges(context: Context, libraries: Mapping[int, bytes]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return where code lies in each library that has some: all of it where only reading it through will tell."""
    overlay, contents = context.overlay, context.analysis.contents
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    small: list[int] = []
    elves = [None if index.fingerprints is None else frozenset(index.elf) for index in overlay.layers]
    for entry in libraries:
        layer, own = overlay.locate(entry)
        index = overlay.layers[layer]
        seen = elves[layer]
        if seen is not None and own not in seen:
            continue
        held = overlay.sizes[entry] <= MAX_STREAMED or own in index.parts or own in index.kept
        if held or contents.random_access(layer) is not None:
            small.append(entry)
        elif seen is not None and own not in index.sparse:
            # The scan saw all of it pass: a header's word alone is no reason to read so much.
            found[entry] = ((0, overlay.sizes[entry]),)
    context.root.look(small)
    for entry in small:
        elf = context.root.elf(entry)
        if elf is not None and elf.kernels:
            found[entry] = elf.kernels
    return found


def _by_layer(context: Context, entries: Iterable[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in entries:
        found.setdefault(context.overlay.layer_of(entry), []).append(entry)
    return dict(sorted(found.items()))


def _read(
    context: Context,
    layer: int,
    entries: list[int],
    ranges: Mapping[int, tuple[tuple[int, int], ...]],
    budget: Budget,
) -> Iterator[tuple[int, Kernels]]:
    overlay, contents = context.overlay, context.analysis.contents
    first, index = overlay.first[layer], overlay.layers[layer]
    own = [entry - first for entry in entries]
    plain = contents.random_access(layer)
    # In a layer that comes in sequence all is read as it passes: it may be as large as it likes.
    streamed = own if plain is None else [one for one in own if one in index.sparse]
    for one in own:
        if plain is not None and one not in index.sparse:
            at = partial(part_of_file, plain, index.offsets[one], index.sizes[one])
            yield first + one, read_kernels(at, ranges[first + one], budget)
    for one, stream in contents.streams(layer, streamed) if streamed else ():
        yield first + one, read_kernels(Forward(stream).at, ranges[first + one], budget)


def _architectures(context: Context) -> Iterator[Draft]:
    read = kernels(context)
    if not read:
        return
    variables = environment(context.analysis.image.config)
    asked = context.gpu
    said = asked or architectures(variables.get(name, "") for name in ARCHITECTURE_VARIABLES)[0]
    certainty: Certainty = "likely" if asked else "possible"
    claims: list[Claim] = []
    spare: Counter[str] = Counter()
    for entry, (path, one) in read.items():
        unneeded = _unneeded(one, said, virtual=bool(asked))
        size = min(sum(unneeded.values()), context.overlay.sizes[entry])
        if size:
            claims.append(Claim(path, entry, size))
            spare.update(unneeded)
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    names = _named(spare)
    if asked and len(spare) > _NAMED:
        names = f"{len(spare)} other architectures"
    if asked:
        why = f"none of it runs on {', '.join(said)}"
    elif said:
        why = f"the image says that it is built for {', '.join(said)}"
    else:
        why = "CUDA itself no longer builds for them"
    yield Draft(
        f"{size_text(sum(spare.values()))} of code for {names} in {words.layers(layers)}: {why}",
        _fix(spare, said),
        claims,
        layers,
        certainty=certainty,
    )


def _unneeded(one: Kernels, said: tuple[str, ...], *, virtual: bool) -> Counter[str]:
    """Return what nobody needs: by what is said, of each vendor that it speaks of; else what CUDA has dropped.

    PTX is for GPUs that come later: it is told with ``virtual`` alone.
    """
    vendors = {number(name) is not None for name in said}
    if not said:
        return Counter(
            {
                name: size
                for name, size in one.by_architecture.items()
                if name.startswith("sm_") and (number(name) or OLDEST_CUDA) < OLDEST_CUDA
            }
        )
    found = one.unneeded(said)
    return Counter(
        {
            name: size
            for name, size in found.items()
            if name != UNKNOWN and (number(name) is not None) in vendors and (virtual or name[:3] != "com")
        }
    )


def _named(sizes: Mapping[str, int]) -> str:
    """Name architectures: those of CUDA as a range where there are many."""
    cuda = sorted((name for name in sizes if number(name) is not None), key=lambda name: (number(name) or 0, name))
    others = sorted(name for name in sizes if number(name) is None)
    parts: list[str] = []
    for kind in ("sm_", "compute_"):
        some = [name for name in cuda if name.startswith(kind)]
        parts += [f"{some[0]} to {some[-1]}"] if len(some) > _NAMED and not others else some
    return ", ".join([*parts, *others[:6], *([f"{len(others) - 6} more"] if len(others) > 6 else [])])


def _fix(spare: Mapping[str, int], said: tuple[str, ...]) -> str:
    if any(name.startswith("gfx") for name in spare):
        return (
            "Build for the GPUs that there are (PYTORCH_ROCM_ARCH, -DGPU_TARGETS), and remove other architectures' "
            "files of rocblas/library and hipblaslt/library in the RUN that installs them."
        )
    numbers = [value for name in said if (value := number(name)) is not None]
    dotted = ";".join(f"{value // 10}.{value % 10}" for value in numbers) or "8.0;9.0"
    plain = ";".join(map(str, numbers)) or "80;90"
    text = (
        f'Build for the GPUs that there are: TORCH_CUDA_ARCH_LIST="{dotted}" for extensions of torch, '
        f"-DCMAKE_CUDA_ARCHITECTURES={plain} with CMake. Wheels are built for all: those for CUDA 13 leave out what is "
        f"older than sm_{OLDEST_CUDA}."
    )
    return text if said else text + " To say which GPUs there are: --gpu sm_80,sm_90."


RULES = (
    Rule(
        "IS506",
        "gpu-architectures",
        "Code for GPUs that nobody has.",
        "possible",
        _architectures,
        why="A library for GPUs holds its code once for each architecture that it may run on: often ten times, some "
        "of them for GPUs ten years old. Sizes are read out of the libraries (.nv_fatbin, .hip_fatbin). Which GPUs "
        "there are is said by --gpu sm_80,sm_90, or by TORCH_CUDA_ARCH_LIST, CUDAARCHS or PYTORCH_ROCM_ARCH in the "
        "image; where nothing says it, only what CUDA 13 no longer builds for is told: sm_50 to sm_72.",
        before="RUN nvcc -gencode arch=compute_50,code=sm_50 -gencode arch=compute_80,code=sm_80 -o app app.cu",
        after="RUN nvcc -gencode arch=compute_80,code=sm_80 -o app app.cu",
    ),
)
