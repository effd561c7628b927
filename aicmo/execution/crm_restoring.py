"""Putting back what a run overwrote in a client's CRM: shown, asked for, approved, written, looked at again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, FixInput
from aicmo.execution.crm_asking import require_account, require_crm_gateway, some_at_a_time
from aicmo.execution.crm_overwritten import (
    APPROVED,
    RESTORED,
    SentChange,
    newest_restorations,
    sent_changes,
)
from aicmo.execution.crm_putting_back import Fate, FieldBack, judge_back
from aicmo.execution.crm_writing_back import put_back, read_contacts_of
from aicmo.execution.gate import issue_account_permit, issue_restore_permit
from aicmo.execution.identity import require_pinned
from aicmo.execution.states import Mover
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.models import CrmRestoration
from aicmo.settings import ExecutionConfig


@dataclass(frozen=True, slots=True)
class Restoring:
    """A run's changes, and what putting them back comes to; `fields` by delivery."""

    changes: tuple[SentChange, ...]
    fields: Mapping[int, tuple[FieldBack, ...]]

    def count(self, fate: Fate) -> int:
        """How many fields this becomes of."""
        return sum(each.fate is fate for fields in self.fields.values() for each in fields)


def read_back(
    database: Database, project_id: str, run_id: int, open_gateway: Callable[[], OpenGateway]
) -> Restoring:
    """What a run changed, what is there now, and what would be put back; changes nothing.

    open_gateway: of the CRM, with any log-in that may read; asked for if there is something to read.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no such run.
        FixAccount: another account is logged in, or the run's changes are in another one.
        TryLater: the CRM doesn't answer.
    """
    changes = _changes(database, project_id, run_id)
    wanted = [each for each in changes if each.has_overwritten and each.wish.state != RESTORED]
    fields: dict[int, tuple[FieldBack, ...]] = {}
    if wanted:
        with open_gateway()(issue_account_permit(Channel.CRM)) as opened:
            gateway = require_crm_gateway(opened)
            require_account(gateway, project_id)
            _require_same_account(run_id, wanted, gateway)
            for some in _contacts_at_a_time(wanted):
                fields |= judge_back(some, read_contacts_of(gateway, project_id, some)).fields
    return Restoring(tuple(changes), fields)


def ask_restore(database: Database, project_id: str, run_id: int, *, by: str) -> int:
    """Notes the wish to put back what a run overwrote; nothing is written before it is approved.

    Returns:
        How many changes it is about; those that are put back, or asked for already, don't count.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no such run, there is nothing to put back, or the name is missing.
    """
    _require_name(by)
    with audit.transaction(database, project_id) as session:
        changes = sent_changes(session, project_id, run_id)
        ids = [each.delivery_id for each in changes if each.has_overwritten and _can_ask(each)]
        if not ids:
            raise _nothing_to_ask(project_id, run_id, changes)
        now = database.now(session)
        session.add_all(
            CrmRestoration(delivery_id=each, asked_by=by.strip(), asked_at=now) for each in ids
        )
        audit.record(
            session, audit.Event.CRM_RESTORE_ASKED, project_id=project_id, actor=by.strip(),
            run=run_id, deliveries=ids,
        )  # fmt: skip
    return len(ids)


def approve_restore(
    database: Database,
    project_id: str,
    run_id: int,
    config: ExecutionConfig,
    open_gateway: Callable[[], OpenGateway],
    *,
    by: str,
) -> tuple[SentChange, ...]:
    """Approves what was asked for, and puts it back: read anew, written, and looked at again.

    Interrupted or without an answer, it can be approved once more: what is back already isn't
    written again.

    Args:
        database: where the ledger is.
        project_id: the project.
        run_id: the run whose changes are put back.
        config: the environment's side; it has to enable execution on the CRM.
        open_gateway: of the CRM, with a log-in that may write.
        by: who approves it.

    Returns:
        The changes that were asked about, with what became of each.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no such run, nothing is asked for, or the name is missing.
        FixConfiguration: the environment doesn't enable execution on the CRM.
        FixAccount: another account is logged in, or the run's changes are in another one.
        TryLater: the CRM doesn't answer; what isn't put back stays approved.
    """
    _require_name(by)
    wanted = [each for each in _changes(database, project_id, run_id) if each.is_open]
    if not wanted:
        raise FixInput(
            f"Nobody has asked to put back what run {run_id} overwrote",
            next_step=f"Ask for it first: `aicmo crm restore {project_id} {run_id} --ask`.",
        )
    permit = issue_restore_permit(config)
    _approve(database, project_id, run_id, wanted, by.strip())
    with database.read() as session:
        mover = Mover(project_id, by.strip(), database.now(session))
    with open_gateway()(permit) as opened:
        gateway = require_crm_gateway(opened)
        require_pinned(database, mover, Channel.CRM, gateway)
        _require_same_account(run_id, wanted, gateway)
        for some in _contacts_at_a_time(wanted):
            put_back(database, mover, run_id, gateway, some)
    asked = {each.delivery_id for each in wanted}
    return tuple(
        each for each in _changes(database, project_id, run_id) if each.delivery_id in asked
    )


def _changes(database: Database, project_id: str, run_id: int) -> list[SentChange]:
    with database.read() as session:
        return sent_changes(session, project_id, run_id)


def _require_name(by: str) -> None:
    if not by.strip():
        raise FixInput("Putting back needs a name", next_step="Give it with --by NAME.")


def _can_ask(change: SentChange) -> bool:
    return not change.is_open and change.wish.state != RESTORED


def _nothing_to_ask(project_id: str, run_id: int, changes: Sequence[SentChange]) -> FixInput:
    if any(each.is_open for each in changes):
        return FixInput(
            f"Putting back what run {run_id} overwrote is asked for already",
            next_step=f"`aicmo crm restore {project_id} {run_id} --approve` puts it back.",
        )
    if any(each.has_overwritten for each in changes):
        return FixInput(f"What run {run_id} overwrote is put back already")
    return FixInput(f"Run {run_id} overwrote nothing in the CRM")


def _require_same_account(
    run_id: int, changes: Sequence[SentChange], gateway: CrmGateway
) -> None:  # fmt: skip
    """In another account, the same id is another contact."""
    if any(each.through != gateway.name for each in changes):
        raise FixAccount(
            f"The changes of run {run_id} are in another CRM account",
            next_step="Log that account in again, or put them back by hand.",
        )


def _contacts_at_a_time(changes: Sequence[SentChange]) -> list[list[SentChange]]:
    """All changes of a contact together: an older one is judged by what a newer one puts back."""
    by_record = groupby(sorted(changes, key=lambda each: each.record), lambda each: each.record)
    groups = [list(group) for _, group in by_record]
    return [[each for group in some for each in group] for some in some_at_a_time(groups)]


def _approve(
    database: Database, project_id: str, run_id: int, changes: Sequence[SentChange], by: str
) -> None:
    ids = [each.delivery_id for each in changes]
    with audit.transaction(database, project_id) as session:
        now = database.now(session)
        for row in newest_restorations(session, ids).values():
            row.approved_by, row.approved_at, row.state = by, now, APPROVED
        audit.record(
            session, audit.Event.CRM_RESTORE_APPROVED, project_id=project_id, actor=by,
            run=run_id, deliveries=ids,
        )  # fmt: skip
