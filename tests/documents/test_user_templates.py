"""A project's own templates take the place of ours, say where they are wrong, and can do nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo.errors import FixInput
from aicmo.packaging.brand import Theme, theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.pdf_html import whole_page
from tests.documents.fixtures import sample_content

CONTENT = sample_content()
OUTLINE = compose(CONTENT)


def themed(**templates: str) -> Theme:
    given = {name.replace("__", "."): text.encode() for name, text in templates.items()}
    return replace(theme_for(CONTENT.document.brand), templates=given)


def test_a_template_extends_ours_and_changes_one_part() -> None:
    ours = '{% extends "aicmo/strategy.html.j2" %}{% block cover %}<h1>Own cover</h1>{% endblock %}'
    html = whole_page(OUTLINE, themed(strategy__html__j2=ours))
    assert "<h1>Own cover</h1>" in html
    assert 'class="cover-text"' not in html
    assert OUTLINE.chapters[0].conclusion in html


def test_a_style_sheet_and_blocks_of_the_projects_own_are_used() -> None:
    css = '{% include "aicmo/strategy.css.j2" %}\n.own { color: {{ theme.accent | colour }}; }'
    html = whole_page(OUTLINE, themed(strategy__css__j2=css))
    assert ".own { color: #f4b41a; }" in html
    assert "size: A4" in html
    macro = "{% macro block(one, level, draw, full) %}<p>own {{ one | kind }}</p>{% endmacro %}"
    assert "<p>own Table</p>" in whole_page(OUTLINE, themed(blocks__html__j2=macro))


def test_a_brand_s_folder_gives_its_templates() -> None:
    brand = CONTENT.document.brand.model_copy(update={"templates": "look"})
    files = {"look/strategy.css.j2": b"p {}", "look/parts/a.j2": b"", "logo.png": b""}
    assert set(theme_for(brand, files).templates) == {"strategy.css.j2", "parts/a.j2"}


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ("one\ntwo {{ outlin.title }}", 2, "'outlin' is undefined"),
        ("one\n\n{% if %}", 3, "Expected an expression"),
        ("{{ outline.title | shout }}", 1, "No filter named 'shout'"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "access to attribute '__class__'"),
        ("{% for n in range(9999999) %}{% endfor %}", 1, "Range too big"),
        ("{% include '/etc/passwd' %}", 1, "/etc/passwd"),
        ("{% include '../brand.py' %}", 1, "brand.py"),
        ("{{ 'red; } * {' | colour }}", 1, "is not a colour"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{% include 'strategy.html.j2' %}", 1, "recursion"),
    ],
)
def test_a_wrong_template_is_named_with_its_line(text: str, line: int, wrong: str) -> None:
    with pytest.raises(FixInput, match=rf"strategy\.html\.j2, line {line},") as caught:
        whole_page(OUTLINE, themed(strategy__html__j2=text))
    assert wrong in str(caught.value)
    assert caught.value.next_step


def test_a_template_that_is_no_text_is_named() -> None:
    theme = replace(themed(), templates={"strategy.css.j2": b"\xff\xfe"})
    with pytest.raises(
        FixInput, match=r"strategy\.css\.j2, line 1, can't be used: it is not UTF-8"
    ):
        whole_page(OUTLINE, theme)


def test_client_text_stays_text_in_a_template_of_the_projects_own() -> None:
    hostile = replace(OUTLINE, title="<script>alert(1)</script>")
    html = whole_page(hostile, themed(strategy__html__j2="<h1>{{ outline.title }}</h1>"))
    assert html == "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>"
