"""Whoever unsubscribed in the CRM gets no email from here, and the CRM is told who left here; once each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.errors import FixAccount, FixConfiguration, FixInput, TryLater
from aicmo.execution import pauses
from aicmo.execution.contacts import suppress
from aicmo.execution.crm_consent import ConsentRead, read_consent
from aicmo.execution.crm_consent_sync import projects_with_consent
from aicmo.execution.crm_opt_outs import ConsentTold, tell_consent, to_tell
from aicmo.execution.erasing import Person, erase
from aicmo.models import Account, AuditEvent, Contact, CrmOptOut, Project
from aicmo.settings import ExecutionConfig
from tests.conftest import KEY
from tests.peers.crm_peer import Kept
from tests.peers.desk_crm import DeskCrm, opening
from tests.peers.http_exchange import Fault
from tests.peers.routes import Call, Reply
from tests.projects import NOW, contact, email
from tests.unit.crm_ledger import CONFIG
from tests.unit.crm_projects import change, connect, import_crm
from tests.unit.departures import hmac_of, suppressions
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked

OPT_OUT = "hs_email_optout"
LOST = Fault(then="close")


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def crm() -> Iterator[DeskCrm]:
    with DeskCrm() as peer:
        yield peer


def ready(ledger: ClockedDatabase, consent: str = "both", **setup: Any) -> None:
    people = [contact(number) for number in range(1, 6)]
    import_crm(ledger, email(), change(), contacts=people, consent=consent, **setup)
    connect(ledger)


def people(crm: DeskCrm, count: int = 5, **values: str) -> list[Kept]:
    """They are in the CRM, too."""
    return [crm.add({"email": f"person{n}@example.com", **values}) for n in range(1, count + 1)]


def read(ledger: ClockedDatabase, crm: DeskCrm) -> ConsentRead:
    return read_consent(ledger, "studio", KEY, lambda: opening(crm), by="Ann")


def tell(ledger: ClockedDatabase, crm: DeskCrm, config: ExecutionConfig = CONFIG) -> ConsentTold:
    return tell_consent(ledger, "studio", config, lambda: opening(crm), by="Ann")


def leave(
    ledger: ClockedDatabase, number: int, reason: str = "unsubscribed", client: str = ""
) -> None:
    with ledger.write() as session:
        whose = client or session.get_one(Project, "studio").client
        suppress(session, whose, hmac_of(number), reason, NOW)


def noted(ledger: ClockedDatabase) -> list[tuple[str, str]]:
    with ledger.read() as session:
        query = select(Contact.key, CrmOptOut.direction).join(
            CrmOptOut, CrmOptOut.contact_id == Contact.id
        )
        return [(row[0], row[1]) for row in session.execute(query.order_by(Contact.key))]


def events(ledger: ClockedDatabase) -> list[tuple[str, str]]:
    with ledger.read() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.event.like("consent.%")))
        return [(each.event, each.data) for each in found]


# Theirs


def test_who_unsubscribed_in_the_crm_is_suppressed_for_the_client(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "read")
    _, second, third, *_ = people(crm)
    crm.edit(second, {OPT_OUT: "true"})
    crm.edit(third, {OPT_OUT: "false"})
    assert read(ledger, crm) == ConsentRead(5, left=("c2",))
    assert suppressions(ledger) == [("studio", hmac_of(2), "unsubscribed in the CRM")]
    assert noted(ledger) == [("c2", "read")]
    assert events(ledger) == [("consent.read", '{"contacts":[2]}')]


def test_reading_again_finds_who_left_meanwhile_and_lets_nobody_back_in(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "read")
    first, second, *_ = people(crm)
    crm.edit(first, {OPT_OUT: "true"})
    assert read(ledger, crm).left == ("c1",)
    assert read(ledger, crm).left == ()
    crm.edit(first, {OPT_OUT: "false"})
    crm.edit(second, {OPT_OUT: "true"})
    assert read(ledger, crm).left == ("c2",)
    assert {each[1] for each in suppressions(ledger)} == {hmac_of(1), hmac_of(2)}
    assert len(events(ledger)) == 2


def test_an_address_that_only_the_crm_has_by_now_is_suppressed_too(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "read")
    crm.add({"our_id": "studio:c1", "email": "Person99@Example.com", OPT_OUT: "true"})
    assert read(ledger, crm).left == ("c1",)
    assert {each[1] for each in suppressions(ledger)} == {hmac_of(1), hmac_of(99)}


def test_of_several_contacts_a_person_is_told(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "read")
    people(crm, 1)
    people(crm, 1, **{OPT_OUT: "true"})
    assert read(ledger, crm) == ConsentRead(5, several=("c1",))
    assert suppressions(ledger) == []


def test_another_account_is_not_read(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "read")
    people(crm, 1, **{OPT_OUT: "true"})
    crm.identity = "0815"
    with pytest.raises(FixAccount, match="logged in as 0815"):
        read(ledger, crm)
    assert suppressions(ledger) == []


def test_what_can_not_be_read_is_no_yes_and_no_no(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "read")
    people(crm, 1, **{OPT_OUT: "true"})
    crm.other_faults["find_people"] = [LOST]
    with pytest.raises(TryLater, match="can't be read"):
        read(ledger, crm)
    assert read(ledger, crm).left == ("c1",)


@pytest.mark.parametrize("consent", ["none", "write"])
def test_nothing_is_read_unless_the_project_says_so(
    ledger: ClockedDatabase, crm: DeskCrm, consent: str
) -> None:
    ready(ledger, consent)
    people(crm, 1, **{OPT_OUT: "true"})
    assert read(ledger, crm) == ConsentRead()
    assert crm.seen == []


def test_a_crm_without_such_a_property_needs_its_name(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, provider="bottlecrm")
    with pytest.raises(FixInput, match="BottleCRM has no property"):
        read(ledger, crm)
    ready(ledger, provider="bottlecrm", opt_out="left")
    people(crm, 1, left="true")
    assert read(ledger, crm).left == ("c1",)


# Ours


def test_the_crm_is_told_who_left_here_and_nobody_else(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "write")
    kept = people(crm, 4)
    leave(ledger, 1)
    leave(ledger, 2, "complained")
    leave(ledger, 3, "hard bounced")
    leave(ledger, 5)  # whom the CRM doesn't have
    told = tell(ledger, crm)
    assert (told.told, told.absent) == (("c1", "c2"), ("c5",))
    assert [each.values.get(OPT_OUT) for each in kept] == ["true", "true", None, None]
    assert len(crm.contacts) == 4
    assert noted(ledger) == [("c1", "write"), ("c2", "write")]
    assert events(ledger) == [("consent.told", '{"contacts":[1,2]}')]


def test_who_was_told_of_is_not_told_again(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    tell(ledger, crm)
    requests = len(crm.seen)
    assert tell(ledger, crm) == ConsentTold()
    assert len(crm.seen) == requests


def test_whom_the_crm_told_us_is_not_told_back(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger)
    people(crm, 1, **{OPT_OUT: "true"})
    read(ledger, crm)
    assert tell(ledger, crm) == ConsentTold()
    assert crm.sets == []


def test_whom_the_crm_has_as_gone_is_noted_and_not_written(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "write")
    people(crm, 1, **{OPT_OUT: "true"})
    leave(ledger, 1)
    assert tell(ledger, crm).known == ("c1",)
    assert (crm.sets, noted(ledger)) == ([], [("c1", "read")])


def test_only_what_the_crm_confirms_is_noted(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "write")
    kept = people(crm)
    for number in (1, 2, 3):
        leave(ledger, number)
    crm.statuses[kept[2].id] = 400
    crm.other_faults["set_values"] = [LOST]
    first = tell(ledger, crm)
    assert (first.told, first.again, first.refused) == ((), ("c1", "c2"), (("c3", "400"),))
    assert noted(ledger) == []
    second = tell(ledger, crm)
    assert (second.told, second.refused) == (("c1", "c2"), (("c3", "400"),))


def test_an_answer_that_was_lost_after_the_effect_shows_the_next_time(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    crm.other_faults["set_values"] = [Fault(applies=True, then="close")]
    assert tell(ledger, crm).again == ("c1",)
    assert tell(ledger, crm).known == ("c1",)
    assert len(crm.sets) == 1


def test_who_was_erased_is_told_of_nowhere(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    erase(ledger, Person("studio", contact="c1"), KEY, by="Ann")
    assert tell(ledger, crm) == ConsentTold()
    assert crm.seen == []


@pytest.mark.parametrize(
    "config",
    [replace(CONFIG, execution_enabled=False), replace(CONFIG, channels_enabled=["email"])],
    ids=["disabled", "channel off"],
)
def test_the_environment_must_allow_telling(
    config: ExecutionConfig, ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    with pytest.raises(FixConfiguration):
        tell(ledger, crm, config)
    assert crm.seen == []


@pytest.mark.parametrize("channel", ["", "crm"])
def test_nothing_is_told_while_it_is_paused(
    ledger: ClockedDatabase, crm: DeskCrm, channel: str
) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    pauses.pause(ledger, project_id="studio", channel=channel, by="Ann", now=NOW)
    told = tell(ledger, crm)
    assert (told.asked, told.told, told.waits) == (("c1",), (), "paused by Ann")
    assert crm.seen == []
    pauses.unpause(ledger, project_id="studio", channel=channel, by="Ann")
    pauses.pause(ledger, project_id="studio", channel="email", by="Ann", now=NOW)
    assert tell(ledger, crm).told == ("c1",)


def test_a_pause_stops_telling_at_the_next_request(ledger: ClockedDatabase) -> None:
    class Paused(DeskCrm):
        def set_values(self, call: Call) -> Reply:
            pauses.pause(ledger, project_id="", channel="", by="Ann", now=NOW)
            return super().set_values(call)

    with Paused() as crm:
        ready(ledger, "write")
        people(crm)
        for number in range(1, 6):
            leave(ledger, number)
        told = tell(ledger, crm)
        assert (told.told, told.waits, told.left_over) == (("c1", "c2"), "paused by Ann", 3)
        assert len(crm.sets) == 1


def test_a_limit_lets_the_account_wait_and_a_refusal_pauses_it(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, "write")
    kept = people(crm)
    for number in (1, 2, 3):
        leave(ledger, number)
    crm.statuses[kept[2].id] = 429
    with pytest.raises(TryLater, match="takes no opt-outs now: 429"):
        tell(ledger, crm)
    assert noted(ledger) == [("c1", "write"), ("c2", "write")]
    assert "waits until" in tell(ledger, crm).waits
    ledger.at += timedelta(hours=1)
    crm.statuses[kept[2].id] = 401
    with pytest.raises(FixAccount, match="refused and paused: 401"):
        tell(ledger, crm)
    assert tell(ledger, crm).waits == "the account is paused: 401"


def test_another_account_is_told_nothing(ledger: ClockedDatabase, crm: DeskCrm) -> None:
    ready(ledger, "write")
    people(crm)
    leave(ledger, 1)
    crm.identity = "0815"
    with pytest.raises(FixAccount, match="logged in as 0815"):
        tell(ledger, crm)
    assert crm.sets == []
    with ledger.read() as session:
        account = session.scalars(select(Account).where(Account.channel == "crm")).one()
        assert account.paused_at is not None


@pytest.mark.parametrize("consent", ["none", "read"])
def test_nothing_is_told_unless_the_project_says_so(
    ledger: ClockedDatabase, crm: DeskCrm, consent: str
) -> None:
    ready(ledger, consent)
    people(crm)
    leave(ledger, 1)
    assert tell(ledger, crm) == ConsentTold()
    with ledger.read() as session:
        assert to_tell(session, "studio") == ()
    assert crm.seen == []


def test_who_left_before_the_contact_came_along_is_told_of(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    """Another client's unsubscribe is that client's own."""
    ready(ledger, "write")
    people(crm)
    leave(ledger, 2, client="somebody else")
    leave(ledger, 3)
    with ledger.read() as session:
        assert to_tell(session, "studio") == ("c3",)
    assert tell(ledger, crm).told == ("c3",)


def test_postgresql_says_and_does_the_same(
    postgres_url: str, crm: DeskCrm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clocked(postgres_url, tmp_path, monkeypatch) as ledger:
        ready(ledger)
        first, second, *_ = people(crm)
        crm.edit(first, {OPT_OUT: "true"})
        leave(ledger, 2)
        with ledger.read() as session:
            assert projects_with_consent(session) == ["studio"]
        assert read(ledger, crm).left == ("c1",)
        assert read(ledger, crm).left == ()
        assert tell(ledger, crm).told == ("c2",)
        assert second.values[OPT_OUT] == "true"
        assert noted(ledger) == [("c1", "read"), ("c2", "write")]


def test_only_projects_that_say_so_are_looked_at(ledger: ClockedDatabase) -> None:
    ready(ledger, "none")
    with ledger.read() as session:
        assert projects_with_consent(session) == []
    ready(ledger, "write")
    with ledger.read() as session:
        assert projects_with_consent(session) == ["studio"]
