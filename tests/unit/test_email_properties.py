"""Any text in any field is refused by its place, or arrives as it was written and nowhere else.

The reference is Python's own parser: it reads what the composer, which doesn't use it, has written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aicmo.gateways.email_message import EmailComposer
from aicmo.plans.document import Brand
from aicmo.plans.items import CallToAction, EmailContent
from tests.unit.email_samples import (
    ANA,
    DATE,
    FEEDBACK_TOKEN,
    ONE_CLICK_BRAND,
    Page,
    assert_well_formed,
    compose,
    parse,
    refusal,
    with_body,
)

REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
ANY_CHARACTER = st.one_of(
    st.characters(),
    st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"]),
    st.sampled_from("\r\n\0\x85\u202e\ud800\udfff,;<>\"'\\()@:=?_.%{}&# é漢😀\u200d\u0301"),
)
ANY_TEXT = st.one_of(
    st.text(ANY_CHARACTER, max_size=60),
    st.sampled_from([
        "=?utf-8?q?Bcc?=", "=?utf-8?b?QmNj?=", "a" * 1200, "é" * 400, "漢" * 400, "a, b <c@evil.example>",
        "x\r\nBcc: x@evil.example", "\r\n\r\nbody", ".", "\r\n.\r\n", "%s %d %%", "a b " * 300, '"', "\\",
        "{{ contact.first_name }}", "{{", "--=_x", "From me", "-->", "<![endif]-->", " ", "",
    ]),
    st.tuples(st.text(ANY_CHARACTER, max_size=8), st.sampled_from(["\r\n", "\n", "\0", "=?", "\u2029"]))
    .map("".join),
)  # fmt: skip
HEADER_NAMES = [
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID",
    "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
]  # fmt: skip

Change = Callable[[EmailContent, Brand, str], tuple[EmailContent, Brand]]


def _sender(brand: Brand, **changes: str) -> Brand:
    assert brand.sender
    return brand.model_copy(update={"sender": brand.sender.model_copy(update=changes)})


FIELDS: dict[str, Change] = {
    "content.subject": lambda c, b, text: (c.model_copy(update={"subject": text}), b),
    "content.preheader": lambda c, b, text: (c.model_copy(update={"preheader": text}), b),
    "content.body": lambda c, b, text: (c.model_copy(update={"body": text}), b),
    "content.cta.label": lambda c, b, text: (
        c.model_copy(update={"cta": CallToAction.model_construct(label=text, url="https://a.example")}), b),
    "content.cta.url": lambda c, b, text: (
        c.model_copy(update={"cta": CallToAction.model_construct(label="Go", url=text)}), b),
    "brand.name": lambda c, b, text: (c, b.model_copy(update={"name": text})),
    "brand.postal_address": lambda c, b, text: (c, b.model_copy(update={"postal_address": text})),
    "brand.unsubscribe_url": lambda c, b, text: (c, b.model_copy(update={"unsubscribe_url": text})),
    "brand.sender.name": lambda c, b, text: (c, _sender(b, name=text)),
    "brand.sender.email": lambda c, b, text: (c, _sender(b, email=text)),
    "brand.sender.reply_to": lambda c, b, text: (c, _sender(b, reply_to=text)),
    "brand.sender.bounce_address": lambda c, b, text: (c, _sender(b, bounce_address=text)),
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), ANY_TEXT, st.sampled_from(["markdown", "html"]))
@example("content.body", "\r\n.\r\n", "markdown")
@example("brand.sender.name", "é" * 300, "html")
@example("brand.sender.name", "x\r\nBcc: x@evil.example", "html")
@example("brand.sender.name", "a\0b", "html")
def test_any_text_of_a_brand_or_an_author(place: str, text: str, markup: str) -> None:
    content, brand = FIELDS[place](with_body("hello", markup), ONE_CLICK_BRAND, text)
    problem = refusal(content, brand)
    if problem is not None:
        assert place in problem or place == "content.subject"
        assert "evil.example" not in problem or place.startswith("content.")
        return

    composed = compose(content, brand)
    assert_well_formed(composed)
    assert not [value for _, value in composed.headers if REFUSED.search(value)]
    names = parse(composed).keys()
    assert [*names] == [each for each in HEADER_NAMES if each in names]
    assert [name for name in HEADER_NAMES if name not in names] in (
        [], ["Reply-To"], ["List-Unsubscribe-Post"],
    )  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["name", "first_name", "attribute"]), ANY_TEXT)
def test_any_text_about_a_contact(field: str, text: str) -> None:
    person = {
        "name": replace(ANA, name=text),
        "first_name": replace(ANA, first_name=text),
        "attribute": replace(ANA, attributes={"city": text}),
    }[field]
    place = "contact.city" if field == "attribute" else f"contact.{field}"
    wanted = "{{ contact.name }} {{ contact.first_name }} {{ contact.city | default('-') }}"
    content = with_body(wanted.replace("'", '"'), subject="Hi {{ contact.first_name }}!")
    problem = refusal(content, ONE_CLICK_BRAND, person)
    if problem is not None:
        assert place in problem
        assert REFUSED.search(text) or not text.strip()
        return

    composed = compose(content, ONE_CLICK_BRAND, person)
    message = parse(composed)
    assert_well_formed(composed)
    assert message.keys() == HEADER_NAMES
    assert text.strip() in composed.text
    assert text.strip() in Page(composed.html).text
    assert one_spaced(message["Subject"]) == one_spaced(f"Hi {person.value('first_name')}!")
    # Python's parser leaves the spaces between encoded words in a name (RFC 2047 §6.2 drops them).
    name = "".join(message["To"].addresses[0].display_name.split())
    assert name == "".join(person.value("name").split())


@settings(max_examples=300, deadline=None)
@given(st.one_of(ANY_TEXT, ANY_TEXT.map(lambda text: f"{text}@example.com"),
                 ANY_TEXT.map(lambda text: f"ana@{text}.com")))  # fmt: skip
@example('"a b"@example.com')
@example("=?utf-8?b?QQ==?=@example.com")
@example("jörg@example.com")
@example("ana@exämple.com")
@example("ana@[127.0.0.1]")
@example("ana@localhost")
def test_any_address(address: str) -> None:
    person = replace(ANA, email=address)
    problem = refusal(with_body("x"), ONE_CLICK_BRAND, person)
    if problem is not None:
        assert "contact.email" in problem
        assert "evil.example" not in problem
        return

    composed = compose(with_body("x"), ONE_CLICK_BRAND, person)
    assert_well_formed(composed)
    assert composed.recipient.isascii()
    assert re.fullmatch(r"[^\s\"<>,;:()\[\]@]+@[a-z0-9.-]+", composed.recipient)


def test_quoted_and_foreign_local_parts_are_refused_and_domains_made_ascii() -> None:
    for address in ('"a b"@example.com', "jörg@example.com", "a@b@example.com", "ana@[127.0.0.1]"):
        assert "contact.email" in (
            refusal(with_body("x"), contact=replace(ANA, email=address)) or ""
        )
    there = compose(with_body("x"), contact=replace(ANA, email="ana@exämple.com"))
    assert there.recipient == "ana@xn--exmple-cua.com"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(ANY_CHARACTER, max_size=40), min_size=2, max_size=2), st.integers(0, 9))
def test_one_composer_tells_nobody_what_another_is_called(names: list[str], gap: int) -> None:
    first, second = (f"N{number}{name}" for number, name in enumerate(names))
    assume(not any(REFUSED.search(each) for each in (first, second)))
    content = with_body("x" * gap + "{{ contact.first_name }}\n" * 3, "markdown")
    composer = EmailComposer(content, ONE_CLICK_BRAND)
    for name in (first, second):
        email = composer.compose(replace(ANA, first_name=name), "t-1", DATE, FEEDBACK_TOKEN)
        alone = compose(content, ONE_CLICK_BRAND, replace(ANA, first_name=name))
        assert email == alone
        assert (email.text, email.html) == (alone.text, alone.html)


def one_spaced(text: str) -> str:
    return re.sub(" +", " ", text.strip())
