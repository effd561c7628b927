"""What an author may write in a body, in Markdown and in HTML, and what is refused by its name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo.errors import FixInput
from tests.unit.email_samples import (
    ANA,
    Page,
    body_html,
    body_text,
    compose,
    parse,
    refusal,
    with_body,
)

EVERYTHING = """<h2>News for {{ contact.first_name }}</h2>
<p>One <strong>strong</strong>, <em>soft</em>, <b>b</b> <i>i</i> <u>u</u><br>line &amp; <code>c d</code></p>
<ul><li>Washed</li><li>Natural<ol start="3"><li>Guji</li></ol></li></ul>
<blockquote><p>Quoted</p></blockquote>
<p><img src="https://tarnember.example/p.png" alt="A bag &quot;x&quot;" width="300"></p>
<hr>
<table><tr><th>Roast</th><th align="right">Price</th></tr><tr><td>Huila</td><td align="right">£11</td></tr></table>
<pre>a  b
c</pre>
<p><a href="mailto:post@tarnember.example">Write</a> or <a href="https://tarnember.example/x?a=1&amp;b=2">read</a></p>"""


def test_html_goes_out_as_it_was_written() -> None:
    composed = compose(with_body(EVERYTHING))

    filled = EVERYTHING.replace("{{ contact.first_name }}", "Ana")
    assert body_html(composed) == filled
    assert body_text(composed) == (
        """\
News for Ana

One strong, soft, b i u
line & c d

- Washed
- Natural
  3. Guji

> Quoted

[A bag "x"]

--------------------

Roast | Price
Huila | £11

    a  b
    c

Write (mailto:post@tarnember.example) or read (https://tarnember.example/x?a=1&b=2)"""
    )


def test_markdown_and_html_of_the_same_words_are_the_same_email() -> None:
    markdown = "# Hi\n\nCome *soon*:\n\n- a\n- [b](https://b.example/)\n\n![c](https://c.example/c.png)\n\n| d | e |\n|---|--:|\n| f | g |"
    html = (
        "<h1>Hi</h1><p>Come <em>soon</em>:</p><ul><li>a</li><li><a href='https://b.example/'>b</a></li></ul>"
        '<p><img src="https://c.example/c.png" alt="c"></p><table><thead><tr><th>d</th><th align="right">e</th></tr>'
        '</thead><tbody><tr><td>f</td><td align="right">g</td></tr></tbody></table>'
    )
    one, other = compose(with_body(markdown, "markdown")), compose(with_body(html))

    assert re.sub(r">\s+<", "><", body_html(one)) == body_html(other)
    assert body_text(one) == body_text(other)


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p>a</p>\n<script>x()</script>", "line 2, has <script>, which email doesn't carry"),
        ("<style>p{}</style>", "has <style>"),
        ("<div>x</div>", "has <div>"),
        ("<iframe src='https://a.example'></iframe>", "has <iframe>"),
        ("<svg><a href='https://a.example'>x</a></svg>", "has <svg>"),
        ("<p onclick='x()'>a</p>", 'has <p onclick="x()">'),
        ('<p style="color:red">a</p>', 'has <p style="color:red">'),
        ('<a href="https://a.example" target="_blank">x</a>', 'has <a target="_blank">'),
        ('<img src="https://a.example/p" onerror="x()">', "has <img onerror="),
        ('<img src="https://a.example/p" width="100%">', 'has <img width="100%">'),
        ("<a>x</a>", "has <a> without href"),
        ("<img alt='x'>", "has <img> without src"),
        ("<!-- note -->", "has the comment 'note'"),
        ("<!--[if mso]><p>x</p><![endif]-->", "has the comment"),
        ("<!DOCTYPE html><p>x</p>", "has <!DOCTYPE html>"),
        ("<?php x ?>", "has <?php"),
        ("<p>a", "never closes <p>"),
        ("<p>a</strong></p>", "has </strong>"),
        ("<p><ul><li>x</li></ul></p>", "has <ul> inside <p>"),
        ("<li>x</li>", "has <li> on its own"),
        ("<ul>x</ul>", "has the text 'x' directly in <ul>"),
        ("<p>a</p><p", "ends within a tag"),
        ("<b>" * 9000 + "</b>" * 9000, "nested more than 30 levels deep"),
        ('<a href="https://a.example"><b><a href="https://b.example">x</a></b></a>', "has <a> inside"),
        ('<a href="http://a.example">x</a>', "neither https:// nor mailto:"),
        ('<a href="java\tscript:alert(1)">x</a>', "U+0009"),
        ('<a href="javascript&#58;alert(1)">x</a>', "neither https:// nor mailto:"),
        ('<a href="/shop">x</a>', "neither https:// nor mailto:"),
        ('<a href="https:///x">x</a>', "'https:///x', which isn't a whole address"),
        ('<a href="https://a.example/a b">x</a>', "which isn't a whole address"),
        ('<a href="https://a.example/u/{token}">x</a>', "placeholder in its address"),
        ('<img src="data:image/png;base64,AA" alt="">', "isn't https://"),
        ('<img src="https://a.example/{{ contact.first_name }}" alt="">', "placeholder in its"),
        ("see https://a.example/?e={{ contact.email }}", "placeholder in its address"),
        ('<a href="https://[x">x</a>', """would be read otherwise by a browser at '<a href="https://[x">'"""),
        ("<p>a&#13;b</p>", "U+000D"),
        ("<p>a&#x2028;b</p>", "U+2028"),
        ("<{{ contact.first_name }}>x", "ends within a tag|isn't|has <"),
    ],
)  # fmt: skip
def test_html_that_cannot_go_out_is_refused_by_its_name(html: str, problem: str) -> None:
    with pytest.raises(FixInput, match=r"content\.body") as refused:
        compose(with_body(html))

    assert re.search(problem if "|" in problem else re.escape(problem), str(refused.value))
    assert refused.value.next_step


