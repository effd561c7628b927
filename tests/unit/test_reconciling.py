"""A doubt closes by itself only on proof: the provider has it, or twice and late enough has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from aicmo import audit
from aicmo.errors import FixConfiguration, NoSuchProject
from aicmo.execution import runs
from aicmo.execution.asking import SECOND_LOOK
from aicmo.execution.deciding import Decision, decide
from aicmo.execution.journal import Journal
from aicmo.execution.reconciling import Left, Onward, Reconciled, reconcile
from aicmo.execution.settling import MAX_ATTEMPTS
from aicmo.gateways.contract import (
    Found,
    LivePermit,
    OpenGateway,
    Question,
    Reading,
    RepeatClass,
    Timing,
)
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Run
from aicmo.settings import ExecutionConfig
from tests.peers.effect_gateways import SearchableGateway, TokenGateway, open_effect_gateway
from tests.peers.http_peer import Fault, HttpPeer, Request
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import NOW, approved, contact, imported
from tests.unit.doubtful_rows import (
    MINUTES,
    SECONDS,
    ClockedDatabase,
    change,
    doubtful,
    listed,
    readings,
    row,
)
from tests.unit.live_runs import CONFIG, LIVE, books

QUIET = timedelta(seconds=SearchableGateway.timing.quiet)
AGAIN = min(SECOND_LOOK, QUIET)


@pytest.fixture
def database(database_url: str) -> Iterator[ClockedDatabase]:
    database = ClockedDatabase(database_url)
    yield database
    database.dispose()


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    with HttpPeer(RepeatClass.READABLE) as peer:
        yield peer


def asked(database: ClockedDatabase, peer: HttpPeer, at: datetime) -> Reconciled:
    database.at = at
    return reconciled(database, open_effect_gateway(RepeatClass.READABLE, peer.address))


def reconciled(database: ClockedDatabase, opened: OpenGateway) -> Reconciled:
    return reconcile(database, "studio", CONFIG, lambda _: opened, by="Ann")


class Answering(SearchableGateway):
    """Answers as the test says."""

    answers: ClassVar[Callable[[Question], Reading]]

    def reconcile(self, question: Question) -> Reading:
        return type(self).answers(question)


def answering(answers: Callable[[Question], Any], quiet: timedelta = QUIET) -> OpenGateway:
    timing = Timing(5, 5, quiet.total_seconds())
    gateway = type("OneTest", (Answering,), {"answers": staticmethod(answers), "timing": timing})
    return lambda permit: gateway(permit, ("127.0.0.1", 1))


def took(database: ClockedDatabase, peer: HttpPeer, delivery_id: int) -> str:
    """The message has arrived at the provider; returns its reference there."""
    headers = {"idempotency-key": row(database, delivery_id).token, "recipient": "somebody"}
    return peer.take(Request("POST", "/messages", headers))


def test_what_the_provider_has_is_sent(database: ClockedDatabase, peer: HttpPeer) -> None:
    first, second, _ = doubtful(database)
    ref = took(database, peer, first)
    told = asked(database, peer, NOW + QUIET)
    assert (told.asked, told.present, told.absent, told.still_in_doubt) == (3, 1, 0, 2)
    assert told.recorded == 0
    assert (row(database, first).state, row(database, first).provider_ref) == ("sent", ref)
    assert row(database, second).state == "unknown"
    assert [each.found for each in readings(database)] == ["present", "absent", "absent"]
    assert books(database).balanced
    with database.read() as session:
        assert audit.verify(session, "studio").broken_at is None


def test_nobody_is_asked_before_the_answer_can_be_trusted(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    (only,) = doubtful(database, people=1)
    told = asked(database, peer, NOW + QUIET - SECONDS)
    assert (peer.connections, readings(database)) == (0, [])
    (left,) = told.left
    assert (told.asked, left.onward, left.again_at) == (0, Onward.RECONCILE, NOW + QUIET)
    assert row(database, only).state == "unknown"


@pytest.mark.parametrize(("quiet", "second_look"), [(QUIET, QUIET), (2 * SECOND_LOOK, SECOND_LOOK)])
def test_two_looks_apart_prove_that_it_is_not_there(
    database: ClockedDatabase, quiet: timedelta, second_look: timedelta
) -> None:
    (only,) = doubtful(database, people=1, not_before=NOW + timedelta(days=1))
    opened = answering(lambda _: Reading(Found.ABSENT), quiet)
    database.at = first_look = NOW + quiet
    (left,) = reconciled(database, opened).left
    assert (left.onward, left.again_at) == (Onward.RECONCILE, first_look + second_look)
    for soon in (timedelta(), second_look - SECONDS):
        database.at = first_look + soon
        assert reconciled(database, opened).absent == 0
        assert row(database, only).state == "unknown"
    database.at = first_look + second_look
    assert reconciled(database, opened).absent == 1
    found = row(database, only)
    assert (found.state, found.ambiguous, found.not_before) == ("pending", False, None)
    assert {each.found for each in readings(database)} == {"absent"}


def test_an_absence_told_of_an_earlier_doubt_does_not_count(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    (only,) = doubtful(database, people=1)
    asked(database, peer, NOW + QUIET)
    later = NOW + timedelta(hours=2)
    change(database, only, since=later, fence=8)
    assert asked(database, peer, later + QUIET).absent == 0
    assert row(database, only).state == "unknown"


def test_what_is_proven_absent_after_its_last_attempt_failed(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    (only,) = doubtful(database, people=1, attempts=MAX_ATTEMPTS + 2, uncounted=2)
    asked(database, peer, NOW + QUIET)
    told = asked(database, peer, NOW + QUIET + AGAIN)
    assert (told.absent, told.exhausted, told.still_in_doubt) == (0, 1, 0)
    found = row(database, only)
    assert (found.state, found.ambiguous) == ("failed", False)
    assert found.reason == f"proven absent (attempt {MAX_ATTEMPTS} of {MAX_ATTEMPTS})"


def test_a_provider_that_can_not_tell_moves_nothing_and_is_kept_once(
    database: ClockedDatabase,
) -> None:
    (only,) = doubtful(database, people=1)
    database.at = NOW + QUIET
    said = iter(["busy", "busy", "moved"])
    opened = answering(lambda _: Reading(Found.CANNOT_TELL, detail=next(said)))
    left = [reconciled(database, opened).left for _ in range(3)]
    assert left[0] == (
        Left("email", "the provider couldn't tell (busy)", Onward.PERSON, 1),
    )  # fmt: skip
    assert [each.detail for each in readings(database)] == ["busy", "moved"]
    assert row(database, only).state == "unknown"


def test_one_bad_answer_does_not_stop_the_others(database: ClockedDatabase) -> None:
    first, second, third = doubtful(database)
    database.at = NOW + QUIET

    def answer(question: Question) -> Any:
        if question.delivery_id == first:
            raise KeyError("canary@example.com")
        return None if question.delivery_id == second else Reading(Found.PRESENT, "M3")

    told = reconciled(database, answering(answer))
    assert (told.asked, told.present, told.still_in_doubt) == (3, 1, 2)
    assert row(database, third).state == "sent"
    kept = {each.delivery_id: each.detail for each in readings(database)}
    assert kept == {first: "KeyError", second: "AttributeError", third: ""}


def test_a_provider_is_asked_for_the_token_the_address_and_the_time(
    database: ClockedDatabase,
) -> None:
    (only,) = doubtful(database, people=1)
    database.at = NOW + QUIET
    questions: list[Question] = []

    def answer(question: Question) -> Reading:
        questions.append(question)
        return Reading(Found.PRESENT)

    reconciled(database, answering(answer))
    token = row(database, only).token
    assert questions == [Question(only, token, "person1@example.com", NOW - 10 * SECONDS)]


def test_a_gateway_that_asks_can_not_send(database: ClockedDatabase) -> None:
    doubtful(database, people=1)
    database.at = NOW + QUIET
    permits: list[LivePermit] = []

    def opened(permit: LivePermit) -> SearchableGateway:
        permits.append(permit)
        return SearchableGateway(permit, ("127.0.0.1", 1))

    reconciled(database, opened)
    assert [each.may_send for each in permits] == [False]


@pytest.mark.parametrize("look", [1, 2])
def test_a_doubt_that_is_closed_while_its_provider_is_asked_stays_closed(
    database: ClockedDatabase, look: int
) -> None:
    (only,) = doubtful(database, people=1)
    looks: list[Question] = []

    def answer(question: Question) -> Reading:
        looks.append(question)
        if len(looks) == look:
            decide(database, "studio", [only], Decision.IS_THERE, by="Bo", reason="seen it")
        return Reading(Found.ABSENT)

    for number in range(look):
        database.at = NOW + QUIET + number * AGAIN
        told = reconciled(database, answering(answer))
    assert (told.absent, row(database, only).state) == (0, "sent")


def test_an_answer_about_one_doubt_says_nothing_about_the_next(
    database: ClockedDatabase,
) -> None:
    (only,) = doubtful(database, people=1)
    database.at = NOW + QUIET
    reconciled(database, answering(lambda _: Reading(Found.ABSENT)))

    def answer(_: Question) -> Reading:
        # Decided, sent once more by another worker, and in doubt again, before the answer came.
        change(database, only, fence=8, since=database.at)
        return Reading(Found.ABSENT)

    database.at += AGAIN
    assert reconciled(database, answering(answer)).absent == 0
    assert (row(database, only).state, row(database, only).fence) == ("unknown", 8)


def test_email_by_smtp_is_left_to_a_person(database: ClockedDatabase) -> None:
    doubtful(database, gateway="smtp")
    database.at = NOW + timedelta(days=1)
    with SmtpPeer() as relay:
        told = reconciled(database, open_smtp_gateway(relay.relay))
        assert relay.connections == 0
    assert told.left == (Left("email", "smtp can't be asked", Onward.PERSON, 3),)
    assert told.asked == 0


def test_a_provider_is_not_asked_about_what_went_through_another(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    (only,) = doubtful(database, people=1, gateway="smtp")
    told = asked(database, peer, NOW + timedelta(days=1))
    assert (peer.connections, told.asked) == (0, 0)
    assert [each.reason for each in told.left] == [
        "it went through smtp, and searchable doesn't know it"
    ]
    assert row(database, only).state == "unknown"


def test_a_channel_that_is_not_enabled_is_told(database: ClockedDatabase) -> None:
    doubtful(database)

    def refuse(_: str) -> OpenGateway:
        raise AssertionError("nobody may open a gateway")

    for config in (ExecutionConfig(), ExecutionConfig(True, channels_enabled=["x"])):
        told = reconcile(database, "studio", config, refuse, by="Ann")
        reason = "nobody was asked: email isn't enabled (EXECUTION_ENABLED, EXECUTION_CHANNELS)"
        assert told.left == (Left("email", reason, Onward.PERSON, 3),)


def test_a_channel_that_is_not_configured_is_told(database: ClockedDatabase) -> None:
    doubtful(database)

    def refuse(_: str) -> OpenGateway:
        raise FixConfiguration("AICMO_SMTP_URL is not set", next_step="Set it.")

    told = reconcile(database, "studio", CONFIG, refuse, by="Ann")
    assert [each.reason for each in told.left] == ["AICMO_SMTP_URL is not set. Set it."]


def test_what_a_stopped_worker_left_comes_to_the_doubts(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    (only,) = doubtful(database, people=1, state="sending", reason="", lease_until=NOW)
    ref = took(database, peer, only)
    late = NOW + timedelta(hours=1)
    told = asked(database, peer, late)
    assert (told.recorded, told.asked, row(database, only).state) == (1, 0, "unknown")
    assert asked(database, peer, late + QUIET).present == 1
    assert row(database, only).provider_ref == ref


def test_what_a_killed_worker_never_began_is_no_doubt(database: ClockedDatabase) -> None:
    first, second = doubtful(
        database, people=2, gateway="smtp", state="sending", lease_until=NOW + MINUTES,
        ambiguous=False,
    )  # fmt: skip
    with database.read() as session:
        run_id = session.scalars(select(Run.id)).one()
    with Journal(database.journal_folder) as journal:
        journal.claim(7, run_id)
        journal.begin(second)
    told = reconciled(database, open_effect_gateway(RepeatClass.BLIND, ("127.0.0.1", 1)))
    assert (told.recorded, told.still_in_doubt) == (1, 1)
    assert [row(database, each).state for each in (first, second)] == ["pending", "unknown"]


def test_what_can_be_repeated_is_left_to_the_next_run(database: ClockedDatabase) -> None:
    doubtful(database, people=1, gateway="token", state="pending", repeatable_until=NOW + MINUTES)

    def opened(permit: LivePermit) -> TokenGateway:
        return TokenGateway(permit, ("127.0.0.1", 1))

    (left,) = reconciled(database, opened).left
    assert (left.onward, left.count) == (Onward.RUN, 1)
    database.at = NOW + 2 * MINUTES
    told = reconciled(database, opened)
    assert told.recorded == 1
    assert told.left == (Left("email", "token can't be asked", Onward.PERSON, 1),)
    assert [each.standing for each in listed(database)] == ["open"]


def test_a_project_that_is_not_there_is_named(database: ClockedDatabase) -> None:
    with pytest.raises(NoSuchProject):
        reconcile(database, "nowhere", CONFIG, lambda _: answering(Reading), by="Ann")


def live(database: ClockedDatabase, peer: HttpPeer) -> None:
    run = runs.open_run(database, LIVE, CONFIG, clock=lambda: database.at)
    opened = open_effect_gateway(RepeatClass.READABLE, peer.address)
    runs.execute_channel(run, "email", runs.extract_items(run), lambda: opened)


def test_from_lost_answers_to_one_effect_each(database: ClockedDatabase) -> None:
    imported(database, contacts=[contact(number) for number in range(1, 4)])
    approved(database)
    lost = {1: Fault(applies=True, then="close"), 2: Fault(then="close")}
    with HttpPeer(RepeatClass.READABLE, lost) as peer:
        live(database, peer)
        assert books(database).count("unknown") == 2
        for _ in range(2):
            database.at += max(QUIET, AGAIN)
            asked(database, peer, database.at)
        now = books(database, database.at)
        assert (now.count("sent"), now.count("waiting"), now.count("unknown")) == (2, 1, 0)
        live(database, peer)
        assert books(database, database.at).count("sent") == 3
        assert sorted(peer.effects.values()) == [1, 1, 1]
