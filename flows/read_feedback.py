"""Reads bounces and complaints from their mailbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.outcomes import as_state, feedback_outcome, is_late, needs_attention, skipped_late
from tasks.feedback import publish_feedback, read_feedback_mailbox
from tasks.steps import StepFailed

_LATENESS_MINUTES = 15
"""After an outage only the newest run of the schedule does the work."""


@flow(name="read-feedback", flow_run_name="read feedback", persist_result=False, retries=0)
def read_feedback(mailbox_credentials: str = "") -> State[Any]:
    """Reads what came back, and suppresses addresses that bounce or complain. Sends nothing.

    Args:
        mailbox_credentials: Name of a Mailbox Credentials block; empty uses the worker's
            AICMO_FEEDBACK_URL.
    """
    if is_late(flow_run.scheduled_start_time, datetime.now(UTC), _LATENESS_MINUTES):
        return as_state(skipped_late(_LATENESS_MINUTES))
    try:
        read = read_feedback_mailbox(mailbox_credentials)
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    if read is not None:
        publish_feedback(read, return_state=True)
    return as_state(feedback_outcome(read))
