"""`aicmo crm ask` and `aicmo crm answer`: where the client's CRM and the plan differ, a person decides."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.execution.crm_answers import Question, Questions


class Take(StrEnum):
    """Whose value counts."""

    OURS = "ours"
    THEIRS = "theirs"


def ask(project: Project, *, as_json: Json = False) -> None:
    """List what isn't changed in the CRM before a person has said whose value counts."""
    from aicmo.execution.crm_answers import open_questions
    from aicmo.execution.project import load_plan

    database = open_ledger()
    found = open_questions(database, project)
    if as_json:
        questions = [_as_json(each) for each in found.open]
        print_json({"project_id": project, "questions": questions, "unread": found.unread})
        return
    with database.read() as session:
        timezone = load_plan(session, project).timezone
    _show(to_stdout(), project, found, timezone)


def _show(console: Console, project: str, found: Questions, timezone: str) -> None:
    from aicmo.execution.crm_difference_words import last_change

    again = f"`aicmo crm read {project}`"
    if found.open:
        table = grid(["Delivery", "Item", "Contact", "Field", "In the CRM", "Ours"], right=(0,))
        for each in found.open:
            now = plain(each.field.before)
            if changed := last_change(each.field, timezone):
                now.append_text(plain(f"\n{changed}", "dim"))
            table.add_row(
                f"{each.change.delivery_id}{'*' if each.is_older else ''}", plain(each.item),
                plain(each.change.contact), plain(each.field.ours), now, plain(each.field.after),
            )  # fmt: skip
        console.print(table)
        console.print()
        first = found.open[0]
        answer = f"aicmo crm answer {project} {first.change.delivery_id} {first.field.ours}"
        console.print(
            plain(f"`{answer} ours` sends ours, `… theirs` keeps theirs."), soft_wrap=True
        )
    else:
        console.print(plain(f"No change of {project} waits for an answer, as far as it was read."))
    if any(each.is_older for each in found.open):
        said = f"* read before the run that asked; {again} reads what is there now."
        console.print(plain(said, "yellow"), soft_wrap=True)
    if found.unread:
        said = f"{count(found.unread, 'more delivery')} waits: {again} shows its values."
        if found.unread > 1:
            said = f"{found.unread:,} more deliveries wait: {again} shows their values."
        console.print(plain(said, "yellow"), soft_wrap=True)


def answer(
    project: Project,
    delivery: Annotated[int, typer.Argument(help="Number of the delivery that asks.")],
    field: Annotated[str, typer.Argument(help="The field, by our name or the CRM's.")],
    take: Annotated[Take, typer.Argument(help="Whose value counts.")],
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Say whose value counts; the next run goes by it while the CRM has the value that was shown."""
    from aicmo.execution import crm_answers

    database = open_ledger()
    question = crm_answers.answer(database, project, delivery, field, take.value, by=person(by))
    if as_json:
        print_json({"project_id": project, "take": take.value, **_as_json(question)})
        return
    value = question.field.after if take is Take.OURS else question.field.before
    becomes = "goes out with the next run" if take is Take.OURS else "stays"
    said = f"{question.change.contact}, {question.field.ours}: “{value}” {becomes}."
    to_stdout().print(plain(said, "green"), soft_wrap=True)


def _as_json(question: Question) -> dict[str, Any]:
    field, change = question.field, question.change
    return {
        "delivery": change.delivery_id, "item": question.item, "contact": change.contact,
        "field": field.ours, "property": field.name, "theirs": field.theirs, "ours": field.wanted,
        "changed_at": field.changed_at, "changed_by": field.changed_by, "read_at": change.read_at,
        "is_older": question.is_older,
    }  # fmt: skip
