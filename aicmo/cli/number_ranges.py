"""Numbers as people list them: `12 15-40`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

_RANGE = re.compile(r"([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers that a person names one by one, and spans of which only those that exist are meant."""

    single: frozenset[int] = frozenset()
    spans: tuple[range, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.single or self.spans)

    def __str__(self) -> str:
        spans = [f"{span[0]}-{span[-1]}" for span in self.spans]
        return ", ".join([*map(str, sorted(self.single)), *spans])

    def among(self, known: Iterable[int]) -> list[int]:
        """Every single number, and those of `known` within the spans; in ascending order."""
        within = {number for number in known if any(number in span for span in self.spans)}
        return sorted(self.single | within)


def parse_numbers(texts: Iterable[str]) -> Numbers:
    """What `12 15-40` means.

    Raises:
        typer.BadParameter: one is neither a number nor a range.
    """
    single: set[int] = set()
    spans: list[range] = []
    for text in filter(None, (each.strip() for each in ",".join(texts).split(","))):
        match = _RANGE.fullmatch(text)
        if match and not match[2]:
            single.add(int(match[1]))
        elif match and (span := range(int(match[1]), int(match[2]) + 1)):
            spans.append(span)
        else:
            raise typer.BadParameter(f"{text[:40]!r} is neither a number nor a range like 12-40")
    return Numbers(frozenset(single), tuple(spans))


def ranges(numbers: Iterable[int]) -> list[str]:
    """Ascending numbers, the shortest way to write them: `12`, `15-40`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ["-".join(str(end) for end in run) for run in runs]
