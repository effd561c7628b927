"""What a run overwrote is put back by request and approval, where it still holds ours, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo.errors import FixAccount, FixConfiguration, FixInput, NoSuchProject, TryLater
from aicmo.execution.crm_overwritten import ChangingRun, SentChange, changing_runs
from aicmo.execution.crm_putting_back import Fate
from aicmo.execution.crm_restoring import Restoring, approve_restore, ask_restore, read_back
from aicmo.models import Account, AuditEvent
from aicmo.settings import ExecutionConfig
from tests.peers.crm_peer import Kept
from tests.peers.desk_crm import DeskCrm, opening
from tests.peers.http_exchange import Fault
from tests.unit.crm_ledger import CONFIG
from tests.unit.crm_projects import change
from tests.unit.crm_runs import ready, run, states, wishes
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOST, REFUSED = Fault(applies=True, then="close"), Fault(status=429)
STAGE = change("crm-2", "set_stage", stage="opportunity")


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


@pytest.fixture
def ann(crm: DeskCrm) -> Kept:
    """Person 1 as the CRM's people keep her."""
    return crm.add({"email": "person1@example.com", "firstname": "Anna", "lifecyclestage": "lead"})


def ask(ledger: ClockedDatabase, run_id: int) -> int:
    return ask_restore(ledger, "studio", run_id, by="Ann")


def approve(
    ledger: ClockedDatabase, crm: DeskCrm, run_id: int, config: ExecutionConfig = CONFIG
) -> list[str]:
    done = approve_restore(ledger, "studio", run_id, config, lambda: opening(crm), by="Ben")
    return [each.wish.state for each in done]


def read(ledger: ClockedDatabase, crm: DeskCrm, run_id: int) -> Restoring:
    return read_back(ledger, "studio", run_id, lambda: opening(crm))


def told(found: Restoring) -> list[tuple[str, str, str, str | None, Fate]]:
    return [
        (each.name, each.former, each.ours, each.now, each.fate)
        for change in found.changes
        for each in found.fields.get(change.delivery_id, ())
    ]


def _of(found: Restoring, key: str) -> SentChange:
    return next(each for each in found.changes if each.contact == key)


def test_former_values_are_put_back_when_somebody_approves_it(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change(), STAGE)
    number = run(ledger, opening(crm))
    assert (ann.values["firstname"], ann.values["lifecyclestage"]) == ("Person1", "opportunity")
    assert told(read(ledger, crm, number)) == [
        ("firstname", "Anna", "Person1", "Person1", Fate.PUT_BACK),
        ("lifecyclestage", "lead", "opportunity", "opportunity", Fate.PUT_BACK),
        ("lifecyclestage", "", "opportunity", "opportunity", Fate.PUT_BACK),
    ]
    assert ask(ledger, number) == 3
    assert ann.values["firstname"] == "Person1"  # nobody has approved it
    assert approve(ledger, crm, number) == ["restored", "restored", "restored"]
    assert (ann.values["firstname"], ann.values["lifecyclestage"]) == ("Anna", "lead")
    assert wishes(ledger)[0] == ("restored", {"firstname": "Anna"}, "")
    assert set(states(ledger)) == {"sent"}
    with ledger.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.event.like("crm.restore%")))
        said = [(each.event, each.actor, each.data) for each in events]
    assert [each[:2] for each in said] == [
        ("crm.restore_asked", "Ann"), ("crm.restore_approved", "Ben"), ("crm.restore_ended", "Ben"),
    ]  # fmt: skip
    assert "Anna" not in str(said)


def test_a_field_that_somebody_has_changed_since_stays(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(
        ledger, change("crm-1", "set_properties", properties={"first_name": "Annie", "goal": "run"})
    )
    number = run(ledger, opening(crm))
    crm.edit(ann, {"firstname": "Anne-Marie"})
    (first, goal, *_) = read(ledger, crm, number).fields[1]
    assert (first.fate, first.why, first.changed_by) == (Fate.STAYS, "changed since", "a person")
    assert goal.fate is Fate.PUT_BACK
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["restored"]
    assert (ann.values["firstname"], ann.values["goal"]) == ("Anne-Marie", "")
    assert wishes(ledger) == [("restored", {"goal": ""}, "stays: firstname")]


def test_where_nothing_is_ours_any_more_nothing_is_written(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "Annie"}))
    number = run(ledger, opening(crm))
    crm.edit(ann, {"firstname": "Anne-Marie"})
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["kept"]
    assert (crm.sets, wishes(ledger)) == ([], [("kept", {}, "stays: firstname")])


