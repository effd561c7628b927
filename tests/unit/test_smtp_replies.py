"""What servers say is read whole however it arrives, and means what the standards say."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.gateways.contract import OutcomeKind, Scope
from aicmo.gateways.smtp_pace import Pace
from aicmo.gateways.smtp_reader import NO_REPLY, ReplyReader
from aicmo.gateways.smtp_replies import ACCOUNT_WAITS, Reply, Step, final_answer, refusal
from aicmo.smtp_relay import SmtpRelay

NOT_SENT, FOR_NOW = OutcomeKind.NOT_SENT, OutcomeKind.REFUSED_FOR_NOW
ACCOUNT, FOR_GOOD = OutcomeKind.REFUSED_ACCOUNT, OutcomeKind.REFUSED_FOR_GOOD
ONE, RUN = Scope.DELIVERY, Scope.RUN


@pytest.mark.parametrize(
    ("step", "said", "kind", "scope"),
    [
        ("connect", "554 5.3.2 no", NOT_SENT, RUN),
        ("connect", "421 4.7.0 too many", FOR_NOW, RUN),
        ("STARTTLS", "454 4.7.0 not now", FOR_NOW, RUN),
        ("STARTTLS", "501 5.5.4 no", NOT_SENT, RUN),
        ("AUTH", "535 5.7.8 wrong", ACCOUNT, ONE),
        ("AUTH", "504 5.5.4 what mechanism", ACCOUNT, ONE),
        ("AUTH", "454 4.7.0 later", FOR_NOW, RUN),
        ("MAIL", "530 5.7.0 log in", ACCOUNT, ONE),
        ("MAIL", "538 5.7.11 encrypt", ACCOUNT, ONE),
        ("MAIL", "550 5.7.1 not your sender", ACCOUNT, ONE),
        ("MAIL", "553 sender rejected", ACCOUNT, ONE),
        ("MAIL", "552 5.3.4 too big", FOR_GOOD, ONE),
        ("MAIL", "550 5.6.7 only ASCII", FOR_GOOD, ONE),
        ("MAIL", "450 4.7.1 slow down", FOR_NOW, RUN),
        ("MAIL", "451 4.3.0 later", FOR_NOW, ONE),
        ("RCPT", "530 5.7.0 log in", ACCOUNT, ONE),
        ("RCPT", "450 4.7.1 greylisted", FOR_NOW, ONE),
        ("RCPT", "451 4.7.1 greylisted", FOR_NOW, ONE),
        ("RCPT", "452 4.2.2 full", FOR_NOW, ONE),
        ("RCPT", "452 4.7.0 too fast", FOR_NOW, RUN),
        ("RCPT", "421 4.7.0 too fast", FOR_NOW, RUN),
        ("RCPT", "421 4.3.2 closing", FOR_NOW, ONE),
        ("RCPT", "550 5.7.1 not wanted", FOR_GOOD, ONE),
        ("RCPT", "550 5.7.2 no lists", FOR_GOOD, ONE),
        ("RCPT", "550 5.7.27 your domain takes no mail", ACCOUNT, ONE),
        ("DATA", "554 5.5.1 no", FOR_GOOD, ONE),
        ("end of data", "554 5.7.1 spam", FOR_GOOD, ONE),
        ("end of data", "550 5.7.26 not authenticated", ACCOUNT, ONE),
        ("end of data", "550 5.7.515 not authenticated", ACCOUNT, ONE),
        ("end of data", "421 4.7.28 unusual rate", FOR_NOW, RUN),
        ("MAIL", "300 eh", NOT_SENT, ONE),
    ],
)
def test_what_a_refusal_means(step: Step, said: str, kind: OutcomeKind, scope: Scope) -> None:
    code, _, text = said.partition(" ")
    outcome = refusal(step, Reply(int(code), f"{text} <canary@client.test>"))
    assert (outcome.kind, outcome.scope) == (kind, scope)
    assert "canary" not in repr(outcome)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("4.7.1 Greylisted, please try again in 300 seconds", timedelta(minutes=5)),
        ("4.2.0 greylisted; retry in 5 minutes", timedelta(minutes=5)),
        ("come back in 20s", timedelta(minutes=1)),
        ("try again in 2 hours", timedelta(hours=2)),
        ("try again in 90000 seconds", timedelta(hours=4)),
        ("4.7.1 Greylisted, see http://postgrey.example/help/12.html", None),
        ("4.7.1 <person7@client.test>: 3 messages", None),
    ],
)
def test_greylisting_waits_as_long_as_it_asks_for(text: str, wait: timedelta | None) -> None:
    before = datetime.now(UTC)
    outcome = refusal("RCPT", Reply(451, text))
    assert outcome.kind is FOR_NOW
    if wait is None:
        assert outcome.not_before is None
    else:
        assert outcome.not_before is not None
        assert before + wait <= outcome.not_before <= datetime.now(UTC) + wait


def test_an_account_that_is_too_fast_waits_also_if_nobody_says_how_long() -> None:
    outcome = final_answer(Reply(421, "4.7.28 unusual rate"), "token")
    assert outcome.not_before is not None
    assert outcome.not_before > datetime.now(UTC) + ACCOUNT_WAITS - timedelta(minutes=1)


REPLIES = st.lists(
    st.tuples(
        st.integers(200, 599),
        st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126)), min_size=1),
    )
)


@given(REPLIES, st.lists(st.integers(0, 2000)))
def test_replies_are_the_same_in_any_pieces(
    replies: list[tuple[int, list[str]]], cuts: list[int]
) -> None:
    wire = "".join(
        "".join(f"{code}-{line}\r\n" for line in lines[:-1]) + f"{code} {lines[-1]}\r\n"
        for code, lines in replies
    ).encode()
    reader, read = ReplyReader(), list[tuple[int, bytes]]()
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    for start, end in itertools.pairwise(edges):
        read += reader.take(wire[start:end])
    assert read == [(code, "\n".join(lines).encode()) for code, lines in replies]
    assert not reader.has_rest


@given(st.binary())
def test_garbage_is_never_a_good_reply(wire: bytes) -> None:
    for code, _ in ReplyReader().take(wire + b"\r\n"):
        assert code == NO_REPLY or wire[:1] in b"2345" or b"\n" in wire


def test_a_reply_without_end_is_none() -> None:
    assert ReplyReader().take(b"250-" + b"x" * 70_000) == [(NO_REPLY, b"")]
    endless = b"250-x\r\n" * 20_000
    assert ReplyReader().take(endless)[-1:] == [(NO_REPLY, b"")]


def test_a_pace_leaves_room_for_so_many_in_any_span() -> None:
    relay = SmtpRelay("h", 25, "none", per_second=2, per_domain=(1, timedelta(seconds=10)))
    pace = Pace(relay)
    pace.note("a.test", 100.0)
    assert (pace.free_at("b.test"), pace.free_at("a.test")) == (0.0, 110.0)
    pace.note("b.test", 100.5)
    assert pace.free_at("c.test") == 101.0
