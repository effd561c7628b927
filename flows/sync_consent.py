"""Takes over who unsubscribed in clients' CRMs, and tells them who left here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.outcomes import as_state, consent_outcome, is_late, needs_attention, skipped_late
from flows.parameters import AnyProjectId, CrmBlock
from tasks.consent import publish_consent, sync_consents
from tasks.gateways import Credentials
from tasks.steps import StepFailed

_LATENESS_MINUTES = 15
"""After an outage only the newest run of the schedule does the work."""


def _run_name() -> str:
    return f"consent of {flow_run.parameters['project_id'] or 'every project'}"


@flow(name="sync-consent", flow_run_name=_run_name, persist_result=False, retries=0)
def sync_consent(
    project_id: AnyProjectId = "",
    enabled: bool = False,  # noqa: FBT001, FBT002  (a form's switch)
    dry_run: bool = True,  # noqa: FBT001, FBT002
    crm_credentials: CrmBlock = "",
) -> State[Any]:
    """Suppresses who unsubscribed in the CRM of projects whose crm.consent says so; sends no email.

    The CRM is told who left here only if every key is turned: EXECUTION_ENABLED on the worker with the
    channel crm, `enabled`, `dry_run` off, and no pause.

    Args:
        project_id: The project, as the command aicmo projects lists it; empty for every project.
        enabled: This run may tell the CRM. Off: it is only read.
        dry_run: Tell the CRM nothing. What it says is taken over all the same.
        crm_credentials: Name of the block of the project's CRM, with its type, such as
            hubspot-credentials/studio; empty uses the log-in that AICMO keeps.
    """
    if is_late(flow_run.scheduled_start_time, datetime.now(UTC), _LATENESS_MINUTES):
        return as_state(skipped_late(_LATENESS_MINUTES))
    try:
        projects = sync_consents(project_id, enabled, dry_run, Credentials(crm=crm_credentials))
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    if projects:
        publish_consent(projects, return_state=True)
    return as_state(consent_outcome(projects))
