"""``imgscope check`` passes and fails what dive passes and fails, on images that an engine built and saved."""

from __future__ import annotations

import json
import math

import pytest

from tests.compat import dive

from .conftest import Built

pytestmark = dive.needs_dive

RULES = ("lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent")
OFF = dict.fromkeys(RULES, "disabled")


def _configs(figures: dict[str, float]) -> list[dict[str, object]]:
    """Each rule on at its limit, and just past it; all off, and each off alone."""
    efficiency, wasted = figures["efficiency"], figures["wastedBytes"]
    share = figures["userWastedPercent"]
    configs: list[dict[str, object]] = [{}, OFF, {"lowestEfficiency": "disabled"}]
    configs.append({"highestUserWastedPercent": "disabled"})
    configs.append({**OFF, "lowestEfficiency": repr(efficiency)})
    if efficiency < 1:
        configs.append({**OFF, "lowestEfficiency": repr(math.nextafter(efficiency, 1))})
    configs.append({**OFF, "highestWastedBytes": wasted})
    if wasted:
        configs.append({**OFF, "highestWastedBytes": wasted - 1})
    if share is not None and 0 < share <= 1:
        configs.append({**OFF, "highestUserWastedPercent": repr(share)})
        configs.append({**OFF, "highestUserWastedPercent": repr(math.nextafter(share, 0))})
    return configs


@pytest.mark.parametrize("built", ["whiteouts", "hardlinks", "metadata", "names"], indirect=True)
def test_each_rule_on_off_and_at_its_limit(built: Built, imgscope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = tmp_path / "image.tar"
    image.symlink_to(built.archive)
    told = json.loads(imgscope("check", image, "--format", "json", "--max-layers", 1000).stdout)
    figures = told["images"][0]["dive"]
    seen = set()
    for config in _configs(figures):
        text = "rules:\n" + "".join(f"  {rule}: {value}\n" for rule, value in config.items())
        code, statuses, printed = dive.verdicts(image, text)
        (tmp_path / ".dive-ci").write_text(text)
        done = imgscope("check", image, "--format", "json")
        ours = {row["rule"]: row["status"] for row in json.loads(done.stdout)["images"][0]["rules"]}
        words = {"PASS": "pass", "FAIL": "fail", "SKIP": "skipped"}
        assert ours == {rule: words[status] for rule, status in statuses.items()}, (config, printed)
        assert done.returncode == code, config
        seen |= set(ours.values())
    assert seen == {"pass", "fail", "skipped"}
