"""Weights of models: in two formats, twice, or in a layer with the program that changes at other times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ....layer.index import FILE
from ....paths import join, public, split
from ....report.sizes import size as size_text
from ...model import Certainty, Claim, Draft, Evidence, Rule
from ...once import once
from ..build_leftovers import shown
from .libraries import large_files

if TYPE_CHECKING:
    from ...context import Context

_FORMATS, _COPIES, _LAYERS = "IS504", "IS507", "IS508"
_SAFE = b".safetensors"
_PICKLED = re.compile(
    rb"(?:pytorch_model|model|adapter_model|diffusion_pytorch_model|open_clip_pytorch_model|consolidated).*"
    rb"\.(?:bin|pt|pth|ckpt)"
)
# The same weights for other frameworks, as model repositories hold them.
_OTHERS = re.compile(rb"(?:tf_model\.h5|flax_model.*\.msgpack|rust_model\.ot)")
_ENDINGS = (
    *(b".safetensors", b".gguf", b".ggml", b".onnx", b".onnx_data", b".pt", b".pth", b".ckpt", b".tflite"),
    *(b".nemo", b".llamafile", b".pdparams"),
)
# What may be anything else as well, is weights where its path says so.
_LOOSE_ENDINGS = (b".bin", b".h5", b".msgpack", b".ot", b".pb", b".engine", b".plan")
_SAID = re.compile(rb"model|weight|checkpoint|huggingface|whisper|ggml|diffusion|embedding", re.IGNORECASE)
# Smaller ones are no weights that anybody would miss.
_LEAST = 4 << 20
# Where hubs keep what they downloaded.
_CACHES = re.compile(
    rb"(?:^|/)(?:\.cache/(?:huggingface|torch|whisper|modelscope|clip|suno)|huggingface/hub|hub/models--[^/]+)/"
)
# Hugging Face's and Ollama's.
_BLOB = re.compile(rb"(?:^|/)blobs/(?:sha256-)?[0-9a-f]{40,64}$")
# A layer has the program's files too where it holds so many that are no part of a model's folder.
_PROGRAM_FILES = 20
_MODEL_LAYER = 100 << 20


def _formats(context: Context) -> Iterator[Draft]:
    by_folder: dict[bytes, list[Claim]] = {}
    for claim in shown(context, _FORMATS):
        by_folder.setdefault(split(claim.path)[0], []).append(claim)
    tree = context.overlay.tree
    part: list[Claim] = []
    for folder, claims in sorted(by_folder.items()):
        if any(name.endswith(_SAFE) for name in tree.get(folder, {})):
            names = {claim: split(claim.path)[1] for claim in claims}
            part += [claim for claim, name in names.items() if _PICKLED.fullmatch(name) or _OTHERS.fullmatch(name)]
    if not part:
        return
    layers = tuple(context.by_layer(part))
    where = public(split(part[0].path)[0])
    yield Draft(
        f"Weights of a model in two formats, as in {where}: what is not safetensors is not loaded by default",
        "Download one format only, or mount the model: it changes at other times than the program.",
        part,
        layers,
    )


def _is_weights(path: bytes) -> bool:
    if path.endswith(_ENDINGS) or _BLOB.search(path) is not None:
        return True
    return path.endswith(_LOOSE_ENDINGS) and _SAID.search(path) is not None


@once
def _weights(context: Context) -> list[Claim]:
    """Return the files that are weights by their names and sizes, once each, in the order of their paths."""
    sizes = context.overlay.sizes
    found: dict[int, bytes] = {}
    for path, entry in large_files(context):
        if sizes[entry] >= _LEAST and _is_weights(path):
            found.setdefault(entry, path)
    return [Claim(path, entry) for entry, path in found.items()]


def _copies(context: Context) -> Iterator[Draft]:
    """Find weights with the same content in two places: a hub's cache and a copy, blobs and snapshots."""
    overlay = context.overlay
    by_size: dict[int, list[Claim]] = {}
    for claim in _weights(context):
        by_size.setdefault(overlay.sizes[claim.entry], []).append(claim)
    alike = [claims for claims in by_size.values() if len(claims) > 1]
    if not alike:
        return
    context.require_contents()
    flat = [claim for claims in alike for claim in claims]
    prints = dict(
        zip(
            flat,
            context.analysis.contents.fingerprints([overlay.locate(claim.entry) for claim in flat]),
            strict=True,
        )
    )
    spare: list[Claim] = []
    pairs: list[tuple[bytes, bytes]] = []
    for claims in alike:
        by_content: dict[bytes, list[Claim]] = {}
        for claim in claims:
            by_content.setdefault(prints[claim], []).append(claim)
        for same in by_content.values():
            # What a program is told to load lies elsewhere than in a cache; of a cache the snapshot is what is named.
            same.sort(key=lambda claim: (bool(_BLOB.search(claim.path)), bool(_CACHES.search(claim.path)), claim.path))
            own = [claim for claim in same[1:] if overlay.layer_of(claim.entry) in context.own_layers]
            spare += own
            pairs += [(same[0].path, claim.path) for claim in own]
    if not spare:
        return
    layers = tuple(context.by_layer(spare))
    cached = all(_CACHES.search(claim.path) for claim in spare)
    certainty: Certainty = "likely" if cached else "possible"
    yield Draft(
        f"Weights twice, with the same content: {public(pairs[0][0])} and {public(pairs[0][1])}",
        "Copy the hub's cache as it is (its snapshots are links to its blobs), or download into the folder that is "
        "used and keep no cache: hf download --local-dir, HF_HOME in a mount of type cache."
        if cached
        else "Keep one and make the other a link, in the same RUN.",
        spare,
        layers,
        certainty=certainty,
    )


