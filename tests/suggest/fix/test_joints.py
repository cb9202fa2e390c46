"""RUN that are joined to one do what they did one after the other, as real shells run them."""

import itertools

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from imgscope.dockerfile import parse
from imgscope.dockerfile.edits import EditError, apply
from imgscope.dockerfile.grammar import read_script
from imgscope.dockerfile.shell import Ending, ShellError
from imgscope.suggestions.fix.joints import joint
from imgscope.suggestions.fix.model import NotSafe
from imgscope.suggestions.fix.writing import Group, Writer
from tests.dockerfile.test_shell import SHELLS, run, scripts


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(scripts, st.sampled_from(["a", "b", "a && b", "set -e; b", "c | d", "set -eu && a"])),
        min_size=2,
        max_size=3,
    ),
    st.booleans(),
    st.sampled_from(["-c", "-c", "-ec"]),
    st.lists(st.tuples(*[st.sampled_from((0, 0, 1))] * 4), min_size=2, max_size=2, unique=True),
)
@example(["a", "b; c"], True, "-c", [(0, 1, 0, 0), (1, 0, 0, 0)])
@example(["a", "b || c"], True, "-c", [(1, 0, 0, 0), (0, 1, 0, 0)])
@example(["set -e; a", "set -e; b; c"], True, "-c", [(0, 1, 0, 0)])
@example(["set -eu && a", "b; c"], False, "-c", [(0, 1, 0, 0)])
@example(["a", "set -e; b; c"], True, "-c", [(0, 1, 0, 0)])
@example(["set -e; a", "b"], True, "-c", [(1, 0, 0, 0), (0, 1, 0, 0)])
@example(["set -e && a", "b", "c"], True, "-c", [(1, 0, 0, 0)])
@example(["a && b", "c | d"], True, "-ec", [(1, 0, 0, 0)])
@example(["a", "b && c", "d"], True, "-ec", [(0, 1, 0, 0)])
def test_what_is_joined_does_what_it_did_before(texts, cleans, options, statuses):
    dockerfile = parse("FROM x\n" + "".join(f"RUN {text}\n# between\n\n" for text in texts))
    runs = dockerfile.instructions[1:]
    joints = []
    try:
        found = [read_script(text, ("/bin/sh", options)) for text in texts]
        for number in range(1, len(texts)):
            joints.append(joint(runs[:number], found[:number], joints, runs[number], found[number]))
        if cleans:
            ending = found[-1].ending()
            assume(not joints[-1].braces or ending == Ending(found[-1].end, ending.operator))
        group = Group(runs, tuple(found), tuple(joints), (), ("LAST",) if cleans else ())
        after = apply(dockerfile, list(Writer(dockerfile).edits(group)))
    except (ShellError, NotSafe, EditError):
        assume(False)
    assert len(after.instructions) == 2
    assert after.text.count("# between") == len(texts)
    for shell, status in itertools.product(SHELLS, statuses):
        expected = []
        before = 0
        for text in texts:
            before, ran = run(shell, text, status, options)
            expected += ran
            if before:
                break
        result, then = run(shell, after.instructions[1].rest, status, options)
        shown = (shell, options, after.text, status)
        assert (before == 0) == (result == 0), shown
        assert sorted(name for name in then if name != "LAST") == sorted(expected), shown
        if cleans and "exit" not in texts[-1]:
            assert (then[-1:] == ["LAST"]) == (before == 0), shown
