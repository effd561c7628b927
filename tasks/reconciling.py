"""The steps of reconciling: doubts that can be closed without a person, and runs that died."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact
from sqlalchemy import select

from aicmo.execution.crashed_runs import mark_crashed
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.registry import open_gateway_for
from aicmo.models import Project
from aicmo.redaction import describe_with_next_step
from aicmo.settings import get_execution_config, get_settings
from tasks import crashed_runs
from tasks.reconciliation import CrashedRuns, ProjectReconciled, reconciliation_page
from tasks.steps import actor, current_database, repeatable, run_logger, step


@repeatable(name="reconcile-projects", task_run_name="reconcile doubts")
def reconcile_projects(project_id: str) -> list[ProjectReconciled]:
    """Records what stopped workers left and asks providers about doubts; sends nothing.

    project_id: '' for every project; then one that goes wrong leaves the others.
    """
    with step("reconcile_projects"):
        database = current_database()
        if project_id:
            return [ProjectReconciled(project_id, _reconcile(project_id))]
        with database.read() as session:
            every = session.scalars(select(Project.id).order_by(Project.id)).all()
        return [_isolated(each) for each in every]


@repeatable(name="mark-crashed-runs", task_run_name="mark crashed runs")
def mark_crashed_runs() -> CrashedRuns:
    """Marks runs whose process died, in the ledger and in Prefect."""
    with step("mark_crashed_runs"):
        ledger = mark_crashed(current_database(), by=actor())
        silence = crashed_runs.longest_silence()
        if silence is None:
            run_logger().warning(
                "Heartbeats are off (PREFECT_FLOWS_HEARTBEAT_FREQUENCY): crashed flow runs can't be "
                "told from long ones"
            )
            return CrashedRuns(ledger, ())
        return CrashedRuns(ledger, crashed_runs.mark_crashed_runs(silence))


@repeatable(name="publish-reconciliation", task_run_name="publish reconciliation")
def publish_reconciliation(projects: Sequence[ProjectReconciled], crashed: CrashedRuns) -> None:
    """What was closed, and what is left for a person."""
    with step("publish_reconciliation"):
        create_markdown_artifact(
            reconciliation_page(projects, crashed),
            key="doubts",
            description="What became of doubts, and those that are left for a person.",
        )


def _isolated(project_id: str) -> ProjectReconciled:
    try:
        return ProjectReconciled(project_id, _reconcile(project_id))
    except Exception as error:  # noqa: BLE001  (the reason is in the page and in the run's end)
        return ProjectReconciled(project_id, None, describe_with_next_step(error))


def _reconcile(project_id: str) -> Reconciled:
    return reconcile(
        current_database(), project_id, get_execution_config(), _gateway_for, by=actor()
    )


def _gateway_for(channel: str) -> OpenGateway:
    return open_gateway_for(channel, get_settings())
