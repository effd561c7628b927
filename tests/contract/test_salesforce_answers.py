"""Shows what each answer of Salesforce's means, record by record, and that none of its texts is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope
from aicmo.gateways.crm_gateway import Update
from aicmo.gateways.salesforce import SalesforceGateway
from tests.contract.gateway_contract import SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD, FOR_NOW, PATIENT
from tests.contract.salesforce_samples import ORG, written
from tests.contract.social_samples import NOW
from tests.peers.http_exchange import Fault
from tests.peers.salesforce_fields import CONTACT_ID
from tests.peers.salesforce_peer import SalesforcePeer


def opened(peer: SalesforcePeer) -> SalesforceGateway:
    gateway = ORG.gateway(permit("crm"), peer, times=PATIENT, clock=lambda: NOW)
    assert isinstance(gateway, SalesforceGateway)
    return gateway


def errors(code: str, *fields: str) -> Any:
    """As one record's result has them: the message repeats what it must not."""
    said = f"{code}: duplicate value found: c1@client.test on record with id: 003"
    return {"success": False, "errors": [{"statusCode": code, "message": said, "fields": fields}]}


def whole(code: str, message: str = "for c1@client.test") -> Any:
    return [{"errorCode": code, "message": message}]


def sent(fault: Fault, outgoing: Outgoing | None = None) -> Outcome:
    """The outcome of one change whose request meets this."""
    with SalesforcePeer({1: fault}) as peer, opened(peer) as gateway:
        armed = ORG.ready(peer, gateway, outgoing or ORG.outgoing())
        outcome = gateway.send(armed, always)

    assert "client.test" not in repr(outcome)
    assert len(written(peer)) == 1
    return outcome


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("DUPLICATE_VALUE", FOR_NOW),
        ("UNABLE_TO_LOCK_ROW", FOR_NOW),
        ("ENTITY_IS_DELETED", FOR_NOW),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", FOR_NOW),
        ("DUPLICATES_DETECTED", FOR_GOOD),
        ("REQUIRED_FIELD_MISSING", FOR_GOOD),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", FOR_GOOD),
        ("STRING_TOO_LONG", FOR_GOOD),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", FOR_GOOD),
        ("INSUFFICIENT_ACCESS_OR_READONLY", FOR_GOOD),
    ],
)
def test_one_record_s_refusal_names_its_fields_alone(code: str, kind: OutcomeKind) -> None:
    outcome = sent(Fault(content=[errors(code, "Email", "Goal__c", "c1@client.test")]))
    assert (outcome.kind, outcome.code) == (kind, f"200 {code}")
    assert outcome.detail == "fields: Email, Goal__c"
    assert outcome.scope is Scope.DELIVERY


def test_a_code_that_nobody_knows_is_a_refusal_without_a_name() -> None:
    outcome = sent(Fault(content=[errors("c1@client.test")]))
    assert (outcome.kind, outcome.code) == (FOR_GOOD, "200 refused")


@pytest.mark.parametrize(
    "content",
    [
        [],
        [{"id": "003", "success": True, "errors": []}] * 2,
        {"success": True},
        [None],
        ["003"],
        [{}],
        [{"success": True, "id": None, "errors": []}],
        [{"success": True, "id": {"email": "c1@client.test"}}],
        [{"success": "true", "id": "003"}],
        whole("UNKNOWN_EXCEPTION"),
    ],
)
def test_an_answer_that_does_not_say_what_became_of_the_record_is_a_doubt(content: Any) -> None:
    assert sent(Fault(applies=True, content=content)).kind is UNKNOWN


def test_results_that_are_one_short_leave_all_of_them_in_doubt() -> None:
    first = {"id": "003000000001001AAA", "success": True, "errors": [], "created": True}
    with SalesforcePeer({1: Fault(applies=True, content=[first])}) as peer:
        outcomes = ORG.send_all(peer, [ORG.outgoing(1), ORG.outgoing(2)])

    assert [each.kind for each in outcomes.values()] == [UNKNOWN, UNKNOWN]


