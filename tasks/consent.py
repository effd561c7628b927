"""The steps of synchronising consent: opt-outs from clients' CRMs, and to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect.artifacts import create_markdown_artifact

from aicmo.execution.accounts import open_crm_reader
from aicmo.execution.crm_consent_sync import (
    ConsentSynced,
    CrmDoors,
    projects_with_consent,
    sync_consent,
)
from aicmo.execution.gate import Mode, decide_channel
from aicmo.redaction import describe_with_next_step
from aicmo.settings import get_execution_config, get_settings
from tasks.gateways import Credentials, open_gateway
from tasks.report_pages import escape
from tasks.steps import actor, current_database, repeatable, step


@dataclass(frozen=True, slots=True)
class ProjectConsent:
    """A project's consent; `synced` is None when `error` says why there is none."""

    project_id: str
    synced: ConsentSynced | None
    error: str = ""

    @property
    def for_a_person(self) -> int:
        """Contacts whom somebody has to look at."""
        return len(self.synced.read.several) + len(self.synced.told.refused) if self.synced else 0


@repeatable(name="sync-consents", task_run_name="synchronise consent")
def sync_consents(
    project_id: str,
    enabled: bool,  # noqa: FBT001  (as the flow's parameters)
    dry_run: bool,  # noqa: FBT001
    credentials: Credentials,
) -> list[ProjectConsent]:
    """Suppresses who left in the CRM; tells it who left here if every key is turned.

    project_id: '' for every project whose document asks for it; one that goes wrong leaves the others.
    """
    with step("sync_consents"):
        mode = decide_channel(
            "crm", get_execution_config(), run_enabled=enabled, dry_run=dry_run, run_channels=None
        )
        live = mode is Mode.LIVE
        if project_id:
            return [ProjectConsent(project_id, _sync(project_id, credentials, live=live))]
        with current_database().read() as session:
            every = projects_with_consent(session)
        return [_isolated(each, credentials, live=live) for each in every]


def _isolated(project_id: str, credentials: Credentials, *, live: bool) -> ProjectConsent:
    try:
        return ProjectConsent(project_id, _sync(project_id, credentials, live=live))
    except Exception as error:  # noqa: BLE001  (the reason is in the page and in the run's end)
        return ProjectConsent(project_id, None, describe_with_next_step(error))


def _sync(project_id: str, credentials: Credentials, *, live: bool) -> ConsentSynced:
    database = current_database()
    doors = CrmDoors(
        lambda: (
            open_gateway(database, project_id, "crm", credentials)
            if credentials.crm
            else open_crm_reader(database, project_id)
        ),
        lambda: open_gateway(database, project_id, "crm", credentials),
    )
    return sync_consent(
        database, project_id, get_settings().require_secret_key(), get_execution_config(), doors,
        live=live, by=actor(),
    )  # fmt: skip


@repeatable(name="publish-consent", task_run_name="publish consent")
def publish_consent(projects: Sequence[ProjectConsent]) -> None:
    """Who left where, by the contacts' ids."""
    with step("publish_consent"):
        create_markdown_artifact(
            consent_page(projects), key="consent", description="Opt-outs from and to clients' CRMs."
        )


def consent_page(projects: Sequence[ProjectConsent]) -> str:
    """Markdown: numbers for each project, and what a person has to look at."""
    lines = [
        "# Consent",
        "",
        "| Project | Left in the CRM | Told to it | Not told yet | To look at |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    notes: list[str] = []
    for each in projects:
        if each.synced is None:
            notes.append(f"**{escape(each.project_id)}**: {escape(each.error)}")
            continue
        read, told = each.synced.read, each.synced.told
        numbers = (
            len(read.left), len(told.told) + len(told.known), told.left_over, each.for_a_person,
        )  # fmt: skip
        lines.append(f"| {escape(each.project_id)} | {' | '.join(map(str, numbers))} |")
        notes += [f"{escape(key)}: more than one contact of the CRM fits" for key in read.several]
        notes += [f"{escape(key)}: {escape(why)}" for key, why in told.refused]
    return "\n".join([*lines, *(f"\n{note}" for note in notes)])