def test_a_field_that_a_later_run_of_ours_wrote_stays(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "Annie"}))
    first = run(ledger, opening(crm))
    later = change("crm-9", "set_properties", properties={"first_name": "Ännchen"})
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "Annie"}), later)
    second = run(ledger, opening(crm))
    assert [each[4] for each in told(read(ledger, crm, first))] == [Fate.STAYS]
    for number in (second, first):
        ask(ledger, number)
        approve(ledger, crm, number)
    assert ann.values["firstname"] == "Anna"


def test_a_field_that_a_run_wrote_twice_gets_the_value_from_before_both(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(
        ledger,
        change("crm-1", "set_stage", stage="opportunity"),
        change("crm-2", "set_stage", stage="customer"),
    )
    number = run(ledger, opening(crm))
    assert ann.values["lifecyclestage"] == "customer"
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["restored", "restored"]
    assert ann.values["lifecyclestage"] == "lead"
    assert len([each for each in crm.sets if ann.id in each]) == 1


def test_contacts_that_the_run_added_and_what_it_noted_are_listed_and_stay(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change(), change("crm-2", "log_activity", note="Met at the fair."))
    number = run(ledger, opening(crm))
    found = read(ledger, crm, number)
    added = _of(found, "c2")
    assert (added.is_added, added.link) == (True, f"https://crm.example/contacts/{added.record}")
    assert [each.noted for each in found.changes] == ["", "", "note", "note"]
    assert [each[0] for each in told(found)] == ["firstname"]
    assert ask(ledger, number) == 1
    approve(ledger, crm, number)
    assert len(crm.contacts) == 2
    assert len(crm.activities) == 2


def test_a_contact_that_was_added_although_its_answer_was_lost_is_not_emptied(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, change())
    crm.faults[1] = LOST
    first = run(ledger, opening(crm))
    ledger.at += 2 * MINUTE
    second = run(ledger, opening(crm))
    assert states(ledger) == ["sent", "sent"]
    for number in (first, second):
        assert [each.is_added for each in read(ledger, crm, number).changes] == [True, True]
        with pytest.raises(FixInput, match="overwrote nothing"):
            ask(ledger, number)


def test_who_was_added_by_a_person_before_us_can_be_put_back(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    """The first try would have added her, but was refused, as a sales person was quicker."""
    ready(ledger, change())
    crm.faults[1] = REFUSED
    run(ledger, opening(crm))
    ann = crm.add({"email": "person1@example.com", "firstname": "Anna"})
    ledger.at += 2 * HOUR
    number = run(ledger, opening(crm))
    assert (states(ledger), ann.values["firstname"]) == (["sent", "sent"], "Person1")
    assert [each.is_added for each in read(ledger, crm, number).changes] == [False, True]
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["restored"]
    assert ann.values["firstname"] == "Anna"


def test_what_somebody_typed_into_a_contact_that_we_added_can_be_put_back(
    ledger: ClockedDatabase, crm: DeskCrm
) -> None:
    ready(ledger, change())
    crm.faults[1] = LOST
    run(ledger, opening(crm))
    ann = next(each for each in crm.contacts.values() if each.values["our_id"] == "studio:c1")
    crm.edit(ann, {"firstname": "Anna"})
    ledger.at += 2 * MINUTE
    number = run(ledger, opening(crm))
    assert told(read(ledger, crm, number)) == [
        ("firstname", "Anna", "Person1", "Person1", Fate.PUT_BACK)
    ]


def test_a_try_that_was_never_sent_has_overwritten_nothing(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    """Before the next try, somebody has typed there what we want: it is theirs."""
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "Annie"}))
    crm.faults[1] = REFUSED
    run(ledger, opening(crm))
    crm.edit(ann, {"firstname": "Annie"})
    ledger.at += 2 * HOUR
    number = run(ledger, opening(crm))
    assert states(ledger)[0] == "sent"
    with pytest.raises(FixInput, match="overwrote nothing"):
        ask(ledger, number)


