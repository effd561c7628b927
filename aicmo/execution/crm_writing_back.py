"""Writes former values back to contacts of a client's CRM, and notes what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.record import Found, Match, Record
from aicmo.database import Database
from aicmo.errors import AicmoError, FixAccount, TryLater
from aicmo.execution.crm_asking import find, some_at_a_time
from aicmo.execution.crm_overwritten import (
    APPROVED,
    KEPT,
    REFUSED,
    RESTORED,
    UNKNOWN,
    SentChange,
    newest_restorations,
)
from aicmo.execution.crm_putting_back import Fate, FieldBack, PutBack, judge_back
from aicmo.execution.identity import account_of
from aicmo.execution.settling import pause_account
from aicmo.execution.states import Mover
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.crm_gateway import CrmGateway, Update
from aicmo.models import CrmRestoration

_STATES = {
    OutcomeKind.SENT: RESTORED,
    OutcomeKind.REFUSED_FOR_GOOD: REFUSED,
    OutcomeKind.DUPLICATE: UNKNOWN,
    OutcomeKind.UNKNOWN: UNKNOWN,
}
"""What the CRM's answer makes of a restoration; after any other it stays approved."""
_ENDED = (RESTORED, KEPT, REFUSED)
_CONFIRMED = Outcome(OutcomeKind.SENT)
_NOT_TAKEN = "the CRM confirmed it, and shows another value"
Outcomes = dict[str, Outcome]
"""By the CRM's id of the contact."""
Missing = dict[str, list[str]]
"""By the CRM's id of the contact, the properties that it has confirmed and not set."""


def put_back(
    database: Database,
    mover: Mover,
    run_id: int,
    gateway: CrmGateway,
    changes: Sequence[SentChange],
) -> None:
    """Reads the contacts of these changes, writes what still holds ours, and looks at it again.

    changes: approved ones; all of a contact's are among them.

    Raises:
        FixAccount: the CRM refuses the account.
        TryLater: the CRM doesn't answer, or takes nothing now; the rest stays approved.
    """
    project_id = mover.project_id
    judged = judge_back(changes, read_contacts_of(gateway, project_id, changes))
    outcomes = _write(gateway, judged.updates)
    missing = _look_at(gateway, project_id, changes, judged, outcomes) if judged.updates else {}
    _record(database, mover, run_id, changes, judged, outcomes, missing)
    stop = _stop(outcomes)
    if stop is not None:
        raise _stopped(project_id, run_id, stop)


def read_contacts_of(
    gateway: CrmGateway, project_id: str, changes: Sequence[SentChange]
) -> dict[Match, Found]:
    """The contacts of these changes as they are now, with the properties that were overwritten.

    Raises:
        FixAccount: the log-in is refused.
        TryLater: the CRM doesn't answer.
    """
    matches = list(dict.fromkeys(each.match for each in changes if each.match))
    names = {name for each in changes for name in each.former}
    return dict(zip(matches, find(gateway, project_id, matches, names), strict=True))


def _write(gateway: CrmGateway, updates: Mapping[str, Mapping[str, str]]) -> Outcomes:
    """After an answer that concerns them all, the rest isn't tried."""
    outcomes: Outcomes = {}
    for some in some_at_a_time(updates.items(), gateway.records_per_request):
        records, stop = [record for record, _ in some], _stop(outcomes)
        if stop is not None:
            outcomes |= dict.fromkeys(records, replace(stop, kind=OutcomeKind.NOT_SENT))
            continue
        answers = gateway.set_values([Update(record, values) for record, values in some])
        outcomes |= zip(records, answers, strict=True)
    return outcomes


def _stop(outcomes: Outcomes) -> Outcome | None:
    return next((each for each in outcomes.values() if each.ends_batch), None)


