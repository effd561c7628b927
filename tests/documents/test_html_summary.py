"""The page holds the whole project, stands alone, runs nothing, and is the same every time."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.html_page import filters_of
from aicmo.packaging.html_summary import html_for, render_html
from aicmo.packaging.html_verification import verify_html
from aicmo.packaging.outline import Table, squeezed, texts
from aicmo.packaging.pictures import picture
from tests.documents.fixtures import (
    content_of,
    example_content,
    example_names,
    hostile_text,
    sample_content,
    sample_data,
    with_hostile_text,
)
from tests.documents.page_samples import every_block, logo_picture, with_pictures

ROOT = Path(__file__).parents[2]


class Tree(HTMLParser):
    """The text and the tags of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", list[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def policy_of(html: str) -> str:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert found
    return unescape(found.group(1))


def page_of(content: ProjectContent, folder: Path) -> str:
    path = folder / "summary.html"
    rendered = render_html(compose(content), theme_for(content.document.brand), path)
    assert (rendered.path, rendered.pages) == (path, 0)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["sample", *example_names()])
def test_every_word_and_number_of_the_outline_is_on_it(name: str, tmp_path: Path) -> None:
    how = {"approved": True, "executed": True}
    content = sample_content(**how) if name == "sample" else example_content(name, **how)
    said = squeezed(Tree(page_of(content, tmp_path)).text)
    outline = compose(content)
    lines = {line for text in texts(outline.chapters) for line in text.splitlines()}
    plain = {re.sub(r"^(• |\d\. )", "", line) for line in lines}
    plain -= {chapter.key for chapter in outline.chapters}
    plain -= {"decision", "warning", "higher", "lower"}  # not words, but kinds
    assert [line for line in plain if squeezed(line) not in said] == []


def test_it_loads_and_runs_nothing(tmp_path: Path) -> None:
    html = page_of(sample_content(), tmp_path)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy_of(html) == rules
    assert not re.search(r"<script|<link|<img|<iframe|\son\w+=|\sstyle=|\ssrc=", html)
    assert "url(" not in style.group(1)
    assert '<html lang="en" dir="ltr" class="clear">' in html


def test_only_with_pictures_may_it_show_pictures(tmp_path: Path) -> None:
    html = html_for(every_block(), with_pictures(theme_for(sample_content().document.brand)))
    assert "; img-src data:; " in policy_of(html)
    assert re.findall(r'<img src="(data:image/webp;base64,)[^"]+" alt="([^"]*)"', html) == [
        ("data:image/webp;base64,", "Northside Strength Studio"),
        ("data:image/webp;base64,", ""),
    ]
    assert len(html) < 200_000


@pytest.mark.parametrize(("ink", "ground"), [("#143d59", "logo"), ("#fafafa", "logo pale")])
def test_a_logo_stands_on_a_ground_it_can_be_seen_on(ink: str, ground: str) -> None:
    theme = replace(theme_for(sample_content().document.brand), logo=picture(logo_picture(ink)))
    assert f'<p class="{ground}"><img' in html_for(every_block(), theme)


def test_a_table_that_asks_for_it_can_be_narrowed_down() -> None:
    html = html_for(every_block(pieces=150), theme_for(sample_content().document.brand))
    tree = Tree(html)
    assert tree.tags.count("fieldset") == 2
    for words in ("Email 50", "LinkedIn 50", "Approved 100", "Draft 50", "All 150"):
        assert squeezed(words) in squeezed(tree.text)
    assert html.count("<input") == html.count('<input type="radio"') == 4 + 3


def test_a_column_with_one_value_or_too_many_is_no_filter() -> None:
    rows = tuple((f"name {n}", "same", str(n % 2)) for n in range(20))
    table = Table("t", ("Name", "Kind", "Half"), rows, filter_by=(0, 1, 2))
    assert [one.name for one in filters_of(table)] == ["Half"]
    assert filters_of(table)[0].values == (("0", 10), ("1", 10))


def test_a_row_leads_to_its_piece_unless_two_pieces_share_a_title() -> None:
    outline = every_block(pieces=3)
    html = html_for(outline, theme_for(sample_content().document.brand))
    assert html.count('href="#piece-2"') == 2  # from the month and from the table
    assert html.count('id="piece-2"') == 1
    twins = replace(outline, chapters=(*outline.chapters, outline.chapters[2]))
    assert "piece-2" not in html_for(twins, theme_for(sample_content().document.brand))


def test_every_chart_has_its_data_as_a_table() -> None:
    html = html_for(every_block(), theme_for(sample_content().document.brand))
    data = [
        Tree(one).text
        for one in re.findall(r'<details class="data">(.*?)</details>', html, re.DOTALL)
    ]
    assert [
        squeezed(said) in squeezed(one)
        for said, one in zip(("$8,000", "Mar 2 – 31", "no baseline yet $30"), data, strict=True)
    ] == [True] * 3


def test_it_runs_the_way_its_language_does(tmp_path: Path) -> None:
    data = sample_data() | {"language": "ar"}
    assert '<html lang="ar" dir="rtl"' in page_of(content_of(data), tmp_path)


def test_headings_never_skip_a_level(tmp_path: Path) -> None:
    tags = Tree(page_of(sample_content(executed=True), tmp_path)).tags
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_charts_have_their_values_as_text(tmp_path: Path) -> None:
    html = page_of(sample_content(), tmp_path)
    titles = re.findall(r'<svg [^>]*role="img"[^>]*><title>([^<]+)</title>', html)
    assert any("Paid social: $8,000; Partnerships and events: $6,000" in one for one in titles)
    assert any("Awareness: Mar 2" in one for one in titles)


