"""Leaving with one click (RFC 8058), and bounces that name their delivery (VERP)."""

from __future__ import annotations

import pytest

from aicmo.errors import FixInput
from aicmo.gateways.email_message import EmailComposer, has_feedback_tokens
from aicmo.plans.document import Brand, Sender
from tests.unit.email_samples import (
    ANA,
    BRAND,
    CONTENT,
    DATE,
    FEEDBACK_TOKEN,
    ONE_CLICK_BRAND,
    Page,
    compose,
    contents,
    parse,
)

OWN_LINK = f"https://mail.tarnember.example/u/{FEEDBACK_TOKEN}"


def with_bounces(address: str) -> Brand:
    sender = Sender(name="T", email="hello@tarnember.example", bounce_address=address)
    return BRAND.model_copy(update={"sender": sender})


def test_each_message_carries_its_own_way_out() -> None:
    composed = compose(brand=ONE_CLICK_BRAND)
    message = parse(composed)

    assert message["List-Unsubscribe"] == f"<{OWN_LINK}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"\r\nList-Unsubscribe: <{OWN_LINK}>\r\n".encode() in composed.payload
    assert Page(composed.html).links[-1] == OWN_LINK
    assert composed.text.endswith(f"Unsubscribe: {OWN_LINK}\n")
    assert contents(message) == [composed.text, composed.html]
    assert ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") in composed.headers


def test_a_plain_page_promises_no_one_click() -> None:
    message = parse(compose())

    assert message["List-Unsubscribe"] == "<https://tarnember.example/leave>"
    assert "List-Unsubscribe-Post" not in message


def test_two_recipients_never_share_a_token() -> None:
    composer = EmailComposer(CONTENT, ONE_CLICK_BRAND)
    composer.compose(ANA, "t-1", DATE, FEEDBACK_TOKEN)
    other = composer.compose(ANA, "t-2", DATE, FEEDBACK_TOKEN[::-1])

    assert FEEDBACK_TOKEN not in other.payload.decode() + other.text + other.html + other.sender


def test_bounces_come_back_to_an_address_of_their_own() -> None:
    composed = compose(brand=ONE_CLICK_BRAND)

    assert composed.sender == f"bounces+{FEEDBACK_TOKEN}@tarnember.example"
    assert "bounces" not in composed.payload.decode()
    assert parse(composed)["Message-ID"] == "<t-1@tarnember.example>"


def test_a_bounce_domain_in_other_letters_is_written_in_ascii() -> None:
    composed = compose(brand=with_bounces("b@exämple.com"))

    assert composed.sender == f"b+{FEEDBACK_TOKEN}@xn--exmple-cua.com"


@pytest.mark.parametrize("address", ["bounces", "b@x.example, c@x.example", "jörg@x.example", "b" * 38 + "@x.example"])  # fmt: skip
def test_a_bounce_address_that_cannot_carry_a_token_is_refused(address: str) -> None:
    with pytest.raises(FixInput, match=r"brand\.sender\.bounce_address"):
        compose(brand=with_bounces(address))


@pytest.mark.parametrize("length", [74, 75, 76, 90])
def test_the_url_is_short_enough_with_its_token_or_refused(length: int) -> None:
    url = "https://tarnember.example/".ljust(length - 26, "a") + "{token}"
    brand = BRAND.model_copy(update={"unsubscribe_url": url})

    if length > 75:
        with pytest.raises(FixInput, match=r"brand\.unsubscribe_url"):
            compose(brand=brand)
    else:
        written = url.replace("{token}", FEEDBACK_TOKEN)
        assert f"\r\nList-Unsubscribe: <{written}>\r\n".encode() in compose(brand=brand).payload


@pytest.mark.parametrize(
    "url",
    [
        "https://{token}.tarnember.example/",
        "https://tarnember.example/{token}/{token}",
        "https://tarnember.example/{tokn}",
        "https://tarnember.example/{token}>, <https://evil.example",
        "https://tarnember.example/ü/{token}",
        "https://tarnember.example/\u202e{token}",
        "http://tarnember.example/{token}",
    ],
)
def test_an_unsubscribe_url_that_would_not_work_is_refused(url: str) -> None:
    with pytest.raises(FixInput, match=r"brand\.unsubscribe_url"):
        compose(brand=BRAND.model_copy(update={"unsubscribe_url": url}))


@pytest.mark.parametrize("token", ["", "short", "x" * 27, "x" * 25 + "\n", "x" * 25 + "@"])
@pytest.mark.parametrize("brand", [ONE_CLICK_BRAND, with_bounces("b@x.example")])
def test_a_message_that_needs_a_token_is_never_made_without(brand: Brand, token: str) -> None:
    assert has_feedback_tokens(brand)
    with pytest.raises(FixInput, match="feedback token"):
        EmailComposer(CONTENT, brand).compose(ANA, "t-1", DATE, token)


def test_a_percent_sign_in_the_url_stays_one() -> None:
    url = "https://tarnember.example/%73/{token}"
    composed = compose(brand=BRAND.model_copy(update={"unsubscribe_url": url}))

    expected = f"https://tarnember.example/%73/{FEEDBACK_TOKEN}"
    assert parse(composed)["List-Unsubscribe"] == f"<{expected}>"
    assert Page(composed.html).links[-1] == expected
