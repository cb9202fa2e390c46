"""Images of machine learning: what they hold for nothing or twice, and well-made ones in which nothing is found."""

from __future__ import annotations

import json

import pytest

from tests.oracle.makeelf import elf, nvidia, packed_bundle
from tests.oracle.maketar import file, hardlink, layer, symlink, whiteout

SITE = "usr/local/lib/python3.12/site-packages"
BIG = bytes(2_000_000)
LD = "/lib64/ld-linux-x86-64.so.2"
PIP = "RUN pip install torch"


def claimed(*found):
    return {row.path for finding in found for row in finding.evidence}


OWNED = (("torch", "2.4.0", "torch/lib/a.so"), ("other", "1.0", "other/b.so"))


def dist(name, version, *files, site=SITE, **how):
    record = "".join(f"{path},,\n" for path in files).encode()
    home = f"{site}/{name}-{version}.dist-info"
    return file(f"{home}/METADATA", b"Name: x\n", **how) + file(f"{home}/RECORD", record, **how)


def python(cmd=("python", "app.py"), *env):
    return {"Cmd": list(cmd), "Env": ["PATH=/usr/local/bin:/usr/bin", *env]}


TORCH = (
    file(f"{SITE}/torch/lib/libtorch_cuda.so", b"\x7fELF" + BIG),
    file(f"{SITE}/torch/lib/libtorch_cpu.so", b"\x7fELF" + BIG),
    file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", b"\x7fELF" + BIG),
    dist("torch", "2.5.1"),
)


# --- IS501 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        python(("python", "serve.py", "--device", "cpu")),
        python(("python", "serve.py"), "CUDA_VISIBLE_DEVICES="),
        python(("python", "serve.py"), "WHISPER_DEVICE=cpu"),
        python(("sh", "-c", "CUDA_VISIBLE_DEVICES=-1 python serve.py")),
    ],
)
def test_who_says_that_it_runs_on_cpus_does_not_need_gpu_libraries(findings, config):
    (found,) = findings((PIP, layer(*TORCH)), select=["IS501"], config=config)
    assert found.certainty == "likely" and "libtorch_cpu" not in str(claimed(found))
    assert found.lines == ("RUN pip install --extra-index-url https://download.pytorch.org/whl/cpu torch",)
    cuda = {**config, "Env": [*config["Env"], "NVIDIA_REQUIRE_CUDA=cuda>=12.4"]}
    (found,) = findings((PIP, layer(*TORCH)), select=["IS501"], config=cuda)
    assert found.certainty == "possible"


@pytest.mark.parametrize(
    "config", [python(("python", "x.py", "--device=cuda")), python(("x",), "NVIDIA_VISIBLE_DEVICES=all")]
)
def test_who_says_that_it_runs_on_gpus_is_not_told(findings, config):
    assert not findings((PIP, layer(*TORCH)), select=["IS501"], config=config)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN pip install onnxruntime-gpu flask", "RUN pip install onnxruntime flask"),
        ("RUN pip install 'jax[cuda12]'", "RUN pip install 'jax'"),
        (
            "RUN pip install torch --index-url https://download.pytorch.org/whl/cu124",
            "RUN pip install torch --index-url https://download.pytorch.org/whl/cpu",
        ),
        (
            "RUN pip install -r requirements.txt",
            "RUN pip install --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt",
        ),
    ],
)
def test_lines_install_builds_for_cpus(findings, before, after):
    (found,) = findings((before, layer(*TORCH)), select=["IS501"])
    assert found.lines == (after,) and found.certainty == "possible"


