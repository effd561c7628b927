"""The page in a brand: readable in any colour by day and by night, and made for mail programs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo.gateways.email_look import Look
from aicmo.plans.colours import MARK, TEXT, contrast
from aicmo.plans.document import Brand
from aicmo.plans.document import Colours as BrandColours
from tests.unit.email_samples import BRAND, Page, compose, with_body

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def in_colour(primary: str) -> Brand:
    colours = BrandColours(primary=primary, accent="#e07a3f")
    return BRAND.model_copy(update={"colours": colours})


@settings(max_examples=200, deadline=None)
@given(COLOUR)
def test_every_text_can_be_read_in_any_brand_colour(primary: str) -> None:
    look = Look(in_colour(primary), "en")

    assert contrast(look.on_primary, primary) >= TEXT
    for colours in (look.light, look.dark):
        assert contrast(colours.link, colours.card) >= TEXT
        assert contrast(colours.ink, colours.card) >= TEXT
        assert contrast(colours.muted, colours.card) >= TEXT
        assert contrast(colours.on_button, colours.button) >= TEXT
        assert contrast(colours.edge, colours.card) >= MARK
    assert look.light.button == primary


def test_the_page_of_a_pale_brand_shows_the_colours_that_can_be_read() -> None:
    look = Look(in_colour("#ffe14d"), "en")
    html = compose(brand=in_colour("#ffe14d")).html
    night = html.split("@media (prefers-color-scheme: dark)")[1].split("</style>")[0]

    assert look.light.link != "#ffe14d"
    assert f"color:{look.light.link};" in html
    assert f".body a {{ color: {look.dark.link} !important; }}" in night
    assert f".card {{ background-color: {look.dark.card} !important; }}" in night
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.parametrize(
    ("language", "direction", "start"),
    [
        ("en", "ltr", "left"),
        ("pt-BR", "ltr", "left"),
        ("ar-EG", "rtl", "right"),
        ("he", "rtl", "right"),
    ],
)
def test_the_page_runs_as_its_language_does(language: str, direction: str, start: str) -> None:
    html = compose(with_body("<ul><li>x</li></ul>"), language=language).html

    assert f'<html lang="{language}" dir="{direction}"' in html
    assert f"text-align:{start};" in html
    assert f"padding-{start}:24px;" in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-GB", "Unsubscribe"),
        ("de", "Abmelden"),
        ("fr-CA", "Se désabonner"),
        ("ja", "Unsubscribe"),
    ],
)
def test_the_footer_speaks_the_message_s_language_where_it_can(language: str, words: str) -> None:
    composed = compose(language=language)

    assert f">{words}</a>" in composed.html
    assert f"\n{words}: https://tarnember.example/leave" in composed.text
    assert ('lang="en" dir="ltr"' in composed.html) == (language == "ja")


def test_outlook_finds_a_fixed_width_and_a_button_it_can_fill() -> None:
    html = compose().html
    outlook = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", html)

    assert any('width="600"' in part for part in outlook)
    assert sum(part.count("<table") - part.count("</table") for part in outlook) == 0
    assert 'bgcolor="#1f3d36" style="border-radius:8px;' in html
    assert "mso-padding-alt:14px 28px" in html
    presentational = re.findall(r"<table (?![^>]*role=\"presentation\")", html)
    assert presentational == []


def test_a_table_of_the_author_keeps_its_meaning() -> None:
    html = compose(with_body("<table><tr><th>a</th></tr><tr><td>b</td></tr></table>")).html

    assert re.search(
        r'<table cellpadding="0" cellspacing="0" border="0" style="[^"]+"><tr><th', html
    )


def test_the_page_asks_nothing_of_the_network_and_runs_nothing() -> None:
    page = Page(compose().html)

    assert not {"script", "link", "iframe", "form", "img", "object"} & set(page.tags)
    assert "url(" not in compose().html
    assert "@import" not in compose().html


def test_the_preheader_is_read_first_and_not_seen() -> None:
    html = compose().html
    hidden = re.search(
        r'<body[^>]*>\s*<div style="display:none;[^"]*mso-hide:all;">([^<]*)</div>', html
    )

    assert hidden
    assert hidden[1].startswith("Ten per cent off, until Sunday&nbsp;&zwnj;")
    assert "display:none" not in compose(with_body("x")).html
