"""The public Python API of execution: one call that runs a project's plan and never raises.

Its steps are functions of this module, looked up when called, so that a user can replace one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from aicmo.channels import SOCIAL, Channel, parse_channel
from aicmo.database import Database, open_database
from aicmo.delivery.replaced_steps import read_items, read_result
from aicmo.errors import NoSuchProject
from aicmo.execution import runs
from aicmo.execution.accounts import open_gateway_of
from aicmo.execution.project import PlanItem, ProjectPlan, load_items, load_plan
from aicmo.execution.report import ExecutionReport
from aicmo.execution.runs import ChannelResult, ExecutionRequest, OpenRun
from aicmo.redaction import describe, describe_with_next_step
from aicmo.settings import ExecutionConfig, get_execution_config, get_settings

__all__ = [
    "ExecutionConfig",
    "ExecutionReport",
    "execute_crm_items",
    "execute_email_items",
    "execute_plan_for_project",
    "execute_social_items",
    "extract_plan_items",
    "fetch_project_and_plan",
    "get_execution_config",
]

_ACTOR = "python api"
_run: ContextVar[OpenRun | None] = ContextVar("aicmo_run", default=None)


def execute_plan_for_project(
    project_id: str, override_dry_run: bool | None = None
) -> ExecutionReport:
    """Executes what is due of a project's plan, as far as the environment allows; never raises.

    Args:
        project_id: the project.
        override_dry_run: replaces EXECUTION_DRY_RUN for this run; nothing replaces
            EXECUTION_ENABLED.

    Returns:
        The report; `errors` says what went wrong.
    """
    report = ExecutionReport(project_id="")
    try:
        report.project_id = str(project_id)
        _execute(report.project_id, override_dry_run, report)
    except Exception as error:  # noqa: BLE001  (the promise of this function)
        report.add_error(f"execute_plan_for_project failed: {describe(error)}")
    return report


def fetch_project_and_plan(project_id: str) -> ProjectPlan | None:
    """The project and its current plan; None if there is no such project."""
    with _database().read() as session:
        try:
            return load_plan(session, project_id)
        except NoSuchProject:
            return None


def extract_plan_items(project: ProjectPlan) -> list[PlanItem]:
    """The plan's items by time; a live run sorts their deliveries by the guards first."""
    current = _run.get()
    if current is not None:
        return runs.extract_items(current)
    with _database().read() as session:
        return load_items(session, project.project_id)


def execute_email_items(
    items: Sequence[PlanItem], project: ProjectPlan, dry_run: bool
) -> ChannelResult:
    """Previews or sends the email items among `items`."""
    return _execute_channels([Channel.EMAIL], items, project, dry_run=dry_run)


def execute_social_items(
    items: Sequence[PlanItem], project: ProjectPlan, channels_enabled: Sequence[str], dry_run: bool
) -> ChannelResult:
    """Previews or sends the items of the enabled social channels among `items`."""
    enabled = {parse_channel(name) for name in channels_enabled}
    wanted = [channel for channel in SOCIAL if channel in enabled]
    return _execute_channels(wanted, items, project, dry_run=dry_run)


def execute_crm_items(
    items: Sequence[PlanItem], project: ProjectPlan, dry_run: bool
) -> ChannelResult:
    """Previews or sends the CRM items among `items`."""
    return _execute_channels([Channel.CRM], items, project, dry_run=dry_run)


def _execute(project_id: str, override_dry_run: bool | None, report: ExecutionReport) -> None:
    config = get_execution_config()
    if override_dry_run is not None:
        config = replace(config, dry_run=override_dry_run)
    for problem in config.problems:
        report.add_error(problem)
    project = _step(report, "fetch_project_and_plan", lambda: fetch_project_and_plan(project_id))
    if project is None:
        _not_found(project_id, report)
        return
    _execute_project(project, project_id, config, report)


def _execute_project(
    project: ProjectPlan, project_id: str, config: ExecutionConfig, report: ExecutionReport
) -> None:
    request = ExecutionRequest(project_id, enabled=True, dry_run=config.dry_run, started_by=_ACTOR)
    with _opened(project, request, config) as run:
        if run is not None:
            report.mode = run.overall_mode.value
        elif config.execution_enabled:
            report.mode = "preview" if config.dry_run else "live"
        try:
            if report.mode != "disabled":
                _run_steps(project, config, report)
        finally:
            if run is not None:
                runs.close_run(run, report)