def _mixed(context: Context) -> Iterator[Draft]:
    """Find layers that hold weights and the program: whoever pulls a new program pulls the weights again."""
    overlay = context.overlay
    by_layer: dict[int, list[Claim]] = {}
    for claim in _weights(context):
        by_layer.setdefault(overlay.layer_of(claim.entry), []).append(claim)
    for layer, claims in sorted(by_layer.items()):
        if layer not in context.own_layers or context.size(claims) < _MODEL_LAYER:
            continue
        folders = tuple(split(claim.path)[0] + b"/" for claim in claims)
        others = 0
        for directory, name, entry in overlay.entries(layer):
            if overlay.kinds[entry] == FILE and not join(directory, name).startswith(folders):
                others += 1
                if others >= _PROGRAM_FILES:
                    yield _mixed_draft(context, layer, claims)
                    break


def _mixed_draft(context: Context, layer: int, claims: Sequence[Claim]) -> Draft:
    by_format: Counter[str] = Counter()
    for claim in claims:
        name = split(claim.path)[1]
        ending = name[name.rfind(b".") :] if b"." in name else b"blobs"
        by_format[ending.decode("utf-8", "replace")] += context.overlay.sizes[claim.entry]
    told = ", ".join(f"{size_text(count)} of {ending}" for ending, count in by_format.most_common(3))
    return Draft(
        f"Layer {layer} holds weights of models ({told}) beside the program",
        "Bring them by a COPY or RUN of their own before the program's, or mount them: they change at other times, and "
        "whoever has them already does not pull them again.",
        (),
        (layer,),
        evidence=[
            Evidence(public(claim.path), context.overlay.sizes[claim.entry], layer)
            for claim in sorted(claims, key=lambda claim: (-context.overlay.sizes[claim.entry], claim.path))
        ],
    )


RULES = (
    Rule(
        code=_FORMATS,
        name="weights-twice",
        summary="The weights of a model in two formats.",
        certainty="possible",
        check=_formats,
        why="Model repositories hold the same weights as safetensors and as pickled files, some for TensorFlow and "
        "Flax too. Libraries load the first where both are there; a download of everything brings gigabytes twice.",
        before="RUN hf download org/model --local-dir /models",
        after="RUN hf download org/model --local-dir /models --exclude '*.bin' '*.pt'",
        places=("**/*.bin", "**/*.pt", "**/*.pth", "**/*.ckpt", "**/*.h5", "**/*.msgpack", "**/*.ot"),
    ),
    Rule(
        code=_COPIES,
        name="weights-copied",
        summary="The same weights in two places.",
        certainty="possible",
        check=_copies,
        why="A hub's cache and the folder that they were copied to; or a cache whose links became files, so that its "
        "blobs and its snapshots are both there. Contents are compared. *Likely*, where what is told lies in a cache.",
        before="RUN hf download org/model && \\\n"
        "    cp -rL /root/.cache/huggingface/hub/models--org--model/snapshots/* /models",
        after="RUN --mount=type=cache,target=/root/.cache/huggingface hf download org/model --local-dir /models",
    ),
    Rule(
        code=_LAYERS,
        name="weights-with-program",
        summary="Weights of models in one layer with the program.",
        certainty="possible",
        check=_mixed,
        note=True,
        why="A layer is pulled as a whole. Weights change seldom and have gigabytes; the program changes with each "
        "build.",
        before="COPY . /app",
        after="COPY models /app/models\nCOPY . /app\n# .dockerignore keeps models out of the second one, or it is src",
    ),
)
