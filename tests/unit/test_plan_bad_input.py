"""What no email may carry is refused when a document is read, at its place and with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.plan_documents import contact, email_item, plain_document, problems_of

LINE_BREAK, CONTROL, DIRECTION, HALF = (
    "contains a line break", "contains the control character U+0000",
    "contains the text direction control U+202E", "holds characters that can't be written in UTF-8",
)  # fmt: skip
BAD = {
    "a\r\nBcc: x@evil.example": LINE_BREAK,
    "a\u0085Bcc: x@evil.example": LINE_BREAK,
    "a\u2028b": LINE_BREAK,
    "a\0b": CONTROL,
    "a\u202eb": DIRECTION,
    "a\ud800b": HALF,
}
MUCH = "x" * 10_000_000
HUGE = {
    "items[0].content.subject": "is longer than 500 characters",
    "items[0].content.body": "is longer than 100000 characters",
    "brand.sender.name": "is longer than 500 characters",
    "contacts[0].first_name": "is longer than 500 characters",
    "contacts[0].attributes.city": "is longer than 500 characters",
}
LINES = [place for place in HUGE if place != "items[0].content.body"]


def with_text(place: str, text: str) -> dict[str, Any]:
    """A document without any problem, but for this text at this place."""
    document = plain_document(items=[email_item("e1")])
    document["contacts"][0]["attributes"] = {}
    part: Any = document
    *way, last = place.replace("[0]", ".0").split(".")
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    part[last] = text
    return document


@pytest.mark.parametrize("place", LINES)
@pytest.mark.parametrize("text", BAD)
def test_no_line_takes_what_would_leave_it(tmp_path: Path, place: str, text: str) -> None:
    assert problems_of(tmp_path, with_text(place, text))[place] == BAD[text]


@pytest.mark.parametrize(("text", "reason"), [("a\0b", CONTROL), ("a\ud800b", HALF)])
def test_a_body_takes_lines_but_no_controls(tmp_path: Path, text: str, reason: str) -> None:
    place = "items[0].content.body"
    assert problems_of(tmp_path, with_text(place, text))[place] == reason
    assert problems_of(tmp_path, with_text(place, "one\r\n\r\ntwo")) == {}


@pytest.mark.parametrize("place", HUGE)
def test_ten_megabytes_are_refused(tmp_path: Path, place: str) -> None:
    assert problems_of(tmp_path, with_text(place, MUCH))[place] == HUGE[place]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ('"a b"@example.com', "Quoting"),
        ("jörg@example.com", "Internationalized characters before"),
        ("\uff41nn@example.com", "Internationalized characters before"),
        ("an\u200bn@example.com", "ZERO WIDTH SPACE"),
        ("a" * 65 + "@example.com", "too long before the @-sign"),
        ("ann@[127.0.0.1]", "bracketed IP address"),
        ("ann@localhost", "should have a period"),
        ("ann@example.com, bob@example.com", "invalid characters"),
        ("ann@example.com\r\nBcc: x@evil.example", LINE_BREAK),
    ],
)
def test_an_address_that_no_relay_takes_is_refused(
    tmp_path: Path, address: str, reason: str
) -> None:
    document = plain_document(contacts=[{**contact("ann"), "email": address}, contact("bob")])
    assert reason in problems_of(tmp_path, document)["contacts[0].email"]


def test_a_domain_in_other_letters_is_taken(tmp_path: Path) -> None:
    people = [{**contact("ann"), "email": "ann@exämple.com"}, contact("bob")]
    assert problems_of(tmp_path, plain_document(contacts=people)) == {}
    ascii_twin = {**contact("cat"), "email": "Ann@XN--exmple-cua.com"}
    twice = problems_of(tmp_path, plain_document(contacts=[*people, ascii_twin]))
    assert twice == {
        "contacts[2].email": "contacts ann (contacts[0]) and cat have the same mailbox; "
        "each email goes there once"
    }
