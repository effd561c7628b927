"""The one step of preparing a handover."""

from __future__ import annotations

from aicmo.delivery.handover import Handover, Prepared, prepare_handover
from aicmo.settings import get_settings
from tasks.packaging import open_packages_store
from tasks.steps import actor, current_database, once, step


@once(name="prepare-handover", task_run_name="prepare handover")
def prepare_emails(handover: Handover, deliverables_bucket: str = "") -> Prepared:
    """Makes the links and the emails that carry them; repeated, it would make them once more."""
    with step("prepare_handover"):
        return prepare_handover(
            current_database(),
            handover,
            open_packages_store(deliverables_bucket),
            get_settings(),
            actor=actor(),
        )
