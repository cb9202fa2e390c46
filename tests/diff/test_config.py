"""What a container is started with."""

from __future__ import annotations

from imgscope.differences import diff
from tests.oracle.maketar import file, layer

LAYER = layer(file("a", b"1"))


def test_every_setting_is_compared_by_its_dockerfile_word(make):
    old = {
        "Env": ["PATH=/bin", "OLD=1", "KEPT=x"],
        "Cmd": ["run"],
        "User": "app",
        "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}},
        "Labels": {"v": "1", "org.opencontainers.image.base.name": "debian:11"},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000},
    }
    new = {
        "Env": ["PATH=/usr/bin", "KEPT=x", "NEW=a=b"],
        "Cmd": ["run", "fast"],
        "Entrypoint": ["/init"],
        "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}, "82/tcp": {}},
        "Labels": {"v": "2", "org.opencontainers.image.base.name": "debian:12"},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000},
    }
    with diff(make(LAYER, config=old), make(LAYER, config=new), cache=False) as found:
        assert [(row.field, row.key, row.before, row.after) for row in found.config] == [
            ("base", "name", "debian:11", "debian:12"),
            ("ENV", "PATH", "/bin", "/usr/bin"),
            ("ENV", "OLD", "1", None),
            ("ENV", "NEW", None, "a=b"),
            ("ENTRYPOINT", None, None, '["/init"]'),
            ("CMD", None, '["run"]', '["run", "fast"]'),
            ("USER", None, "app", None),
            ("EXPOSE", None, "81/tcp", None),
            ("EXPOSE", None, None, "82/tcp"),
            ("HEALTHCHECK", "interval", "30s", "5s"),
            ("LABEL", "v", "1", "2"),
        ]
        assert not found.equal


def test_a_config_of_odd_types_is_no_error(make):
    odd = {"Env": "PATH", "Cmd": 5, "Labels": ["a"], "ExposedPorts": None, "Healthcheck": "x"}
    with diff(make(LAYER, config=odd), make(LAYER, config={}), cache=False) as found:
        assert [row.field for row in found.config] == ["CMD"]


def test_people_are_shown_a_thousand_differences_and_json_all(make, imgscope):
    many = {"Env": [f"V{number}=1" for number in range(1500)]}
    old, new = make(LAYER, config={}), make(LAYER, config=many)
    for form in ("text", "markdown"):
        shown = imgscope("diff", old, new, "--only", "config", "--format", form).stdout
        assert shown.count("ENV V") == 1000 and "and 500 more" in shown
    assert imgscope("diff", old, new, "--only", "config", "--format", "json").stdout.count('"V') == 1500
