"""`aicmo crm restore`: what a run overwrote in the CRM, and putting it back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.crm_restore_tables import change_as_json, show_changes
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.database import Database
    from aicmo.execution.crm_overwritten import ChangingRun, SentChange


def restore(
    project: Project,
    run: Annotated[
        int | None, typer.Argument(help="Number of the run; without it, all are listed.")
    ] = None,
    by: By = None,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for it: nothing is written before it is approved.")
    ] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve what was asked for: it is put back.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put back what a run overwrote in the CRM, where it still holds ours: look, --ask, --approve."""
    if ask and approve:
        raise typer.BadParameter("say one of --ask and --approve")
    if run is None and (ask or approve):
        raise typer.BadParameter("say which run", param_hint="RUN")
    database = open_ledger()
    if run is None:
        _list(database, project, as_json=as_json)
    elif ask:
        _ask(database, project, run, person(by), as_json=as_json)
    elif approve:
        _approve(database, project, run, person(by), as_json=as_json)
    else:
        _look(database, project, run, as_json=as_json)


def _list(database: Database, project: str, *, as_json: bool) -> None:
    from aicmo.execution.crm_overwritten import changing_runs

    with database.read() as session:
        found = changing_runs(session, project)
    if as_json:
        print_json({"project_id": project, "runs": [_run_as_json(each) for each in found]})
        return
    console = to_stdout()
    if not found:
        console.print(plain(f"No run of {project} has changed anything in a CRM."))
        return
    table = grid(["Run", "Started (UTC)", "By", "Changes"], right=(0, 3))
    for each in found:
        table.add_row(
            str(each.run_id), f"{each.started_at:%Y-%m-%d %H:%M}", plain(each.started_by),
            f"{each.changes:,}",
        )  # fmt: skip
    console.print(table)
    step = f"Next: `aicmo crm restore {project} RUN` shows what it overwrote."
    console.print(plain(f"\n{step}"), soft_wrap=True)


def _run_as_json(each: ChangingRun) -> dict[str, Any]:
    return {
        "run": each.run_id, "started_at": each.started_at.isoformat(),
        "started_by": each.started_by, "changes": each.changes,
    }  # fmt: skip


def _look(database: Database, project: str, run: int, *, as_json: bool) -> None:
    from aicmo.execution.accounts import open_crm_reader
    from aicmo.execution.crm_restoring import read_back

    found = read_back(database, project, run, lambda: open_crm_reader(database, project))
    if as_json:
        changes = [
            change_as_json(each, found.fields.get(each.delivery_id, ())) for each in found.changes
        ]
        print_json({"project_id": project, "run": run, "changes": changes})
    else:
        show_changes(to_stdout(), project, run, found)


def _ask(database: Database, project: str, run: int, by: str, *, as_json: bool) -> None:
    from aicmo.execution.crm_restoring import ask_restore

    asked = ask_restore(database, project, run, by=by)
    if as_json:
        print_json({"project_id": project, "run": run, "asked": asked, "asked_by": by})
        return
    console = to_stdout()
    line = f"Asked for by {by}: {count(asked, 'change')} of run {run}. Nothing is written yet."
    console.print(plain(line, "yellow"), soft_wrap=True)
    step = (
        f"`aicmo crm restore {project} {run} --approve --by NAME` puts back what still holds ours."
    )
    console.print(plain(f"Next: {step}"), soft_wrap=True)


def _approve(database: Database, project: str, run: int, by: str, *, as_json: bool) -> None:
    from aicmo.execution.accounts import open_gateway_of
    from aicmo.execution.crm_overwritten import KEPT, RESTORED
    from aicmo.execution.crm_restoring import approve_restore
    from aicmo.settings import get_execution_config

    done = approve_restore(
        database, project, run, get_execution_config(),
        lambda: open_gateway_of(database, project, "crm"), by=by,
    )  # fmt: skip
    if as_json:
        print_json(
            {"project_id": project, "run": run, "changes": [change_as_json(each) for each in done]}
        )
    else:
        _tell(project, run, done)
    if any(each.wish.state not in (RESTORED, KEPT) for each in done):
        raise typer.Exit(FAILED)


def _tell(project: str, run: int, done: Sequence[SentChange]) -> None:
    from aicmo.execution.crm_overwritten import APPROVED, KEPT, REFUSED, RESTORED, UNKNOWN

    console, states = to_stdout(), Counter(each.wish.state for each in done)
    said = {
        RESTORED: ("put back", "green"),
        KEPT: ("kept as the CRM has it: ours is gone there", "yellow"),
        REFUSED: ("refused by the CRM", "bold red"),
        UNKNOWN: ("without an answer", "bold red"),
        APPROVED: ("not tried", "yellow"),
    }
    for state, (words, style) in said.items():
        if states[state]:
            console.print(plain(f"{count(states[state], 'change')} {words}.", style))
    for each in done:
        if each.wish.detail:
            line = f"  {each.contact}, {each.item}: {each.wish.detail}"
            console.print(plain(line), soft_wrap=True)
    if states[UNKNOWN] or states[APPROVED]:
        again = f"`aicmo crm restore {project} {run} --approve` once more is safe: it looks first."
        console.print(plain(f"Next: {again}"), soft_wrap=True)
