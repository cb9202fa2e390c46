"""Instructions as their author would know them, whoever built the image."""

import pytest

from imgscope.history import clean_instruction, read_history


@pytest.mark.parametrize(
    ("created_by", "instruction"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) ADD file:0d8d in / ", "ADD file:0d8d in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("|2 A=1 B=two words /bin/sh -c make all", "RUN make all"),
        ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
        ("RUN |1 TOKEN=abc /bin/sh -c make # buildkit", "RUN make"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("/bin/bash -o pipefail -c curl x | sh", "RUN /bin/bash -o pipefail -c curl x | sh"),
        ("RUN /bin/bash -c set -e # not a suffix\necho # buildkit", "RUN /bin/bash -c set -e # not a suffix\necho"),
        ("cmd /S /C powershell x", "RUN powershell x"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_the_builders_noise_is_taken_away(created_by, instruction):
    assert clean_instruction(created_by) == instruction


def test_a_step_without_a_command_shows_its_comment():
    assert clean_instruction("", "Imported from -") == "Imported from -"


def test_empty_steps_make_no_layer():
    history = [
        {"created_by": "ADD x /"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c y # buildkit"},
    ]
    steps, note = read_history({"history": history}, 2)
    assert [step.layer for step in steps] == [0, None, 1]
    assert note is None


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_history_that_does_not_fit_the_layers_is_noted(layers):
    steps, note = read_history({"history": [{"created_by": "a"}, {"created_by": "b"}]}, layers)
    assert note is not None
    assert all(step.layer is None or step.layer < layers for step in steps)


@pytest.mark.parametrize("history", [None, 3, [3, None], [{"created_by": 3, "empty_layer": "yes"}], {}])
def test_a_history_of_any_shape_is_read(history):
    read_history({"history": history}, 1)
