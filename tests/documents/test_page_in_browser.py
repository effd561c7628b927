"""The page in a browser: nothing asked for, nothing run, nothing to object to, and it does its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.html_summary import html_for, render_html
from aicmo.packaging.outline import Outline
from tests.checkers.browser import Browser, running_browser
from tests.documents.canary import listening
from tests.documents.fixtures import (
    cjk_content,
    content_of,
    example_content,
    example_names,
    hindi_content,
    hostile_text,
    long_content,
    missing_content,
    results_content,
    rtl_content,
    sample_content,
    sample_data,
    short_content,
    with_hostile_text,
)
from tests.documents.page_samples import WORDS, every_block, with_pictures

Scheme = Literal["light", "dark"]
Look = Literal["clear", "editorial"]

CONTENTS: dict[str, Callable[[], ProjectContent]] = {
    "sample, executed": lambda: sample_content(approved=True, executed=True),
    "draft": sample_content,
    "short": short_content,
    "with gaps": missing_content,
    "long": long_content,
    "Arabic": rtl_content,
    "Japanese": cjk_content,
    "Hindi": hindi_content,
    "results": results_content,
} | {name: lambda name=name: example_content(name, approved=True) for name in example_names()}
LOOKS: tuple[Look, ...] = ("clear", "editorial")
BRAND = theme_for(sample_content().document.brand)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


def page(outline: Outline, folder: Path, look: Look = "clear") -> Path:
    path = folder / "summary.html"
    render_html(outline, replace(BRAND, name=look), path)
    return path


def assert_clean(browser: Browser, path: Path, width: int, scheme: Scheme) -> None:
    seen = browser.look(path, width=width, scheme=scheme, axe=True)
    assert seen.violations == []
    assert (seen.requests, seen.errors, seen.overflow) == ([], [], 0)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", CONTENTS)
def test_nothing_is_to_be_objected_to(
    name: str, look: Look, browser: Browser, tmp_path: Path
) -> None:
    content = CONTENTS[name]()
    path = tmp_path / "summary.html"
    theme = replace(theme_for(content.document.brand, content.files), name=look)
    render_html(compose(content), theme, path)
    assert browser.validate(path) == []
    assert_clean(browser, path, 1280, "light")
    assert_clean(browser, path, 320, "dark")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("language", WORDS)
def test_every_kind_of_block_can_be_read_by_everyone(
    language: str, look: Look, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "summary.html"
    render_html(every_block(language), with_pictures(replace(BRAND, name=look)), path)
    assert browser.validate(path) == []
    schemes: tuple[Scheme, ...] = ("light", "dark") if language in ("en", "ar") else ("light",)
    for scheme in schemes:
        assert_clean(browser, path, 1280, scheme)
        assert_clean(browser, path, 320, scheme)


@pytest.mark.parametrize("look", LOOKS)
def test_a_click_narrows_the_calendar_down(look: Look, browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(pieces=30), tmp_path, look)
    for clicks, rows in (
        ((), 30),
        ((".on-0-0",), 10),
        ((".on-0-2",), 10),
        ((".on-0-2", ".on-1-0"), 0),  # Instagram's are the drafts
        ((".on-0-2", ".on-0-1"), 10),
        ((".on-1-1", ".filter input"), 10),
        ((".on-0-1", ".filter input"), 30),
    ):
        assert browser.look(path, clicks=clicks, visible=(".row",)).visible == {".row": rows}, (
            clicks
        )


def test_the_filters_work_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(pieces=30), tmp_path)
    how = [(".on-0-0 + span", "outline-style"), (".on-0-0 + span", "font-weight")]
    seen = browser.look(
        path, clicks=(".filter input",), keys=("ArrowRight",), visible=(".row",), styles=how
    )
    assert seen.visible == {".row": 10}
    assert seen.styles == ["solid", "600"]


def test_paper_shows_all_of_it(browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(pieces=30), tmp_path)
    parts = (".row", ".copy", ".chart .wide", ".data", "nav", ".filters", ".skip")
    seen = browser.look(path, media="print", clicks=(), visible=parts)
    assert seen.visible == {
        ".row": 30, ".copy": 30, ".chart .wide": 3, ".data": 0, "nav": 0, ".filters": 0, ".skip": 0,
    }  # fmt: skip


def test_a_pieces_text_opens_when_it_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(pieces=4), tmp_path)
    assert browser.look(path, visible=(".copy",)).visible == {".copy": 0}
    opened = browser.look(path, clicks=("#piece-2 > summary",), visible=(".copy",))
    assert opened.visible == {".copy": 1}


def test_a_phone_shows_the_months_as_a_list_of_days(browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(pieces=9), tmp_path)
    parts = (".month td", ".month .weekday")
    assert browser.look(path, visible=parts).visible == {".month td": 35, ".month .weekday": 0}
    phone = browser.look(path, width=320, visible=parts)
    assert phone.visible == {".month td": 9, ".month .weekday": 9}


def test_the_chapters_stay_in_reach(browser: Browser, tmp_path: Path) -> None:
    path = page(every_block(), tmp_path)
    for width in (1280, 320):
        tops = browser.look(path, width=width, fragment="#content", tops=("nav", "#content")).tops
        assert tops["nav"] == 0
        assert 0 <= tops["#content"] < 80  # not under the bar either


def test_hostile_text_does_nothing(browser: Browser, tmp_path: Path) -> None:
    with listening() as canary:
        text = hostile_text(canary.port, tmp_path / "canary.txt")
        path = page(compose(content_of(with_hostile_text(sample_data(), text))), tmp_path)
        for width in (1280, 320):
            seen = browser.look(path, width=width, visible=("script", "main img", "main link"))
            assert (seen.requests, seen.errors, canary.hits) == ([], [], [])
            assert seen.visible == {"script": 0, "main img": 0, "main link": 0}
    assert browser.validate(path) == []


def test_the_policy_alone_would_stop_what_got_in(browser: Browser, tmp_path: Path) -> None:
    """The second wall: markup in the page's own body, past the renderer and its check."""
    with listening() as canary:
        at = f"http://127.0.0.1:{canary.port}"
        attack = (
            f"<script>alert(1); fetch('{at}/s')</script><img src='{at}/i' onerror='alert(2)'>"
            f"<style>@import '{at}/c'; main {{ background: url({at}/b) }}</style>"
            f"<iframe src='{at}/f'></iframe><link rel='stylesheet' href='{at}/l'>"
        )
        path = tmp_path / "broken.html"
        html = html_for(every_block(), BRAND)
        path.write_text(html.replace("<main", f"{attack}<main", 1), "utf-8")
        seen = browser.look(path)
        assert canary.hits == []
        assert not [one for one in seen.errors if one.startswith("dialog")]
        assert len([one for one in seen.errors if "Content Security Policy" in one]) >= 5
