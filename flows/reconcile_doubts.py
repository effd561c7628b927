"""Closes doubts that need no person, and finds runs that died."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.outcomes import (
    as_state,
    is_late,
    needs_attention,
    reconciliation_outcome,
    skipped_late,
)
from flows.parameters import AnyProjectId, CrmBlock, SocialCredentials
from tasks.gateways import Credentials
from tasks.reconciliation import CrashedRuns
from tasks.reconciling import mark_crashed_runs, publish_reconciliation, reconcile_projects
from tasks.steps import StepFailed

_LATENESS_MINUTES = 15
"""After an outage only the newest run of the schedule does the work."""


def _run_name() -> str:
    return f"reconcile {flow_run.parameters['project_id'] or 'every project'}"


@flow(name="reconcile-doubts", flow_run_name=_run_name, persist_result=False, retries=0)
def reconcile_doubts(
    project_id: AnyProjectId = "",
    email_credentials: str = "",
    social_credentials: SocialCredentials = [],  # noqa: B006  (read into the form, never changed)
    crm_credentials: CrmBlock = "",
) -> State[Any]:
    """Closes what is in doubt where a provider can be asked, and marks runs that died. Sends nothing.

    Args:
        project_id: The project, as the command aicmo projects lists it; empty for every project.
        email_credentials: Name of the block that the email went through; empty uses the provider of
            the worker's environment.
        social_credentials: Names of the blocks that posts went out through, with their types.
        crm_credentials: Name of the block that the CRM was changed through, with its type.
    """
    if is_late(flow_run.scheduled_start_time, datetime.now(UTC), _LATENESS_MINUTES):
        return as_state(skipped_late(_LATENESS_MINUTES))
    try:
        projects = reconcile_projects(
            project_id, Credentials(email_credentials, social_credentials, crm_credentials)
        )
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    errors: list[str] = []
    try:
        crashed = mark_crashed_runs()
    except StepFailed as error:
        crashed = CrashedRuns()
        errors.append(str(error))
    publish_reconciliation(projects, crashed, return_state=True)
    return as_state(reconciliation_outcome(projects, crashed, errors))
