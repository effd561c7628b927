"""Executes what is due of a project's plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from aicmo.execution.gate import Mode
from aicmo.execution.project import PlanItem
from aicmo.execution.report import ExecutionReport
from aicmo.execution.runs import ChannelResult
from aicmo.redaction import describe
from flows.outcomes import as_state, execution_outcome, is_late, needs_attention, skipped_late
from flows.parameters import Channels, CrmBlock, Limit, Minutes, ProjectId, SocialCredentials
from tasks.artifacts import publish_report
from tasks.chunks import Chunk, next_chunk
from tasks.execution import (
    StartedRun,
    close_run,
    extract_items,
    fetch_plan,
    preview_channel,
    send_channel,
)
from tasks.gateways import Credentials
from tasks.steps import StepFailed


@flow(
    name="execute-plan",
    flow_run_name="execute {project_id}",
    persist_result=False,
    retries=0,
    task_runner=ThreadPoolTaskRunner(max_workers=4),
)
def execute_plan(
    project_id: ProjectId,
    enabled: bool = False,  # noqa: FBT001, FBT002  (a form's switch)
    dry_run: bool = True,  # noqa: FBT001, FBT002
    channels: Channels = ["email"],  # noqa: B006  (read into the form, never changed)
    limit: Limit | None = None,
    email_credentials: str = "",
    social_credentials: SocialCredentials = [],  # noqa: B006
    crm_credentials: CrmBlock = "",
    max_lateness_minutes: Minutes = 60,
) -> State[Any]:
    """Previews or sends what is due of a project's plan, channel by channel.

    Nothing is sent unless every key is turned: EXECUTION_ENABLED on the worker, `enabled`, `dry_run`
    off, the channel allowed by both, no pause, and an approval of each item as it is now.

    Args:
        project_id: The project, as the command aicmo projects lists it.
        enabled: This run may act. Off: nothing is done but the report.
        dry_run: Compose every message, send none. Off: approved messages that are due go out.
        channels: Channels to act on, among those that EXECUTION_CHANNELS allows on the worker.
        limit: Send at most this many messages on each channel.
        email_credentials: Name of the SMTP, Resend, Postmark or SES Credentials block that email goes
            through; empty uses the provider of the worker's environment. A dry run loads neither.
        social_credentials: Names of the blocks that posts go out through, such as
            x-credentials/studio; on a network without one, the log-in that AICMO keeps is used.
        crm_credentials: Name of the block that the CRM is changed through, such as
            hubspot-credentials/studio; empty uses the log-in that AICMO keeps.
        max_lateness_minutes: Started later than this after its time (an outage), it sends nothing.
    """
    due = flow_run.scheduled_start_time
    if is_late(due, datetime.now(UTC), max_lateness_minutes):
        return as_state(skipped_late(max_lateness_minutes))
    try:
        started = fetch_plan(project_id, enabled, dry_run, channels, limit)
        blocks = Credentials(email_credentials, social_credentials, crm_credentials)
        report = _execute(started, blocks)
    except StepFailed as error:
        return as_state(needs_attention(str(error)))
    publish_report(report, return_state=True)
    return as_state(execution_outcome(report))


def _execute(started: StartedRun, credentials: Credentials) -> ExecutionReport:
    if started.mode == Mode.DISABLED:
        return close_run(started, {}, [])
    extracted = extract_items(started, return_state=True)
    if not extracted.is_completed():
        return close_run(started, {}, [_reason(extracted)])
    results, errors = _run_channels(started, extracted.result(), credentials)
    return close_run(started, results, errors)


def _run_channels(
    started: StartedRun, items: Sequence[PlanItem], credentials: Credentials
) -> tuple[dict[str, ChannelResult], list[str]]:
    """Previews or sends the channels side by side; each is sent chunk after chunk.

    A result is the books of its whole channel: the last chunk's replaces those before it.
    """
    results: dict[str, ChannelResult] = {}
    errors: list[str] = []
    going = _submit_channels(started, items, credentials)
    while going:
        future = next(as_completed(list(going)))
        channel, chunk = going.pop(future)
        state = _settled(future)
        if not state.is_completed():
            # What it did before it stopped is read from the ledger when the run is closed.
            results.pop(channel, None)
            errors.append(_reason(state))
        elif chunk is None:
            results[channel] = state.result()
        else:
            results[channel] = state.result().result
            if following := next_chunk(chunk, state.result()):
                again = send_channel.submit(started, channel, items, following, credentials)
                going[again] = (channel, following)
    return {name: results[name] for name in started.modes if name in results}, errors


def _submit_channels(
    started: StartedRun, items: Sequence[PlanItem], credentials: Credentials
) -> dict[PrefectFuture[Any], tuple[str, Chunk | None]]:
    planned, first = {item.channel for item in items}, Chunk(limit=started.request.limit)
    going: dict[PrefectFuture[Any], tuple[str, Chunk | None]] = {}
    for channel, mode in started.modes.items():
        if channel not in planned:
            continue
        if mode == Mode.LIVE:
            future = send_channel.submit(started, channel, items, first, credentials)
            going[future] = (channel, first)
        elif mode == Mode.PREVIEW:
            going[preview_channel.submit(started, channel, items)] = (channel, None)
    return going


def _settled(future: PrefectFuture[Any]) -> State[Any]:
    future.wait()
    return future.state


def _reason(state: State[Any]) -> str:
    error = state.result(raise_on_failure=False)
    return str(error) if isinstance(error, StepFailed) else describe(error)
