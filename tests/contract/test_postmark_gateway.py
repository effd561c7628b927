"""Shows that Postmark gets each message once, and that a doubt is closed only by what it says it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import (
    PERMIT_KEY,
    Found,
    LivePermit,
    Outcome,
    Question,
    Reading,
)
from aicmo.gateways.postmark import PostmarkGateway, open_postmark_gateway
from tests.contract.gateway_contract import SENT, UNKNOWN, Mode, permit
from tests.contract.mail_api_contract import (
    ACCOUNT,
    COMMON,
    FOR_GOOD,
    KEY,
    MailApiContract,
    mode,
    outgoing,
    patience,
)
from tests.peers.http_exchange import Fault
from tests.peers.mail_api_peers import MailApiPeer, PostmarkPeer


def error(code: int, status: int = 422) -> Fault:
    return Fault(status=status, content={"ErrorCode": code, "Message": "person1@client.test: no"})


class TestPostmarkGateway(MailApiContract):
    peer_type = PostmarkPeer
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        "300 invalid": mode(error(300), FOR_GOOD),
        "406 inactive": mode(error(406), FOR_GOOD),
        "400 no such sender": mode(error(400), ACCOUNT),
        "401 sender not confirmed": mode(error(401), ACCOUNT),
        "405 out of credits": mode(error(405), ACCOUNT),
        "412 pending approval": mode(error(412), ACCOUNT),
        "1235 no such stream": mode(error(1235), ACCOUNT),
        "10 bad token": mode(error(10, status=401), ACCOUNT),
        "10 bad token, as 422": mode(error(10), ACCOUNT),
        "a refusal with 200": mode(error(300, status=200), FOR_GOOD),
        "an inactive recipient in a server's failure": mode(error(406, status=500), UNKNOWN),
    }

    def gateway(self, permit: LivePermit, peer: MailApiPeer) -> PostmarkGateway:
        return PostmarkGateway(permit, SecretStr(KEY), base_url=peer.base_url, times=patience(peer))


def send(peer: MailApiPeer, number: int = 1) -> Outcome:
    return TestPostmarkGateway().send(peer, outgoing(number))


def ask(peer: PostmarkPeer, *, since: datetime | None = None, stream: str = "broadcast") -> Reading:
    asking = LivePermit(0, "email", key=PERMIT_KEY, may_send=False)
    armed_at = since or datetime.now(UTC)
    question = Question(1, outgoing().token, outgoing().recipient, armed_at)
    gateway = PostmarkGateway(asking, SecretStr(KEY), stream=stream, base_url=peer.base_url)
    with gateway:
        return gateway.reconcile(question)


def test_postmark_gets_the_approved_content_in_the_stream_for_bulk_mail() -> None:
    with PostmarkPeer() as peer:
        outcome = send(peer)

    (head,), (fields,) = peer.heads, peer.sent
    assert outcome == Outcome(SENT, code="200", ref="M1")
    assert head["x-postmark-server-token"] == KEY
    assert fields == {
        "From": '"Müller, Söhne" <hello@agency.test>',
        "To": '"Person, One" <person1@client.test>',
        "ReplyTo": "answers@agency.test",
        "Subject": "Café opens",
        "TextBody": "Café, come along.\n.dot",
        "HtmlBody": "<p>Café</p>",
        "Headers": [
            {
                "Name": "List-Unsubscribe",
                "Value": "<https://mail.client.example/u/abcdefghijklmnopqrstuvwxyz>",
            },
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            {"Name": "Message-ID", "Value": "<0123456789abcdef0123456789abcdef@agency.test>"},
            {"Name": "X-PM-KeepID", "Value": "true"},
        ],
        "Metadata": {"delivery": outgoing().token},
        "MessageStream": "broadcast",
        "TrackLinks": "None",
        "TrackOpens": False,
    }


def test_nobody_writes_again_to_an_inactive_recipient() -> None:
    with PostmarkPeer({1: error(406), 2: error(300)}) as peer:
        inactive, invalid = send(peer), send(peer)

    assert (inactive.code, inactive.suppress) == ("422 error 406", True)
    assert (invalid.code, invalid.suppress) == ("422 error 300", False)


def test_a_doubt_is_closed_by_the_message_with_its_token() -> None:
    with PostmarkPeer({2: Fault(applies=True, then="close")}) as peer:
        send(peer, 2)
        assert send(peer).kind is UNKNOWN
        assert ask(peer) == Reading(Found.PRESENT, "M2")

    assert len(peer.begun) == 2


def test_it_is_absent_only_if_the_search_says_so() -> None:
    with PostmarkPeer({1: Fault(then="close")}) as peer:
        assert send(peer).kind is UNKNOWN
        assert ask(peer) == Reading(Found.ABSENT)


def test_a_message_that_is_no_longer_kept_is_no_proof() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=46)
    with PostmarkPeer() as peer:
        assert ask(peer, since=long_ago).found is Found.CANNOT_TELL


OTHER = {"MessageID": "M9", "Metadata": {"delivery": "other"}, "Recipients": ["x@client.test"]}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(then="close"),
        Fault(then="cut"),
        Fault(status=401),
        Fault(status=429),
        Fault(status=500),
        Fault(status=301),
        Fault(status=404),
        Fault(content={}),
        Fault(content={"TotalCount": 0}),
        Fault(content={"TotalCount": 3, "Messages": []}),
        Fault(content={"TotalCount": "none", "Messages": []}),
        Fault(content={"TotalCount": 1, "Messages": [OTHER]}),
        Fault(content={"TotalCount": 1, "Messages": ["what"]}),
        Fault(content={"TotalCount": 1, "Messages": [OTHER | {"Metadata": None}]}),
    ],
)
def test_an_unclear_answer_tells_nothing(fault: Fault) -> None:
    with PostmarkPeer({1: fault}) as peer:
        reading = ask(peer)

    assert reading.found is Found.CANNOT_TELL
    assert reading.detail
    assert "@" not in reading.detail


def test_a_server_or_stream_that_does_not_know_the_message_is_another_gateway() -> None:
    with PostmarkPeer() as peer:
        send(peer)
        assert ask(peer).found is Found.PRESENT
        assert ask(peer, stream="outbound").found is Found.ABSENT  # so it must never be asked there

    names = {
        open_postmark_gateway(SecretStr(key), stream)(permit()).name
        for key in (KEY, "another")
        for stream in ("broadcast", "outbound")
    }
    assert len(names) == 4
    assert all(name.startswith("postmark ") and len(name) <= 32 for name in names)
    assert not any(KEY[-4:] in name for name in names)


def test_no_other_host_gets_the_token() -> None:
    with pytest.raises(FixConfiguration, match=r"isn't https://api\.postmarkapp\.com"):
        PostmarkGateway(permit(), SecretStr(KEY), base_url="https://api.postmark.example.org")


def test_a_token_that_sends_nothing_is_refused() -> None:
    with pytest.raises(FixConfiguration, match="takes every message and sends none"):
        PostmarkGateway(permit(), SecretStr("POSTMARK_API_TEST"))


def test_it_opens_with_what_is_configured() -> None:
    rates = [(50, timedelta(seconds=1))]
    gateway = open_postmark_gateway(SecretStr(KEY), "newsletter", rates)(permit())

    assert [(limit.count, limit.per) for limit in gateway.limits] == rates
    assert gateway.timing.quiet >= 2 * gateway.timing.request_bound
