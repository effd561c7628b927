"""The steps of reconciling: doubts that can be closed without a person, and runs that died."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact
from sqlalchemy import select

from aicmo.execution.crashed_runs import mark_crashed
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.models import Project
from aicmo.redaction import describe_with_next_step
from aicmo.settings import get_execution_config
from tasks import crashed_runs
from tasks.gateways import NO_BLOCKS, Credentials, open_gateway
from tasks.reconciliation import CrashedRuns, ProjectReconciled, reconciliation_page
from tasks.steps import actor, current_database, repeatable, run_logger, step


@repeatable(name="reconcile-projects", task_run_name="reconcile doubts")
def reconcile_projects(
    project_id: str, credentials: Credentials = NO_BLOCKS
) -> list[ProjectReconciled]:
    """Records what stopped workers left and asks providers about doubts; sends nothing.

    project_id: '' for every project; then one that goes wrong leaves the others.
    credentials: the blocks to ask with.
    """
    with step("reconcile_projects"):
        database = current_database()
        if project_id:
            return [ProjectReconciled(project_id, _reconcile(project_id, credentials))]
        with database.read() as session:
            every = session.scalars(select(Project.id).order_by(Project.id)).all()
        return [_isolated(each, credentials) for each in every]


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


def _isolated(project_id: str, credentials: Credentials) -> ProjectReconciled:
    try:
        return ProjectReconciled(project_id, _reconcile(project_id, credentials))
    except Exception as error:  # noqa: BLE001  (the reason is in the page and in the run's end)
        return ProjectReconciled(project_id, None, describe_with_next_step(error))


def _reconcile(project_id: str, credentials: Credentials) -> Reconciled:
    database = current_database()
    return reconcile(
        database,
        project_id,
        get_execution_config(),
        lambda channel: open_gateway(database, project_id, channel, credentials),
        by=actor(),
    )