def test_what_an_uninstalled_build_left_is_likely_for_nobody(findings):
    left = layer(file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", BIG), dist("torch", "2.5.1+cpu"))
    (found,) = findings((PIP, left), select=["IS501"], config=python((), "NVIDIA_VISIBLE_DEVICES=all"))
    assert found.certainty == "likely" and claimed(found) == {f"/{SITE}/nvidia/cublas/lib/libcublas.so.12"}


def test_code_for_gpus_within_a_library_counts_without_the_rest_of_it(findings):
    code = nvidia(("sm_90", 700_000))
    made = layer(file(f"{SITE}/tensorflow/libtensorflow_cc.so.2", elf(sections={".nv_fatbin": code}, size=2_000_000)))
    (found,) = findings(("RUN pip install tensorflow", made), select=["IS501"])
    assert found.bytes == len(code) and found.lines == ("RUN pip install tensorflow-cpu",)


# --- IS503 -------------------------------------------------------------------------------------------------

DEVEL = layer(
    file("usr/local/cuda-12.4/bin/nvcc", BIG, mode=0o755),
    file("usr/local/cuda-12.4/targets/x86_64-linux/include/cuda.h", BIG),
    file("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12", BIG),
    file("opt/nvidia/nsight-compute/2024.1/ncu", BIG),
    file("usr/lib/x86_64-linux-gnu/libcudnn_static_v9.a", BIG),
    file("usr/bin/server", elf(interpreter=LD), mode=0o755),
    file("etc/os-release", b'ID=ubuntu\nVERSION_ID="22.04"\n'),
)
VARIABLES = ("CUDA_VERSION=12.4.1", "NV_CUDA_CUDART_DEV_VERSION=12.4.127-1", "NV_CUDNN_VERSION=9.1.0.70-1")


def test_a_toolkit_is_likely_for_nothing_where_what_runs_is_known(findings):
    (found,) = findings(
        ("RUN apt-get install cuda", DEVEL), select=["IS503"], config=python(["/usr/bin/server"], *VARIABLES)
    )
    assert found.certainty == "likely" and found.bytes == 4 * len(BIG)
    assert found.lines == ("FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04",)


def test_a_toolkit_that_is_called_is_needed_and_one_that_may_be_is_only_possible(findings):
    step = ("RUN apt-get install cuda", DEVEL)
    assert not findings(step, select=["IS503"], config=python(["sh", "-c", "nvcc x.cu && ./a.out"]))
    jit = layer(dist("deepspeed", "0.15"))
    (found,) = findings(step, ("RUN pip", jit), select=["IS503"], config=python(["/usr/bin/server"]))
    assert found.certainty == "possible" and "deepspeed" in found.fix


# --- weights -----------------------------------------------------------------------------------------------

WEIGHTS = bytes(range(256)) * 20_000
HUB = "root/.cache/huggingface/hub/models--org--m"
SNAPSHOT = f"{HUB}/snapshots/0123/model.safetensors"
BLOB = f"{HUB}/blobs/{'ab' * 32}"


def test_a_cache_whose_links_became_files_holds_weights_twice(findings):
    (found,) = findings(("COPY hub", layer(file(BLOB, WEIGHTS), file(SNAPSHOT, WEIGHTS))), select=["IS507"])
    assert claimed(found) == {f"/{BLOB}"} and found.certainty == "likely" and found.bytes == len(WEIGHTS)
    link = layer(file(BLOB, WEIGHTS), symlink(SNAPSHOT, f"../../blobs/{'ab' * 32}"))
    hard = layer(file(BLOB, WEIGHTS), hardlink(SNAPSHOT, BLOB))
    assert not findings(("COPY hub", link), select=["IS507"]) and not findings(("COPY hub", hard), select=["IS507"])


def test_a_copy_beside_the_cache_is_told_by_content(findings):
    tar = layer(file(SNAPSHOT, WEIGHTS), file("models/m.safetensors", WEIGHTS), file("models/n.gguf", WEIGHTS[::-1]))
    (found,) = findings(("RUN hf download", tar), select=["IS507"])
    assert claimed(found) == {f"/{SNAPSHOT}"}


def test_other_large_files_that_are_there_twice_are_no_weights(findings):
    tar = layer(file("app/a/snapshot_blob.bin", WEIGHTS), file("app/b/snapshot_blob.bin", WEIGHTS))
    assert not findings(("COPY app", tar), select=["IS507"])
    tar = layer(file("app/a/model/x.bin", WEIGHTS), file("app/b/model/x.bin", WEIGHTS))
    assert findings(("COPY app", tar), select=["IS507"])
    ollama = f"root/.ollama/models/blobs/sha256-{'ab' * 32}"
    tar = layer(file(ollama, WEIGHTS), file("models/m.gguf", WEIGHTS))
    (found,) = findings(("RUN ollama create", tar), select=["IS507"])
    assert claimed(found) == {f"/{ollama}"}


def test_weights_in_a_layer_with_the_program_are_noted(findings, monkeypatch):
    monkeypatch.setattr("imgscope.suggestions.rules.machine_learning.models._MODEL_LAYER", len(WEIGHTS))
    program = [file(f"app/src/m{number}.py", b"x") for number in range(30)]
    weights = [file("app/models/a.safetensors", WEIGHTS), file("app/models/config.json", b"{}")]
    (found,) = findings(("COPY . /app", layer(*program, *weights)), select=["IS508"])
    assert found.note and found.bytes == 0 and ".safetensors" in found.title
    assert not findings(("COPY models", layer(*weights)), ("COPY src", layer(*program)), select=["IS508"])


# --- Python's packages -------------------------------------------------------------------------------------


def test_wheels_over_wheels_are_told_by_distribution(findings):
    first = layer(
        file(f"{SITE}/torch/lib/a.so", BIG),
        file(f"{SITE}/nvidia/cudnn/lib/c.so", BIG),
        dist("torch", "2.4.0", "torch/lib/a.so"),
        dist("nvidia_cudnn_cu12", "9.0", "nvidia/cudnn/lib/c.so"),
    )
    second = layer(
        file(f"{SITE}/torch/lib/a.so", BIG[::-1] + b"x"),
        whiteout(f"{SITE}/torch-2.4.0.dist-info"),
        whiteout(f"{SITE}/nvidia/cudnn/lib/c.so"),
        whiteout(f"{SITE}/nvidia_cudnn_cu12-9.0.dist-info"),
        dist("torch", "2.5.1", "torch/lib/a.so"),
        dist("nvidia_cudnn_cu12", "9.1", "nvidia/cudnn/lib/d.so"),
    )
    (found,) = findings((PIP, first), ("RUN pip install torch==2.5.1", second), select=["IS0", "IS509"], min_size=1000)
    assert found.code == "IS509" and found.layers == (1, 2) and found.certainty == "certain"
    assert "torch 2.4.0 2 MB" in found.title and "nvidia_cudnn_cu12 9.0 2 MB" in found.title
    assert found.lines == ("RUN pip install torch && \\", "    pip install torch==2.5.1")
    # Built at once, the image has what is told less.
    assert found.bytes == pytest.approx(len(first) - 4096, rel=0.05)


def test_what_is_uninstalled_or_given_to_another_owner_is_no_wheel_over_a_wheel(findings):
    files = ("torch/lib/a.so", BIG), ("other/b.so", BIG[1:])
    first = layer(
        *(file(f"{SITE}/{path}", data) for path, data in files),
        dist("torch", "2.4.0", "torch/lib/a.so"),
        dist("other", "1.0", "other/b.so"),
    )
    gone = layer(
        *(whiteout(f"{SITE}/{name}") for name in ("torch", "torch-2.4.0.dist-info")),
        dist("unrelated", "1.0", "unrelated/c.so"),
    )
    (found,) = findings((PIP, first), ("RUN pip uninstall -y torch", gone), select=["IS0", "IS509"], min_size=1000)
    assert found.code == "IS001"
    owned = layer(
        *(file(f"{SITE}/{path}", data, uid=1000) for path, data in files),
        *(dist(name, version, path, uid=1000) for name, version, path in OWNED),
    )
    (found,) = findings((PIP, first), ("RUN chown -R 1000 /usr", owned), select=["IS0", "IS509"], min_size=1000)
    assert found.code == "IS003"


def test_no_byte_of_a_replaced_wheel_is_counted_again_as_removed(findings):
    first = layer(
        file(f"{SITE}/torch/lib/a.so", BIG),
        dist("torch", "2.4.0", "torch/lib/a.so"),
        file("root/kept", BIG[:1_000_000]),
    )
    second = layer(
        *(whiteout(path) for path in (f"{SITE}/torch", f"{SITE}/torch-2.4.0.dist-info", "root/kept")),
        *(file(f"{SITE}/torch/b.so", BIG[1:]), dist("torch", "2.5.1", "torch/b.so")),
    )
    found = {
        one.code: one.bytes
        for one in findings((PIP, first), ("RUN pip install torch==2.5.1", second), select=["IS0", "IS509"])
    }
    assert found["IS001"] == 1_000_000 and found["IS509"] == pytest.approx(2_000_000, rel=0.001)


def conda(prefix, name, *files):
    record = {"name": name, "version": "1", "files": list(files)}
    return file(f"{prefix}/conda-meta/{name}-1-0.json", json.dumps(record).encode())


def test_condas_own_environment_beside_the_one_that_is_used(findings):
    env = "opt/conda/envs/app"
    tar = layer(
        *(
            conda("opt/conda", "conda", "bin/conda"),
            file("opt/conda/bin/conda", b"#!x"),
            conda(env, "numpy", "lib/n.so"),
        ),
        *(file("opt/conda/lib/libpython.so", BIG * 4), file(f"{env}/lib/n.so", BIG), file(f"{env}/bin/python", b"")),
        *(file("opt/conda/pkgs/x/shared", BIG), hardlink(f"{env}/shared", "opt/conda/pkgs/x/shared")),
    )
    config = {"Env": [f"PATH=/{env}/bin:/opt/conda/bin:/usr/bin"], "Cmd": ["python"]}
    (found,) = findings(("RUN conda env create", tar), select=["IS510"], config=config)
    assert "/opt/conda/lib/libpython.so" in claimed(found) and not any(
        path.startswith(f"/{env}") for path in claimed(found)
    )
    # Nothing says which of them is used.
    assert not findings(("RUN conda env create", tar), select=["IS510"], config={"Env": ["PATH=/usr/bin"]})


@pytest.mark.parametrize(
    ("extra", "config"),
    [
        (file("root/.bashrc", b". /opt/conda/etc/profile.d/conda.sh\nconda activate app\n"), {}),
        (file("x", b""), {"ENV_NAME": "app"}),
        (file("x", b""), {"CONDA_DEFAULT_ENV": "app"}),
        (file("entry.sh", b"#!/bin/sh\nconda run -n app python\n", mode=0o755), {}),
    ],
)
def test_an_environment_that_a_shell_or_a_script_activates_is_used(findings, extra, config):
    tar = layer(
        *(conda("opt/conda", "conda", "bin/conda"), file("opt/conda/bin/conda", b"#!x", mode=0o755), extra),
        *(conda("opt/conda/envs/app", "numpy", "lib/n.so"), file("opt/conda/envs/app/lib/n.so", BIG * 4)),
        *(conda("opt/conda/envs/old", "numpy", "lib/n.so"), file("opt/conda/envs/old/lib/n.so", BIG * 4)),
    )
    env = ["PATH=/opt/conda/bin:/usr/bin", *(f"{name}={value}" for name, value in config.items())]
    (found,) = findings(("RUN conda", tar), select=["IS510"], config={"Env": env, "Cmd": ["/entry.sh"]})
    assert claimed(found) >= {"/opt/conda/envs/old/lib/n.so"} and not any("envs/app" in path for path in claimed(found))


def test_files_that_pkgs_and_an_environment_share_are_not_saved(findings):
    tar = layer(
        file("opt/miniforge3/pkgs/x/shared", BIG),
        hardlink("opt/miniforge3/envs/a/shared", "opt/miniforge3/pkgs/x/shared"),
        file("opt/miniforge3/pkgs/x.conda", BIG),
    )
    (found,) = findings(("RUN conda install", tar), select=["IS109"])
    assert found.bytes == len(BIG)


def test_a_copy_in_another_folder_of_packages(findings):
    venv = "venv/lib/python3.12/site-packages"
    parts = []
    for site in (SITE, venv):
        parts += [file(f"{site}/torch/t.so", BIG * 3), dist("torch", "2.5.1", "torch/t.so", site=site)]
        parts += [file(f"{site}/pip/p.so", BIG * 3), dist("pip", "24", "pip/p.so", site=site)]
    tar = layer(*parts, file("usr/local/bin/python3", b""), symlink("venv/bin/python3", "/usr/local/bin/python3"))
    config = {"Env": ["PATH=/venv/bin:/usr/local/bin"]}
    (found,) = findings((PIP, tar), select=["IS514"], config=config)
    assert f"/{SITE}/torch/t.so" in claimed(found) and not any("venv" in path for path in claimed(found))
    target = {"Env": ["PATH=/usr/local/bin", f"PYTHONPATH=/{venv}"]}
    (found,) = findings((PIP, tar), select=["IS514"], config=target)
    assert f"/{SITE}/torch/t.so" in claimed(found)


def test_headers_of_wheels_and_caches_of_compilers(findings):
    tar = layer(
        file(f"{SITE}/torch/include/ATen/ATen.h", BIG),
        file(f"{SITE}/nvidia/cudnn/include/cudnn.h", BIG),
        file(f"{SITE}/nvidia/cublas/lib/libcublas_static.a", BIG),
        file(f"{SITE}/torch/lib/libtorch.so", BIG),
        file("root/.triton/cache/ab/kernel.cubin", BIG),
    )
    (found,) = findings((PIP, tar), select=["IS512"])
    assert found.bytes == 3 * len(BIG) and f"rm -rf /{SITE}/nvidia/cudnn/include" in found.lines[-1]
    assert not findings((PIP, tar), select=["IS512"], config=python(["g++", "x.cpp"]))
    (found,) = findings((PIP, tar), select=["IS511"])
    assert claimed(found) == {"/root/.triton/cache/ab/kernel.cubin"}


def test_a_second_node(findings, monkeypatch):
    monkeypatch.setattr("imgscope.suggestions.rules.machine_learning.browsers._NODE_SIZE", 1000)
    tar = layer(file("usr/local/bin/node", BIG, mode=0o755), file("usr/bin/node", BIG, mode=0o755))
    (found,) = findings(("RUN apt-get install nodejs", tar), select=["IS513"], config=python(["node"]))
    assert claimed(found) == {"/usr/bin/node"} and "PATH finds /usr/local/bin/node" in found.title
    linked = layer(file("usr/local/bin/node", BIG, mode=0o755), symlink("usr/bin/node", "/usr/local/bin/node"))
    assert not findings(("RUN x", linked), select=["IS513"], config=python(["node"]))


# --- images that are as they should be ---------------------------------------------------------------------


def well_made_cpu():
    parts = [file(f"{SITE}/torch/lib/libtorch_cpu.so", elf("libtorch_cpu.so", size=2_000_000))]
    for name in ("numpy", "scipy"):
        own = f"libscipy_openblas-{name[:1] * 8}.so"
        parts.append(file(f"{SITE}/{name}.libs/{own}", elf(own, size=2_000_000)))
        parts.append(file(f"{SITE}/{name}/core.so", elf(needed=[own], rpath=f"$ORIGIN/../{name}.libs")))
    return layer(*parts, dist("torch", "2.5.1+cpu"), file("models/m.safetensors", WEIGHTS)), python()


def well_made_gpu():
    cuda = "usr/local/cuda-12.6/targets/x86_64-linux/lib"
    code = nvidia(("sm_80", 90_000), ("sm_90", 90_000), ("compute_90", 9_000))
    return layer(
        file(f"{cuda}/libcudart.so.12", elf("libcudart.so.12", size=2_000_000)),
        file(
            f"{SITE}/nvidia/cublas/lib/libcublas.so.12",
            elf("libcublas.so.12", sections={".nv_fatbin": code}, size=2_000_000),
        ),
        file(
            f"{SITE}/torch/lib/libtorch_cuda.so",
            elf(needed=["libcublas.so.12"], rpath="$ORIGIN/../../nvidia/cublas/lib", size=2_000_000),
        ),
        dist("torch", "2.5.1"),
        file(BLOB, WEIGHTS),
        symlink(SNAPSHOT, f"../../blobs/{'ab' * 32}"),
    ), python(("python", "app.py"), "NVIDIA_VISIBLE_DEVICES=all")


def well_made_rocm():
    """One toolkit's libraries, code for the GPUs that the image says it is for, none of it for others."""
    code = packed_bundle(("gfx90a", 90_000), ("gfx942", 90_000))
    return layer(
        file("opt/rocm/lib/librccl.so.1", elf("librccl.so.1", sections={".hip_fatbin": code}, size=2_000_000)),
        file("opt/rocm/lib/rocblas/library/Kernels_gfx942.hsaco", b"\x7fELF" + bytes(1000)),
    ), python(("python", "app.py", "--device=cuda"), "PYTORCH_ROCM_ARCH=gfx90a;gfx942")


def well_made_onnx():
    """A build for CPUs with one copy of what it needs, and a model in a format of its own."""
    return layer(
        file(f"{SITE}/onnxruntime/capi/libonnxruntime.so.1", elf("libonnxruntime.so.1", size=2_000_000)),
        file(f"{SITE}/onnxruntime/capi/state.so", elf(needed=["libonnxruntime.so.1"], rpath="$ORIGIN")),
        dist("onnxruntime", "1.20.0"),
        file("models/m.onnx", WEIGHTS),
    ), python()


@pytest.mark.parametrize("made", [well_made_cpu, well_made_gpu, well_made_rocm, well_made_onnx])
def test_nothing_is_found_in_a_well_made_image(findings, made):
    tar, config = made()
    assert not findings((PIP, tar), select=["IS5"], config=config)
