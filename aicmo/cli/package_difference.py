"""`aicmo package diff`: what changed between two packages."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.console import grid, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json

if TYPE_CHECKING:
    from aicmo.packaging.comparison import Snapshot

_WHAT = "A package's number, its folder or its manifest.json."


def difference(
    before: Annotated[str, typer.Argument(help=_WHAT)],
    after: Annotated[str, typer.Argument(help=_WHAT)],
    *,
    project: Annotated[
        str | None, typer.Option("--project", help="Whose packages the numbers count.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say in words what changed between two packages."""
    from aicmo.packaging.comparison import compare_packages

    changes = compare_packages(_snapshot(before, project), _snapshot(after, project))
    if as_json:
        print_json({"before": before, "after": after, "changes": [asdict(one) for one in changes]})
        return
    if not changes:
        to_stdout().print("Nothing changed.")
        return
    table = grid(["About", "What changed"])
    for number, change in enumerate(changes):
        first = not number or changes[number - 1].about != change.about
        table.add_row(plain(change.about if first else "", "bold cyan"), plain(change.text))
    to_stdout().print(table)


def _snapshot(named: str, project: str | None) -> Snapshot:
    from aicmo.delivery.package_snapshots import snapshot_at, snapshot_of

    if not named.isdecimal():
        return snapshot_at(Path(named))
    if project is None:
        raise typer.BadParameter("is needed for a package's number", param_hint="--project")
    return snapshot_of(open_ledger(), project, int(named))
