"""One run: opened, executed channel by channel, closed with a report.

The command line, the Prefect flows and the public API all go through these three steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import SOCIAL, Channel
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject, TryLater
from aicmo.execution import claims, replaying, restoring
from aicmo.execution.composing import EmailComposers
from aicmo.execution.composing_crm import ChangeComposers
from aicmo.execution.composing_posts import PostComposers
from aicmo.execution.crashed_runs import mark_crashed
from aicmo.execution.dispatch import Composers, Dispatch
from aicmo.execution.gate import Mode, decide_channel, issue_permit
from aicmo.execution.guards import RESTORED
from aicmo.execution.handing_over import OnProgress
from aicmo.execution.identity import has_account
from aicmo.execution.preview import Preview, preview_items
from aicmo.execution.project import (
    PlanItem,
    ProjectPlan,
    load_items,
    load_plan,
    load_version,
)
from aicmo.execution.published import published
from aicmo.execution.report import Books, ExecutionReport, Tally, read_books
from aicmo.execution.states import Mover
from aicmo.gateways.contract import OpenGateway, OutcomeKind
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Attempt, Delivery, Item, Run
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig

Clock = Callable[[], datetime]

EXECUTED_EVENTS: Mapping[str, audit.Event] = {
    Channel.EMAIL: audit.Event.EXECUTION_EMAIL_EXECUTED,
    Channel.CRM: audit.Event.EXECUTION_CRM_EXECUTED,
    **dict.fromkeys(SOCIAL, audit.Event.EXECUTION_SOCIAL_EXECUTED),
}


class ChannelResult(TypedDict):
    """What an executor returns: deliveries sent, refused for good, and one entry per tally.

    handed_over: those that this call gave to a gateway; the other numbers are the whole channel's.
    """

    success: int
    failed: int
    results: list[dict[str, Any]]
    handed_over: NotRequired[int]


@dataclass(frozen=True)
class ExecutionRequest:
    """What somebody asks a run to do; the environment's own keys come from `ExecutionConfig`.

    channels: None leaves the choice to the environment.
    limit: at most this many deliveries are handed over, on each channel.
    """

    project_id: str
    enabled: bool = False
    dry_run: bool = True
    channels: tuple[str, ...] | None = None
    limit: int | None = None
    started_by: str = "unknown"


@dataclass(frozen=True)
class OpenRun:
    """A run that has been opened; carries everything its channels need."""

    database: Database
    run_id: int
    request: ExecutionRequest
    config: ExecutionConfig
    plan: ProjectPlan
    clock: Clock

    def mode(self, channel: str) -> Mode:
        return decide_channel(
            channel,
            self.config,
            run_enabled=self.request.enabled,
            dry_run=self.request.dry_run,
            run_channels=self.request.channels,
        )

    @property
    def overall_mode(self) -> Mode:
        """The most that any channel may do."""
        modes = {self.mode(channel.value) for channel in Channel}
        return next(mode for mode in (Mode.LIVE, Mode.PREVIEW, Mode.DISABLED) if mode in modes)

    def mover(self) -> Mover:
        return Mover(self.plan.project_id, self.request.started_by, self.clock(), self.run_id)


def open_run(
    database: Database,
    request: ExecutionRequest,
    config: ExecutionConfig,
    *,
    clock: Clock | None = None,
) -> OpenRun:
    """Opens a run; a live one first takes back what a stopped worker left behind.

    Raises:
        NoSuchProject: there is no such project; that is audited, too.
    """
    try:
        with database.read() as session:
            plan = load_plan(session, request.project_id)
    except NoSuchProject:
        record_not_found(database, request.project_id, request.started_by)
        raise
    clock = clock or database.time
    with audit.transaction(database, plan.project_id) as session:
        row = Run(
            project_id=plan.project_id, mode="", started_by=request.started_by,
            started_at=clock(), alive_until=database.now(session) + claims.RUN_LEASE, summary={},
        )  # fmt: skip
        session.add(row)
        session.flush()
        opened = OpenRun(database, row.id, request, config, plan, clock)
        row.mode = opened.overall_mode.value
        _record(session, opened, audit.Event.EXECUTION_STARTED, mode=row.mode)
        _record(session, opened, audit.Event.EXECUTION_PLAN_FETCHED, version=plan.version)
        if opened.overall_mode is Mode.DISABLED:
            _record(session, opened, audit.Event.EXECUTION_DISABLED)
    if opened.overall_mode is Mode.LIVE:
        restoring.check(database)
        mark_crashed(database, by=request.started_by)
        replaying.replay(database, by=request.started_by)
        claims.recover_lapsed(database, opened.mover())
    return opened


def resume_run(
    database: Database,
    run_id: int,
    request: ExecutionRequest,
    config: ExecutionConfig,
    *,
    clock: Clock | None = None,
) -> OpenRun:
    """A run that was opened elsewhere, for a step in another thread or process; writes nothing.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no such run, or it is closed.
    """
    with database.read() as session:
        plan = load_plan(session, request.project_id)
        row = session.get(Run, run_id)
        if row is None or row.project_id != plan.project_id or row.finished_at is not None:
            raise FixInput(f"{request.project_id} has no open run {run_id}")
    return OpenRun(database, run_id, request, config, plan, clock or database.time)


def extract_items(run: OpenRun) -> list[PlanItem]:
    """The items of the run's plan; in a live run their deliveries are sorted by the guards.

    Raises:
        TryLater: another plan was imported since the run was opened.
    """
    with run.database.read() as session:
        items = load_items(session, run.plan.project_id)
        version = load_version(session, run.plan.project_id)
    if version != run.plan.version:
        raise TryLater("The plan was changed during the run", next_step="Run again.")
    if run.overall_mode is Mode.LIVE:
        claims.sort_by_guards(
            run.database, run.mover(), [item.id for item in items], CHANNELS_WITH_GATEWAY
        )
    return items


def execute_channel(
    run: OpenRun,
    channel: str,
    items: Sequence[PlanItem],
    open_gateway: Callable[[], OpenGateway],
    on_progress: OnProgress = lambda _: None,
    *,
    limit: int | None = None,
) -> ChannelResult:
    """Previews or sends the items of one channel, as the gate decides.

    Args:
        run: the open run.
        channel: a channel's name.
        items: the plan's items; those of other channels are left alone.
        open_gateway: asked for the gateway only when something may be sent.
        on_progress: told of every settled or composed delivery.
        limit: hands over at most this many; without it, the run's own limit counts.

    Raises:
        FixConfiguration: the channel may be sent on, but isn't configured.
        TryLater, FixAccount: sending stopped; what was settled stands, the rest waits.
    """
    mine = [item for item in items if item.channel == channel]
    mode = run.mode(channel)
    if mode is Mode.DISABLED or not mine:
        return ChannelResult(success=0, failed=0, results=[], handed_over=0)
    if mode is Mode.PREVIEW:
        preview = preview_items(run.database, run.plan, mine, run.clock(), on_progress=on_progress)
        result = _previewed(preview)
    else:
        limit = run.request.limit if limit is None else limit
        handed_over = _send(run, channel, mine, open_gateway, on_progress, limit)
        result = _settled(run, channel, handed_over)
    with audit.transaction(run.database, run.plan.project_id) as session:
        counts = _attempts_of(session, run, channel)
        _record(session, run, EXECUTED_EVENTS[channel], channel=channel, mode=mode.value, **counts)
    return result


def _attempts_of(session: Session, run: OpenRun, channel: str | None = None) -> dict[str, int]:
    """What this run itself transmitted, by outcome; a report counts the whole plan instead."""
    query = select(Attempt.outcome, func.count()).where(Attempt.run_id == run.run_id)
    if channel is not None:
        query = query.join(Delivery, Delivery.id == Attempt.delivery_id)
        query = query.join(Item, Item.id == Delivery.item_id).where(Item.channel == channel)
    counts = dict(session.execute(query.group_by(Attempt.outcome)).tuples().all())
    return {
        "sent": counts.get(OutcomeKind.SENT, 0),
        "failed": counts.get(OutcomeKind.REFUSED_FOR_GOOD, 0),
        "unknown": counts.get(OutcomeKind.UNKNOWN, 0),
    }


def _send(
    run: OpenRun,
    channel: str,
    items: Sequence[PlanItem],
    open_gateway: Callable[[], OpenGateway],
    on_progress: OnProgress,
    limit: int | None,
) -> int:
    if channel not in CHANNELS_WITH_GATEWAY or not _has_account(run, channel):
        return 0
    return Dispatch(
        database=run.database,
        mover=run.mover,
        plan=run.plan,
        items=items,
        channel=channel,
        channels_with_gateway=CHANNELS_WITH_GATEWAY,
        permit=issue_permit(run.mode(channel), run.run_id, channel),
        open_gateway=open_gateway(),
        composers=_composers(channel, run.plan.document),
        on_progress=on_progress,
    ).run(limit=limit)


def _composers(channel: str, document: ProjectDocument) -> Composers:
    if channel == Channel.CRM:
        return ChangeComposers(document)
    return PostComposers(document) if channel in SOCIAL else EmailComposers(document)


def _has_account(run: OpenRun, channel: str) -> bool:
    with run.database.read() as session:
        return has_account(session, run.plan.project_id, channel)


def _settled(run: OpenRun, channel: str, handed_over: int) -> ChannelResult:
    with run.database.read() as session:
        books = read_books(
            session, run.plan.project_id, now=run.clock(), channels=[channel], run_id=run.run_id
        )
    return ChannelResult(
        success=books.count("sent"),
        failed=books.count("failed"),
        results=as_results(books.tallies),
        handed_over=handed_over,
    )


def _previewed(preview: Preview) -> ChannelResult:
    results = as_results(preview.tallies)
    return ChannelResult(success=0, failed=0, results=results, handed_over=0)


def as_results(tallies: Iterable[Tally]) -> list[dict[str, Any]]:
    """Tallies as the entries of `ExecutionReport.execution_results`."""
    names = ("item", "title", "channel", "state", "reason", "count")
    return [{name: getattr(tally, name) for name in names} for tally in tallies]


def close_run(run: OpenRun, report: ExecutionReport) -> ExecutionReport:
    """Completes the report with what no executor saw, and keeps it with the run."""
    report.run_id, report.mode = run.run_id, run.overall_mode.value
    for problem in run.config.problems:
        report.add_error(problem)
    books = _books(run)
    if run.overall_mode is not Mode.DISABLED:
        _add_other_channels(run, report, books)
    if run.overall_mode is Mode.LIVE:
        _say_what_waits_for_a_person(run, report, books)
    report.balanced, report.came_back = books.balanced, dict(books.came_back)
    report.published = _published(run)
    if not books.balanced:
        report.add_error(f"The books don't balance: {books.as_dict()}")
    with audit.transaction(run.database, run.plan.project_id) as session:
        finished = {"finished_at": run.clock(), "summary": report.as_dict()}
        session.execute(update(Run).where(Run.id == run.run_id).values(**finished))
        _record(
            session,
            run,
            audit.Event.EXECUTION_COMPLETED,
            mode=report.mode,
            **_attempts_of(session, run),
            errors=len(report.errors),
        )
    return report


def _published(run: OpenRun) -> list[dict[str, Any]]:
    with run.database.read() as session:
        return [
            each.as_result() for each in published(session, run.plan.project_id) if each.is_live
        ]


def _say_what_waits_for_a_person(run: OpenRun, report: ExecutionReport, books: Books) -> None:
    """What a refusal or a restore has stopped stays an error in every run until it is released."""
    for tally in books.tallies:
        if tally.state == "held" and tally.reason.startswith("account paused"):
            paused_now = f"The {tally.channel} account is refused and paused"
            if any(paused_now in each for each in report.errors):
                continue  # this run has paused it, and has said so
            release = f"`aicmo unpause {run.plan.project_id} --channel {tally.channel}`"
            report.add_error(
                f"The {tally.channel} account is paused ({tally.reason.partition(': ')[2]}). "
                f"Put its log-in right, then {release} and run again"
            )
        elif tally.state == "held" and tally.reason == RESTORED:
            report.add_error(
                "The database was restored from a backup, so what was due by then is held: it may "
                "have gone out already. `aicmo recover` lists it"
            )


def _books(run: OpenRun) -> Books:
    with run.database.read() as session:
        return read_books(session, run.plan.project_id, now=run.clock(), run_id=run.run_id)


def _add_other_channels(run: OpenRun, report: ExecutionReport, books: Books) -> None:
    """Channels that this run left alone are in its report all the same."""
    seen = {result.get("channel") for result in report.execution_results}
    others = (tally for tally in books.tallies if tally.channel not in seen)
    results = as_results(_left_alone(run, tally) for tally in others)
    report.add_results(results, with_outcomes=True)


def _left_alone(run: OpenRun, tally: Tally) -> Tally:
    if tally.state != "waiting":
        return tally
    if tally.channel not in CHANNELS_WITH_GATEWAY:
        return replace(tally, state="held", reason=f"no gateway for {tally.channel}")
    if run.mode(tally.channel) is Mode.DISABLED:
        return replace(tally, reason=f"channel {tally.channel} is not enabled in this run")
    return tally


def record_not_found(database: Database, project_id: str, actor: str) -> None:
    """Audits a run that was asked for a project which isn't there."""
    with database.write() as session:
        audit.record(
            session,
            audit.Event.EXECUTION_PROJECT_NOT_FOUND,
            project_id=project_id[:200],
            actor=actor,
        )


def record_error(run: OpenRun, message: str) -> None:
    """Audits a step that went wrong."""
    with audit.transaction(run.database, run.plan.project_id) as session:
        _record(session, run, audit.Event.EXECUTION_ERROR, error=message[:500])


def _record(session: Session, run: OpenRun, event: audit.Event, **data: Any) -> None:
    audit.record(
        session, event, project_id=run.plan.project_id, actor=run.request.started_by,
        run=run.run_id, **data,
    )  # fmt: skip
