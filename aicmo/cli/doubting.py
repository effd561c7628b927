"""`aicmo doubts`: what may have gone out, why nobody knows, and what a person decides about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, plain, print_json, to_stdout
from aicmo.cli.doubt_tables import show_doubts, without_doubts
from aicmo.cli.ledger import open_ledger
from aicmo.cli.number_ranges import parse_numbers
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aicmo.cli.number_ranges import Numbers
    from aicmo.errors import FixInput
    from aicmo.execution.deciding import Decision
    from aicmo.execution.doubts import Doubt

Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID",
        help="Numbers as the list shows them; 12-40 means the doubts in it; without any, all.",
    ),
]


def doubts(
    project: Project,
    ids: Ids = None,
    *,
    is_there: Annotated[
        bool, typer.Option("--is-there", help="It went out: it counts as sent.")
    ] = False,
    is_not_there: Annotated[
        bool,
        typer.Option(
            "--is-not-there",
            help="It did not go out: it waits again. If it did go out, it goes out twice.",
        ),
    ] = False,
    give_up: Annotated[
        bool,
        typer.Option("--give-up", help="Nobody can tell: it counts as failed, for good."),
    ] = False,
    reference: Annotated[str, typer.Option(help="The provider's own, for --is-there.")] = "",
    reason: Annotated[str, typer.Option(help="How you know; kept in the audit log.")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Show what may have gone out, with all evidence, and decide it."""
    from aicmo.execution.deciding import Decision

    flags = {
        Decision.IS_THERE: is_there,
        Decision.IS_NOT_THERE: is_not_there,
        Decision.GIVE_UP: give_up,
    }
    chosen = [decision for decision, given in flags.items() if given]
    numbers = parse_numbers(ids or [])
    if not chosen:
        _require_nothing(reason, reference)
        _list(project, numbers, as_json=as_json)
        return
    if len(chosen) > 1:
        raise typer.BadParameter("only one of --is-there, --is-not-there and --give-up")
    if not numbers:
        raise typer.BadParameter(f"which ones? `aicmo doubts {project}` lists them")
    _decide(project, numbers, chosen[0], person(by), reason, reference, as_json=as_json)


def _require_nothing(reason: str, reference: str) -> None:
    if reason or reference:
        raise typer.BadParameter("say also --is-there, --is-not-there or --give-up")


def _list(project: str, numbers: Numbers, *, as_json: bool) -> None:
    from aicmo.execution.doubts import list_doubts, with_a_run

    database = open_ledger()
    with database.read() as session:
        at = database.now(session)
        found = list_doubts(session, project, now=at)
        held, _ = with_a_run(session, project)
    if numbers:
        found = _chosen(project, found, numbers)
    if as_json:
        print_json({"project_id": project, "doubts": [as_plain_data(each) for each in found]})
    elif found:
        show_doubts(to_stdout(), project, found, at, in_full=bool(numbers))
    else:
        to_stdout().print(plain(without_doubts(project, held)))
    if found:
        raise typer.Exit(FAILED)


def _chosen(project: str, found: Sequence[Doubt], numbers: Numbers) -> list[Doubt]:
    known = {each.delivery_id: each for each in found}
    chosen = numbers.among(known)
    if missing := [number for number in chosen if number not in known]:
        raise _no_doubt(project, ", ".join(map(str, missing[:10])))
    if not chosen:
        raise _no_doubt(project, str(numbers))
    return [known[number] for number in chosen]


def _no_doubt(project: str, numbers: str) -> FixInput:
    from aicmo.errors import FixInput

    step = f"`aicmo doubts {project}` lists those there are."
    return FixInput(f"{project} has no doubt {numbers}", next_step=step)


def as_plain_data(doubt: Doubt) -> dict[str, Any]:
    """A doubt as `--json` tells it; times in ISO 8601."""
    data = asdict(doubt, dict_factory=_with_iso_times)
    del data["fence"]
    return {"id": data.pop("delivery_id"), **data}


def _with_iso_times(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in pairs
    }


def _decide(
    project: str,
    numbers: Numbers,
    decision: Decision,
    by: str,
    reason: str,
    reference: str,
    *,
    as_json: bool,
) -> None:
    from aicmo.execution.deciding import Decision, decide
    from aicmo.execution.doubts import called_off, undecided

    database = open_ledger()
    with database.read() as session:
        ids = numbers.among(undecided(session, project))
    if not ids:
        raise _no_doubt(project, str(numbers))
    moved = decide(database, project, ids, decision, by=by, reason=reason, reference=reference)
    if as_json:
        print_json({"project_id": project, "decision": decision.value, "deliveries": moved})
        return
    if decision is Decision.IS_NOT_THERE:
        with database.read() as session:
            stopped = called_off(session, project, moved)
        lines = _said_to_wait(project, len(moved), stopped)
    else:
        lines = [_said(decision, len(moved))]
    for line in lines:
        to_stdout().print(plain(line))


def _said(decision: Decision, number: int) -> str:
    from aicmo.execution.deciding import Decision

    told = count(number, "delivery")
    if decision is Decision.IS_THERE:
        return f"{told} {'counts' if number == 1 else 'count'} as sent now."
    return f"{told} given up: failed, and never sent again."


def _said_to_wait(project: str, number: int, called_off: Mapping[str, int]) -> Iterator[str]:
    if waiting := number - sum(called_off.values()):
        again = "waits again. If it" if waiting == 1 else "wait again. If one of them"
        told = count(waiting, "delivery")
        yield f"{told} {again} did go out after all, it goes out twice."
        yield f"Next: `aicmo execute {project} --enable --live` sends what is approved and due."
    for item, stopped in called_off.items():
        yield f"{count(stopped, 'delivery')} of {item}: known not to have gone out."
        yield f"{item} stays called off. `aicmo retry {project} {item}` opens it again."
