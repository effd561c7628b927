"""Numbers as people list them: `12 15-40`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

_RANGE = re.compile(r"([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")
_MOST = 1_000_000


def parse_numbers(texts: Iterable[str]) -> list[int]:
    """The numbers that are meant, each once, in ascending order.

    Raises:
        typer.BadParameter: one is neither a number nor a range.
    """
    found: set[int] = set()
    for text in ",".join(texts).split(","):
        if not text.strip():
            continue
        match = _RANGE.fullmatch(text.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not 0 <= last - first < _MOST:
            raise typer.BadParameter(f"{text[:40]!r} is neither a number nor a range like 12-40")
        found.update(range(first, last + 1))
    return sorted(found)


def ranges(numbers: Iterable[int]) -> list[str]:
    """Ascending numbers, the shortest way to write them: `12`, `15-40`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ["-".join(str(end) for end in run) for run in runs]
