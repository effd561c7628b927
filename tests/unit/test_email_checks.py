"""The checks of composed emails: each finds what it is for, says where and how to mend it, and no more."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from aicmo.gateways.email_checks import Copy, check_email, check_size
from aicmo.gateways.email_findings import Check, Finding, merged
from aicmo.gateways.email_links import organisation
from aicmo.gateways.email_message import ComposedEmail, EmailComposer
from aicmo.gateways.email_shown import read_html
from aicmo.gateways.email_structure import (
    check_build,
    check_pictures,
    check_preheader,
    check_subject,
)
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.document import Sender
from aicmo.plans.items import CallToAction
from aicmo.plans.strategy import LanguageRules, Phrase
from tests.unit.email_samples import ANA, BRAND, CONTENT, DATE

REAL = BRAND.model_copy(
    update={
        "sender": Sender(name="Tarn & Ember", email="hello@tarnember.co.uk"),
        "unsubscribe_url": "https://mail.tarnember.co.uk/u/{token}",
        "website": "https://www.tarnember.co.uk/",
    }
)
PLAIN = CONTENT.model_copy(
    update={
        "subject": "The first roast of the autumn",
        "body": "It is [on the shelf](https://www.tarnember.co.uk/now) from Monday, in three roasts, "
        "and our shop in Leeds pours all of them until Sunday evening.",
        "cta": None,
    }
)
TOKEN = "a" * 26


def composed(
    content: object = PLAIN, brand: object = REAL, who: EmailRecipient = ANA
) -> ComposedEmail:
    assert isinstance(content, type(CONTENT))
    assert isinstance(brand, type(BRAND))
    return EmailComposer(content, brand).compose(who, "t-1", DATE, TOKEN)


def checks(email: ComposedEmail | None = None, **changes: object) -> dict[str, Check]:
    copy = replace(Copy(PLAIN, REAL), **changes)  # pyright: ignore[reportArgumentType]
    found = check_email(email or composed(copy.content, copy.brand), ANA, copy)
    return {check.name: check for check in found}


def findings(check: Check) -> list[tuple[str, str]]:
    assert all(each.fix for each in check.findings)
    return [(each.severity, each.place) for each in check.findings]


def with_body(body: str, **changes: object) -> object:
    return PLAIN.model_copy(update={"body": body, **changes})


def tampered(email: ComposedEmail, **changes: object) -> ComposedEmail:
    """The email with parts that the composer would never give it."""
    names = ("sender", "subject", "headers", "text", "html", "payload")
    seen = {name: getattr(email, name) for name in names}
    return cast("ComposedEmail", SimpleNamespace(**seen | changes))


def in_html(html: str) -> ComposedEmail:
    """An email whose HTML was written elsewhere: as the composer leaves it, with more in its body."""
    email = composed()
    return tampered(email, html=email.html.replace("</body>", f"{html}</body>"))


def test_a_sound_email_passes_every_check_and_says_so() -> None:
    found = checks()
    assert {name: check.verdict for name, check in found.items() if check.verdict != "ok"} == {}
    assert {"Unsubscribe link", "One-click unsubscribe", "Links", "Size"} <= found.keys()
    assert all(check.said for check in found.values())


# The way out and the sender


def test_an_email_without_a_way_out_is_an_error() -> None:
    email = composed()
    url = REAL.unsubscribe_url and REAL.unsubscribe_url.replace("{token}", TOKEN)
    assert url
    others = tuple(each for each in email.headers if each[0] != "List-Unsubscribe")
    for broken, said in (
        (tampered(email, headers=others), "no List-Unsubscribe header"),
        (tampered(email, text=email.text.replace(url, "")), "The text part has no unsubscribe"),
        (tampered(email, html=email.html.replace(url, "#")), "The HTML has no unsubscribe"),
    ):
        check = checks(broken)["Unsubscribe link"]
        assert findings(check) == [("error", "brand.unsubscribe_url")]
        assert said in check.findings[0].text


@pytest.mark.parametrize(
    "line",
    [
        b"List-Unsubscribe: =?utf-8?q?=3Chttps=3A//x?=\r\n",
        b"List-Unsubscribe:\r\n <https://mail.tarnember.co.uk/u/1>\r\n",
        b"List-Unsubscribe: <https://mail.tarnember.co.uk/" + b"u" * 998 + b">\r\n",
    ],
    ids=["encoded", "folded", "too long"],
)
def test_a_list_unsubscribe_that_mail_programs_cannot_read_is_an_error(line: bytes) -> None:
    email = composed()
    start = email.payload.index(b"List-Unsubscribe:")
    end = email.payload.index(b"\r\n", start) + 2
    broken = tampered(email, payload=email.payload[:start] + line + email.payload[end:])
    check = checks(broken)["Unsubscribe link"]
    assert findings(check) == [("error", "brand.unsubscribe_url")]
    assert "one plain line" in check.findings[0].text


def test_without_one_click_the_fix_names_the_token() -> None:
    check = checks(
        brand=REAL.model_copy(update={"unsubscribe_url": "https://tarnember.co.uk/leave"})
    )
    assert findings(check["One-click unsubscribe"]) == [("warning", "brand.unsubscribe_url")]
    assert "{token}" in check["One-click unsubscribe"].findings[0].fix


def test_the_postal_address_must_be_in_both_parts() -> None:
    email = composed()
    address = "4 Mill Row, Leeds LS1 1AA, United Kingdom"
    hidden = email.html.replace(address, f'<span style="display: none">{address}</span>')
    for broken in (
        tampered(email, text=email.text.replace("Mill Row", "")),
        tampered(email, html=hidden),
    ):
        assert findings(checks(broken)["Postal address"]) == [("error", "brand.postal_address")]


def test_another_owner_of_the_unsubscribe_page_is_a_hint() -> None:
    other = REAL.model_copy(update={"unsubscribe_url": "https://lists.agency.com/u/{token}"})
    assert findings(checks(brand=other)["Domains"]) == [("hint", "brand.unsubscribe_url")]
    assert [organisation(each) for each in ("www.ibm.de", "a.b.co.uk", "mail.x.com.au")] == [
        "ibm.de", "b.co.uk", "x.com.au",
    ]  # fmt: skip


# Links


@pytest.mark.parametrize(
    ("url", "severity"),
    [
        ("http://tarnember.co.uk/", "error"),
        ("ftp://tarnember.co.uk/", "error"),
        ("https://tarn_ember.co.uk/", "error"),
        ("https://tarnember..co.uk/", "error"),
        ("https://[::1/", "error"),
        ("https:///shop", "error"),
        ("https://tarnember.co.uk@roasts.net/", "error"),
        ("https://bit.ly/3xyz", "warning"),
        ("https://shop.example/", "warning"),
        ("https://www.example.com/", "warning"),
        ("https://localhost:8080/", "warning"),
        ("https://intranet/shop", "warning"),
        ("https://192.0.2.1/shop", "warning"),
    ],
)
def test_a_link_that_goes_nowhere_or_where_it_should_not(url: str, severity: str) -> None:
    check = checks(in_html(f'<a href="{url}">our shop</a>'))["Links"]
    assert findings(check) == [(severity, "content.body")]


@pytest.mark.parametrize(
    "url",
    ["mailto:hello@tarnember.co.uk", "tel:+441130000", "https://tarnember.co.uk/a?utm_source=x#b",
     "https://bücher.de/", "https://tarnember.co.uk:8443/"],
)  # fmt: skip
def test_a_sound_link_is_let_pass(url: str) -> None:
    found = checks(in_html(f'<a href="{url}">our shop</a>'))
    assert (found["Links"].verdict, found["Link texts"].verdict) == ("ok", "ok")


def test_a_trial_on_reserved_names_may_link_to_them() -> None:
    trial = BRAND.model_copy(update={"unsubscribe_url": "https://tarnember.example/u/{token}"})
    assert checks(brand=trial)["Links"].verdict == "ok"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://evil.com/", "www.tarnember.co.uk"),
        ("https://evil.com/", "https://tarnember.co.uk/shop"),
        ("https://evil.com/", "Shop at tarnember.com today"),
        ("https://tarnember.co.uk.evil.com/", "tarnember.co.uk"),
        ("mailto:hello@evil.com", "hello@tarnember.com"),
    ],
)
def test_a_text_that_shows_another_domain_than_it_goes_to_is_an_error(url: str, text: str) -> None:
    check = checks(in_html(f'<a href="{url}">{text}</a>'))["Link texts"]
    assert findings(check) == [("error", "content.body")]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://shop.tarnember.co.uk/", "www.tarnember.co.uk"),
        ("https://tarnember.co.uk/?utm_source=a", "tarnember.co.uk"),
        ("https://tarnember.co.uk/", "What is new in Node.js and C++"),
        ("https://tarnember.co.uk/", "Read more... and then some"),
        ("mailto:hello@tarnember.co.uk", "hello@tarnember.co.uk"),
    ],
)
def test_a_text_without_another_domain_is_let_pass(url: str, text: str) -> None:
    assert checks(in_html(f'<a href="{url}">{text}</a>'))["Link texts"].verdict == "ok"


def test_a_link_needs_a_text_or_a_picture_with_one() -> None:
    bare = checks(in_html('<a href="https://tarnember.co.uk/"><img src="x.png" alt=""></a>'))
    told = checks(in_html('<a href="https://tarnember.co.uk/"><img src="x.png" alt="Shop"></a>'))
    assert findings(bare["Link texts"]) == [("warning", "content.body")]
    assert told["Link texts"].verdict == "ok"


def test_a_finding_names_the_field_that_the_link_comes_from() -> None:
    cta = CallToAction(label="Shop", url="https://bit.ly/x")
    content = PLAIN.model_copy(update={"cta": cta})
    assert findings(checks(content=content)["Links"]) == [("warning", "content.cta.url")]


# Subject, preheader, structure


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("x" * 60, []),
        ("x" * 61, ["hint"]),
        ("x" * 78, ["hint"]),
        ("x" * 79, ["warning"]),
        ("LAST CHANCE TODAY", ["warning"]),
        ("LAST CHANCE TODAY, Anabel", ["warning"]),
        ("NASA, DHL", []),
        ("What NASA and IBM do", []),
        ("Sale! Now! Today!", ["warning"]),
        ("Sale! Now!", []),
        ("Re: your order", ["warning"]),
        ("FWD: your order", ["warning"]),
        ("Re[2]: your order", ["warning"]),
        ("Ready for autumn: three roasts", []),
        ("Real coffee", []),
    ],
)
def test_subjects(subject: str, expected: list[str]) -> None:
    assert findings(check_subject(subject)) == [(each, "content.subject") for each in expected]


def test_preheaders() -> None:
    assert check_preheader("", "Autumn").verdict == "hint"
    assert check_preheader("AUTUMN", "Autumn").verdict == "warning"
    assert check_preheader("Three roasts", "Autumn").verdict == "ok"


def test_pictures_need_words_and_alternative_texts() -> None:
    shown = read_html('<p>Hi</p><img src="https://x.de/a/roast.png?1"><img src="b.png" alt="">')
    check = check_pictures(shown, own_words=100)
    assert findings(check) == [("warning", "content.body")]
    assert "roast.png" in check.findings[0].text
    alone = check_pictures(read_html('<img src="a.png" alt="The sale">'), own_words=3)
    assert "only 3 words" in alone.findings[0].text
    many = read_html('<img src="a.png" alt="One">' * 11)
    assert "11 pictures" in check_pictures(many, own_words=100).findings[0].text
    assert check_pictures(read_html("<p>Hi</p>"), own_words=3).verdict == "ok"


def test_an_email_of_pictures_is_told_by_the_words_before_its_footer() -> None:
    content = with_body("Sale")
    assert isinstance(content, type(CONTENT))
    email = composed(content)
    pictured = tampered(email, html=email.html.replace("Sale", '<img src="x.png" alt="Sale">', 1))
    assert checks(pictured, content=content)["Pictures"].verdict == "warning"


@pytest.mark.parametrize(
    "html",
    [
        '<p style="display:none">cheap watches</p>',
        '<p style="font-size: 0px;">cheap watches</p>',
        '<p style="color:#fff;background-color:#FFF">cheap watches</p>',
        '<div style="visibility: hidden"><b>cheap watches</b></div>',
        "<p hidden>cheap watches</p>",
    ],
)
def test_text_that_no_reader_sees_is_found(html: str) -> None:
    check = checks(in_html(html))["Structure"]
    assert findings(check) == [("warning", "content.body")]
    assert "cheap watches" in check.findings[0].text


def test_the_text_part_must_say_what_the_html_says() -> None:
    shown = read_html(f"<p>{'word ' * 100}</p>")
    assert check_build("word " * 50, shown, "").verdict == "ok"
    assert check_build("word " * 49, shown, "").verdict == "warning"
    assert check_build("", shown, "").verdict == "error"
    shouted = check_build("Buy now! ! !", read_html("<p>Buy now! ! !</p>"), "")
    assert findings(shouted) == [("warning", "content.body")]


def test_a_message_that_gmail_clips_is_a_warning() -> None:
    assert check_size(100_000).verdict == "ok"
    assert check_size(100_001).verdict == "warning"


# Words


def test_ruled_out_words_are_found_as_whole_words_in_what_is_composed() -> None:
    rules = LanguageRules(must_not_mention=("stock", "oast", "UTUMN", "Leed"))
    content = PLAIN.model_copy(
        update={"preheader": "Out of Stock", "body": "Roasting since Monday, in Leedsworth."}
    )
    found = checks(content=content, rules=rules)["Words ruled out"]
    assert findings(found) == [("error", "content.preheader")]
    assert found.findings[0].words == "Out of Stock"
    by_value = PLAIN.model_copy(update={"subject": "{{ contact.last_order }} again"})
    rules = LanguageRules(must_not_mention=("huila  250",))
    found = checks(content=by_value, rules=rules)["Words ruled out"]
    assert findings(found) == [("error", "content.subject")]
    spread = PLAIN.model_copy(update={"body": "From our\nclearance\nsale."})
    rules = LanguageRules(must_not_mention=("clearance sale",))
    assert checks(content=spread, rules=rules)["Words ruled out"].verdict == "error"


def test_what_a_person_is_called_is_nobodys_copy() -> None:
    greeting = PLAIN.model_copy(update={"subject": "Dear {{ contact.first_name }}"})
    rules = LanguageRules(must_not_mention=("Ana",))
    assert checks(content=greeting, rules=rules)["Words ruled out"].verdict == "ok"
    written = PLAIN.model_copy(update={"subject": "An analysis"})
    found = checks(content=written, rules=LanguageRules(must_not_mention=("analysis",)))
    assert found["Words ruled out"].verdict == "error"


def test_other_clients_are_found_by_name_and_domain_in_text_and_links() -> None:
    others = {"Aurelio Motor House": "Aurelio", "aurelio.de": "Aurelio", "Ember": "Ember"}
    content = with_body("See [this](https://www.aurelio.de/x). Remember the embers.")
    found = checks(content=content, other_clients=others)["Other clients"]
    assert [each.text for each in found.findings] == [
        "Names another client, Aurelio",
        "Names another client, Ember",
    ]
    # It is in this brand's own name; execution leaves such names out.
    named = with_body("As aurelio  motor house says, drive well.")
    found = checks(content=named, other_clients={"Aurelio Motor House": "Aurelio"})
    assert findings(found["Other clients"]) == [("error", "content.body")]
    assert "may_mention" in found["Other clients"].findings[0].fix


def test_what_the_client_wants_said_is_a_hint_and_leftovers_a_warning() -> None:
    rules = LanguageRules(must_mention=(Phrase(phrase="roasts"), Phrase(phrase="subscription")))
    found = checks(rules=rules)["Words asked for"]
    assert found.verdict == "hint"
    assert "“subscription”" in found.findings[0].text
    assert "“roasts”" not in found.findings[0].text
    content = PLAIN.model_copy(update={"subject": "Roast of TBD"})
    assert findings(checks(content=content)["Leftovers"]) == [("warning", "content.subject")]


# Verdicts


def test_the_worst_finding_is_the_verdict() -> None:
    hint, warning, error = (
        Finding(severity, "x", severity, "fix") for severity in ("hint", "warning", "error")
    )
    assert Check("One", "said").verdict == "ok"
    assert Check("One", "said", (hint, warning)).verdict == "warning"
    assert Check("One", "said", (hint, error, warning)).verdict == "error"
    both = merged([[Check("One", "said", (hint,))], [Check("One", "other", (hint, error))]])
    assert both == (Check("One", "said", (hint, error)),)
