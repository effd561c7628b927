"""The steps of executing a plan.

Each reads the environment anew, so that EXECUTION_ENABLED holds in the very process that sends; every
delivery is checked once more by the core when it is armed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aicmo.execution import runs
from aicmo.execution.progress import Progress, Snapshot, count_due
from aicmo.execution.project import PlanItem
from aicmo.execution.report import ExecutionReport
from aicmo.execution.runs import ChannelResult, ExecutionRequest, OpenRun
from aicmo.gateways.contract import OpenGateway
from aicmo.settings import get_execution_config
from tasks.chunks import Chunk, SentChunk
from tasks.gateways import NO_BLOCKS, Credentials, open_gateway
from tasks.progress import shown_progress
from tasks.steps import actor, artifact_key, current_database, once, repeatable, step


@dataclass(frozen=True, slots=True)
class StartedRun:
    """An open run in plain values; `modes` says of each requested channel what may happen."""

    run_id: int
    request: ExecutionRequest
    mode: str
    modes: dict[str, str]


@repeatable(name="fetch-plan", task_run_name="fetch plan of {project_id}")
def fetch_plan(
    project_id: str,
    enabled: bool,  # noqa: FBT001  (a flow's parameters, passed on by name)
    dry_run: bool,  # noqa: FBT001
    channels: Sequence[str],
    limit: int | None,
) -> StartedRun:
    """Opens a run on the project's current plan."""
    with step("fetch_plan"):
        request = ExecutionRequest(
            project_id, enabled, dry_run, tuple(dict.fromkeys(channels)), limit, actor()
        )
        run = runs.open_run(
            current_database(),
            request,
            get_execution_config(),
        )
        modes = {channel: run.mode(channel).value for channel in request.channels or ()}
        return StartedRun(run.run_id, request, run.overall_mode.value, modes)


@repeatable(name="extract-items", task_run_name="extract items")
def extract_items(started: StartedRun) -> list[PlanItem]:
    """The plan's items by time; a live run has their deliveries sorted by the guards."""
    with step("extract_items"):
        return runs.extract_items(_resume(started))


@repeatable(name="preview-channel", task_run_name="preview {channel}")
def preview_channel(started: StartedRun, channel: str, items: Sequence[PlanItem]) -> ChannelResult:
    """Composes everything that would go out on one channel; loads no credentials."""
    planned = sum(item.planned for item in items if item.channel == channel)
    with (
        step(f"preview_channel {channel}"),
        _progress("Previewing", started, channel, planned) as progress,
    ):
        result = runs.execute_channel(
            _resume(started), channel, items, _no_gateway_in_a_preview, progress
        )
        progress.finish()
        return result


@once(name="send-channel", task_run_name="send {channel}, chunk {chunk.number}")
def send_channel(
    started: StartedRun,
    channel: str,
    items: Sequence[PlanItem],
    chunk: Chunk,
    credentials: Credentials = NO_BLOCKS,
) -> SentChunk:
    """Sends what is approved and due on one channel, at most a chunk of it.

    Has no `timeout_seconds`: from a worker thread it can't interrupt, and would report a send that
    goes on. The gateway bounds each step itself.
    """
    with step(f"send_channel {channel}"):
        run = _resume(started)
        total = chunk.before.total if chunk.before else _count_due(run, channel)
        with _progress("Sending", started, channel, total or 0, chunk.before) as progress:
            result = runs.execute_channel(
                run, channel, items, lambda: open_gateway(
                    run.database, run.plan.project_id, channel, credentials
                ), progress,
                limit=chunk.at_most,
            )  # fmt: skip
            handed_over = result.get("handed_over", 0)
            if handed_over < chunk.at_most:
                progress.finish()
            return SentChunk(result, handed_over, progress.snapshot())


@repeatable(name="close-run", task_run_name="close run")
def close_run(
    started: StartedRun, results: Mapping[str, ChannelResult], errors: Sequence[str]
) -> ExecutionReport:
    """Counts the run's books and keeps its report."""
    with step("close_run"):
        run = _resume(started)
        report = ExecutionReport(project_id=started.request.project_id)
        for channel, result in results.items():
            report.channels_used.append(channel)
            report.items_sent_successfully += result["success"]
            report.items_failed += result["failed"]
            report.total_items_processed += sum(int(each["count"]) for each in result["results"])
            report.add_results(result["results"])
        for message in errors:
            report.add_error(message)
            runs.record_error(run, message)
        return runs.close_run(run, report)


def _resume(started: StartedRun) -> OpenRun:
    return runs.resume_run(
        current_database(),
        started.run_id,
        started.request,
        get_execution_config(),
    )


def _count_due(run: OpenRun, channel: str) -> int:
    with run.database.read() as session:
        project = run.plan.project_id
        limit = run.request.limit
        return count_due(session, project, [channel], now=run.clock(), limit=limit)


def _progress(
    doing: str, started: StartedRun, channel: str, total: int, before: Snapshot | None = None
) -> AbstractContextManager[Progress]:
    project = started.request.project_id
    key = artifact_key("progress", channel, project)
    return shown_progress(key, f"{doing} {channel} for {project}", total, before)


def _no_gateway_in_a_preview() -> OpenGateway:
    raise PermissionError("a preview asked for a gateway")