def test_results_about_other_records_prove_nothing() -> None:
    with SalesforcePeer() as peer:
        for number in (1, 2):
            ORG.there(peer, number, our_id=f"acme:c{number}")
        peer.swaps = True
        outcomes = ORG.send_all(peer, [ORG.outgoing(1), ORG.outgoing(2)])

    assert [each.kind for each in outcomes.values()] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("status", "code", "kind", "scope"),
    [
        (401, "INVALID_SESSION_ID", ACCOUNT, Scope.DELIVERY),
        (403, "API_DISABLED_FOR_ORG", ACCOUNT, Scope.DELIVERY),
        (403, "REQUEST_LIMIT_EXCEEDED", FOR_NOW, Scope.RUN),
        (404, "NOT_FOUND", ACCOUNT, Scope.DELIVERY),
        (410, "UNSUPPORTED_API_VERSION", ACCOUNT, Scope.DELIVERY),
        (400, "INVALID_FIELD", ACCOUNT, Scope.DELIVERY),
        (400, "JSON_PARSER_ERROR", FOR_GOOD, Scope.DELIVERY),
        (500, "UNKNOWN_EXCEPTION", UNKNOWN, Scope.DELIVERY),
        (503, "REQUEST_LIMIT_EXCEEDED", UNKNOWN, Scope.DELIVERY),
    ],
)
def test_a_whole_request_s_refusal(status: int, code: str, kind: OutcomeKind, scope: Scope) -> None:
    outcome = sent(Fault(status=status, content=whole(code)))
    assert (outcome.kind, outcome.scope) == (kind, scope)
    assert outcome.code == f"{status} {code}"


@pytest.mark.parametrize(
    ("message", "headers", "wait"),
    [
        ("TotalRequests Limit exceeded.", {}, timedelta(hours=1)),
        ("TotalRequests Limit exceeded.", {"Retry-After": "300"}, timedelta(minutes=5)),
    ],
)
def test_a_day_s_requests_that_are_used_up_are_waited_for(
    message: str, headers: dict[str, str], wait: timedelta
) -> None:
    said = whole("REQUEST_LIMIT_EXCEEDED", message)
    outcome = sent(Fault(status=403, content=said, headers=headers))
    assert outcome.not_before == NOW + wait


def test_too_many_requests_at_a_time_pass_within_a_minute() -> None:
    said = whole("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit")
    outcome = sent(Fault(status=403, content=said))
    assert outcome.not_before is not None
    assert outcome.not_before <= NOW + timedelta(minutes=1)


@pytest.mark.parametrize(("used", "goes"), [(13_500, True), (13_501, False), (15_100, False)])
def test_the_last_tenth_of_the_day_s_requests_is_the_client_s(*, used: int, goes: bool) -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        peer.usage = f"per-app-api-usage=1/2(appName=x); api-usage={used}/15000"
        objection = gateway.stage(ORG.outgoing()).objection
        asked = len(peer.seen)
        again = gateway.stage(ORG.outgoing()).objection

    assert (objection is None, again is None) == (goes, goes)
    if again is not None:
        assert len(peer.seen) == asked, "nothing more is asked for"
        assert (again.kind, again.scope) == (FOR_NOW, Scope.RUN)
        assert again.not_before == NOW + timedelta(hours=1)
        assert str(used) in again.detail


def test_one_that_is_refused_leaves_the_others() -> None:
    with SalesforcePeer() as peer:
        peer.refused = {"contact:c2"}
        outcomes = ORG.send_all(peer, [ORG.outgoing(number) for number in (1, 2, 3)])

    assert [each.kind for each in outcomes.values()] == [SENT, FOR_GOOD, SENT]
    assert "client.test" not in repr(outcomes)
    assert peer.effects == {"contact:c1": 1, "contact:c3": 1}
    assert len(written(peer)) == 1


