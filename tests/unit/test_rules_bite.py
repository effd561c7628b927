"""Rules up to arming that only a look inside shows missing; `tests/mutation` ends up here."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import approvals, claims
from aicmo.execution.gate import Mode, decide_channel
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    Outcome,
    OutcomeKind,
    RateLimit,
    RepeatClass,
)
from aicmo.models import Account, Attempt, Delivery, Item, Suppression
from tests.contract.gateway_contract import always, permit
from tests.contract.test_smtp_gateway import outgoing
from tests.peers.effect_gateways import BlindGateway, SearchableGateway, TokenGateway
from tests.peers.http_peer import HttpPeer
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, approved, contact, imported
from tests.unit.armed_rows import (
    HOURS,
    NOWHERE,
    arm_through,
    let_all_go,
    one_armed,
    opened,
    set_all,
)
from tests.unit.doubtful_rows import SECONDS, ClockedDatabase, change, doubtful, row
from tests.unit.effect_runs import clocked, opening, run_through
from tests.unit.live_runs import CONFIG, armed, books, claimed, execute, ready


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


# The gate and its permits


KEYS: list[dict[str, Any]] = [
    {"execution_enabled": False}, {"run_enabled": False}, {"dry_run": True},
    {"channels_enabled": ["crm"]}, {"run_channels": ["crm"]},
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=lambda key: next(iter(key)))
def test_each_key_alone_keeps_a_channel_from_being_live(key: dict[str, Any]) -> None:
    def mode(**changes: Any) -> Mode:
        names = {field.name for field in dataclasses.fields(CONFIG)}
        config = dataclasses.replace(CONFIG, **{k: v for k, v in changes.items() if k in names})
        wishes = {"run_enabled": True, "dry_run": False, "run_channels": ["email"]}
        wishes |= {k: v for k, v in changes.items() if k in wishes}
        return decide_channel("email", config, **cast("Any", wishes))

    assert mode() is Mode.LIVE
    assert mode(**key) is not Mode.LIVE


def test_only_the_gate_s_key_makes_a_permit() -> None:
    with pytest.raises(PermissionError):
        LivePermit(1, "email", key=object())


def test_what_only_looks_like_a_permit_opens_nothing() -> None:
    forged = SimpleNamespace(run_id=1, channel="email", may_send=True)
    with pytest.raises(PermissionError):
        TokenGateway(cast("LivePermit", forged), NOWHERE)


class Failing(BlindGateway):
    """Has a bug."""

    def send(self, outgoing: object, still_allowed: object) -> Outcome:
        raise KeyError("somebody@example.com")


def test_an_unforeseen_failure_of_a_gateway_is_a_doubt() -> None:
    with Failing(permit(), NOWHERE) as gateway:
        ((_, outcome),) = gateway.send_batch([outgoing()], always)
    assert outcome == Outcome(OutcomeKind.UNKNOWN, code="KeyError")


# Guards and claims


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"consent": "unsubscribed"}, "unsubscribed"), ({"hard_bounced": True}, "hard bounced")],
)
def test_a_contact_who_may_not_be_written_to_is_skipped_by_its_own_row(
    database: ClockedDatabase, changes: dict[str, Any], reason: str
) -> None:
    imported(database, contacts=[contact(1, **changes)])
    approved(database)
    with database.write() as session:
        session.execute(delete(Suppression))
    told = [(each.state, each.reason) for each in books(database).tallies]
    assert told == [("skipped", reason)]


WAITS: list[tuple[type[Any], dict[str, Any]]] = [
    (Account, {"not_before": NOW + HOURS}),
    (Item, {"send_at": NOW + HOURS}),
    (Delivery, {"not_before": NOW + HOURS}),
    (Delivery, {"in_plan": False}),
]


@pytest.mark.parametrize(
    ("table", "values"), WAITS, ids=["account", "item", "delivery", "left the plan"]
)
def test_what_must_wait_is_not_even_claimed(
    database: ClockedDatabase, table: type[Any], values: dict[str, Any]
) -> None:
    ready(database)
    run, claim = claimed(database)
    let_all_go(run, claim)
    set_all(database, table, **values)
    with database.read() as session:
        items = list(session.scalars(select(Item.id)))
    assert claims.claim(database, run.mover(), items, fence=1, at_most=10) is None


def test_an_account_that_must_wait_meanwhile_is_not_armed(database: ClockedDatabase) -> None:
    ready(database)
    run, claim = claimed(database)
    set_all(database, Account, not_before=NOW + HOURS, wait_reason="429")
    assert armed(run, claim) == ()
    assert books(database).reasons("waiting") == {"account waits: 429": 3}


def states(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Delivery.state)))


@pytest.mark.parametrize(("late", "state"), [(-SECONDS, "claimed"), (SECONDS, "pending")])
def test_a_claim_is_taken_back_after_its_lease_and_not_before(
    database: ClockedDatabase, late: timedelta, state: str
) -> None:
    ready(database)
    run, _ = claimed(database)
    database.at += claims.CLAIM_LEASE + late
    claims.recover_lapsed(database, run.mover())
    assert states(database) == {state}


def test_a_worker_lets_go_only_of_what_it_holds(database: ClockedDatabase) -> None:
    ready(database)
    run, claim = claimed(database)
    let_all_go(run, claim)
    claimed(database)
    let_all_go(run, claim)
    assert states(database) == {"claimed"}


def test_a_run_goes_on_where_the_last_one_ended(database: ClockedDatabase) -> None:
    ready(database, people=4)
    with SmtpPeer() as peer:
        for _ in range(2):
            execute(database, peer, limit=2)
        assert peer.effects.total() == 4


# Arming and its lease


class Timed(ClockedDatabase):
    """Notes when it is asked for the time: inside the transaction."""

    asked: list[float]

    def now(self, session: Session) -> datetime:
        self.asked.append(time.monotonic())
        return super().now(session)


def test_the_deadline_counts_from_before_the_arming_transaction(sqlite_url: str) -> None:
    database = Timed(sqlite_url)
    database.asked = []
    ready(database)
    run, claim = claimed(database)
    database.asked.clear()
    batch = arm_through(run, claim)
    latest = database.asked[0] + TokenGateway.timing.send_deadline
    assert all(each.deadline <= latest for each in batch.outgoing)
    database.dispose()


def test_the_lease_of_an_armed_delivery_outlives_its_request(database: ClockedDatabase) -> None:
    _, _, only = one_armed(database)
    timing, lease = TokenGateway.timing, row(database, only).lease_until
    last_byte = timedelta(seconds=timing.send_deadline + timing.request_bound)
    assert lease is not None
    assert lease > NOW + last_byte


def test_what_a_dead_worker_had_armed_is_ambiguous_from_then_on(database: ClockedDatabase) -> None:
    run, _, only = one_armed(database)
    change(database, only, repeatable_until=None)
    database.at += HOURS
    claims.recover_lapsed(database, run.mover())
    assert (row(database, only).state, row(database, only).ambiguous) == ("unknown", True)


@pytest.mark.peer
def test_a_claim_does_not_wait_for_rows_that_somebody_else_holds(postgres_url: str) -> None:
    database = ClockedDatabase(f"{postgres_url}?options=-c%20lock_timeout%3D2000")
    ready(database)
    run, claim = claimed(database)
    let_all_go(run, claim)
    first, *others = claim.delivery_ids
    with database.write() as session:
        session.execute(select(Delivery.id).where(Delivery.id == first).with_for_update())
        items = list(session.scalars(select(Item.id)))
        found = claims.claim(database, run.mover(), items, fence=1, at_most=10)
    assert found is not None
    assert found.delivery_ids == tuple(others)
    database.dispose()


class Prying(ClockedDatabase):
    """Tries to change deliveries while they are being armed, by a connection of its own."""

    tried: list[str]

    def now(self, session: Session) -> datetime:
        if session.scalar(select(func.count()).where(Delivery.state == "claimed")):
            with self.engine.connect() as other:
                try:
                    other.execute(select(Delivery.id).with_for_update(nowait=True))
                    self.tried.append("could")
                except OperationalError:
                    self.tried.append("could not")
        return super().now(session)


@pytest.mark.peer
def test_nobody_changes_a_delivery_between_its_guards_and_its_intent(postgres_url: str) -> None:
    database = Prying(postgres_url)
    database.tried = []
    ready(database)
    run, claim = claimed(database)
    database.tried.clear()
    assert len(arm_through(run, claim).outgoing) == 3
    assert database.tried == ["could not"]
    database.dispose()


@pytest.mark.peer
def test_writers_take_the_head_before_any_row(postgres_url: str) -> None:
    database = Database(postgres_url)
    imported(database)
    head = text("SELECT number FROM audit_head WHERE project_id = 'studio' FOR UPDATE NOWAIT")
    with audit.transaction(database, "studio"), database.engine.connect() as other:  # noqa: SIM117
        with pytest.raises(OperationalError, match="could not obtain lock"):
            other.execute(head)
    database.dispose()


class Limited(TokenGateway):
    limits = (RateLimit(1, HOURS),)


def test_what_a_limit_has_no_room_for_waits_with_the_account(database: ClockedDatabase) -> None:
    ready(database)
    run, claim = claimed(database)
    assert len(arm_through(run, claim, opened(Limited)).outgoing) == 1
    with database.read() as session:
        assert session.scalars(select(Account.not_before)).one() == NOW + HOURS
    set_all(database, Account, not_before=None)
    run, claim = claimed(database)
    assert arm_through(run, claim, opened(Limited)).outgoing == ()


def test_what_went_out_before_a_limit_s_window_takes_no_room(database: ClockedDatabase) -> None:
    ready(database)
    run, claim = claimed(database)
    arm_through(run, claim, opened(Limited))
    set_all(database, Attempt, armed_at=NOW - HOURS)
    set_all(database, Account, not_before=None)
    run, claim = claimed(database)
    assert len(arm_through(run, claim, opened(Limited)).outgoing) == 1


# Doubts that are repeated


def repeatable(database: ClockedDatabase, gateway: str = "token") -> int:
    (only,) = doubtful(
        database, people=1, gateway=gateway, state="pending", repeatable_until=NOW + HOURS
    )
    return only


def test_what_is_pending_in_doubt_is_never_stopped(database: ClockedDatabase) -> None:
    only = repeatable(database)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    run, claim = claimed(database)
    assert arm_through(run, claim).outgoing == ()
    assert row(database, only).state == "pending"
    assert books(database).reasons("unknown") == {"to be repeated safely": 1}
    approved(database)
    set_all(database, Delivery, not_before=None)
    run, claim = claimed(database)
    assert [each.delivery_id for each in arm_through(run, claim).outgoing] == [only]


@pytest.mark.parametrize(
    ("went_through", "gateway", "repeats"),
    [("token", TokenGateway, True), ("other", TokenGateway, False), ("blind", BlindGateway, False)],
)
def test_a_doubt_is_repeated_by_its_own_gateway_only(
    database: ClockedDatabase, went_through: str, gateway: Callable[..., Gateway], *, repeats: bool
) -> None:
    only = repeatable(database, went_through)
    run, claim = claimed(database)
    assert len(arm_through(run, claim, opened(gateway)).outgoing) == repeats
    assert row(database, only).state == ("sending" if repeats else "unknown")


class Forgetful(SearchableGateway):
    """Takes tokens, but not as names of what it has."""

    token_lifetime = timedelta(hours=1)


@pytest.mark.parametrize(
    ("gateway", "lasts"), [(TokenGateway, True), (Forgetful, False), (BlindGateway, False)]
)
def test_only_a_repeat_safe_gateway_gives_a_token_window(
    database: ClockedDatabase, gateway: Callable[..., Gateway], *, lasts: bool
) -> None:
    ready(database, people=1)
    run, claim = claimed(database)
    batch = arm_through(run, claim, opened(gateway))
    until = row(database, batch.outgoing[0].delivery_id).repeatable_until
    assert (until is not None) == lasts


# A run ends


def test_a_run_ends_although_a_repeat_has_to_wait(
    database: ClockedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeatable(database)
    approvals.revoke(database, "studio", None, by="Ann", now=NOW)
    taken: list[object] = []
    claim = claims.claim

    def counted(*arguments: Any, **options: Any) -> claims.Claim | None:
        taken.append(arguments)
        assert len(taken) < 5
        return claim(*arguments, **options)

    monkeypatch.setattr(claims, "claim", counted)
    with HttpPeer(RepeatClass.REPEAT_SAFE) as peer:
        run_through(database, opening(peer, TokenGateway, database))
        assert peer.effects.total() == 0
