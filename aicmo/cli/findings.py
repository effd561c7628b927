"""What the checks of emails found, as lines with place and fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aicmo.cli.console import count, plain

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.gateways.email_findings import Check, Finding

_STYLES = {"error": "bold red", "warning": "yellow", "hint": "cyan"}
_ITEMS_NAMED = 3
_SHOWN = 12


def show_findings(console: Console, found: Iterable[tuple[str, Finding]]) -> None:
    """Findings with the items that they are of; one that several items share is said once."""
    items: dict[Finding, list[str]] = {}
    for item, finding in found:
        items.setdefault(finding, []).append(item)
    for finding, keys in list(items.items())[:_SHOWN]:
        line = plain(f"{finding.severity.capitalize()}  ", _STYLES[finding.severity])
        line.append_text(plain(f"{_some(keys)}, {finding.place}: {finding}."))
        console.print(line, soft_wrap=not console.is_terminal)
        if finding.fix:
            console.print(plain(f"  Fix: {finding.fix}.", "dim"), soft_wrap=not console.is_terminal)
    if (more := len(items) - _SHOWN) > 0:
        console.print(plain(f"And {count(more, 'finding')} more.", "dim"))


def _some(keys: Sequence[str]) -> str:
    more = len(keys) - _ITEMS_NAMED
    named = ", ".join(keys[:_ITEMS_NAMED])
    return f"{named} and {more} more" if more > 0 else named


def summary(checks: Sequence[Check]) -> tuple[str, str]:
    """`1 error, 2 warnings` and the style of the worst; `ok` without any."""
    if not checks:
        return "–", "dim"
    severities = [each.severity for check in checks for each in check.findings]
    counts = {each: severities.count(each) for each in _STYLES if each in severities}
    if not counts:
        return "ok", "green"
    return ", ".join(count(number, name) for name, number in counts.items()), _STYLES[
        next(iter(counts))
    ]


def checks_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    return [
        {
            "check": check.name, "verdict": check.verdict, "said": check.said,
            "findings": [finding_json(each) for each in check.findings],
        }
        for check in checks
    ]  # fmt: skip


def finding_json(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.severity, "place": finding.place, "text": str(finding),
        "fix": finding.fix,
    }  # fmt: skip


def refused_json(refused: Mapping[str, Sequence[Finding]]) -> list[dict[str, Any]]:
    """Items that can't be approved, each with its errors."""
    return [
        {"item": item, "findings": [finding_json(each) for each in errors]}
        for item, errors in refused.items()
    ]
