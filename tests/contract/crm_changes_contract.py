"""What of a change is sent, and to whom: what gateways of CRMs must hold to, contact by contact."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from aicmo.crm.change import Answer
from aicmo.crm.providers import PROVIDERS
from aicmo.crm.record import Match, Record
from aicmo.gateways.contract import Outcome, Scope
from aicmo.gateways.crm_gateway import SO_ALREADY
from tests.contract.crm_account_contract import CrmAccountContract
from tests.contract.crm_samples import LATELY, LONG_AGO
from tests.contract.gateway_contract import SENT, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, FOR_NOW
from tests.contract.social_samples import NO_ANSWERS, NO_OBJECTION
from tests.peers.crm_peer import CrmPeer, Kept
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY


class CrmChangesContract(CrmAccountContract):
    def sent(self, peer: CrmPeer, change: Any, number: int = 1) -> Outcome:
        outcome = self.send(peer, self.outgoing_of(change, number))
        assert not peer.misshapen
        return outcome

    def our_id(self, contact: Kept) -> str:
        return contact.values.get(PROVIDERS[self.provider].contact_id, "")

    # Staging reads, and changes nothing

    def test_staging_can_be_repeated_and_changes_nothing(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            self.there(peer, 1, job="Chef")
            once = self.ready(peer, gateway, self.outgoing())
            again = self.ready(peer, gateway, once)

        assert again.staged == once.staged
        assert (peer.effects.total(), len(peer.begun)) == (0, 0)
        assert not peer.misshapen
        assert KEY not in repr(once.staged)

    @pytest.mark.parametrize("fault", [*NO_ANSWERS, Fault(status=429), Fault(status=401)], ids=repr)
    def test_what_can_not_be_read_now_says_why_and_goes_on_later(self, fault: Fault) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            peer.other_faults[self.reading] = [fault]
            failed = gateway.stage(self.outgoing())
            assert failed.objection is not None
            assert failed.objection.kind not in NO_OBJECTION
            assert KEY not in repr(failed)
            if fault.status == 401:
                assert failed.objection.kind is ACCOUNT
            if fault.status == 429:
                assert (failed.objection.kind, failed.objection.scope) == (FOR_NOW, Scope.RUN)
            draft = dataclasses.replace(self.outgoing(), staged=failed.values)
            outcome = gateway.send(self.ready(peer, gateway, draft), always)

        assert outcome.kind is SENT
        assert peer.effects == {"contact:c1": 1}

    def test_what_is_overwritten_is_kept_and_stays_kept_after_a_lost_answer(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            self.there(peer, 1, name="Größe", job="Chef")
            first = self.ready(peer, gateway, self.outgoing())
            gateway.send(first, always)
            again = self.ready(peer, gateway, first)

        former = {self.names["job"]: "Chef"}
        assert former.items() <= first.staged["former"].items()
        assert former.items() <= again.staged["former"].items()
        assert again.staged["write"] == {}

    # Whom it is about

    def test_a_contact_who_is_not_there_is_added_with_our_id(self) -> None:
        with self.peer(None) as peer:
            outcome = self.sent(peer, self.change(1))
            (contact,) = peer.contacts.values()

        assert outcome.ref == contact.id
        if self.links:
            assert outcome.permalink.startswith(("https://", "http://127.0.0.1"))
            assert contact.id in outcome.permalink
        assert self.value(contact, "email") == "c1@client.test"
        assert self.value(contact, "job") == "Café <owner> & 1"
        if self.has_id:
            assert self.our_id(contact) == "acme:c1"

    @pytest.mark.parametrize(
        "action", ["set_properties", "set_stage", "add_tag", "log_activity", "add_to_list"]
    )
    def test_nobody_is_added_by_any_other_action(self, action: str) -> None:
        changes = {
            "set_properties": self.change(1, "set_properties"),
            "set_stage": self.stage_change(1, "lead") if "stage" in self.names else None,
            "add_tag": self.tag_change() if "tags" in self.names else None,
            "log_activity": self.activity_change(),
            "add_to_list": self.list_change() if self.lists else None,
        }
        change = changes[action]
        if change is None:
            return
        with self.peer(None) as peer:
            peer.add_list("Spring guests")
            self.there(peer, 2)
            objection = self.objection(peer, self.outgoing_of(change))

        assert (objection.kind, len(peer.contacts)) == (FOR_GOOD, 1)
        assert "doesn't have this contact" in objection.detail

    def test_who_is_found_by_the_address_is_changed_and_gets_our_id(self) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1, email="C1@Client.test", job="Chef")
            outcome = self.sent(peer, self.change(1))

        assert (outcome.kind, outcome.ref, len(peer.contacts)) == (SENT, contact.id, 1)
        assert self.value(contact, "job") == "Café <owner> & 1"
        if self.has_id:
            assert self.our_id(contact) == "acme:c1"

    def test_another_projects_id_stays(self) -> None:
        if not self.has_id:
            return
        with self.peer(None) as peer:
            contact = self.there(peer, 1, our_id="other:c1", job="Chef")
            outcome = self.sent(peer, self.change(1))

        assert (outcome.kind, len(peer.contacts)) == (SENT, 1)
        assert (self.our_id(contact), self.value(contact, "job")) == (
            "other:c1",
            "Café <owner> & 1",
        )

    def test_a_changed_address_adds_no_second_contact(self) -> None:
        if not self.has_id:
            return
        with self.peer(None) as peer:
            self.sent(peer, self.change(1))
            (contact,) = peer.contacts.values()
            moved = (self.field("email", "new@client.test", "email"), *self.fields(1)[1:])
            outcome = self.sent(peer, self.change(1, email="new@client.test", fields=moved))

        assert (outcome.kind, outcome.ref, len(peer.contacts)) == (SENT, contact.id, 1)
        assert self.value(contact, "email") == "new@client.test"

    def test_who_has_our_id_is_meant_whoever_has_the_address(self) -> None:
        if not self.has_id:
            return
        with self.peer(None) as peer:
            contact = self.there(peer, 1, our_id="acme:c1")
            self.there(peer, 7)
            outcome = self.sent(
                peer, self.activity_change(1).model_copy(update={"email": "c7@client.test"})
            )
            (made,) = peer.activities.values()

        assert (outcome.kind, made.contacts) == (SENT, [contact.id])

    def test_an_address_of_somebody_else_is_not_taken(self) -> None:
        """Ours moved to an address that another contact of the CRM has."""
        if not self.has_id:
            return
        with self.peer(None) as peer:
            self.there(peer, 1, our_id="acme:c1")
            self.there(peer, 7)
            taken = (self.field("email", "c7@client.test", "email"), *self.fields(1)[1:])
            change = self.change(1, email="c7@client.test", fields=taken)
            objection = self.objection(peer, self.outgoing_of(change))

        assert objection.kind is FOR_GOOD
        assert not any(each in repr(objection) for each in ("c7", "c1@"))

    # What of it is sent

    def test_only_fields_of_ours_are_sent_and_none_that_is_there_already(self) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1, our_id="acme:c1", name="Größe", job="Chef", score="7")
            before = dict(contact.values)
            outcome = self.sent(peer, self.change(1))
            body = json.dumps(
                [json.loads(each.body) for each in peer.seen if each.method != "GET"][-1]
            )

        assert outcome.kind is SENT
        changed = {name for name in contact.values if contact.values[name] != before.get(name)}
        assert changed == {self.names["job"]}
        assert f'"{self.names["name"]}"' not in body
        assert f'"{self.names["score"]}"' not in body

    def test_a_contact_with_all_we_want_is_left_alone(self) -> None:
        with self.peer(None) as peer:
            self.sent(peer, self.change(1))
            asked = len(peer.begun)
            outcome = self.sent(peer, self.change(1))

        (contact,) = peer.contacts.values()
        assert (outcome.kind, outcome.detail) == (SENT, SO_ALREADY)
        assert (outcome.ref, len(peer.begun)) == (contact.id, asked)
        assert peer.effects == {"contact:c1": 1}

    @pytest.mark.parametrize("theirs", ["", "Chef"])
    def test_theirs_stays_unless_it_is_empty(self, theirs: str) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1, name="Größe", job=theirs)
            fields = (self.field("job", "Owner", conflict="theirs"),)
            self.sent(peer, self.change(1, "set_properties", fields=fields))

        assert self.value(contact, "job") == (theirs or "Owner")

    @pytest.mark.parametrize(
        ("since", "expected"), [(LATELY, "Owner"), (LONG_AGO, "Chef"), (None, "Chef")]
    )
    def test_the_newer_value_stands(self, since: Any, expected: str) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1, name="Größe")
            peer.edit(contact, {self.names["job"]: "Chef"}, at=LONG_AGO + timedelta(days=30))
            fields = (self.field("job", "Owner", conflict="newer", since=since),)
            self.sent(peer, self.change(1, "set_properties", fields=fields))

        assert self.value(contact, "job") == expected

    def test_a_conflict_waits_for_a_person_whose_word_holds_for_that_value(self) -> None:
        name = self.names["job"]
        with self.peer(None) as peer:
            contact = self.there(peer, 1, name="Größe", job="Chef")
            fields = (self.field("job", "Owner", conflict="ask"),)
            change = self.change(1, "set_properties", fields=fields)
            unasked = self.objection(peer, self.outgoing_of(change))
            stale = change.model_copy(
                update={"answers": {name: Answer(theirs="Cook", take="ours")}}
            )
            outdated = self.objection(peer, self.outgoing_of(stale))
            said = change.model_copy(update={"answers": {name: Answer(theirs="Chef", take="ours")}})
            self.sent(peer, said)

        assert unasked.kind is outdated.kind is FOR_GOOD
        assert name in unasked.detail
        assert "Chef" not in unasked.detail
        assert self.value(contact, "job") == "Owner"

    def test_a_stage_moves_forward_and_never_back_unless_the_item_says_why(self) -> None:
        if "stage" not in self.names:
            return
        first, second, last = self.order
        with self.peer(None) as peer:
            contact = self.there(peer, 1, stage=second)
            self.sent(peer, self.stage_change(1, last))
            assert self.value(contact, "stage") == last
            objection = self.objection(peer, self.outgoing_of(self.stage_change(1, first)))
            assert self.value(contact, "stage") == last
            self.sent(peer, self.stage_change(1, first, "signed by mistake"))

        assert objection.kind is FOR_GOOD
        assert "back" in objection.detail
        assert self.value(contact, "stage") == first

    def test_a_tag_is_added_to_those_that_are_there(self) -> None:
        if "tags" not in self.names:
            return
        with self.peer(None) as peer:
            contact = self.there(peer, 1, tags="judo")
            outcome = self.sent(peer, self.tag_change())
            again = self.sent(peer, self.tag_change())

        assert (outcome.kind, again.detail) == (SENT, SO_ALREADY)
        assert set(self.value(contact, "tags").split(";")) == {"judo", self.tag}

    # Timeline and lists

    @pytest.mark.parametrize("kind", ["note", "email", "post"])
    def test_what_happened_is_noted_with_the_contact(self, kind: str) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1)
            link = "https://social.test/@acme/7?a=1&b=2" if kind == "post" else ""
            outcome = self.sent(peer, self.activity_change(kind=kind, link=link))
            (made,) = peer.activities.values()
            said = json.dumps(made.values, ensure_ascii=False)

        assert (outcome.kind, outcome.ref, made.contacts) == (SENT, made.id, [contact.id])
        assert "Second" in said
        assert "2026-11-20" in said
        assert ("social.test/@acme/7" in said) == (kind == "post")

    def test_a_contact_is_added_to_a_list_once(self) -> None:
        if not self.lists:
            return
        with self.peer(None) as peer:
            contact = self.there(peer, 1)
            guests = peer.add_list("Spring guests")
            first, again = (self.sent(peer, self.list_change()) for _ in range(2))

        assert (first.kind, again.kind) == (SENT, SENT)
        assert guests.members == {contact.id}
        assert peer.effects == {"contact:c1": 1}

    def test_a_list_that_is_not_there_is_no_reason_to_stop_the_others(self) -> None:
        with self.peer(None) as peer:
            self.there(peer, 1)
            objection = self.objection(peer, self.outgoing_of(self.list_change()))

        assert (objection.kind, objection.scope) == (FOR_GOOD, Scope.DELIVERY)
        assert "list" in objection.detail or "campaign" in objection.detail

    # What a preview shows

    def test_a_contact_is_shown_with_who_changed_it_last(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            contact = self.there(peer, 1, our_id="acme:c1" if self.has_id else "", name="Größe")
            peer.edit(contact, {self.names["job"]: "Chef"}, at=LATELY)
            names = {self.names["job"], self.names["name"]}
            found, nobody = gateway.find(
                [Match("acme:c1", "c1@client.test"), Match("acme:c9", "c9@client.test")], names
            )

        assert isinstance(found, Record)
        assert nobody is None
        assert found.id == contact.id
        assert {
            self.names["job"]: "Chef",
            self.names["name"]: "Größe",
        }.items() <= found.values.items()
        assert found.when(self.names["job"]) == LATELY
        assert found.who(self.names["job"])
        assert contact.id in found.link or not self.links
        assert not peer.misshapen

    def tag_change(self, number: int = 1) -> Any:
        return self.change(number, "add_tag", tag=self.tag, tags_property=self.names["tags"])

    def list_change(self, number: int = 1) -> Any:
        return self.change(number, "add_to_list", list_name="Spring guests")
