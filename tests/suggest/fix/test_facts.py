"""A script that a RUN calls is read where links of its own and of lower layers lead, even if it is removed later."""

import pytest

from imgscope import analyze
from imgscope.suggestions.fix.facts import Facts

from ...archive.images import Image, docker_archive, write_tar
from ...oracle.maketar import file, layer, symlink

BASE = layer(symlink("bin", "usr/bin"), symlink("tools", "opt"), file("usr/bin/x.sh", b"#!/bin/sh\necho base\n"))
OWN = layer(symlink("opt/now", "v2"), file("opt/v2/run.sh", b"#!/bin/sh\necho own\n"), symlink("loop", "loop"))
AFTER = layer(file("opt/v2/.wh.run.sh"), file("bin/y.sh", b"#!/bin/sh\necho directory\n"))


@pytest.mark.parametrize(
    ("path", "number", "text"),
    [
        ("/bin/x.sh", 0, "base"),
        ("/bin/../bin/x.sh", 1, "base"),
        ("/tools/now/run.sh", 0, None),
        ("/tools/now/run.sh", 1, "own"),
        ("/tools/now/run.sh", 2, "own"),
        ("/loop", 2, None),
        # The last layer's own directory takes the place of the link.
        ("/bin/y.sh", 2, "directory"),
        ("/bin/x.sh", 2, None),
    ],
)
def test_what_a_path_leads_to_once_a_layer_is_on_top(tmp_path, path, number, text):
    archive = write_tar(tmp_path / "a.tar", docker_archive(Image((BASE, OWN, AFTER), ("a:1",))))
    with analyze(str(archive), cache=False) as analysis:
        found = Facts(analysis).text(path, number)
    assert (found or "").partition("echo ")[2].strip() == (text or "")