def _run_steps(project: ProjectPlan, config: ExecutionConfig, report: ExecutionReport) -> None:
    read = _step(report, "extract_plan_items", lambda: read_items(extract_plan_items(project)))
    if not read:
        return
    items = [item for item, _ in read]
    planned = {channel for _, channel in read}
    dry_run, enabled = config.dry_run, config.channels_enabled
    steps: list[tuple[str, Sequence[Channel], Callable[[], Mapping[str, Any]]]] = [
        (
            "execute_email_items",
            (Channel.EMAIL,),
            lambda: execute_email_items(items, project, dry_run),
        ),
        (
            "execute_social_items",
            SOCIAL,
            lambda: execute_social_items(items, project, enabled, dry_run),
        ),
        (
            "execute_crm_items",
            (Channel.CRM,),
            lambda: execute_crm_items(items, project, dry_run),
        ),
    ]
    for name, channels, step in steps:
        used = [each.value for each in channels if each.value in enabled and each in planned]
        if used:
            report.channels_used += used
            _add(report, _step(report, name, lambda step=step: read_result(step())))


def _add(report: ExecutionReport, result: ChannelResult | None) -> None:
    if result is None:
        return
    report.items_sent_successfully += result["success"]
    report.items_failed += result["failed"]
    report.total_items_processed += sum(each.get("count", 1) for each in result["results"])
    report.add_results(result["results"])


def _step(report: ExecutionReport, name: str, step: Callable[[], Any]) -> Any:
    try:
        return step()
    except Exception as error:  # noqa: BLE001  (each step is isolated; its reason is kept)
        message = f"{name} failed: {describe_with_next_step(error)}"
        report.add_error(message)
        _record_error(report, message)
        return None


def _record_error(report: ExecutionReport, message: str) -> None:
    if (run := _run.get()) is None:
        return
    try:
        runs.record_error(run, message)
    except Exception as error:  # noqa: BLE001  (an audit that can't be written is said, not raised)
        report.add_error(f"The audit log can't be written: {describe_with_next_step(error)}")


def _not_found(project_id: str, report: ExecutionReport) -> None:
    if report.errors and report.errors[-1].startswith("fetch_project_and_plan failed"):
        return
    report.add_error(str(NoSuchProject(project_id)))
    runs.record_not_found(_database(), project_id, _ACTOR)


@contextmanager
def _opened(
    project: object, request: ExecutionRequest, config: ExecutionConfig
) -> Generator[OpenRun | None]:
    """One run for all steps; None if a user's own step gave something else than a `ProjectPlan`."""
    if not isinstance(project, ProjectPlan):
        yield None
        return
    run = runs.open_run(_database(), request, config)
    token = _run.set(run)
    try:
        yield run
    finally:
        _run.reset(token)


@contextmanager
def _running(project: ProjectPlan, *, dry_run: bool) -> Generator[OpenRun]:
    """The run of `execute_plan_for_project`, or one of its own for a step that is called alone."""
    current = _run.get()
    if current is not None and current.request.dry_run == dry_run:
        yield current
        return
    request = ExecutionRequest(project.project_id, enabled=True, dry_run=dry_run, started_by=_ACTOR)
    run = runs.open_run(_database(), request, get_execution_config())
    report = ExecutionReport(project_id=project.project_id)
    try:
        yield run
    except Exception as error:
        report.add_error(describe_with_next_step(error))
        raise
    finally:
        runs.close_run(run, report)


def _execute_channels(
    channels: Sequence[Channel], items: Sequence[PlanItem], project: ProjectPlan, *, dry_run: bool
) -> ChannelResult:
    total = ChannelResult(success=0, failed=0, results=[])
    with _running(project, dry_run=dry_run) as run:
        for channel in channels:
            result = runs.execute_channel(
                run,
                channel,
                items,
                lambda name=channel: open_gateway_of(run.database, run.plan.project_id, name),
            )
            total["success"] += result["success"]
            total["failed"] += result["failed"]
            total["results"] += result["results"]
    return total


def _database() -> Database:
    return open_database(get_settings().database_url)
