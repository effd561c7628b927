"""Builds what the client receives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from aicmo.packaging.content import ProjectContent
from aicmo.packaging.rendering import RenderedFormat
from aicmo.redaction import describe
from aicmo.storage.contract import StoredFile
from flows.outcomes import Outcome, as_state, needs_attention, package_outcome
from flows.parameters import FormatName, Formats, ProjectId
from tasks.artifacts import publish_package
from tasks.packaging import (
    assemble_package,
    close_package,
    fetch_content,
    open_package,
    render_format,
    store_package,
)
from tasks.steps import StepFailed


@flow(
    name="build-package",
    flow_run_name="package {project_id}",
    persist_result=False,
    task_runner=ThreadPoolTaskRunner(max_workers=3),
)
def build_package(
    project_id: ProjectId,
    formats: Formats = ["pdf", "pptx", "html"],  # noqa: B006  (read into the form, never changed)
    deliverables_bucket: str = "",
) -> State[Any]:
    """Renders, checks and stores a project's package; a format that fails leaves the others.

    Args:
        project_id: The project, as the command aicmo projects lists it.
        formats: Files to make: strategy.pdf, deck.pptx, summary.html.
        deliverables_bucket: Name of a Deliverables Bucket block; empty uses the worker's
            AICMO_PACKAGES_URL, a local folder by default.
    """
    try:
        open_package(project_id)
        outcome = _build(project_id, list(dict.fromkeys(formats)), deliverables_bucket)
    except StepFailed as error:
        outcome = needs_attention(str(error))
    return as_state(outcome)


def _build(project_id: str, formats: Sequence[FormatName], deliverables_bucket: str) -> Outcome:
    try:
        content = fetch_content(project_id)
        rendered, failures = _render(content, formats)
        stored: Sequence[StoredFile] = ()
        if rendered:
            package = assemble_package(content, rendered, failures)
            stored, refused = _store(package, deliverables_bucket)
            publish_package(package, stored, failures | refused, return_state=True)
            failures |= refused
    except StepFailed as error:
        close_package(project_id, 0, [str(error)])
        raise
    close_package(project_id, len(rendered), list(failures.values()))
    return package_outcome(len(rendered), len(stored), failures)


def _render(
    content: ProjectContent, formats: Sequence[FormatName]
) -> tuple[list[RenderedFormat], dict[str, str]]:
    futures = {name: render_format.submit(content, name) for name in formats}
    results = {name: each.result(raise_on_failure=False) for name, each in futures.items()}
    rendered = [each for each in results.values() if isinstance(each, RenderedFormat)]
    failures = {
        name: _reason(error)
        for name, error in results.items()
        if not isinstance(error, RenderedFormat)
    }
    return rendered, failures


def _store(package: Any, deliverables_bucket: str) -> tuple[Sequence[StoredFile], dict[str, str]]:
    state = store_package(package, deliverables_bucket, return_state=True)
    result = state.result(raise_on_failure=False)
    if state.is_completed():
        return result, {}
    return (), {"store": _reason(result)}


def _reason(error: Any) -> str:
    return str(error) if isinstance(error, StepFailed) else describe(error)
