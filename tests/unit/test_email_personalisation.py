"""Shows that what a contact is called, and what an author writes, can't become anything but text."""

from __future__ import annotations

import re

import pytest

from aicmo.errors import FixInput
from aicmo.gateways.personalisation import EmailRecipient, fill
from tests.unit.email_samples import ANA, CONTENT, Page, compose, contents, parse


@pytest.mark.parametrize(
    "value",
    [
        "**bold**",
        "[x](javascript:alert(1))",
        "<script>alert(1)</script>",
        "# heading",
        '" onmouseover="x',
        "&lt;b&gt;",
        "{{ contact.email }}",
        "{% raw %}",
    ],
)
def test_what_a_contact_is_called_stays_text(value: str) -> None:
    contact = EmailRecipient(
        email="ana@example.com", first_name=value, attributes={"last_order": value}
    )
    _, plain = contents(parse(compose()))
    text, html = contents(parse(compose(contact=contact)))

    assert Page(html).tags == Page(plain).tags
    assert Page(html).links == Page(plain).links
    assert f"Thank you, {value}" in Page(html).text
    assert f"Thank you, {value}" in text


def test_html_in_markdown_is_shown_not_obeyed() -> None:
    content = CONTENT.model_copy(update={"body": "<script>alert(1)</script> <b>x</b>"})
    page = Page(compose(content).html)

    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[x](javascript:alert(1))", "neither https:// nor mailto:"),
        ("[x](http://tarnember.example)", "neither https:// nor mailto:"),
        ("[x](JaVaScRiPt:alert(1))", "neither https:// nor mailto:"),
        ("[x](//evil.example)", "neither https:// nor mailto:"),
        ("<data:text/html,x>", "neither https:// nor mailto:"),
        ("[x][1]\n\n[1]: vbscript:x", "neither https:// nor mailto:"),
        ("![p](http://tarnember.example/p.png)", "A picture in content.body is at"),
        ("[x](https://tarnember.example/?e={{contact.email}})", "placeholder in its address"),
        ("a\n{{ 7*7 }}", "line 2: '{{ 7*7 }}'"),
        ("{% if x %}", "isn't a placeholder"),
        ("{{ contact.__class__ }}", "isn't a placeholder"),
        ("{{ contact.name.upper() }}", "isn't a placeholder"),
        ("{{ brand.name }}", "isn't a placeholder"),
        ("a\x00b", "U+0000"),
        ("a\ud800b", "U+D800"),
    ],
)
def test_a_body_that_cannot_be_sent_is_refused_with_its_place(body: str, reason: str) -> None:
    content = CONTENT.model_copy(update={"body": body})

    with pytest.raises(FixInput, match=re.escape(reason)) as refused:
        compose(content)

    assert "content.body" in str(refused.value)


@pytest.mark.parametrize("field", ["subject", "preheader", "body"])
def test_a_missing_value_names_the_contacts_field(field: str) -> None:
    content = CONTENT.model_copy(update={field: "Dear {{ contact.company }}"})

    with pytest.raises(FixInput, match=f"content.{field} needs contact.company") as refused:
        compose(content)

    assert "company" in refused.value.next_step


def test_fill_speaks_the_placeholder_language() -> None:
    text = 'Dear {{contact.first_name}} of {{ contact.city | default("your town") }}'

    assert fill(text, ANA) == "Dear Ana of your town"
