"""What a doctor finds: one check, its verdict, what was seen and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    PROBLEM = "problem"
    """Mail will be refused, lost or distrusted until it is put right."""
    WARNING = "warning"
    """It works for now, or for most."""
    NOT_CHECKED = "not checked"
    """Nobody answered, or it can't be known from here; never a silent `ok`."""


@dataclass(frozen=True, slots=True)
class Check:
    """seen: what was found, in words; fix: what to do, empty where there is nothing to do."""

    name: str
    verdict: Verdict
    seen: str
    fix: str = ""


def ok(name: str, seen: str) -> Check:
    return Check(name, Verdict.OK, seen)


def problem(name: str, seen: str, fix: str) -> Check:
    return Check(name, Verdict.PROBLEM, seen, fix)


def warning(name: str, seen: str, fix: str) -> Check:
    return Check(name, Verdict.WARNING, seen, fix)


def not_checked(name: str, seen: str, fix: str = "") -> Check:
    return Check(name, Verdict.NOT_CHECKED, seen, fix)