def test_who_got_our_id_meanwhile_is_found_by_the_next_try() -> None:
    change = ORG.change(action="set_properties", fields=(ORG.field("job", "Chef"),))
    with SalesforcePeer() as peer, opened(peer) as gateway:
        contact = ORG.there(peer)
        armed = ORG.ready(peer, gateway, ORG.outgoing_of(change))
        quicker = peer.add({"LastName": "Ng", CONTACT_ID: "acme:c1"})
        refused = gateway.send(armed, always)
        again = gateway.send(ORG.ready(peer, gateway, armed), always)

    assert (refused.kind, refused.code) == (FOR_NOW, "200 DUPLICATE_VALUE")
    assert (again.kind, again.ref) == (SENT, quicker.id)
    assert "Title" not in contact.values


def test_a_contact_that_somebody_adds_with_our_id_is_changed_instead() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        armed = ORG.ready(peer, gateway, ORG.outgoing())
        quicker = peer.add({"LastName": "Ng", CONTACT_ID: "acme:c1"})
        outcome = gateway.send(armed, always)

    assert (outcome.kind, outcome.ref, len(peer.contacts)) == (SENT, quicker.id, 1)


def test_a_contact_that_was_deleted_meanwhile_is_not_added_by_a_change() -> None:
    change = ORG.change(action="set_properties", fields=(ORG.field("job", "Chef"),))
    with SalesforcePeer() as peer, opened(peer) as gateway:
        contact = ORG.there(peer, our_id="acme:c1")
        armed = ORG.ready(peer, gateway, ORG.outgoing_of(change))
        del peer.contacts[contact.id]
        refused = gateway.send(armed, always)
        objection = gateway.stage(ORG.outgoing_of(change)).objection

    assert refused.kind is FOR_NOW
    assert objection is not None
    assert objection.kind is FOR_GOOD
    assert peer.contacts == {}


def test_results_that_are_one_short_tell_of_nothing_that_was_put_back() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        people = [ORG.there(peer, number) for number in (1, 2)]
        said = {"id": people[0].id, "success": True, "errors": []}
        peer.faults[1] = Fault(applies=True, content=[said])
        outcomes = gateway.set_values([Update(each.id, {"Title": "Chef"}) for each in people])

    assert [each.kind for each in outcomes] == [UNKNOWN, UNKNOWN]


def test_nothing_is_put_back_to_a_contact_that_is_gone() -> None:
    with SalesforcePeer() as peer, opened(peer) as gateway:
        (outcome,) = gateway.set_values([Update("003000000009999AAA", {"Title": "Chef"})])

    assert (outcome.kind, outcome.code) == (FOR_GOOD, "200 ENTITY_IS_DELETED")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(then="close"), UNKNOWN),
        (Fault(status=503), UNKNOWN),
        (Fault(status=401), ACCOUNT),
        (Fault(content=[errors("UNABLE_TO_LOCK_ROW")]), FOR_NOW),
    ],
)
def test_putting_a_value_back_says_what_became_of_it(fault: Fault, kind: OutcomeKind) -> None:
    with SalesforcePeer({1: fault}) as peer, opened(peer) as gateway:
        contact = ORG.there(peer)
        (outcome,) = gateway.set_values([Update(contact.id, {"Title": "Chef"})])

    assert outcome.kind is kind


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"compositeResponse": []},
        {"compositeResponse": [{"referenceId": "q0"}]},
        {"compositeResponse": [{"referenceId": "q0", "httpStatusCode": 200, "body": {}}]},
        {"compositeResponse": [
            {"referenceId": "q0", "httpStatusCode": 200, "body": {"done": False, "records": []}}
        ]},
        {"compositeResponse": [{"referenceId": "q0", "httpStatusCode": 200, "body": {
            "done": False, "records": [{}], "nextRecordsUrl": "https://example.org/steal"}}]},
    ],
)  # fmt: skip
def test_an_answer_to_a_query_that_is_not_understood_stages_nothing(content: Any) -> None:
    with SalesforcePeer(other_faults={"composite": [Fault(content=content)]}) as peer:
        objection = ORG.objection(peer, ORG.outgoing())

    assert objection.kind is OutcomeKind.NOT_SENT
    assert not [path for path in peer.paths() if "example" in path]
