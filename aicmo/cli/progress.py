"""Progress on stderr: a bar for a person at a terminal, a line now and then for a log."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aicmo.cli.console import plain, to_stderr

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from aicmo.execution.progress import Progress

LOG_EVERY_SECONDS = 30.0
_BAR_WIDTH = 16


@contextmanager
def progress(description: str, total: int | None = None) -> Generator[Progress]:
    """Shows work over `total` parts, or without a known end; yields what to call for each part."""
    from aicmo.execution.progress import Progress

    console, counted = to_stderr(), Progress(total)
    shown = _live if console.is_terminal else _lines
    with shown(console, description, counted):
        yield counted


@contextmanager
def _live(console: Console, description: str, counted: Progress) -> Generator[None]:
    from rich.live import Live

    view = _View(description, counted)
    with Live(view, console=console, transient=True, refresh_per_second=8):
        yield


class _View:
    """Drawn anew at each refresh; two lines, so that it fits into 80 columns."""

    def __init__(self, description: str, counted: Progress) -> None:
        from rich.spinner import Spinner

        self._spinner = Spinner("dots", style="cyan")
        self._description, self._counted = description, counted

    def __rich__(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        now = self._counted.snapshot()
        bar = ProgressBar(total=now.total, completed=now.done, width=_BAR_WIDTH)
        shown = Table.grid(padding=(0, 1))
        shown.add_row(
            self._spinner, plain(self._description), bar if now.total else "",
            plain(f"{now.pace}\n{now.outcomes}".strip()),
        )  # fmt: skip
        return shown


@contextmanager
def _lines(console: Console, description: str, counted: Progress) -> Generator[None]:
    """A thread of its own: a provider that keeps us waiting shows as a count that stands still."""
    finished = threading.Event()

    def report() -> None:
        while not finished.wait(LOG_EVERY_SECONDS):
            line = counted.snapshot().line
            console.print(plain(f"{description}: {line or 'in progress'}"), soft_wrap=True)

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        finished.set()
        reporter.join()
