"""`aicmo check`: what keeps a package from being ready for the client."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.packaging.quality.finding import Finding

_STYLES = {"blocker": "bold red", "warning": "yellow", "note": "cyan"}


def check(project: Project, *, as_json: Json = False) -> None:
    """Check whether a package would be ready for the client; renders nothing, changes nothing."""
    from aicmo.delivery.project_content import load_content
    from aicmo.packaging.composition import compose
    from aicmo.packaging.quality.gate import check_quality

    content = load_content(open_ledger(), project)
    findings = check_quality(content, compose(content))
    if as_json:
        print_json(_as_json(project, findings))
    else:
        _show(to_stdout(), findings)
    if _of(findings, "blocker"):
        raise typer.Exit(FAILED)


def _of(findings: Sequence[Finding], severity: str) -> list[Finding]:
    return [one for one in findings if one.severity == severity]


def _show(console: Console, findings: Sequence[Finding]) -> None:
    """A table for each severity, the worst first, and the verdict."""
    for severity, style in _STYLES.items():
        if found := _of(findings, severity):
            console.print(plain(count(len(found), severity).capitalize(), style))
            table = grid(["Where", "Rule", "Evidence", "What to do"])
            for one in found:
                table.add_row(
                    plain(one.place), plain(one.rule), plain(one.evidence), plain(one.fix, "dim")
                )
            console.print(table)
            console.print()
    blocked = bool(_of(findings, "blocker"))
    console.print(plain(_verdict(findings), "bold red" if blocked else "green"), soft_wrap=True)


def _verdict(findings: Sequence[Finding]) -> str:
    """The last line: whether the package is ready for the client."""
    if blockers := _of(findings, "blocker"):
        return f"Internal draft: {count(len(blockers), 'blocker')}."
    if warnings := _of(findings, "warning"):
        verb = "wants" if len(warnings) == 1 else "want"
        return f"Ready for the client; {count(len(warnings), 'warning')} {verb} an answer."
    return "Ready for the client."


def _as_json(project: str, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "project_id": project,
        "ready": not _of(findings, "blocker"),
        "counts": {severity: len(_of(findings, severity)) for severity in _STYLES},
        "findings": [asdict(one) for one in findings],
    }
