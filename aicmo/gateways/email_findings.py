"""What a check of an email says: a verdict, and each finding with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "hint"]
Verdict = Literal["ok", "hint", "warning", "error"]
_WORST_FIRST: tuple[Severity, ...] = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may be.

    severity: an `error` keeps the item from being approved; the others leave it to the person.
    place: the field of the project document, such as `content.subject`.
    text: what was found, as a sentence without its full stop.
    fix: what to do about it, likewise.
    words: the words around it, if it stands in a text; they differ from recipient to recipient.
    """

    severity: Severity
    place: str
    text: str
    fix: str
    words: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.text}: “{self.words}”" if self.words else self.text


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its verdict; `said` tells what was looked at when nothing is wrong."""

    name: str
    said: str
    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        found = {each.severity for each in self.findings}
        for severity in _WORST_FIRST:
            if severity in found:
                return severity
        return "ok"


def merged(reports: Iterable[Iterable[Check]]) -> tuple[Check, ...]:
    """The checks of several emails of one item as one report; what recurs is said once."""
    found: dict[str, Check] = {}
    for check in (each for report in reports for each in report):
        known = found.setdefault(check.name, check)
        fresh = tuple(each for each in check.findings if each not in known.findings)
        found[check.name] = Check(check.name, known.said, known.findings + fresh)
    return tuple(found.values())
