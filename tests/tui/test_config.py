"""The config file chooses theme and keys, and says what is wrong with it."""

from __future__ import annotations

import pytest

from imgscope.errors import ConfigError
from imgscope.tui.config import Settings, light_terminal, load
from imgscope.tui.model.marks import Mark

from .driver import explore


def written(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_no_file_means_the_usual_settings(tmp_path):
    assert load(tmp_path / "config.toml") == Settings()


def test_theme_and_keys(tmp_path):
    settings = load(
        written(
            tmp_path,
            '[tui]\ntheme = "nord"\nopen_folders = true\n[tui.keys]\nsort = "f5"\n"toggle_mark.added" = "f6"\n',
        )
    )

    async def scenario(view):
        assert view.app.theme == "nord"
        assert "/bin/busybox" in view.paths()
        await view.press("2", "s")
        assert view.rows.sort == "name"
        await view.press("f5")
        assert view.rows.sort == "size"
        await view.press("f6")
        assert Mark.ADDED not in view.rows.shown

    explore(scenario, settings=settings)


def test_actions_may_have_their_names_of_before(tmp_path):
    settings = load(written(tmp_path, '[tui.keys]\nlast_pane = "f7"\n'))
    assert settings.keys == {"previous_pane": "f7"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tui", "not valid TOML"),
        ("tui = 3", "must be a table"),
        ("[tui]\ncolour = 1", "no setting 'colour'"),
        ('[tui]\ntheme = "pink"', "no theme 'pink'"),
        ("[tui]\nopen_folders = 1", "true or false"),
        ('[tui.keys]\nfly = "f"', "no action 'fly'"),
        ("[tui.keys]\nsort = 5", "must be text"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        load(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_named_must_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("IMGSCOPE_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="does not exist"):
        load()


def test_a_light_terminal_gets_the_light_theme(monkeypatch):
    monkeypatch.setenv("COLORFGBG", "0;15")
    assert light_terminal()
    monkeypatch.setenv("COLORFGBG", "15;0")
    assert not light_terminal()
