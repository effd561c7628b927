"""`aicmo crm read`: what the client's CRM has now, for the preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.cli.console import count, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from aicmo.database import Database
    from aicmo.execution.crm_reading import ContactsRead


def read(project: Project, by: By = None, *, as_json: Json = False) -> None:
    """Read the contacts that the plan would change, so that the preview shows the difference."""
    found = read_crm(open_ledger(), project, person(by))
    if as_json:
        counts = {"found": found.found, "absent": found.absent, "several": found.several}
        print_json({"project_id": project, "asked": found.asked, **counts})
        return
    console = to_stdout()
    console.print(plain(f"Read {_said(found)}."))
    step = f"Next: `aicmo preview {project}` shows what would change."
    console.print(plain(step), soft_wrap=True)


def read_crm(database: Database, project: str, by: str) -> ContactsRead:
    """Reads what the project's CRM has of its contacts, with progress.

    Raises:
        AicmoError: see `read_contacts` and `open_crm_reader`.
    """
    from aicmo.execution.accounts import open_crm_reader
    from aicmo.execution.crm_reading import contacts_to_read, read_contacts, require_crm
    from aicmo.execution.project import load_plan

    with database.read() as session:
        require_crm(load_plan(session, project).document)
        total = contacts_to_read(session, project)
    with progress("Reading the CRM", total=total) as advance:
        return read_contacts(
            database, project, open_crm_reader(database, project), by=by,
            on_progress=lambda _: advance(),
        )  # fmt: skip


def _said(found: ContactsRead) -> str:
    if not found.asked:
        return "no contact: nothing of the plan is left to change"
    parts = [f"{found.found:,} in the CRM"]
    if found.absent:
        parts.append(f"{found.absent:,} not there")
    if found.several:
        parts.append(f"{found.several:,} there several times")
    return f"{count(found.asked, 'contact')}: {', '.join(parts)}"
