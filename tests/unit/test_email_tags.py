"""Link tags: on every https:// link of the content, and nowhere else."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo.plans.items import CallToAction
from tests.unit.email_samples import BRAND, ONE_CLICK_BRAND, Page, compose, with_body

TAGS = {"utm_source": "news letter", "utm_medium": "é&=", "utm_campaign": "mail-1"}
WRITTEN = "utm_source=news%20letter&utm_medium=%C3%A9%26%3D&utm_campaign=mail-1"


def tagged(url: str) -> str:
    return Page(compose(with_body(f'<a href="{url}">x</a>'), tags=TAGS).html).links[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", f"https://a.example?{WRITTEN}"),
        ("https://a.example/x?a=1", f"https://a.example/x?a=1&{WRITTEN}"),
        ("https://a.example/x#part", f"https://a.example/x?{WRITTEN}#part"),
        ("https://a.example/?#", f"https://a.example/?{WRITTEN}#"),
        ("https://a.example/?q=%2B+x", f"https://a.example/?q=%2B+x&{WRITTEN}"),
        ("https://a.example/é?ü", f"https://a.example/%C3%A9?%C3%BC&{WRITTEN}"),
        (
            "https://a.example/?utm%5fsource=own&utm_campaign",
            "https://a.example/?utm%5fsource=own&utm_campaign&utm_medium=%C3%A9%26%3D",
        ),
        ("mailto:a@a.example?subject=x", "mailto:a@a.example?subject=x"),
        ("https://tarnember.example/leave", "https://tarnember.example/leave"),
    ],
)
def test_tags_are_added_to_what_the_author_wrote(url: str, expected: str) -> None:
    assert tagged(url) == expected


def test_both_parts_and_the_button_lead_to_the_same_places() -> None:
    content = with_body(
        "[a](https://a.example) https://b.example/ ![c](https://c.example/c.png)",
        "markdown",
        cta=CallToAction(label="Go", url="https://d.example/#x"),
    )
    composed = compose(content, tags={"utm_source": "n"})
    expected = [f"https://{host}?utm_source=n{rest}" for host, rest in
                [("a.example", ""), ("b.example/", ""), ("d.example/", "#x")]]  # fmt: skip

    assert Page(composed.html).links == [*expected, "https://tarnember.example/leave"]
    assert [word.strip("()") for word in composed.text.split() if "https:" in word] == [
        *expected, "https://tarnember.example/leave",
    ]  # fmt: skip
    assert 'src="https://c.example/c.png"' in composed.html


def test_the_way_out_is_never_tagged() -> None:
    for brand in (BRAND, ONE_CLICK_BRAND):
        composed = compose(brand=brand, tags=TAGS)
        assert "utm" not in Page(composed.html).links[-1]
        assert "utm" not in dict(composed.headers)["List-Unsubscribe"]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["utm_source", "utm_medium"]), st.text(min_size=1)))
def test_any_tag_arrives_as_it_was_planned(tags: dict[str, str]) -> None:
    tags = {name: tag.encode(errors="ignore").decode() for name, tag in tags.items()}
    content = with_body('<a href="https://a.example/?a=1#f">x</a>')
    parts = urlsplit(Page(compose(content, tags=tags).html).links[0])

    assert parse_qsl(parts.query, keep_blank_values=True) == [("a", "1"), *tags.items()]
    assert parts.fragment == "f"
