"""How a run ends: a name that says what happened, and one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from aicmo.delivery.handover import Prepared
from aicmo.execution.feedback import FeedbackRead
from aicmo.execution.importing import Imported
from aicmo.execution.report import ExecutionReport
from tasks.consent import ProjectConsent
from tasks.packaging_all import Packaged
from tasks.reconciliation import CrashedRuns, ProjectReconciled

_MOST_TROUBLES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """`succeeded` is False when a person has to look at it: the run is then red in the UI."""

    name: str
    message: str
    succeeded: bool = True


def needs_attention(message: str) -> Outcome:
    return Outcome("Needs attention", message, succeeded=False)


def execution_outcome(report: ExecutionReport) -> Outcome:
    """The end of an execution, from its report.

    Anything refused, in doubt, out of balance or gone wrong needs attention, in any mode. Deliveries
    that were left out or wait make a live run partly delivered; the words never say more than the
    rows.
    """
    if report.needs_attention:
        return needs_attention(_trouble(report))
    if report.mode == "disabled":
        return Outcome("Disabled", "Nothing was done: not every key is turned.")
    if report.mode == "preview":
        message = f"{report.items_previewed} would be sent{_left_out(report)}. Nothing was sent."
        return Outcome("Previewed", message)
    if not _left_out(report):
        return Outcome("Delivered", f"All {report.items_sent_successfully} were sent.")
    message = f"{report.items_sent_successfully} sent{_left_out(report)}."
    return Outcome(
        "Partly delivered" if report.items_sent_successfully else "Nothing sent", message
    )


def package_outcome(made: int, stored: int, failures: Mapping[str, str]) -> Outcome:
    """The end of a build: files that were made, files in the store, reasons of those missing."""
    reasons = "; ".join(failures.values())
    if not made:
        return needs_attention(f"No file was made: {reasons}")
    if not stored:
        return needs_attention(f"The package was built but not stored: {reasons}")
    if failures:
        return Outcome("Partly delivered", f"{made} stored, {len(failures)} missing: {reasons}")
    return Outcome("Delivered", f"{made} file{'s' if made != 1 else ''} made, checked and stored.")


def packages_outcome(packaged: Sequence[Packaged]) -> Outcome:
    """The end of many builds: red if any project's package lacks something."""
    wrong = [f"{each.project_id}: {each.errors[0]}" for each in packaged if each.errors]
    whole = len(packaged) - len(wrong)
    if wrong:
        told = "; ".join(wrong[:_MOST_TROUBLES])
        return needs_attention(f"{whole} packaged, {len(wrong)} went wrong: {told}")
    return Outcome("Delivered", f"{whole} project{'s' if whole != 1 else ''} packaged.")


def handover_outcome(prepared: Prepared) -> Outcome:
    """The end of a handover's preparation: somebody has to approve now."""
    emails = len(prepared.items)
    said = f"{emails} email{'s' if emails != 1 else ''} for package {prepared.package}"
    return Outcome(
        "Waits for approval", f"{said} prepared. Nothing was sent: approve {prepared.project_id}."
    )


def import_outcome(imported: Imported) -> Outcome:
    if imported.unchanged:
        return Outcome("Unchanged", f"Version {imported.version} is this very document.")
    return Outcome("Imported", f"Version {imported.version} with {imported.items} items.")


