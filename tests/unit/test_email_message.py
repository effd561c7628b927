"""Shows that an email is exactly what was written for its reader, and never more than that."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from aicmo.errors import FixInput
from aicmo.gateways.email_message import EmailComposer
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.document import Colours, Sender
from tests.unit.email_samples import (
    ANA,
    BRAND,
    CONTENT,
    DATE,
    HEADERS,
    Page,
    assert_well_formed,
    compose,
    contents,
    parse,
    with_body,
)


def test_the_message_says_who_writes_to_whom() -> None:
    composed = compose()
    message = parse(composed)

    assert message["From"] == "Tarn & Ember <hello@tarnember.example>"
    assert message["To"] == "Ana Ruiz <ana@example.com>"
    assert message["Reply-To"] == "post@tarnember.example"
    assert message["Subject"] == "A gift for you, Ana" == composed.subject
    assert message["Message-ID"] == "<t-1@tarnember.example>" == composed.message_id
    assert message["Date"] == "Tue, 03 Mar 2026 07:30:00 +0000"
    assert message["List-Unsubscribe"] == "<https://tarnember.example/leave>"
    assert (composed.sender, composed.recipient) == ("hello@tarnember.example", "ana@example.com")
    assert [name for name, _ in composed.headers] == HEADERS[:-1]
    assert message.keys() == HEADERS


def test_the_text_part_comes_first_and_reads_well() -> None:
    composed = compose()
    message = parse(composed)
    kinds = [part.get_content_type() for part in message.walk()]

    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert contents(message) == [composed.text, composed.html]
    assert composed.text.replace("-- \n", "--\n") == (
        """\
Thank you, Ana
====================

