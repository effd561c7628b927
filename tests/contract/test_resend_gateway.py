"""Shows that Resend gets each message once, with its key, and that its answers are taken for what they say."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import LivePermit, Outcome, RateLimit, Scope
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.resend import ResendGateway, open_resend_gateway
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, Mode, always, permit
from tests.contract.mail_api_contract import (
    ACCOUNT,
    COMMON,
    FOR_GOOD,
    FOR_NOW,
    KEY,
    PATIENT,
    PAYLOAD,
    MailApiContract,
    mode,
    outgoing,
    patience,
)
from tests.peers.certificates import Authority
from tests.peers.http_exchange import Fault, Request, Stage
from tests.peers.mail_api_peers import MailApiPeer, ResendPeer


def error(status: int, name: str) -> Fault:
    return Fault(status=status, content={"statusCode": status, "name": name, "message": "no"})


class TestResendGateway(MailApiContract):
    peer_type = ResendPeer
    modes: ClassVar[Mapping[str, Mode]] = COMMON | {
        "another content under the key": mode(error(409, "invalid_idempotent_request"), FOR_GOOD),
        "still busy": mode(error(409, "concurrent_idempotent_requests"), FOR_NOW),
        "409 without a name": mode(Fault(status=409), UNKNOWN),
        "the domain isn't verified": mode(error(403, "validation_error"), ACCOUNT),
        "the sender isn't one": mode(error(422, "invalid_from_address"), ACCOUNT),
        "no key": mode(error(401, "missing_api_key"), ACCOUNT),
        "a field is wrong": mode(error(422, "missing_required_field"), FOR_GOOD),
        "a name in a server's failure": mode(error(500, "invalid_from_address"), UNKNOWN),
    }

    def gateway(self, permit: LivePermit, peer: MailApiPeer) -> ResendGateway:
        return ResendGateway(permit, SecretStr(KEY), base_url=peer.base_url, times=patience(peer))


def send(peer: MailApiPeer, **changes: Any) -> Outcome:
    return TestResendGateway().send(peer, outgoing(**changes))


def test_resend_gets_the_approved_content_and_its_reference_is_kept() -> None:
    with ResendPeer() as peer:
        outcome = send(peer)

    (head,), (fields,) = peer.heads, peer.sent
    assert outcome == Outcome(SENT, code="200", ref="M1")
    assert head["idempotency-key"] == outgoing().token
    assert head["authorization"] == f"Bearer {KEY}"
    assert fields == {
        "from": '"Müller, Söhne" <hello@agency.test>',
        "to": ['"Person, One" <person1@client.test>'],
        "reply_to": "answers@agency.test",
        "subject": "Café opens",
        "text": "Café, come along.\n.dot",
        "html": "<p>Café</p>",
        "headers": {
            "List-Unsubscribe": "<https://mail.client.example/u/abcdefghijklmnopqrstuvwxyz>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Message-ID": "<0123456789abcdef0123456789abcdef@agency.test>",
        },
    }


def test_no_text_is_made_up_for_an_email_without_one() -> None:
    only_html = (
        b"From: hello@agency.test\r\nTo: person@client.test\r\nSubject: hi\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>hi</p>\r\n"
    )
    with ResendPeer() as peer:
        send(peer, payload=only_html)

    assert peer.sent[0]["text"] == ""
    assert "reply_to" not in peer.sent[0]


def test_a_repeat_on_another_day_is_the_same_request_and_has_one_effect() -> None:
    later = PAYLOAD.replace(b"Sun, 22 Nov", b"Mon, 23 Nov")
    bodies: list[bytes] = []

    def keep(stage: Stage, request: Request) -> None:
        if stage == "body":
            bodies.append(request.body)

    with ResendPeer({1: Fault(applies=True, then="close")}, watch=keep) as peer:
        first, second = send(peer), send(peer, payload=later)

    assert later != PAYLOAD
    assert (first.kind, second.kind, second.ref) == (UNKNOWN, SENT, "M1")
    assert len(peer.applied) == 1
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_a_lost_answer_may_be_repeated_for_a_day() -> None:
    assert ResendGateway.token_lifetime == timedelta(hours=24)


def test_another_key_is_another_gateway_so_that_no_other_team_gets_a_repeat() -> None:
    names = {open_resend_gateway(SecretStr(key))(permit()).name for key in (KEY, KEY, "another")}

    assert len(names) == 2
    assert all(name.startswith("resend ") for name in names)


def test_the_default_rate_holds_unless_another_is_configured() -> None:
    key = SecretStr(KEY)
    usual = open_resend_gateway(key)(permit())
    more = open_resend_gateway(key, [(10, timedelta(seconds=1))])(permit())

    assert usual.limits == (RateLimit(2, timedelta(seconds=1)),)
    assert more.limits == (RateLimit(10, timedelta(seconds=1)),)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "30"}, 30, 30),
        ({"Retry-After": "0"}, 1, 1),
        ({"Retry-After": "1.5"}, 1.5, 1.5),
        ({"Retry-After": "99999999"}, 86400, 86400),
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}, 1, 1),
        ({"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}, 86400, 86400),
        ({"Retry-After": "2100-01-01T00:00:00Z"}, 86400, 86400),
        ({"ratelimit-reset": "7"}, 7, 7),
        ({"x-rate-limit-reset": "4102444800"}, 86400, 86400),
        ({"Retry-After": "soon"}, 1, 60),
        ({"Retry-After": "-5"}, 1, 60),
        ({"Retry-After": "nan"}, 1, 60),
        ({"Retry-After": "9" * 400}, 1, 60),
        ({}, 1, 60),
    ],
)
def test_a_full_provider_makes_the_whole_account_wait(
    headers: dict[str, str], least: float, most: float
) -> None:
    began = datetime.now(UTC)
    with ResendPeer({1: Fault(status=429, headers=headers)}) as peer:
        outcome = send(peer)

    assert (outcome.kind, outcome.scope) == (FOR_NOW, Scope.RUN)
    assert outcome.not_before
    wait, slack = outcome.not_before - began, timedelta(seconds=30)
    assert timedelta(seconds=least) <= wait <= timedelta(seconds=most) + slack


def test_an_endless_answer_is_cut_and_the_status_counts() -> None:
    with ResendPeer(
        {1: Fault(applies=True, content={"id": "M1", "more": "x" * 3_000_000})}
    ) as peer:
        outcome = send(peer)

    assert (outcome.kind, outcome.ref) == (SENT, None)


def test_nobody_listening_ends_the_run() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with ResendGateway(permit(), SecretStr(KEY), base_url=f"http://127.0.0.1:{port}") as gateway:
        outcome = gateway.send(outgoing(), always)

    assert (outcome.kind, outcome.scope) == (NOT_SENT, Scope.RUN)


def test_an_unverified_server_gets_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []
    authority = Authority(tmp_path)

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            with authority.server_context().wrap_socket(connection, server_side=True) as tls:
                heard.append(tls.recv(1000))
        except (OSError, ssl.SSLError):
            return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with ResendGateway(permit(), SecretStr(KEY), base_url=url, times=PATIENT) as gateway:
            outcome = gateway.send(outgoing(), always)
        thread.join()

    assert outcome.kind is NOT_SENT
    assert b"".join(heard) == b""


@pytest.mark.parametrize(
    "url",
    [
        "http://api.resend.com", "https://api.resend.com.example.org", "https://api.resend.com:8443",
        "https://key@api.resend.com", "https://api.resend.com/other", "https://192.0.2.1",
        "http://localhost.example.org", "ftp://127.0.0.1", "https://api.resend.com?x=1",
    ],
)  # fmt: skip
def test_no_other_host_gets_the_key(url: str) -> None:
    with pytest.raises(FixConfiguration, match=r"isn't https://api\.resend\.com"):
        ResendGateway(permit(), SecretStr(KEY), base_url=url)


def test_neither_key_nor_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ResendPeer({2: Fault(then="close")}) as peer:
        shown = [repr(send(peer)), repr(send(peer))]

    for text in (caplog.text, *shown):
        assert KEY not in text
        assert "person1" not in text
        assert "/emails" not in text


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_sees_nothing(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ResendPeer() as spy, ResendPeer() as peer:
        monkeypatch.setenv(proxy, spy.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert send(peer).kind is SENT

    assert spy.connections == 0


def test_all_times_fit_into_the_bound() -> None:
    timing, times = ResendGateway.timing, HttpTimes()
    assert times.whole < timing.request_bound
    assert timing.quiet >= 2 * timing.request_bound
