"""Prepares the emails by which a client gets a package."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from aicmo.delivery.handover import Handover
from flows.outcomes import as_state, handover_outcome, needs_attention
from flows.parameters import Days, People, ProjectId
from tasks.handover import prepare_emails
from tasks.steps import StepFailed


@flow(
    name="deliver-package",
    flow_run_name="deliver {project_id}",
    persist_result=False,
    retries=0,
)
def deliver_package(
    project_id: ProjectId,
    to: People,
    package: int = 0,
    days: Days = 14,
    message: str = "",
    internal: bool = False,  # noqa: FBT001, FBT002  (a field of the form)
    deliverables_bucket: str = "",
) -> State[Any]:
    """Makes a link and an email for each person. Sends nothing: a person approves the emails first.

    Args:
        project_id: The project, as the command aicmo projects lists it.
        to: Who gets it: each an address, or a name and the address in angle brackets. Prefect keeps what
            is typed here.
        package: Number of the package, as the command aicmo packages lists it; 0 is the newest.
        days: How long the links work.
        message: What the email says, in Markdown; empty for our own words.
        internal: Also hand over an internal draft.
        deliverables_bucket: Name of the Deliverables Bucket block that keeps the package; empty uses
            the worker's AICMO_PACKAGES_URL.
    """
    handover = Handover(project_id, tuple(to), package or None, days, message, internal)
    try:
        prepared = prepare_emails(handover, deliverables_bucket)
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    return as_state(handover_outcome(prepared))
