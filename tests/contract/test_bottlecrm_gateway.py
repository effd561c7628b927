"""Shows what becomes of a change of BottleCRM's contacts, whatever its server does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from aicmo.crm.change import Change, WantedField
from aicmo.crm.record import Match, Record
from aicmo.gateways.account_gateway import ProviderAccount, TokenSource
from aicmo.gateways.bottlecrm import BottleCrmGateway
from aicmo.gateways.contract import (
    Found,
    LivePermit,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
)
from aicmo.gateways.crm_gateway import Update
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpTimes
from tests.contract.crm_contract import CrmContract
from tests.contract.gateway_contract import NO_EFFECT, NOT_SENT, SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, FOR_NOW
from tests.contract.social_samples import NO_ANSWERS, UNCLEAR
from tests.peers.bottlecrm_peer import BottleCrmPeer
from tests.peers.crm_peer import CrmPeer, Kept
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY


class TestBottleCrm(CrmContract):
    provider = "bottlecrm"
    peer_type = BottleCrmPeer
    names: ClassVar[Mapping[str, str]] = {
        "email": "email", "first": "first_name", "name": "last_name", "job": "title", "stage": "cf_stage",
        "tags": "tags", "score": "cf_score", "opt_out": "cf_no_email",
    }  # fmt: skip
    reading = "definitions"
    lists = links = False

    def open(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes,
        clock: Clock,
    ) -> BottleCrmGateway:
        return BottleCrmGateway(permit, account, tokens, times=times, clock=clock)

    def account(self, peer: CrmPeer) -> ProviderAccount:
        server = "https://crm.client.test"
        return ProviderAccount(peer.identity, "Acme", server=server, api_url=peer.base_url)

    def fields(self, number: int = 1) -> tuple[WantedField, ...]:
        return (*super().fields(number), self.field("first", "Zoë"))

    def there(self, peer: CrmPeer, number: int = 1, our_id: str = "", **values: str) -> Kept:
        return super().there(peer, number, our_id, **{"first": "Zoë", **values})


CONTRACT = TestBottleCrm()
ID = BottleCrmPeer.contact_id
STAGES = ("subscriber", "lead", "customer")


def gateway(
    peer: BottleCrmPeer, tokens: TokenSource | None = None, **changes: Any
) -> BottleCrmGateway:
    opened = CONTRACT.gateway(permit("crm"), peer, tokens, **changes)
    assert isinstance(opened, BottleCrmGateway)
    return opened


def lost(peer: BottleCrmPeer, change: Change, *, applies: bool = True) -> Outgoing:
    """A delivery whose answer was lost, as it was armed."""
    draft = CONTRACT.outgoing_of(change)
    with gateway(peer) as opened:
        ready = CONTRACT.ready(peer, opened, draft)
        peer.faults[len(peer.begun) + 1] = Fault(applies=applies, then="close")
        assert opened.send(ready, always).kind is UNKNOWN
    return ready


def ask(peer: BottleCrmPeer, sent: Outgoing, **changes: Any) -> Reading:
    asked = Question(1, sent.token, sent.recipient, datetime.now(UTC), staged=sent.staged)
    with gateway(peer, **changes) as opened:
        return opened.reconcile(asked)


def tag_change() -> Change:
    return CONTRACT.change(1, "add_tag", tag="golf", tags_property="tags")


CHANGES: Mapping[str, Callable[[], Change]] = {
    "addition": CONTRACT.change,
    "change": lambda: CONTRACT.change(1, "set_properties"),
    "stage": lambda: CONTRACT.stage_change(1, "customer"),
    "tag": tag_change,
    "comment": CONTRACT.activity_change,
    "interaction": lambda: CONTRACT.activity_change(kind="email"),
}
"""Every kind of request, about a contact who is there already unless it is added."""
NO_LIST = Fault(content={"results": None, "comments": None, "interactions": None, "count": 0})
_ASKED = {"tag": "shown", "comment": "shown", "interaction": "interactions"}


def prepared(peer: BottleCrmPeer, kind: str) -> Change:
    if kind != "addition":
        CONTRACT.there(peer, stage="lead", tags="vip")
    return CHANGES[kind]()


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("applies", [True, False])
def test_a_doubt_is_closed_by_what_is_there(kind: str, applies: bool) -> None:  # noqa: FBT001
    with BottleCrmPeer() as peer:
        change = prepared(peer, kind)
        sent = lost(peer, change, applies=applies)
        reading = ask(peer, sent)
        again = CONTRACT.send(peer, CONTRACT.outgoing_of(change)) if not applies else None

    assert reading.found is (Found.PRESENT if applies else Found.ABSENT)
    assert bool(reading.ref) is applies
    assert again is None or again.kind is SENT
    assert peer.effects == {"contact:c1": 1}
    assert not peer.misshapen


@pytest.mark.parametrize("fault", [*UNCLEAR, NO_LIST], ids=[*map(repr, UNCLEAR), "no list"])
@pytest.mark.parametrize("kind", CHANGES)
def test_an_unclear_answer_tells_nothing(kind: str, fault: Fault) -> None:
    with BottleCrmPeer() as peer:
        sent = lost(peer, prepared(peer, kind))
        peer.other_faults[_ASKED.get(kind, "listed")] = [fault]
        reading = ask(peer, sent)

    assert reading.found is Found.CANNOT_TELL
    assert reading.detail
    assert KEY not in repr(reading)


def test_another_organization_is_not_asked() -> None:
    with BottleCrmPeer() as peer:
        sent = lost(peer, CONTRACT.change(), applies=False)
        reading = ask(peer, sent, identity="1002")
    assert reading.found is Found.CANNOT_TELL
    assert "1002" in reading.detail


def test_a_value_that_somebody_changed_since_leaves_the_doubt() -> None:
    with BottleCrmPeer() as peer:
        sent = lost(peer, CONTRACT.change())
        (contact,) = peer.contacts.values()
        peer.edit(contact, {"title": "Their own"})
        reading = ask(peer, sent)
    assert (reading.found, reading.detail) == (Found.CANNOT_TELL, "4 of 5 values are ours")


def test_tags_are_read_again_directly_before_all_of_them_are_replaced() -> None:
    with BottleCrmPeer() as peer:
        contact = CONTRACT.there(peer)
        draft = CONTRACT.outgoing_of(tag_change())
        with gateway(peer) as opened:
            ready = CONTRACT.ready(peer, opened, draft)
            peer.edit(contact, {"tags": "vip"})
            outcome = opened.send(ready, always)
    assert outcome.kind is SENT
    assert contact.values["tags"] == "golf;vip"


@pytest.mark.parametrize("fault", [*NO_ANSWERS, Fault(status=429), Fault(content={})], ids=repr)
def test_tags_that_can_not_be_read_are_not_replaced(fault: Fault) -> None:
    with BottleCrmPeer() as peer:
        contact = CONTRACT.there(peer, tags="vip")
        with gateway(peer) as opened:
            ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing_of(tag_change()))
            peer.other_faults["shown"] = [fault]
            outcome = opened.send(ready, always)
    assert outcome.kind in NO_EFFECT
    assert (contact.values["tags"], len(peer.begun)) == ("vip", 0)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nickname", "BottleCRM has no field nickname that can be written"),
        ("created_at", "BottleCRM has no field created_at that can be written"),
    ],
)
def test_a_name_that_it_would_drop_without_a_word_is_refused(name: str, why: str) -> None:
    field = WantedField(name=name, value="x", conflict="ours")
    change = CONTRACT.change(fields=(*CONTRACT.fields(), field))
    with BottleCrmPeer() as peer:
        assert CONTRACT.objection(peer, CONTRACT.outgoing_of(change)).detail == why


def test_what_a_contact_can_not_be_added_without_is_asked_for_before() -> None:
    change = CONTRACT.change(fields=CONTRACT.fields()[:1])
    with BottleCrmPeer() as peer:
        objection = CONTRACT.objection(peer, CONTRACT.outgoing_of(change))
    assert objection.detail == (
        "first_name, last_name is missing, and BottleCRM adds no contact without it"
    )


def test_nothing_is_sent_without_the_field_that_keeps_our_ids() -> None:
    with BottleCrmPeer() as peer:
        del peer.fields["aicmo_contact_id"]
        objection = CONTRACT.objection(peer, CONTRACT.outgoing())
        assert "`aicmo crm doctor --create` makes it" in objection.detail
        with gateway(peer) as opened:
            opened.create_unique(ID, of_activities=False)
        assert CONTRACT.send(peer, CONTRACT.outgoing()).kind is SENT
    assert not peer.misshapen


def test_two_contacts_with_our_id_are_held() -> None:
    with BottleCrmPeer() as peer:
        for number in (1, 2):
            CONTRACT.there(peer, number, "acme:c1")
        objection = CONTRACT.objection(peer, CONTRACT.outgoing())
    assert objection.detail == "2 contacts of the CRM fit"


def test_a_tag_that_would_cost_an_archived_one_is_not_added() -> None:
    with BottleCrmPeer() as peer:
        contact = CONTRACT.there(peer, tags="t-archived")
        objection = CONTRACT.objection(peer, CONTRACT.outgoing_of(tag_change()))
    assert "an archived tag" in objection.detail
    assert contact.values["tags"] == "t-archived"


def test_a_field_can_not_replace_all_tags() -> None:
    with BottleCrmPeer() as peer:
        CONTRACT.there(peer, tags="vip")
        tags = WantedField(name="tags", value="golf", type="choices", conflict="ours")
        change = CONTRACT.change(1, "set_properties", fields=(tags,))
        objection = CONTRACT.objection(peer, CONTRACT.outgoing_of(change))
    assert objection.detail == "a field can't set tags: add_tag adds to them"


def test_entries_are_found_on_later_pages() -> None:
    with BottleCrmPeer() as peer:
        contact = CONTRACT.there(peer)
        sent = lost(peer, CONTRACT.activity_change(kind="email"))
        for number in range(30):
            at = f"2026-11-21T09:{number:02}:00+00:00"
            values = {"occurred_at": at, "subject": "A call", "body": "[aicmo:another]"}
            peer.note("interaction", values, [contact.id])
        reading = ask(peer, sent)
        ours = next(iter(peer.activities))
    assert (reading.found, reading.ref) == (Found.PRESENT, ours)


def test_an_address_that_many_contain_is_found_on_a_later_page() -> None:
    with BottleCrmPeer() as peer:
        contact = CONTRACT.there(peer, job="Chef")
        for number in range(120):
            peer.add({"email": f"{number}c1@client.test", "first_name": "A", "last_name": "B"})
        with gateway(peer) as opened:
            (found,) = opened.find([Match("acme:c1", "C1@client.test")], {"title"})
    assert isinstance(found, Record)
    assert (found.id, found.values) == (contact.id, {"title": "Chef"})


def test_an_id_that_only_begins_like_ours_is_another_one() -> None:
    with BottleCrmPeer() as peer:
        CONTRACT.there(peer, 2, "acme:c11")
        with gateway(peer) as opened:
            (found,) = opened.find([Match("acme:c1", "c1@client.test")], {"title"})
    assert found is None


@pytest.mark.parametrize(
    ("status", "content", "kind", "detail"),
    [
        (403, {"detail": "This token is not scoped for write access to contacts. It needs …"},
         ACCOUNT, "the token's scopes don't allow this"),
        (403, {"detail": "Invalid token"}, ACCOUNT, "the log-in isn't valid any more"),
        (403, {"error": True, "errors": "You don't have permission"},
         ACCOUNT, "the token's user may not do this"),
        (404, {"detail": "No Contact matches the given query."},
         FOR_GOOD, "BottleCRM doesn't have this contact any more"),
        (400, {"error": True, "errors": {"phone": ["“call me” is no phone number."]}},
         FOR_GOOD, "BottleCRM refuses phone"),
        (400, {"detail": "JSON parse error"}, FOR_GOOD, ""),
    ],
)  # fmt: skip
def test_what_its_refusals_mean(
    status: int, content: dict[str, Any], kind: OutcomeKind, detail: str
) -> None:
    with BottleCrmPeer({1: Fault(status=status, content=content)}) as peer:
        CONTRACT.there(peer)
        outcome = CONTRACT.send(peer, CONTRACT.outgoing())
    assert (outcome.kind, outcome.detail, outcome.code) == (kind, detail, str(status))


def test_a_contact_that_is_added_meanwhile_goes_out_as_a_change_next_time() -> None:
    with BottleCrmPeer() as peer:
        with gateway(peer) as opened:
            ready = CONTRACT.ready(peer, opened, CONTRACT.outgoing())
            contact = CONTRACT.there(peer)
            refused = opened.send(ready, always)
        again = CONTRACT.send(peer, CONTRACT.outgoing())
    assert (refused.kind, again.kind, again.ref) == (FOR_NOW, SENT, contact.id)
    assert len(peer.contacts) == 1
    assert contact.values[ID] == "acme:c1"


def test_somebody_who_does_not_see_all_contacts_is_told() -> None:
    with BottleCrmPeer() as peer, gateway(peer) as opened:
        assert opened.profile().problems == ()
        peer.role = "USER"
        (problem,) = opened.profile().problems
    assert "isn't an administrator" in problem


def test_who_changed_a_contact_is_told_only_if_it_was_that_change() -> None:
    with BottleCrmPeer() as peer, gateway(peer) as opened:
        contact = CONTRACT.there(peer, job="Chef")
        match = [Match("acme:c1", "c1@client.test")]
        (told,) = opened.find(match, {"title"})
        peer.tells_changes = False
        (untold,) = opened.find(match, {"title"})
        peer.tells_changes = True
        peer.other_faults["changes"] = [Fault(content={"activities": [_change_of(contact.id)]})]
        (older,) = opened.find(match, {"title"})

    assert [isinstance(each, Record) and each.who("title") for each in (told, untold, older)] == [
        "op@agency.test", "", "",
    ]  # fmt: skip


def _change_of(contact: str) -> dict[str, Any]:
    user = {"email": "old@agency.test"}
    return {"user": user, "entity_id": contact, "timestamp": "2020-01-01T00:00:00Z"}


def test_the_rest_of_a_batch_is_not_tried_after_the_log_in_has_ended() -> None:
    with BottleCrmPeer() as peer, gateway(peer) as opened:
        batch = [CONTRACT.ready(peer, opened, CONTRACT.outgoing(number)) for number in (1, 2, 3)]
        peer.expires_at = len(peer.seen) + 2
        kinds = [outcome.kind for _, outcome in opened.send_batch(batch, always)]
    assert kinds == [SENT, ACCOUNT, NOT_SENT]
    assert peer.effects == {"contact:c1": 1}


def test_values_are_put_back_as_they_were() -> None:
    with BottleCrmPeer() as peer, gateway(peer) as opened:
        contact = CONTRACT.there(peer, job="Ours", tags="golf", stage="lead")
        former = {"title": "", "tags": "golf;vip", "cf_stage": ""}
        done, gone, no_tag = opened.set_values([
            Update(contact.id, former),
            Update("no-such-contact", {"title": ""}),
            Update(contact.id, {"tags": "golf;tennis"}),
        ])  # fmt: skip
        peer.faults[len(peer.begun) + 1] = Fault(applies=True, then="close")
        (unknown,) = opened.set_values([Update(contact.id, {"title": "Chef"})])
        (left,) = opened.opt_out([Record(contact.id)], "cf_no_email")

    assert [each.kind for each in (done, gone, no_tag)] == [SENT, FOR_GOOD, FOR_GOOD]
    assert no_tag.detail == "BottleCRM has no tag tennis: add it there first"
    assert (unknown.kind, left.kind) == (UNKNOWN, SENT)
    assert {name: contact.values[name] for name in former} == former | {"title": "Chef"}
    assert contact.values["cf_no_email"] == "true"


def test_all_times_fit_into_the_bound() -> None:
    timing = BottleCrmGateway.timing
    assert HttpTimes().whole < timing.request_bound
    assert timing.quiet >= 2 * timing.request_bound
