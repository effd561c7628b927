"""One run of the core, channel by channel: what `execute` and the demo do alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from aicmo.channels import Channel
from aicmo.errors import AicmoError, FixConfiguration
from aicmo.execution import runs
from aicmo.execution.gate import Mode
from aicmo.execution.report import ExecutionReport
from aicmo.redaction import describe_with_next_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.execution.handing_over import OnProgress
    from aicmo.execution.project import PlanItem
    from aicmo.execution.runs import OpenRun
    from aicmo.execution.states import State
    from aicmo.gateways.contract import OpenGateway

OpenGatewayFor = Callable[[str], "OpenGateway"]


@dataclass
class Ran:
    """A finished run; its report covers the plan, `settled` only what this run handed over.

    misconfigured: a channel that might have sent isn't configured.
    interrupted: somebody pressed Ctrl-C; what wasn't handed over waits for the next run.
    """

    report: ExecutionReport
    settled: Counter[str] = field(default_factory=Counter[str])
    misconfigured: bool = False
    interrupted: bool = False


def run_channels(
    run: OpenRun, open_gateway: OpenGatewayFor, on_progress: OnProgress = lambda _: None
) -> Ran:
    """Executes every channel of an open run, each isolated from the others, and closes it."""
    ran = Ran(ExecutionReport(project_id=run.plan.project_id))
    if run.overall_mode is not Mode.DISABLED:
        try:
            items = runs.extract_items(run)
        except AicmoError as error:
            items = []
            ran.report.add_error(describe_with_next_step(error))
        mine = [
            channel
            for channel in Channel
            if run.mode(channel) is not Mode.DISABLED and _has(items, channel)
        ]
        for channel in mine:
            if not ran.interrupted:
                _run_channel(run, channel, items, open_gateway, on_progress, ran)
    runs.close_run(run, ran.report)
    return ran


def _has(items: Sequence[PlanItem], channel: Channel) -> bool:
    return any(item.channel == channel for item in items)


def _run_channel(
    run: OpenRun,
    channel: Channel,
    items: Sequence[PlanItem],
    open_gateway: OpenGatewayFor,
    on_progress: OnProgress,
    ran: Ran,
) -> None:
    def settled(state: State | None) -> None:
        if state is not None:
            ran.settled[state.value] += 1
        on_progress(state)

    ran.report.channels_used.append(channel.value)
    try:
        result = runs.execute_channel(
            run, channel.value, items, lambda: open_gateway(channel.value), settled
        )
    except KeyboardInterrupt:
        ran.interrupted = True
        ran.report.add_error("Interrupted. What wasn't sent yet waits: run again to go on")
        return
    except Exception as error:
        if isinstance(error.__cause__, DBAPIError):
            # Without a database there is nothing to go on with, and nowhere to write it down.
            raise
        ran.misconfigured |= isinstance(error, FixConfiguration)
        message = f"{channel.value}: {describe_with_next_step(error)}"
        ran.report.add_error(message)
        runs.record_error(run, message)
        return
    ran.report.items_sent_successfully += result["success"]
    ran.report.items_failed += result["failed"]
    ran.report.total_items_processed += sum(each["count"] for each in result["results"])
    ran.report.add_results(result["results"])