def test_a_heading_too_deep_for_email_is_refused_with_its_line() -> None:
    with pytest.raises(FixInput, match="line 3, has a heading of level 5"):
        compose(with_body("a\n\n##### b", "markdown"))


def test_a_name_that_looks_like_markup_stays_a_name_in_html_too() -> None:
    hostile = '"><script>x</script> https://evil.example/ &lt;'
    contact = type(ANA)("ana@example.com", first_name=hostile)
    html = '<p>{{ contact.first_name }}</p><img src="https://a.example/p" alt="For {{ contact.first_name }}">'
    composed = compose(with_body(html), contact=contact)

    assert hostile in Page(composed.html).text
    assert "script" not in Page(composed.html).tags
    assert Page(composed.html).links == ["https://tarnember.example/leave"]
    assert f"[For {hostile}]" in composed.text


def test_a_refusal_shows_placeholders_as_their_author_wrote_them() -> None:
    with pytest.raises(FixInput, match=re.escape("'Hi {{ contact.first_name }}'")):
        compose(with_body("<ul>Hi {{ contact.first_name }}</ul>"))


def test_an_image_keeps_its_alternative_text_or_its_lack_of_one() -> None:
    source = 'src="https://a.example/p.png"'
    html = f'<p><img {source} alt="Two cups"><img {source} alt=""><img {source}></p>'
    composed = compose(with_body(html))

    assert body_html(composed) == html
    assert body_text(composed) == "[Two cups]"
    assert composed.html.count("max-width:100%;height:auto") == 3


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("at https://a.example/x.", "https://a.example/x"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("https://a.example/Leeds_(city), then", "https://a.example/Leeds_(city)"),
        ("“https://a.example/?a=1&b=2”!", "https://a.example/?a=1&b=2"),
        ("HTTPS://A.example", "HTTPS://A.example"),
        ("http://a.example", None),
        ("`https://a.example`", None),
        ("https://", None),
    ],
)
def test_a_bare_address_becomes_a_link(text: str, link: str | None) -> None:
    composed = compose(with_body(text, "markdown"))
    links = [each for each in Page(composed.html).links if "leave" not in each]

    assert links == ([link] if link else [])
    assert body_text(composed) == text.replace("`", "")


TAGS = ["p", "b", "a href='https://a.example'", "ul", "li", "table", "tr", "td", "pre", "h1", "script", "div",
        "blockquote", "img src='https://a.example/p' alt=x", "br", "svg", "style", "title", "textarea", "!--"]  # fmt: skip
PIECE = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag.split()[0]}>" for tag in TAGS]),
    st.sampled_from(["&amp;", "&#60;b>", "<", ">", "-->", "]]>", "\n", " ", "a", "&#x202e;", "'", '"']),
    st.text(max_size=5),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=12))
def test_any_html_is_refused_or_carries_only_what_is_allowed(pieces: list[str]) -> None:
    content = with_body("".join(pieces) + " ")
    if (problem := refusal(content)) is not None:
        assert "content.body" in problem
        return
    composed = compose(content)
    plain = compose(with_body("-"))
    added = Page(composed.html).tags[:]
    for tag in Page(plain.html).tags:
        added.remove(tag)
    allowed = {tag.split()[0] for tag in TAGS} - {
        "script",
        "div",
        "svg",
        "style",
        "title",
        "textarea",
    }
    assert set(added) <= allowed
    parse(composed)
