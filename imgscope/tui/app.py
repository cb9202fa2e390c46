"""The interactive view as a program: opens at once, analyses meanwhile, shows the result, gives the terminal back."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen
from textual.theme import Theme

from ..analysis import Analysis
from ..errors import ImgscopeError
from ..rows import titled
from .characters import needs_ascii, to_ascii
from .config import AUTO, Settings, light_terminal
from .loading import Cancelled, LoadingScreen, ScreenProgress
from .panes import PaneScreen
from .picture import Picture
from .themes import FALLBACK, THEMES, counterpart, fitting
from .type_ahead import TypedAhead


@runtime_checkable
class Sparing(Protocol):
    """A driver that writes only what the terminal does not show yet."""

    picture: Picture

    def draw_again(self) -> None:
        """Draw all of the screen."""


def has_shell() -> bool:
    """Tell whether somebody waits who can continue this process once it is stopped: a shell with job control."""
    if sys.platform == "win32":
        return False
    # A shell gives each job a group of its own. What the terminal itself started would stay stopped for ever.
    return os.getpgrp() != os.getsid(0)


class Closeable(Protocol):
    """What is looked at: an analysis, two that are compared, or a fleet."""

    def close(self) -> None:
        """Release it."""


Work = Callable[[ScreenProgress], Closeable]


class ImgscopeApp(TypedAhead[ImgscopeError | None]):
    """The whole program; what ``run`` returns is the error that ended it, if one did."""

    CSS_PATH = Path(__file__).with_name("styles.tcss")
    TITLE = "imgscope"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend", "Suspend", show=False, priority=True),
        Binding("ctrl+l,f5", "draw_again", "Draw the screen anew", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        work: Work,
        reference: str,
        settings: Settings | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """Show what ``work`` returns; it runs in a thread of its own and is told where to report progress."""
        self._known_theme: Theme | None = None
        super().__init__(driver_class)
        self._analyse = work
        self.reference = titled(reference)
        self.settings = settings or Settings()
        self.opened: Closeable | None = None
        self._progress = ScreenProgress()
        self._thread = threading.Thread(target=self._run_work, daemon=True, name="analyse")
        for theme in THEMES:
            self.register_theme(theme)
        chosen = self.settings.theme
        # Without a terminal (in tests) colours are not limited.
        depth = self.console.color_system if driver_class is not None else None
        self.theme = fitting(depth, light_terminal()) if chosen == AUTO else chosen

    @property
    def current_theme(self) -> Theme:
        """The theme, which Textual looks up for each line that it draws."""
        if self._known_theme is None or self._known_theme.name != self.theme:
            self._known_theme = super().current_theme
        return self._known_theme

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables; themes of Textual's own get what this program's have besides."""
        variables = super().get_css_variables()
        for name, other in FALLBACK.items():
            if name not in variables or name not in self.current_theme.variables:
                variables[name] = variables.get(other, variables["foreground"])
        return variables

    def on_mount(self) -> None:
        """Start the analysis."""
        if self.settings.keys:
            self.set_keymap(self.settings.keys)
        if isinstance(self._driver, Sparing) and needs_ascii(self.settings.characters):
            self._driver.picture.translate(to_ascii)
        self._thread.start()
        # What is in the cache is here before anybody could read a progress line.
        self.set_timer(0.1, self._show_loading)

    def _show_loading(self) -> None:
        if self.opened is None:
            self.push_screen(LoadingScreen(self.reference, self._progress))

    def _run_work(self) -> None:
        try:
            opened = self._analyse(self._progress)
        except Cancelled:
            return
        except ImgscopeError as error:
            self._tell(self.exit, error)
        except BaseException as error:
            self._tell(self._fail, error)
        else:
            self._tell(self._show, opened)

    def _tell(self, what: Callable[..., object], value: Closeable | BaseException) -> None:
        """Call something in the program's own thread, unless the program is over."""
        try:
            self.call_from_thread(what, value)
        except RuntimeError:
            if not isinstance(value, BaseException):
                value.close()

    def _fail(self, error: BaseException) -> None:
        raise error

    def _show(self, opened: Closeable) -> None:
        self.opened = opened
        screen = self._screen_of(opened)
        # What was read is the analysis' now.
        self._progress.outline = None
        if isinstance(self.screen, LoadingScreen):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def _screen_of(self, opened: Closeable) -> PaneScreen:
        if isinstance(opened, Analysis):
            from .explorer import Explorer

            early = self.screen
            path = early.path if isinstance(early, LoadingScreen) else None
            return Explorer(opened, open_folders=self.settings.open_folders, layer=self._progress.chosen, path=path)
        from .difference.screen import Differ, OpenDifference

        if not isinstance(opened, OpenDifference):
            from .fleet.screen import FleetScreen
            from .fleet.store import OpenFleet

            assert isinstance(opened, OpenFleet)
            return FleetScreen(opened, open_folders=self.settings.open_folders)
        return Differ(opened.difference, open_folders=self.settings.open_folders)

    def close(self) -> None:
        """End the analysis if it is still under way, and release the image."""
        self._progress.cancel()
        if self._thread.is_alive():
            self._thread.join(1.0)
        if self.opened is not None:
            self.opened.close()

    def on_resize(self) -> None:
        """Draw all of the screen: a terminal may show anything after it got another size."""
        driver = self._driver
        if isinstance(driver, Sparing):
            driver.picture.forget()

    def action_draw_again(self) -> None:
        """Draw all of the screen, whatever else wrote there."""
        driver = self._driver
        if isinstance(driver, Sparing):
            driver.draw_again()

    def action_suspend(self) -> None:
        """Give the terminal back to the shell for a while, where there is one that could bring the view back."""
        if has_shell():
            self.action_suspend_process()
        else:
            self.notify("There is no shell to go back to from here.", severity="warning")

    def action_theme(self) -> None:
        """Switch between dark and light."""
        if self.current_theme.ansi:
            self.notify("These are the terminal's own colours: it decides whether they are dark or light.")
        else:
            self.theme = counterpart(self.theme, dark=self.current_theme.dark)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """List every action in the command palette."""
        if isinstance(screen, PaneScreen):
            for key in screen.keys:
                if not key.name.startswith(("move.", "app.command_palette", "app.quit")):
                    run = _runner(screen, key.name)
                    yield SystemCommand(key.words, key.group, run)
        yield from super().get_system_commands(screen)


def _runner(screen: PaneScreen, action: str) -> Callable[[], None]:
    async def act() -> None:
        await screen.run_action(action)

    def run() -> None:
        screen.call_later(act)

    return run
