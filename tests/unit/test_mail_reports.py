"""Shows that reports are read as they are meant, and that anything else is no report."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo.gateways.mail_reports import LONGEST_MESSAGE, Kind, read_reports
from tests.unit.mail_reports import bounce, complaint

TOKEN = "abcdefghijklmnopqrstuvwx27"
MINE = f"bounces+{TOKEN}@northside.example.com"


def test_a_bounce_is_read() -> None:
    (report,) = read_reports(bounce(MINE, message_id="0123abc@northside.example.com"))

    assert report.kind is Kind.BOUNCED
    assert report.status == "5.1.1"
    assert report.detail == "550 5.1.1 <(address)>: Recipient address rejected: no such user"
    assert report.tokens == (TOKEN,)
    assert report.message_ids == ("0123abc",)
    assert report.recipients == ("person1@example.com",)
    assert report.written_at == datetime(2026, 3, 10, 15, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.7.1", Kind.BOUNCED),
        ("Failed", "4.4.7", Kind.BOUNCED),
        ("delayed", "4.2.2", Kind.DELAYED),
        ("delivered", "2.1.5", Kind.DELIVERED),
        ("relayed (to a system that can't tell)", "2.1.9", Kind.DELIVERED),
        ("expanded", "2.1.5", Kind.DELIVERED),
    ],
)
def test_what_is_reported_is_the_action(action: str, status: str, kind: Kind) -> None:
    (report,) = read_reports(bounce(MINE, action=action, status=status))

    assert (report.kind, report.status) == (kind, status)


@pytest.mark.parametrize(
    "name", ["To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"]
)
def test_the_token_stands_wherever_the_mailbox_notes_the_address(name: str) -> None:
    message = bounce().replace(b"Return-Path: <>", f"{name}: <{MINE.upper()}>".encode())

    assert read_reports(message)[0].tokens == (TOKEN,)


@pytest.mark.parametrize(
    "line",
    [
        f"Return-Path: <{MINE}>\n",
        f"List-Unsubscribe: <https://mail.northside.example.com/u/{TOKEN}>\n",
    ],
)
def test_the_token_stands_in_what_is_returned(line: str) -> None:
    assert read_reports(bounce(returned=line))[0].tokens == (TOKEN,)


def test_the_subject_and_the_prose_say_nothing() -> None:
    message = (
        bounce().replace(b"Undelivered Mail", MINE.encode()).replace(b"I'm sorry", MINE.encode())
    )

    assert read_reports(message)[0].tokens == ()


def test_the_envelope_id_and_the_original_recipient_are_read() -> None:
    fields = "Original-Recipient: rfc822;Person1@Example.COM\n"
    message = bounce(recipient="forwarded@elsewhere.example", envelope_id="plan43", fields=fields)

    (report,) = read_reports(message)

    assert report.message_ids == ("plan43", "unrelated")
    assert report.recipients == ("forwarded@elsewhere.example", "person1@example.com")


def test_each_recipient_has_a_report_of_its_own() -> None:
    second = "\nFinal-Recipient: rfc822; b@example.com\nAction: delivered\nStatus: 2.0.0\n"

    reports = read_reports(bounce(MINE, fields=second))

    assert [(each.kind, each.recipients[0]) for each in reports] == [
        (Kind.BOUNCED, "person1@example.com"),
        (Kind.DELIVERED, "b@example.com"),
    ]


def test_bare_line_feeds_encoded_parts_and_a_wrapping_mailing_list_do() -> None:
    message = bounce(MINE)
    status = message.partition(b"message/delivery-status\r\n\r\n")[2].partition(b"\r\n--F068")[0]
    encoded = b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(status)
    packed = message.replace(b"\r\n\r\n" + status, encoded)
    wrapped = (
        b"To: " + MINE.encode() + b'\r\nContent-Type: multipart/mixed; boundary="w"\r\n\r\n'
        b"--w\r\n" + message + b"\r\n--w\r\nContent-Type: text/plain\r\n\r\n-- list\r\n--w--\r\n"
    )

    for each in (message.replace(b"\r\n", b"\n"), packed, wrapped):
        (report,) = read_reports(each)
        assert (report.kind, report.status, report.tokens) == (Kind.BOUNCED, "5.1.1", (TOKEN,))


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "other"])
def test_a_complaint_is_read(kind: str) -> None:
    (report,) = read_reports(complaint(kind=kind, mail_from=MINE, recipient="Person1@example.com"))

    assert (report.kind, report.status, report.detail) == (Kind.COMPLAINED, "", kind.lower())
    assert report.tokens == (TOKEN,)
    assert report.recipients == ("person1@example.com",)
    assert report.message_ids == ("unrelated",)


def nested(depth: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each)
        for each in range(depth)
    )
    return head + bounce(MINE)


def plain(message: bytes) -> bytes:
    return message.replace(b"multipart/report", b"multipart/alternative", 1)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\r\n\r\n",
        b"To: " + MINE.encode() + b"\r\nAuto-Submitted: auto-replied\r\n\r\nI'm on holiday.\r\n",
        b"To: " + MINE.encode() + b"\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n",
        complaint(kind="not-spam", mail_from=MINE),
        nested(3),
        plain(bounce(MINE)),
        bounce(MINE, action="rejected"),
        bounce(MINE, action=""),
        bounce(MINE).replace(b"report-type=", b'x="' + b";" * 2000 + b'"; report-type=', 1),
        b'Content-Type: multipart/report; boundary="x"\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n'
        + bounce(MINE).replace(b"F068F272526", b"Q") + b"\r\n--x--\r\n",
    ],
    ids=["empty", "blank", "holiday", "no multipart", "not spam", "buried", "alternative", "unknown action",
         "no action", "parameters without end", "a report that somebody forwards"],
)  # fmt: skip
def test_anything_else_is_no_report(message: bytes) -> None:
    assert read_reports(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        nested(5000),
        b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
        b"X: " + b"\r\n \r\n" * 200_000,
        b"Content-Type: multipart/report" + b"; x=y" * 100_000 + b"\r\n\r\n",
        b'Content-Type: multipart/report; x="' + b";" * 60_000 + b"\r\n\r\n",
        b"Content-Type: multipart/report; boundary*" + b"9" * 5000 + b"=b\r\n\r\n--b\r\n",
        b"\n" * (3 * LONGEST_MESSAGE),
        bounce(MINE, fields="\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n" * 50_000),
        bounce("a" * 1_000_000),
    ],
    ids=[
        "deep",
        "parts",
        "folded",
        "parameters",
        "quoted",
        "number",
        "blank",
        "recipients",
        "long",
    ],
)
def test_what_is_meant_to_exhaust_us_is_read_in_bounds(message: bytes) -> None:
    assert len(read_reports(message)) <= 20


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000), st.integers(0, 1500), st.integers(0, 400))
def test_no_bytes_are_an_error(noise: bytes, start: int, length: int) -> None:
    whole = bounce(MINE)

    read_reports(noise)
    for report in read_reports(whole[:start] + noise + whole[start + length :]):
        assert report.detail.isascii()
        assert len(report.detail) <= 200


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: ",
                b"multipart/report",
                b"; boundary=",
                b'"b"',
                b"b",
                b"\r\n",
                b"\n",
                b"--b",
                b"--b--",
                b"message/delivery-status",
                b"message/rfc822",
                b"message/feedback-report",
                b" ",
                b"Action: failed",
                b"Status: 5.1.1",
                b"Final-Recipient: rfc822; ",
                b"a@b.example",
                b"Feedback-Type: abuse",
                b"=?utf-8?b?",
                b"?=",
                b"\xff",
                b"\x00",
                b"Date: ",
                b"Message-ID: <a@b>",
                b"boundary*0*=utf-8''%FF",
                b"Content-Transfer-Encoding: base64",
            ]
        ),
        max_size=60,
    )
)
def test_no_order_of_its_pieces_is_an_error(pieces: list[bytes]) -> None:  # fmt: skip
    for report in read_reports(b"".join(pieces)):
        assert report.tokens == ()