def _look_at(
    gateway: CrmGateway,
    project_id: str,
    changes: Sequence[SentChange],
    judged: PutBack,
    outcomes: Outcomes,
) -> Missing:
    """Some CRMs confirm what they then don't do; and an answer that was lost may have been a yes."""
    try:
        found = read_contacts_of(gateway, project_id, changes).values()
    except AicmoError:  # what was answered stands
        return {}
    shown = {each.id: each.values for each in found if isinstance(each, Record)}
    missing: Missing = {}
    for record, values in judged.updates.items():
        there = shown.get(record, {})
        lacks = [name for name, value in values.items() if there.get(name, "") != value]
        if outcomes[record].kind is OutcomeKind.SENT:
            missing[record] = lacks
        elif outcomes[record].kind is OutcomeKind.UNKNOWN and not lacks:
            outcomes[record] = _CONFIRMED
    return missing


def _record(
    database: Database,
    mover: Mover,
    run_id: int,
    changes: Sequence[SentChange],
    judged: PutBack,
    outcomes: Outcomes,
    missing: Missing,
) -> None:
    states: Counter[str] = Counter()
    with audit.transaction(database, mover.project_id) as session:
        rows, now = (
            newest_restorations(session, [each.delivery_id for each in changes]),
            database.now(session),
        )
        for change in changes:
            row = rows[change.delivery_id]
            if row.state == APPROVED:  # nobody else has ended it meanwhile
                fields = judged.fields[change.delivery_id]
                lacks = missing.get(change.record, [])
                state = _note(row, fields, outcomes.get(change.record), lacks)
                row.ended_at = now if state in _ENDED else None
                states[state] += 1
        audit.record(
            session, audit.Event.CRM_RESTORE_ENDED, project_id=mover.project_id,
            actor=mover.actor, run=run_id, **states,
        )  # fmt: skip
        _tell_account(session, mover, outcomes)


def _note(
    row: CrmRestoration,
    fields: Sequence[FieldBack],
    outcome: Outcome | None,
    lacks: Sequence[str],
) -> str:
    """Returns what became of it; `lacks` are the properties that the CRM confirmed and didn't set."""
    written = [each.name for each in fields if each.fate is Fate.PUT_BACK]
    left = [each.name for each in fields if each.fate is Fate.STAYS]
    not_taken = [each for each in written if each in lacks]
    is_back = {
        each.name: each.former
        for each in fields
        if each.fate is Fate.IS_BACK or (each.name in written and each.name not in lacks)
    }
    state = RESTORED if is_back else KEPT
    if written and outcome is not None:
        state = REFUSED if not_taken else _STATES.get(outcome.kind, APPROVED)
    said = [f"stays: {', '.join(left)}"] if left else []
    if not_taken:
        said.append(f"{_NOT_TAKEN}: {', '.join(not_taken)}")
    if written and outcome is not None and outcome.kind is not OutcomeKind.SENT:
        said.append(f"{outcome.code} {outcome.detail}".strip())
    row.state, row.detail = state, "; ".join(said)[:500]
    row.restored = is_back if state == RESTORED or not_taken else {}
    return state


def _tell_account(session: Session, mover: Mover, outcomes: Outcomes) -> None:
    refused = [each for each in outcomes.values() if each.kind is OutcomeKind.REFUSED_ACCOUNT]
    account = account_of(session, mover.project_id, Channel.CRM)
    if refused and account is not None:
        pause_account(session, mover, account.id, refused[0].code or "refused")


def _stopped(project_id: str, run_id: int, stop: Outcome) -> FixAccount | TryLater:
    said = f"{stop.code} {stop.detail}".strip() or "no reason given"
    again = f"`aicmo crm restore {project_id} {run_id} --approve` goes on."
    if stop.kind is OutcomeKind.REFUSED_ACCOUNT:
        return FixAccount(
            f"The crm account is refused and paused: {said}",
            next_step=f"Put its log-in right, then `aicmo unpause {project_id} --channel crm`; {again}",
        )
    return TryLater(f"Putting back stopped: {said}", next_step=again)
