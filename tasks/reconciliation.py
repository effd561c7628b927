"""What a reconciliation found over all projects, and its page for the UI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicmo.execution.reconciling import Left, Onward, Reconciled
from tasks.report_pages import escape

_ONWARD = {
    Onward.PERSON: "a person",
    Onward.RECONCILE: "the next reconciliation",
    Onward.RUN: "the next live run",
}


@dataclass(frozen=True, slots=True)
class ProjectReconciled:
    """A project's reconciliation; `reconciled` is None when `error` says why there is none."""

    project_id: str
    reconciled: Reconciled | None
    error: str = ""

    @property
    def left(self) -> tuple[Left, ...]:
        """Doubts that stay, those for a person first."""
        left = self.reconciled.left if self.reconciled else ()
        return tuple(sorted(left, key=lambda each: each.onward is not Onward.PERSON))

    @property
    def for_a_person(self) -> int:
        """Doubts that nobody but a person can settle."""
        return sum(each.count for each in self.left if each.onward is Onward.PERSON)

    @property
    def closed(self) -> int:
        """Doubts that the provider's answers have settled."""
        done = self.reconciled
        return done.present + done.absent + done.exhausted if done else 0


@dataclass(frozen=True, slots=True)
class CrashedRuns:
    """Runs that were found dead: ids of ours in the ledger, names of Prefect's."""

    ledger: Sequence[int] = ()
    flow_runs: Sequence[str] = ()


def reconciliation_page(projects: Sequence[ProjectReconciled], crashed: CrashedRuns) -> str:
    """Markdown: what was closed, what is left and for whom, runs that died."""
    busy = [each for each in projects if each.closed or each.left or each.error]
    parts = [
        "# Doubts",
        f"{_projects(len(projects))} looked through."
        + ("" if busy else " **Nothing is in doubt.**"),
        _closed([each for each in busy if each.closed]),
        _left([each for each in busy if each.left]),
        *[f"**{escape(each.project_id)}**: {escape(each.error)}" for each in busy if each.error],
        _crashed(crashed),
    ]
    return "\n\n".join(part for part in parts if part)


def _projects(count: int) -> str:
    return "1 project" if count == 1 else f"{count:,} projects"


def _closed(projects: Sequence[ProjectReconciled]) -> str:
    if not projects:
        return ""
    lines = [
        "## Closed, because the provider could be asked",
        "",
        "| Project | are there: sent | are not there: wait again | are not there, last attempt: failed |",
        "| --- | ---: | ---: | ---: |",
    ]
    for each in projects:
        if done := each.reconciled:
            counts = f"{done.present} | {done.absent} | {done.exhausted}"
            lines.append(f"| {escape(each.project_id)} | {counts} |")
    return "\n".join(lines)


def _left(projects: Sequence[ProjectReconciled]) -> str:
    if not projects:
        return ""
    lines = [
        "## Left",
        "",
        "| Project | Channel | Deliveries | Why | Settled by |",
        "| --- | --- | ---: | --- | --- |",
    ]
    for project in projects:
        for each in project.left:
            name, channel, why = (
                escape(text) for text in (project.project_id, each.channel, each.reason)
            )
            who = _ONWARD[each.onward]
            lines.append(f"| {name} | {channel} | {each.count:,} | {why} | {who} |")
    asked = [each.project_id for each in projects if each.for_a_person]
    commands = [f"- `aicmo doubts {project_id}`" for project_id in asked]
    if commands:
        lines += ["", "The evidence about each, and the choices a person has:", "", *commands]
    return "\n".join(lines)


def _crashed(crashed: CrashedRuns) -> str:
    if not crashed.ledger and not crashed.flow_runs:
        return ""
    lines = ["## Runs whose process died, now marked as crashed", ""]
    if crashed.ledger:
        ids = ", ".join(str(each) for each in crashed.ledger)
        lines.append(f"- in the ledger: run {ids}")
    lines += [f"- in Prefect: {escape(name)}" for name in crashed.flow_runs]
    return "\n".join(lines)
