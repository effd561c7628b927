"""Builds the packages of many projects."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from aicmo.redaction import describe
from flows.outcomes import Outcome, as_state, needs_attention, packages_outcome
from flows.parameters import ProjectId
from tasks.packaging_all import Packaged, list_projects, package_project
from tasks.steps import StepFailed


@flow(
    name="package-all",
    flow_run_name="package many projects",
    persist_result=False,
    # Two at a time: each project's files are rendered in processes of their own.
    task_runner=ThreadPoolTaskRunner(max_workers=2),
)
def package_all(
    project_ids: list[ProjectId] = [],  # noqa: B006  (read into the form, never changed)
) -> State[Any]:
    """Builds, checks and stores the package of each project; one that fails leaves the others.

    Args:
        project_ids: The projects, as the command aicmo projects lists them; empty for every project.
    """
    try:
        outcome = _package(project_ids or list_projects())
    except StepFailed as error:
        outcome = needs_attention(str(error))
    return as_state(outcome)


def _package(project_ids: list[str]) -> Outcome:
    futures = {name: package_project.submit(name) for name in dict.fromkeys(project_ids)}
    results = {name: each.result(raise_on_failure=False) for name, each in futures.items()}
    return packages_outcome([_packaged(name, result) for name, result in results.items()])


def _packaged(name: str, result: Any) -> Packaged:
    if isinstance(result, Packaged):
        return result
    reason = str(result) if isinstance(result, StepFailed) else describe(result)
    return Packaged(name, 0, (reason,))
