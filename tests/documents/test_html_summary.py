"""The page holds the whole project, stands alone, runs nothing, and is the same every time."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.html_summary import render_html
from aicmo.packaging.html_verification import verify_html
from aicmo.packaging.outline import squeezed, texts
from tests.documents.fixtures import (
    content_of,
    example_content,
    example_names,
    hostile_text,
    sample_content,
    sample_data,
    with_hostile_text,
)

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
    assert [line for line in plain if squeezed(line) not in said] == []


def test_it_loads_and_runs_nothing(tmp_path: Path) -> None:
    html = page_of(sample_content(), tmp_path)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert policy.group(1).startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert not re.search(r"<script|<link|<img|<iframe|\son\w+=|\sstyle=|\ssrc=", html)
    assert "url(" not in style.group(1)
    assert '<html lang="en">' in html


def test_headings_never_skip_a_level(tmp_path: Path) -> None:
    tags = Tree(page_of(sample_content(executed=True), tmp_path)).tags
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_charts_have_their_values_as_text(tmp_path: Path) -> None:
    html = page_of(sample_content(), tmp_path)
    titles = re.findall(r'<svg [^>]*role="img"[^>]*><title>([^<]+)</title>', html)
    assert any("Paid social: $8,000; Partnerships and events: $6,000" in one for one in titles)
    assert any("Awareness: March 2" in one for one in titles)


def test_a_draft_says_so_and_a_final_page_does_not(tmp_path: Path) -> None:
    assert "Internal draft." in page_of(sample_content(), tmp_path)
    assert "Internal draft" not in page_of(sample_content(approved=True), tmp_path)


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
        ('<img src="https://x.example/a.png">', "has a <img>"),
        ('<p onclick="1">', "has onclick"),
        ('<a href="http://x.example/">x</a>', "has href='http://x.example/'"),
        ('<p style="color: red">', "has style"),
        ("<style>p { background: url(x) }</style>", "loads something"),
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