def test_a_draft_says_so_and_a_final_page_does_not(tmp_path: Path) -> None:
    assert "Internal draft." in page_of(sample_content(), tmp_path)
    ready = content_of(sample_data() | {"budget": None}, approved=True)
    assert "Internal draft" not in page_of(ready, tmp_path)


def test_only_https_and_mail_addresses_become_links(tmp_path: Path) -> None:
    data = sample_data()
    data["risks"] = ["javascript:alert(1) http://127.0.0.1/x https://ok.example.com/a?b=1&c=2."]
    html = page_of(content_of(data), tmp_path)
    links = re.findall(r'href="([^"#][^"]*)"', html)
    assert "https://ok.example.com/a?b=1&amp;c=2" in links
    assert all(link.startswith(("https://", "mailto:")) for link in links)


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    text = hostile_text(9, tmp_path / "canary.txt")
    plain = Tree(page_of(sample_content(), tmp_path))
    hostile = Tree(page_of(content_of(with_hostile_text(sample_data(), text)), tmp_path))
    assert set(hostile.tags) == set(plain.tags)
    assert "<script>fetch('http://127.0.0.1:9/x')</script>" in hostile.text
    assert "[7*7]" in hostile.text


def test_the_same_content_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.documents.test_html_summary import *\n"
        "page_of(sample_content(), Path(sys.argv[1]))\n"
    )
    digests = set[str]()
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Caracas")):
        env = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run([sys.executable, "-c", program, tmp_path], check=True, cwd=ROOT, env=env)
        digests.add(hashlib.sha256((tmp_path / "summary.html").read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("added", "finding"),
    [
        ("<script>1</script>", "has a <script>"),
        ('<img src="https://x.example/a.png">', "has src='https://x.example/a.png'"),
        ('<img src="data:image/svg+xml;base64,AAAA">', "has src="),
        ("<svg><image xlink:href='https://x.example/a'/></svg>", "has xlink:href"),
        ("<svg><a><set attributeName='href' to='javascript:1'/></a></svg>", "has a <set>"),
        ('<meta http-equiv="refresh" content="0; url=https://x.example/">', "has <meta http-equiv"),
        ('<a href="javascript:1" href="https://x.example/">x</a>', "has href='javascript:1'"),
        ('<p onclick="1">', "has onclick"),
        ('<a href="http://x.example/">x</a>', "has href='http://x.example/'"),
        ('<p style="color: red">', "has style"),
        ("<style>p { background: url(x) }</style>", "loads something"),
        ("<style>p { color: red }</style>", "doesn't name by its hash"),
        ("<h1>Two</h1>", "has 2 main headings"),
        ("<p>{{ outline.client }}</p>", "shows a template's marks"),
        ("<p>None</p>", "shows a missing value"),
    ],
)
def test_a_bad_page_is_refused(added: str, finding: str, tmp_path: Path) -> None:
    content = sample_content()
    path = tmp_path / "summary.html"
    path.write_text(page_of(content, tmp_path).replace("</main>", f"{added}</main>"), "utf-8")
    with pytest.raises(PackageFileInvalid, match=re.escape(finding)):
        verify_html(path, compose(content))


@pytest.mark.parametrize(
    ("was", "becomes", "finding"),
    [
        ("default-src 'none'", "default-src *", "with default-src"),
        ("default-src 'none'; ", "", "without default-src"),
        ("style-src 'sha256-", "style-src 'unsafe-inline' 'sha256-", "with style-src"),
        ("base-uri 'none'", "script-src 'unsafe-inline'", "with script-src"),
        ("<head>", "<head><p>early</p>", "has no content security policy"),
        ("<head>", "<head>early", "has no content security policy"),
        ("Content-Security-Policy", "Content-Security-Policy-Report-Only", "has <meta http-equiv"),
    ],
)
def test_a_policy_that_lets_more_through_is_refused(
    was: str, becomes: str, finding: str, tmp_path: Path
) -> None:
    content = sample_content()
    path = tmp_path / "summary.html"
    html = page_of(content, tmp_path).replace("&#39;", "'")
    assert was in html
    path.write_text(html.replace(was, becomes, 1), "utf-8")
    with pytest.raises(PackageFileInvalid, match=re.escape(finding)):
        verify_html(path, compose(content))


def test_a_template_of_the_projects_own_is_held_to_the_same(tmp_path: Path) -> None:
    content = sample_content()
    theme, path = theme_for(content.document.brand), tmp_path / "summary.html"
    ours = b'{% extends "aicmo/summary.html.j2" %}'
    render_html(compose(content), replace(theme, templates={"summary.html.j2": ours}), path)
    css = b'{% include "aicmo/summary.css.j2" %} h1 { font-style: italic }'
    render_html(compose(content), replace(theme, templates={"summary.css.j2": css}), path)
    assert "h1 { font-style: italic }" in path.read_text()
    loading = b"{% include 'aicmo/summary.css.j2' %} h1 { background: url(https://x.example/a) }"
    with pytest.raises(PackageFileInvalid, match="loads something from its style sheet"):
        render_html(compose(content), replace(theme, templates={"summary.css.j2": loading}), path)
    bare = b"<!doctype html><title>x</title><h1>{{ outline.client }}</h1>"
    with pytest.raises(PackageFileInvalid, match="has no content security policy"):
        render_html(compose(content), replace(theme, templates={"summary.html.j2": bare}), path)
