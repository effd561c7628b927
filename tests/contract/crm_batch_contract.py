"""Many contacts at once, lost answers and doubts: what gateways of CRMs must hold to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aicmo.crm.record import Match, Record
from aicmo.gateways.contract import (
    PERMIT_KEY,
    Found,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    Scope,
)
from aicmo.gateways.crm_gateway import Update
from tests.contract.crm_changes_contract import CrmChangesContract
from tests.contract.crm_samples import LOST, as_kept
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import FOR_GOOD
from tests.contract.social_samples import UNCLEAR, NoTokens
from tests.peers.crm_peer import CrmPeer
from tests.peers.http_exchange import Fault

HELD = Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="the CRM has the address with c1")


class CrmBatchContract(CrmChangesContract):
    # Batches

    def test_a_batch_takes_as_few_requests_as_the_crm_lets_it(self) -> None:
        with self.peer(None) as peer:
            self.there(peer, 2, job="Chef")
            sent = self.send_all(peer, [self.outgoing(number) for number in range(1, 7)])
            most = self.gateway(permit(self.channel), peer).records_per_request

        assert {each.kind for each in sent.values()} == {SENT}
        assert peer.effects == {f"contact:c{number}": 1 for number in range(1, 7)}
        assert len(peer.begun) == (6 if most == 1 else 2), "those to add, and those to change"
        assert not peer.misshapen

    def test_each_record_has_its_own_outcome(self) -> None:
        with self.peer(None) as peer:
            peer.reorders = True
            self.there(peer, 2, job="Chef")
            self.there(peer, 4, job="Chef")
            peer.refused = {"contact:c2", "contact:c5"}
            sent = self.send_all(peer, [self.outgoing(number) for number in range(1, 7)])
            by_mark = {peer.mark(each): each.id for each in peer.contacts.values()}

        assert [sent[number].kind for number in range(1, 7)] == [
            SENT, FOR_GOOD, SENT, SENT, FOR_GOOD, SENT,
        ]  # fmt: skip
        for number in (1, 3, 4, 6):
            assert sent[number].ref == by_mark[f"contact:c{number}"]
            assert peer.effects[f"contact:c{number}"] == 1
        assert not any("@" in repr(each) for each in sent.values())

    def test_a_record_that_the_answer_does_not_name_is_in_doubt(self) -> None:
        with self.peer(None) as peer:
            if self.gateway(permit(self.channel), peer).records_per_request == 1:
                return
            peer.unnamed = {"contact:c2"}
            sent = self.send_all(peer, [self.outgoing(number) for number in (1, 2, 3)])

        assert sent[2].kind is UNKNOWN
        assert {sent[1].kind, sent[3].kind} <= {SENT, UNKNOWN}

    def test_one_of_a_request_that_may_no_longer_go_is_left_out(self) -> None:
        batch = [self.outgoing(number) for number in (1, 2, 3)]
        with self.peer(None) as peer:
            refused = {batch[1].delivery_id}
            sent = self.send_all(
                peer,
                batch,
                lambda group: [each for each in group if each.delivery_id not in refused],
            )

        assert [sent[number].kind for number in (1, 2, 3)] == [SENT, NOT_SENT, SENT]
        assert peer.effects == {"contact:c1": 1, "contact:c3": 1}

    def test_two_changes_of_one_contact_do_not_go_together(self) -> None:
        """The second was judged by what the first replaces: it is staged anew."""
        with self.peer(None) as peer:
            contact = self.there(peer, 1, name="Größe", job="Chef")
            first = self.outgoing(1)
            twin = self.change(2, email="c1@client.test", fields=(self.field("job", "Owner"),))
            twin = twin.model_copy(update={"contact_id": "spring:c2"})  # of another project
            second = self.outgoing_of(twin, 2)
            sent = self.send_all(peer, [first, second])
            assert (sent[1].kind, sent[2].kind, sent[2].scope) == (SENT, NOT_SENT, Scope.BATCH)
            assert len(peer.contacts) == 1
            self.send_all(peer, [second])

        assert (self.value(contact, "job"), len(peer.contacts)) == ("Owner", 1)
        assert peer.effects[peer.mark(contact)] == 2
        assert not peer.misshapen

    def test_the_address_of_another_of_our_contacts_changes_nobody(self) -> None:
        """One's data would replace the other's, on a record that both are taken for."""
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            self.there(peer, 1, job="Chef")
            self.send_all(peer, [self.outgoing(1)])
            twin = self.change(2, email="c1@client.test", fields=(self.field("job", "Owner"),))
            staged = gateway.stage(self.outgoing_of(twin, 2))

        assert staged.objection is not None
        assert staged.objection == HELD

    def test_a_lost_answer_puts_its_own_request_in_doubt_only(self) -> None:
        with self.peer(LOST) as peer:
            self.there(peer, 3, job="Chef")
            batch = [self.outgoing(number) for number in (1, 2, 3)]
            with self.gateway(permit(self.channel), peer) as gateway:
                with peer.in_order():
                    staged = gateway.stage_batch(batch)
                ready = [as_kept(each, staged[each.delivery_id]) for each in batch]
                sent = {each.delivery_id: told for each, told in gateway.send_batch(ready, always)}
            is_single = gateway.records_per_request == 1

        assert [sent[number].kind for number in (1, 2, 3)] == (
            [UNKNOWN, SENT, SENT] if is_single else [UNKNOWN, UNKNOWN, SENT]
        )
        assert is_single or sent[1].shared

    # Lost answers

    def changes(self) -> dict[str, Any]:
        """One of each action that the CRM has."""
        found = {
            "upsert_contact": self.change(1),
            "set_properties": self.change(1, "set_properties"),
            "log_activity": self.activity_change(),
            "log_email": self.activity_change(kind="email"),
        }
        if "stage" in self.names:
            found["set_stage"] = self.stage_change(1, self.order[-1])
        if "tags" in self.names:
            found["add_tag"] = self.tag_change()
        if self.lists:
            found["add_to_list"] = self.list_change()
        return found

    def lost(self, peer: CrmPeer, change: Any, *, applies: bool = True) -> Outgoing:
        """A delivery whose answer was lost, as it was armed."""
        with self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, self.outgoing_of(change))
            peer.faults[len(peer.begun) + 1] = Fault(applies=applies, then="close")
            assert gateway.send(ready, always).kind is UNKNOWN
        return ready

    @pytest.mark.parametrize("applies", [True, False])
    def test_a_repeat_after_a_lost_answer_has_one_effect(self, applies: bool) -> None:  # noqa: FBT001
        for name, change in self.changes().items():
            with self.peer(None) as peer:
                if name != "upsert_contact":
                    self.there(peer, 1)
                peer.add_list("Spring guests")
                lost = self.lost(peer, change, applies=applies)
                with self.gateway(permit(self.channel), peer) as gateway:
                    if gateway.repeat_class is not RepeatClass.REPEAT_SAFE:
                        return
                    outcome = gateway.send(self.ready(peer, gateway, lost), always)

            assert outcome.kind is SENT, name
            assert peer.effects == {"contact:c1": 1}, name
            assert len(peer.activities) == int(name.startswith("log"))
            assert len(peer.contacts) == 1
            assert not peer.misshapen

    def ask(self, peer: CrmPeer, outgoing: Outgoing, tokens: Any = None) -> Reading:
        asking = LivePermit(0, self.channel, key=PERMIT_KEY, may_send=False)
        question = Question(
            outgoing.delivery_id, outgoing.token, outgoing.recipient, datetime.now(UTC),
            b"", outgoing.staged,
        )  # fmt: skip
        with self.gateway(asking, peer, tokens) as gateway:
            return gateway.reconcile(question)

    def test_a_doubt_is_closed_by_what_is_there(self) -> None:
        for name, change in self.changes().items():
            for applies in (True, False):
                with self.peer(None) as peer:
                    if name != "upsert_contact":
                        self.there(peer, 1)
                    peer.add_list("Spring guests")
                    reading = self.ask(peer, self.lost(peer, change, applies=applies))

                assert reading.found is (Found.PRESENT if applies else Found.ABSENT), name
                assert bool(reading.ref) == applies, name
                assert not peer.misshapen

    def test_an_unclear_answer_closes_no_doubt(self) -> None:
        for fault in UNCLEAR:
            with self.peer(None) as peer:
                lost = self.lost(peer, self.change(1))
                peer.other_faults[self.reading] = [fault] * 2
                assert self.told(peer, lost) is Found.CANNOT_TELL, fault

    def told(self, peer: CrmPeer, lost: Outgoing, tokens: Any = None) -> Found:
        """As the engine takes it: whatever is raised proves nothing."""
        try:
            return self.ask(peer, lost, tokens).found
        except Exception:  # noqa: BLE001
            return Found.CANNOT_TELL

    def test_a_log_in_that_is_gone_closes_no_doubt(self) -> None:
        with self.peer(None) as peer:
            assert self.told(peer, self.lost(peer, self.change(1)), NoTokens()) is Found.CANNOT_TELL

    def test_a_value_that_a_person_changed_meanwhile_leaves_a_doubt(self) -> None:
        with self.peer(None) as peer:
            contact = self.there(peer, 1, name="Other", job="Chef")
            lost = self.lost(peer, self.change(1))
            peer.edit(contact, {self.names["job"]: "Cook"})
            assert self.told(peer, lost) is Found.CANNOT_TELL

    def test_who_may_only_ask_sends_nothing(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            ready = self.ready(peer, gateway, self.outgoing())
            asking = LivePermit(0, self.channel, key=PERMIT_KEY, may_send=False)
            with self.gateway(asking, peer) as other, pytest.raises(PermissionError):
                list(other.send_batch([ready], always))

        assert peer.effects.total() == 0

    # Putting back, opting out, the schema

    def test_values_are_set_by_the_crms_own_ids(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            contacts = [self.there(peer, number, job="Chef") for number in (1, 2)]
            updates = [self.update(contacts[0], job="Cook"), self.update(contacts[1], job="")]
            first, again = (gateway.set_values(updates) for _ in range(2))
            gone = gateway.set_values([Update("99999", {self.names["job"]: "Cook"})])

        assert {each.kind for each in (*first, *again)} == {SENT}
        assert [self.value(each, "job") for each in contacts] == ["Cook", ""]
        assert peer.effects == {"contact:c1": 1, "contact:c2": 1}
        assert gone[0].kind is FOR_GOOD
        assert not peer.misshapen

    def test_a_lost_answer_to_putting_back_is_no_success(self) -> None:
        with self.peer(LOST) as peer, self.gateway(permit(self.channel), peer) as gateway:
            contact = self.there(peer, 1, job="Chef")
            (lost,) = gateway.set_values([self.update(contact, job="Cook")])
            (again,) = gateway.set_values([self.update(contact, job="Cook")])

        assert (lost.kind, again.kind) == (UNKNOWN, SENT)
        assert peer.effects == {"contact:c1": 1}

    def test_an_opt_out_of_ours_is_told_to_the_crm(self) -> None:
        opt_out = self.opt_out_property()
        if not opt_out:
            return
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            contact = self.there(peer, 1)
            (found,) = gateway.find([Match("acme:c1", "c1@client.test")], {opt_out})
            assert isinstance(found, Record)
            first, again = (gateway.opt_out([found], opt_out) for _ in range(2))
            (after,) = gateway.find([Match("acme:c1", "c1@client.test")], {opt_out})

        assert [each.kind for each in (*first, *again)] == [SENT, SENT]
        assert isinstance(after, Record)
        assert (found.values[opt_out] or "false", after.values[opt_out]) == ("false", "true")
        assert contact.id == after.id
        assert not peer.misshapen

    def test_the_schema_says_what_a_value_may_be(self) -> None:
        with self.peer(None) as peer, self.gateway(permit(self.channel), peer) as gateway:
            schema = gateway.read_schema()

        assert schema.contacts[self.names["email"]].type == "email"
        assert schema.contacts[self.names["job"]].writable
        if "stage" in self.names:
            known = [each.value for each in schema.contacts[self.names["stage"]].choices]
            assert [each for each in known if each in self.order] == list(self.order)
        if "score" in self.names:
            assert schema.contacts[self.names["score"]].type == "number"
        assert not peer.misshapen
        assert type(schema).from_json(schema.to_json()) == schema
