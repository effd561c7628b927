"""A deck on the client's own PowerPoint template, and what such a template may not carry."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openxml_audit import validate_pptx
from pptx import Presentation

from aicmo.errors import FixInput
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.deck import render_deck
from aicmo.packaging.deck_verification import slide_texts
from tests.documents.fixtures import sample_content

NAMES = b"""cover: Title Slide
chapter: Section Header
text: Title and Content
tiles: Title Only
table: Title and Content
chart: Title and Content
title_only: Title Only
"""


def template() -> bytes:
    """PowerPoint's stock template with a slide of somebody else's."""
    deck: Any = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text = "An old sample slide"
    return saved(deck)


def saved(deck: Any) -> bytes:
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    target = io.BytesIO(template())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return target.getvalue()


def changed(part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The template with another content of one part."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(template())) as file, zipfile.ZipFile(target, "w") as made:
        for name in file.namelist():
            content = file.read(name)
            made.writestr(name, change(content) if name == part else content)
    return target.getvalue()


def reaching_out(mode: str, encoding: str = "UTF-8") -> bytes:
    """The template with a picture on its master that lies somewhere else."""
    link = (
        '<Relationship Id="rId99" Target="https://x.example/p.png" Type="http://schemas.'
        f'openxmlformats.org/officeDocument/2006/relationships/image" {mode}/></Relationships>'
    )

    def change(rels: bytes) -> bytes:
        text = rels.decode().replace("</Relationships>", link).replace("UTF-8", encoding)
        return text.encode({"UTF-8": "utf-8", "UTF-16": "utf-16-le"}[encoding])

    return changed("ppt/slideMasters/_rels/slideMaster1.xml.rels", change)


def starting() -> bytes:
    click = (
        b'name="Title 1"><a:hlinkClick xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships" r:id="" action="ppaction://program?calc.exe"/></p:cNvPr>'
    )
    layout = "ppt/slideLayouts/slideLayout1.xml"
    return changed(layout, lambda xml: xml.replace(b'name="Title 1"/>', click))


def colourless() -> bytes:
    accent = re.compile(rb"<a:accent1>.*?</a:accent1>", re.DOTALL)
    theme = "ppt/theme/theme1.xml"
    return changed(theme, lambda xml: accent.sub(b"<a:accent1/>", xml))


def render_on(deck: bytes, names: bytes | None, path: Path) -> Any:
    content = sample_content(executed=True)
    files = {"deck.pptx": deck} | ({"layouts.yml": names} if names else {})
    theme = replace(theme_for(content.document.brand), templates=files)
    render_deck(compose(content), theme, path)
    return Presentation(str(path))


def test_the_deck_takes_the_templates_layouts_size_and_theme(tmp_path: Path) -> None:
    deck = render_on(template(), NAMES, tmp_path / "deck.pptx")
    assert (deck.slide_width, deck.slide_height) == (9144000, 6858000)
    names = [slide.slide_layout.name for slide in deck.slides]
    assert names[0] == "Title Slide"
    assert {"Title and Content", "Title Only"} <= set(names[1:])
    told = "\n".join(text for slide in deck.slides for text in slide_texts(slide))
    assert "An old sample slide" not in told
    assert "Two-in-one value" in told
    assert validate_pptx(tmp_path / "deck.pptx").errors == []


def no_titles() -> bytes:
    deck: Any = Presentation()
    layout = next(one for one in deck.slide_layouts if one.name == "Title Only")
    title = next(one for one in layout.placeholders if one.placeholder_format.idx == 0)
    title._element.getparent().remove(title._element)
    return saved(deck)


def wide() -> bytes:
    deck: Any = Presentation()
    deck.slide_width = deck.slide_height * 3
    return saved(deck)


REFUSED = {
    "no names": (template(), None, "has no layouts.yml beside it"),
    "unknown": (template(), NAMES.replace(b"Section", b"Secton"), "chapter is “Secton Header”"),
    "no title": (no_titles(), NAMES, "“Title Only” of deck.pptx has no title placeholder"),
    "shape": (wide(), NAMES, "slides of 22.50 by 7.50 inches"),
    "macros": (with_part("ppt/vbaProject.bin", b"x"), NAMES, "has macros"),
    "object": (with_part("ppt/embeddings/a.bin", b"x"), NAMES, "has embedded objects"),
    "link": (
        with_part("ppt/slides/_rels/x.rels", b"<r TargetMode='External'/>"),
        NAMES,
        "a link to another place",
    ),
    "a spaced link": (reaching_out('TargetMode = "External"'), NAMES, "a link to another place"),
    "a coded link": (reaching_out('TargetMode="&#69;xternal"'), NAMES, "a link to another place"),
    "a link in UTF-16": (
        reaching_out('TargetMode="External"', "UTF-16"),
        NAMES,
        "a link to another place",
    ),
    "program": (starting(), NAMES, "a button that starts something"),
    "entity in UTF-16": (
        with_part("ppt/x.xml", "<!DOCTYPE a>".encode("utf-16-le")),
        NAMES,
        "a document type",
    ),
    "broken": (with_part("ppt/x.xml", b"<a"), NAMES, "XML that can't be read in ppt/x.xml"),
    "no colour": (colourless(), NAMES, "deck.pptx can't be drawn on"),
    "names in a list": (template(), b"- a", "cover is “”, which isn't a layout"),
    "a name that is a list": (template(), NAMES.replace(b"Title Slide", b"[a]"), "isn't a layout"),
    "entity": (with_part("ppt/x.xml", b"<!DOCTYPE a>"), NAMES, "a document type"),
    "bomb": (with_part("ppt/x.bin", b"0" * 61_000_000), NAMES, "60 MB when unpacked"),
    "no file": (b"PK nothing", NAMES, "isn't a PowerPoint file"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_template_that_cannot_be_used_is_refused_with_the_reason(
    kind: str, tmp_path: Path
) -> None:
    deck, names, reason = REFUSED[kind]
    with pytest.raises(FixInput, match=reason):
        render_on(deck, names, tmp_path / "deck.pptx")
