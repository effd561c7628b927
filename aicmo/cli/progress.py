"""Progress on stderr, for a person at a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from aicmo.cli.console import to_stderr

Advance = Callable[[], None]


@contextmanager
def progress(description: str, total: int | None = None) -> Generator[Advance]:
    """A bar over `total` steps, or a spinner without a total; yields what to call per step."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
    )

    console = to_stderr()
    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
    if total is not None:
        columns += [BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)