def reconciliation_outcome(
    projects: Sequence[ProjectReconciled], crashed: CrashedRuns, errors: Sequence[str]
) -> Outcome:
    """The end of a reconciliation: red while a doubt is left that only a person can settle."""
    asked = {each.project_id: each.for_a_person for each in projects if each.for_a_person}
    trouble = [
        *(f"{count} in doubt in {name}: `aicmo doubts {name}`" for name, count in asked.items()),
        *(f"{each.project_id}: {each.error}" for each in projects if each.error),
        *errors,
    ]
    if trouble:
        return needs_attention("; ".join(trouble[:_MOST_TROUBLES]))
    closed = sum(each.closed for each in projects)
    left = sum(each.count for project in projects for each in project.left)
    said = [
        f"{closed} closed" if closed else "",
        f"{left} left for a later run" if left else "",
        "runs that died are marked now" if crashed.flow_runs or crashed.ledger else "",
    ]
    message = "; ".join(text for text in said if text)
    if not message:
        return Outcome("No doubts", "Nothing is in doubt.")
    return Outcome("Reconciled", f"{message[0].upper()}{message[1:]}.")


def feedback_outcome(read: FeedbackRead | None) -> Outcome:
    """The end of a reading of the mailbox; None where no mailbox is named."""
    if read is None:
        return Outcome("No mailbox", "AICMO_FEEDBACK_URL isn't set, so nothing was read.")
    counts = Counter(each.kind.value for each in read.came_back)
    suppressed = sum(bool(each.suppressed) for each in read.came_back)
    said = [
        *(f"{number} {kind}" for kind, number in counts.items()),
        f"{suppressed} suppressed" if suppressed else "",
        f"{read.settled} in doubt had gone out" if read.settled else "",
        f"{len(read.left)} not ours" if read.left else "",
    ]
    message = ", ".join(text for text in said if text)
    return Outcome("Read", f"{message}.") if message else Outcome("Read", "Nothing came back.")


def consent_outcome(projects: Sequence[ProjectConsent]) -> Outcome:
    """The end of synchronising consent: red if a person has to look at a project or a contact."""
    trouble = [
        *(f"{each.project_id}: {each.error}" for each in projects if each.error),
        *(
            f"{each.for_a_person} to look at: `aicmo crm consent {each.project_id}`"
            for each in projects if each.for_a_person
        ),
    ]  # fmt: skip
    if trouble:
        return needs_attention("; ".join(trouble[:_MOST_TROUBLES]))
    if not projects:
        return Outcome("No consent", "No project's crm.consent is switched on.")
    synced = [each.synced for each in projects if each.synced]
    left = sum(len(each.read.left) for each in synced)
    told = sum(len(each.told.told) + len(each.told.known) for each in synced)
    left_over = sum(each.told.left_over for each in synced)
    said = [
        f"{left} left in the CRM, suppressed now" if left else "",
        f"{told} left here, the CRM knows" if told else "",
        f"{left_over} left here, not told to the CRM" if left_over else "",
    ]
    message = "; ".join(text for text in said if text)
    return Outcome("Synchronised", f"{message}." if message else "Nobody has left.")


def is_late(due: datetime | None, now: datetime, max_lateness_minutes: int) -> bool:
    """Whether a run that was due at `due` starts too late to do what it was meant to."""
    return due is not None and now - due > timedelta(minutes=max_lateness_minutes)


def skipped_late(max_lateness_minutes: int) -> Outcome:
    message = f"It started more than {max_lateness_minutes} minutes late: nothing was done or sent."
    return Outcome("SkippedLate", message)


def as_state(outcome: Outcome) -> State[Any]:
    make = Completed if outcome.succeeded else Failed
    return make(name=outcome.name, message=outcome.message)


def _left_out(report: ExecutionReport) -> str:
    """`, 2 held, 1 skipped`; empty if everything went out."""
    names = ("skipped", "held", "cancelled", "expired", "waiting")
    counts = {name: int(getattr(report, f"items_{name}")) for name in names}
    return "".join(f", {count} {name}" for name, count in counts.items() if count)


def _trouble(report: ExecutionReport) -> str:
    found = [
        f"{report.items_failed} failed" if report.items_failed else "",
        f"{report.items_unknown} in doubt" if report.items_unknown else "",
        "the books don't balance" if not report.balanced else "",
        *report.errors[:_MOST_TROUBLES],
    ]
    return "; ".join(text for text in found if text)
