"""A brand's theme can be read: every colour for text and marks reaches its WCAG ratio."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.packaging.brand import theme_for
from aicmo.plans.colours import contrast
from aicmo.plans.document import Brand, Colours

COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def brand(primary: str, accent: str) -> Brand:
    return Brand(
        name="B",
        industry="I",
        offer="O",
        location="L",
        colours=Colours(primary=primary, accent=accent),
    )


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # From WCAG's own note on the ratio: #777777 just misses 4.5 on white, #767676 just makes it.
    assert contrast("#777777", "#ffffff") < 4.5 <= contrast("#767676", "#ffffff")


@given(COLOUR, COLOUR)
def test_every_text_and_mark_is_readable_on_both_papers(primary: str, accent: str) -> None:
    theme = theme_for(brand(primary, accent))
    assert contrast(theme.on_primary, theme.primary) >= 4.5
    for colours in (theme.light, theme.dark):
        for ground in (colours.paper, colours.tint):
            texts = (colours.ink, colours.muted, colours.heading, colours.accent_text)
            assert all(contrast(text, ground) >= 4.5 for text in texts)
            assert all(contrast(m, ground) >= 3 for m in (colours.mark, colours.accent_mark))
    assert len(theme.series) == 6
    assert all(contrast(one, "#ffffff") >= 3 for one in theme.series)


def test_a_readable_brand_keeps_its_colours() -> None:
    theme = theme_for(brand("#1F3D36", "#9A3412"))
    assert (theme.light.heading, theme.light.accent_text) == ("#1f3d36", "#9a3412")
    assert theme.notes == ()


def test_a_pale_accent_is_darkened_and_the_note_says_so() -> None:
    theme = theme_for(brand("#1F3D36", "#F4B41A"))
    assert theme.light.accent_text != "#f4b41a"
    assert any("#f4b41a is too pale for small text" in note for note in theme.notes)
    assert theme.accent == "#f4b41a"
