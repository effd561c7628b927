"""What every HTTP mail gateway makes of its provider's answers, and of those that are lost."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest

from aicmo.gateways.contract import OutcomeKind, Outgoing
from aicmo.gateways.http_exchange import HttpTimes
from tests.contract.gateway_contract import NOT_SENT, SENT, UNKNOWN, GatewayContract, Mode
from tests.peers.http_exchange import WORKS, Fault
from tests.peers.mail_api_peers import MailApiPeer

FOR_NOW = OutcomeKind.REFUSED_FOR_NOW
FOR_GOOD = OutcomeKind.REFUSED_FOR_GOOD
ACCOUNT = OutcomeKind.REFUSED_ACCOUNT
TOKEN = "0123456789abcdef0123456789abcdef"
KEY = "canary-key-5f1e"
PATIENT = HttpTimes(connect=10, write=10, read=10, whole=20)
QUICK = HttpTimes(connect=10, write=0.5, read=0.5, whole=0.5)

PAYLOAD = (
    b"From: =?utf-8?q?M=C3=BCller=2C_S=C3=B6hne?= <hello@agency.test>\r\n"
    b"Reply-To: answers@agency.test\r\n"
    b"List-Unsubscribe: <https://mail.client.example/u/abcdefghijklmnopqrstuvwxyz>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'To: "Person, One" <person@client.test>\r\n'
    b"Subject: =?utf-8?q?Caf=C3=A9_opens?=\r\n"
    b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <0123456789abcdef0123456789abcdef@agency.test>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="=_b"\r\n\r\n'
    b"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Caf=C3=A9, =\r\ncome along.\r\n.dot\r\n"
    b"--=_b\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>Caf=C3=A9</p>\r\n"
    b"--=_b--\r\n"
)


def mode(fault: Fault, *outcomes: OutcomeKind, is_false: bool = False) -> Mode:
    return Mode(frozenset(outcomes), fault, is_false=is_false)


def _lost_answers() -> Iterator[tuple[str, Mode]]:
    for then in ("close", "hang", "reset", "drip", "garbage"):
        yield f"apply, then {then}", mode(Fault(applies=True, then=then), UNKNOWN)
        yield f"{then} without an effect", mode(Fault(then=then), UNKNOWN)
    for status in (408, 500, 502, 503, 504, 520):
        yield f"apply, then {status}", mode(Fault(applies=True, status=status), UNKNOWN)
        yield f"{status} without an effect", mode(Fault(status=status), UNKNOWN)


COMMON: Mapping[str, Mode] = {
    "ok": mode(WORKS, SENT),
    "slow": mode(Fault(applies=True, delay=0.1), SENT),
    "the answer twice": mode(Fault(applies=True, then="twice"), SENT),
    **dict(_lost_answers()),
    "apply, then cut": mode(Fault(applies=True, then="cut"), SENT),
    "apply, then 200 without a reference": mode(Fault(applies=True, content={}), SENT),
    "apply, then another success": mode(Fault(applies=True, status=202), UNKNOWN),
    "close at connect": mode(Fault("connect", then="close"), NOT_SENT, UNKNOWN),
    "reset at connect": mode(Fault("connect", then="reset"), NOT_SENT, UNKNOWN),
    "hang at connect": mode(Fault("connect", then="hang"), UNKNOWN),
    "close after the head": mode(Fault("head", then="close"), NOT_SENT, UNKNOWN),
    "reset after the head": mode(Fault("head", then="reset"), NOT_SENT, UNKNOWN),
    "close in the body": mode(Fault("body", then="close"), UNKNOWN),
    "hang in the body": mode(Fault("body", then="hang"), UNKNOWN),
    "503 in the body": mode(Fault("body"), UNKNOWN),
    **{f"a redirection with {n}": mode(Fault(status=n), FOR_GOOD) for n in (301, 302, 307, 308)},
    "401": mode(Fault(status=401), ACCOUNT),
    "403": mode(Fault(status=403), ACCOUNT),
    "413": mode(Fault(status=413), FOR_GOOD),
    "422": mode(Fault(status=422), FOR_GOOD),
    "422, and cut": mode(Fault(status=422, content={"name": "a_long_name"}, then="cut"), FOR_GOOD),
    "apply, then 422": mode(Fault(applies=True, status=422), FOR_GOOD, is_false=True),
    "425": mode(Fault(status=425), FOR_NOW),
    "429": mode(Fault(status=429), FOR_NOW),
}


class MailApiContract(GatewayContract):
    """Every mode is also one connection: nothing below a gateway tries again."""

    modes: ClassVar[Mapping[str, Mode]] = COMMON
    peer_type: ClassVar[type[MailApiPeer]]

    def peer(self, script: Fault | None) -> MailApiPeer:
        return self.peer_type({1: script} if script else {})

    def outgoing(self, number: int = 1, *, seconds_left: float = 30) -> Outgoing:
        return outgoing(number, seconds_left=seconds_left)

    def test_one_call_is_one_transmission_and_an_honest_outcome(self, mode: Mode) -> None:
        super().test_one_call_is_one_transmission_and_an_honest_outcome(mode)
        with self.peer(mode.script) as peer:
            outcome = self.send(peer, self.outgoing())
            peer.wait_until_idle()
            assert peer.connections == 1
        assert KEY not in repr(outcome)

    @pytest.mark.parametrize("status", [302, 303, 307])
    def test_no_redirection_is_followed(self, status: int) -> None:
        with self.peer(None) as elsewhere:
            away = Fault(status=status, headers={"Location": f"{elsewhere.base_url}/emails"})
            with self.peer(away) as peer:
                outcome = self.send(peer, self.outgoing())

        assert outcome.kind is FOR_GOOD
        assert elsewhere.connections == 0

    def test_the_token_is_the_same_on_every_attempt(self) -> None:
        with self.peer(Fault(then="close")) as peer:
            for _ in range(2):
                self.send(peer, self.outgoing())

        assert {effect.token for effect in peer.applied} == {self.outgoing().token}
        assert len(peer.begun) == 2

    def test_permission_is_asked_once_and_before_a_byte_of_the_body(self) -> None:
        begun: list[int] = []
        with self.peer(None) as peer:

            def look(group: list[Outgoing]) -> list[Outgoing]:
                time.sleep(0.1)
                begun.append(len(peer.begun))
                return group

            self.send(peer, self.outgoing(), look)
            peer.wait_until_idle()

        assert (begun, len(peer.begun)) == ([0], 1)

    def test_an_email_to_somebody_else_is_refused(self) -> None:
        strange = dataclasses.replace(self.outgoing(), recipient="other@client.test")
        with self.peer(None) as peer:
            outcome = self.send(peer, strange)

        assert outcome.kind is FOR_GOOD
        assert peer.connections == 0


def outgoing(number: int = 1, *, seconds_left: float = 30, payload: bytes = PAYLOAD) -> Outgoing:
    """Number 1 has the token of the sample; the recipient is the sample's with the number."""
    token = f"{TOKEN[:-1]}{number}"
    person = f"person{number}@client.test"
    return Outgoing(
        delivery_id=number,
        token=token,
        sender=f"bounces+{number}@agency.test",
        recipient=person,
        payload=payload.replace(b"person@client.test", person.encode()),
        deadline=time.monotonic() + seconds_left,
    )


def patience(peer: MailApiPeer) -> HttpTimes:
    stalls = any(fault.then in ("hang", "drip") for fault in peer.faults.values())
    return QUICK if stalls else PATIENT