def test_what_a_repeat_settled_as_sent_is_put_back_too(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    """The repeat found ours there already, and overwrote nothing itself."""
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "Annie"}))
    crm.faults[1] = LOST
    first = run(ledger, opening(crm))
    ledger.at += 2 * MINUTE
    second = run(ledger, opening(crm))
    assert [each.run_id for each in _runs(ledger)] == [second, first]
    assert told(read(ledger, crm, first)) == [
        ("firstname", "Anna", "Annie", "Annie", Fate.PUT_BACK)
    ]
    ask(ledger, first)
    assert approve(ledger, crm, first) == ["restored"]
    assert ann.values["firstname"] == "Anna"


def test_a_lost_answer_is_looked_at_again(ledger: ClockedDatabase, crm: DeskCrm, ann: Kept) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.other_faults["set_values"] = [LOST]
    assert approve(ledger, crm, number) == ["restored"]
    assert ann.values["firstname"] == "Anna"


def test_without_any_answer_it_is_unknown_and_can_be_approved_once_more(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.other_faults["set_values"] = [Fault(then="close")]
    assert approve(ledger, crm, number) == ["unknown"]
    assert approve(ledger, crm, number) == ["restored"]
    assert ann.values["firstname"] == "Anna"
    with pytest.raises(FixInput, match="put back already"):
        ask(ledger, number)


def test_postgresql_says_and_does_the_same(
    postgres_url: str,
    crm: DeskCrm,
    ann: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with clocked(postgres_url, tmp_path, monkeypatch) as ledger:
        ready(ledger, change(), STAGE)
        number = run(ledger, opening(crm))
        assert [(each.run_id, each.changes) for each in _runs(ledger)] == [(number, 4)]
        ask(ledger, number)
        assert approve(ledger, crm, number) == ["restored", "restored", "restored"]
        assert (ann.values["firstname"], ann.values["lifecyclestage"]) == ("Anna", "lead")


def test_what_is_back_already_is_not_written_again(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    """As after a process that died between the CRM's answer and its record."""
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.edit(ann, {"firstname": "Anna"})
    assert approve(ledger, crm, number) == ["restored"]
    assert crm.sets == []


def test_what_the_crm_confirms_and_does_not_do_is_refused(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change("crm-1", "set_properties", properties={"first_name": "A", "goal": "run"}))
    number = run(ledger, opening(crm))
    crm.deaf_to.add("goal")
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["refused"]
    said = "the CRM confirmed it, and shows another value: goal"
    assert wishes(ledger) == [("refused", {"firstname": "Anna"}, said)]


def test_a_field_that_was_emptied_to_go_back_goes_back_by_the_next_approval(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    """HubSpot's stages have to be emptied first; the process may die between the two."""
    ready(ledger, STAGE)
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.other_faults["set_values"] = [Fault(then="close")]
    assert approve(ledger, crm, number) == ["unknown"]
    crm.edit(ann, {"lifecyclestage": ""})
    assert approve(ledger, crm, number) == ["restored"]
    assert ann.values["lifecyclestage"] == "lead"


def test_one_refusal_leaves_the_others(ledger: ClockedDatabase, crm: DeskCrm, ann: Kept) -> None:
    bob = crm.add({"email": "person2@example.com", "firstname": "Robert"})
    ready(ledger, change())
    number = run(ledger, opening(crm))
    crm.statuses[ann.id] = 400
    ask(ledger, number)
    assert approve(ledger, crm, number) == ["refused", "restored"]
    assert (ann.values["firstname"], bob.values["firstname"]) == ("Person1", "Robert")


def test_a_limit_stops_it_and_the_rest_stays_approved(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    people = [{"id": f"c{each}", "email": f"person{each}@example.com", "first_name": "New",
               "consent": "opt_in", "consent_source": "form"} for each in range(1, 6)]  # fmt: skip
    kept = [ann, *(crm.add({"email": f"person{n}@example.com", "firstname": f"Old{n}"})
                   for n in range(2, 6))]  # fmt: skip
    ready(ledger, change(), contacts=people)
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.statuses[kept[2].id] = 429
    with pytest.raises(TryLater, match="429") as stopped:
        approve(ledger, crm, number)
    assert f"crm restore studio {number} --approve" in stopped.value.next_step
    assert [each[0] for each in wishes(ledger)] == [
        "approved", "restored", "approved", "restored", "restored",
    ]  # fmt: skip
    assert len(crm.sets) == 2
    crm.statuses.clear()
    assert approve(ledger, crm, number) == ["restored", "restored"]
    assert [each.values["firstname"] for each in kept] == ["Anna", "Old2", "Old3", "Old4", "Old5"]


def test_another_contact_is_not_touched(ledger: ClockedDatabase, crm: DeskCrm, ann: Kept) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    # The contact was deleted, and made anew by somebody.
    del crm.contacts[ann.id]
    again = crm.add({"email": "person1@example.com", "firstname": "Person1"})
    assert [each.why for each in read(ledger, crm, number).fields[1]] == [
        "another contact of the CRM fits by now"
    ]
    assert approve(ledger, crm, number) == ["kept"]
    assert again.values["firstname"] == "Person1"
    del crm.contacts[again.id]
    assert [each.why for each in read(ledger, crm, number).fields[1]] == [
        "the CRM doesn't have the contact any more"
    ]


@pytest.mark.parametrize(
    "config",
    [replace(CONFIG, execution_enabled=False), replace(CONFIG, channels_enabled=["email"])],
    ids=["disabled", "channel off"],
)
def test_the_environment_must_allow_it(
    config: ExecutionConfig, ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    with pytest.raises(FixConfiguration):
        approve(ledger, crm, number, config)
    assert (crm.sets, wishes(ledger)[0][0]) == ([], "asked")


def test_another_account_is_not_touched(ledger: ClockedDatabase, crm: DeskCrm, ann: Kept) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    elsewhere = opening(crm, "desk 0815")
    with pytest.raises(FixAccount, match="in another CRM account"):
        approve_restore(ledger, "studio", number, CONFIG, lambda: elsewhere, by="Ben")
    with pytest.raises(FixAccount, match="in another CRM account"):
        read_back(ledger, "studio", number, lambda: elsewhere)
    crm.identity = "0815"
    with pytest.raises(FixAccount, match="logged in as 0815"):
        read(ledger, crm, number)
    assert not _is_paused(ledger)  # whoever only reads does no harm
    with pytest.raises(FixAccount, match="logged in as 0815"):
        approve(ledger, crm, number)
    assert _is_paused(ledger)
    assert crm.sets == []


def test_an_account_that_the_crm_refuses_is_paused(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    ask(ledger, number)
    crm.statuses[ann.id] = 401
    with pytest.raises(FixAccount, match="refused and paused: 401"):
        approve(ledger, crm, number)
    assert (_is_paused(ledger), wishes(ledger)[0][0]) == (True, "approved")


def test_nothing_is_put_back_that_nobody_asked_for(
    ledger: ClockedDatabase, crm: DeskCrm, ann: Kept
) -> None:
    ready(ledger, change())
    number = run(ledger, opening(crm))
    with pytest.raises(FixInput, match="Nobody has asked"):
        approve(ledger, crm, number)
    assert ask(ledger, number) == 1
    with pytest.raises(FixInput, match="asked for already"):
        ask(ledger, number)
    with pytest.raises(FixInput, match="needs a name"):
        ask_restore(ledger, "studio", number, by=" ")
    with pytest.raises(FixInput, match="studio has no run 99"):
        ask(ledger, 99)
    with pytest.raises(NoSuchProject):
        ask_restore(ledger, "nobody", number, by="Ann")
    assert crm.sets == []


def _runs(ledger: ClockedDatabase) -> list[ChangingRun]:
    with ledger.read() as session:
        return changing_runs(session, "studio")


def _is_paused(ledger: ClockedDatabase) -> bool:
    with ledger.read() as session:
        account = session.scalars(select(Account).where(Account.channel == "crm")).one()
        return account.paused_at is not None