You bought Huila 250 g from us. Here is what we roast now (https://tarnember.example/now).

- Washed, from Huila
- Natural, from Guji

1. Choose
2. Grind

> Best within six weeks.

See the roasts:
https://tarnember.example/shop?a=1&b=2

--
Tarn & Ember
4 Mill Row, Leeds LS1 1AA, United Kingdom
You receive this email because you agreed to hear from Tarn & Ember.
Unsubscribe: https://tarnember.example/leave
"""
    )


def test_the_page_has_the_same_words_links_and_brand() -> None:
    composed = compose()
    page = Page(composed.html)

    assert page.links == [
        "https://tarnember.example/now",
        "https://tarnember.example/shop?a=1&b=2",
        "https://tarnember.example/leave",
    ]
    for words in (
        "Thank you, Ana",
        "Huila 250 g",
        "Tarn & Ember",
        "4 Mill Row",
        "Ten per cent off",
    ):
        assert words in page.text
    assert "#1f3d36" in composed.html
    assert "#e07a3f" in composed.html
    assert "{{" not in composed.html


@pytest.mark.parametrize(
    ("primary", "text"), [("#1f3d36", "#ffffff"), ("#ffe14d", "#101828"), ("#ffffff", "#101828")]
)
def test_the_button_can_be_read_on_any_brand_colour(primary: str, text: str) -> None:
    brand = BRAND.model_copy(update={"colours": Colours(primary=primary, accent="#e07a3f")})

    button = compose(brand=brand).html.split('<a href="https://tarnember.example/shop')[1]

    assert f"color:{text};" in button.split(">")[0]


def test_an_address_that_starts_with_the_name_says_it_once() -> None:
    address = "Tarn & Ember, 4 Mill Row, Leeds"
    composed = compose(with_body("x"), BRAND.model_copy(update={"postal_address": address}))

    assert f"-- \n{address}\nYou receive" in composed.text
    assert composed.html.count("Tarn &amp; Ember, 4 Mill Row, Leeds<br>") == 1
    assert composed.html.count("Tarn &amp; Ember") == 3  # the band, the address, the reason


@pytest.mark.parametrize("missing", ["sender", "postal_address", "unsubscribe_url"])
def test_a_brand_without_what_every_email_carries_is_refused(missing: str) -> None:
    with pytest.raises(FixInput, match=f"brand.{missing} is missing"):
        compose(brand=BRAND.model_copy(update={missing: None}))


@pytest.mark.parametrize("length", [70, 75, 76, 80])
def test_the_unsubscribe_url_is_whole_or_refused(length: int) -> None:
    url = "https://tarnember.example/".ljust(length, "a")
    brand = BRAND.model_copy(update={"unsubscribe_url": url})

    if length > 75:
        with pytest.raises(FixInput, match=r"brand\.unsubscribe_url"):
            compose(brand=brand)
    else:
        assert f"List-Unsubscribe: <{url}>\r\n".encode() in compose(brand=brand).payload


@pytest.mark.parametrize(
    "injected", ["\r\nBcc: x@evil.example", "\n", "\x00", "\x85", "\u2028", "\u202e"]
)
@pytest.mark.parametrize("field", ["name", "first_name", "subject", "sender"])
def test_a_control_character_in_a_header_is_refused(field: str, injected: str) -> None:
    text = f"x{injected}y"
    content = CONTENT.model_copy(update={"subject": text} if field == "subject" else {})
    sender = Sender.model_construct(name=text, email="hello@tarnember.example", reply_to=None)
    brand = BRAND.model_copy(update={"sender": sender} if field == "sender" else {})
    contact = EmailRecipient(
        "ana@example.com",
        name=text if field == "name" else None,
        first_name=text if field == "first_name" else None,
    )

    with pytest.raises(FixInput, match=r"U\+"):
        compose(content, brand, contact)


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com\r\nBcc: x@evil.example",
        "ana@example.com, x@evil.example",
        "Ana <ana@example.com>",
        "jörg@example.com",
        "ana",
        "",
        "a" * 65 + "@example.com",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(FixInput, match=r"contact\.email"):
        compose(contact=EmailRecipient(address, first_name="Ana"))


def test_a_domain_in_other_letters_is_written_in_ascii() -> None:
    composed = compose(contact=EmailRecipient("ana@exämple.com"))

    assert composed.recipient == "ana@xn--exmple-cua.com"
    assert parse(composed)["To"].addresses[0].addr_spec == "ana@xn--exmple-cua.com"


@pytest.mark.parametrize(
    "text",
    ["=?utf-8?q?Bcc?=", "w" * 1500, "a, <x@evil.example> " * 60 + "b", 'O"Neil\\, Ltd.'],
    ids=["looks encoded", "one long word", "long and full of specials", "quotes"],
)
def test_an_awkward_name_or_subject_arrives_as_it_was_written(text: str) -> None:
    contact = EmailRecipient("ana@example.com", name=text, first_name=text)
    content = CONTENT.model_copy(update={"subject": "{{ contact.first_name }}"})

    composed = compose(content, contact=contact)
    message = parse(composed)

    assert_well_formed(composed)
    assert message["Subject"] == text
    # Python's parser leaves the spaces between encoded words in a name (RFC 2047 §6.2 drops them).
    assert "".join(message["To"].addresses[0].display_name.split()) == "".join(text.split())


def test_a_trial_may_write_to_the_reserved_test_domain() -> None:
    assert compose(contact=EmailRecipient("ana@client.test")).recipient == "ana@client.test"


def test_the_same_input_gives_the_same_bytes_in_any_time_zone() -> None:
    elsewhere = DATE.astimezone(timezone(timedelta(hours=5)))
    composer = EmailComposer(CONTENT, BRAND)

    assert composer.compose(ANA, "t-1", elsewhere).payload == compose().payload
    assert composer.compose(ANA, "t-2", DATE).payload != compose().payload


def test_one_composer_serves_many_recipients_apart() -> None:
    composer = EmailComposer(CONTENT, BRAND)
    first = composer.compose(ANA, "t-1", DATE)
    other = composer.compose(EmailRecipient("bo@example.com", first_name="Bo"), "t-2", DATE)

    assert "Ana" not in other.payload.decode()
    assert composer.compose(ANA, "t-1", DATE) == first


def test_an_extra_header_is_read_and_written_once() -> None:
    composer = EmailComposer(CONTENT, BRAND, extra_headers={"X-AICMO-Test": "100 % yes"})
    composed = composer.compose(ANA, "t-1", DATE)

    assert_well_formed(composed)
    assert parse(composed)["X-AICMO-Test"] == "100 % yes" == dict(composed.headers)["X-AICMO-Test"]


def test_a_percent_sign_anywhere_stays_one() -> None:
    sender = Sender(name="100 %s", email="a%s@tarnember.example")
    content = with_body("10 % off, %s, %(x)s {{ contact.first_name }}", "markdown", subject="5 %d")
    composed = compose(content, BRAND.model_copy(update={"sender": sender}))

    assert_well_formed(composed)
    assert composed.text.startswith("10 % off, %s, %(x)s Ana\n")
    assert parse(composed)["From"] == "100 %s <a%s@tarnember.example>"


@pytest.mark.parametrize(
    ("token", "date"), [("a b", DATE), ("", DATE), ("a@b", DATE), ("t", DATE.replace(tzinfo=None))]
)
def test_a_token_or_date_that_would_break_a_header_is_refused(token: str, date: datetime) -> None:
    with pytest.raises(FixInput):
        EmailComposer(CONTENT, BRAND).compose(ANA, token, date)
