"""LibreOffice lays the decks out as we measured them: no text outside its box, no line more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from openxml_audit import validate_pptx
from pptx import Presentation
from pptx.oxml.ns import qn

from aicmo.packaging import fonts
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.deck import render_deck
from aicmo.packaging.deck_text import Style, wrap
from tests.documents.fixtures import (
    cjk_content,
    hindi_content,
    results_content,
    rtl_content,
    sample_content,
)

CONTENTS = {
    "clear": lambda: sample_content(executed=True),
    "editorial": lambda: sample_content(executed=True, theme="editorial"),
    "results": lambda: results_content(theme="editorial"),
    "arabic": rtl_content,
    "japanese": lambda: cjk_content(theme="editorial"),
    "hindi": hindi_content,
}
SLACK = 5.0  # points
Box = tuple[float, float, float, float]
COVER_SIDE: Box = (
    590.0,
    0.0,
    960.0,
    540.0,
)  # where a cover without a picture has the client's initial

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="LibreOffice and poppler aren't on this machine",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decks and what LibreOffice makes of them, with our typefaces at hand."""
    folder = tmp_path_factory.mktemp("office")
    for name, content in CONTENTS.items():
        made = content()
        render_deck(compose(made), theme_for(made.document.brand), folder / f"{name}.pptx")
    places = {fonts.FOLDER, Path("/usr/share/fonts"), *(f.path.parent for f in fonts.fallbacks())}
    listed = "".join(f"<dir>{place}</dir>" for place in sorted(places))
    (folder / "fonts.conf").write_text(
        f"<fontconfig>{listed}<cachedir>{folder}/cache</cachedir>"
        '<include ignore_missing="yes">/etc/fonts/conf.d</include></fontconfig>'
    )
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run(
        [*command, *(str(folder / f"{name}.pptx") for name in CONTENTS)],
        env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},
        check=True,
        capture_output=True,
        timeout=240,
    )
    return folder


@pytest.mark.parametrize("name", CONTENTS)
def test_no_text_lies_outside_its_box_and_no_box_has_more_lines_than_measured(
    name: str, folder: Path
) -> None:
    deck: Any = Presentation(str(folder / f"{name}.pptx"))
    faults: list[str] = []
    for number, (slide, words) in enumerate(
        zip(deck.slides, pages(folder / f"{name}.pdf"), strict=True), start=1
    ):
        boxes = [box_of(shape) for shape in slide.shapes]
        allowed = boxes if number > 1 else [*boxes, COVER_SIDE]
        faults += [
            f"slide {number}: “{text}” stands outside"
            for text, word in words
            if not any(inside(word, box) for box in allowed)
        ]
        for shape in slide.shapes:
            if shape.has_text_frame and shape.text_frame.text.strip():
                drawn = lines_in(own_box(shape, boxes), words)
                measured = measured_lines(shape)
                if drawn > measured:
                    faults.append(f"slide {number}, {shape.name}: {drawn} lines, not {measured}")
    assert faults == []


@pytest.mark.parametrize("name", CONTENTS)
def test_every_look_and_script_keeps_the_schemas(name: str, folder: Path) -> None:
    assert validate_pptx(folder / f"{name}.pptx").errors == []


def pages(pdf: Path) -> list[list[tuple[str, Box]]]:
    """The words of each page with their boxes in points."""
    out = pdf.with_suffix(".html")
    subprocess.run(["pdftotext", "-bbox", str(pdf), str(out)], check=True, timeout=60)
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", out.read_text(encoding="utf-8"))
    html = "{http://www.w3.org/1999/xhtml}"
    return [
        [
            (word.text or "", unhung(word.text or "", bounds(word)))
            for word in page.iter(f"{html}word")
        ]
        for page in ET.fromstring(text).iter(f"{html}page")
    ]


def unhung(text: str, word: Box) -> Box:
    """The word without a Japanese full stop or comma, which may hang over the margin."""
    hung = (word[3] - word[1]) if text.endswith(("。", "、")) else 0.0
    return word[0], word[1], max(word[0], word[2] - hung), word[3]


def bounds(word: ET.Element) -> Box:
    left, top, right, bottom = (float(word.get(at, 0)) for at in ("xMin", "yMin", "xMax", "yMax"))
    return left, top, right, bottom


def box_of(shape: Any) -> Box:
    height = sum(row.height for row in shape.table.rows) if shape.has_table else shape.height
    sizes = (shape.left, shape.top, shape.left + shape.width, shape.top + height)
    left, top, right, bottom = (size / 12700 for size in sizes)
    return left, top, right, bottom


def own_box(shape: Any, boxes: list[Box]) -> Box:
    """The shape's box down to where another begins: the body rises under a title of one line."""
    left, top, right, bottom = box_of(shape)
    below = [box[1] for box in boxes if top < box[1] < bottom and box[0] < right and left < box[2]]
    return left, top, right, min([bottom, *below])


def inside(word: Box, box: Box) -> bool:
    """Whether a word stands in a box: its sides within, its middle line within."""
    middle = (word[1] + word[3]) / 2
    beside = box[0] - SLACK <= word[0] and word[2] <= box[2] + SLACK
    return beside and box[1] - SLACK <= middle <= box[3] + 1


def lines_in(box: Box, words: list[tuple[str, Box]]) -> int:
    """The number of lines of words in a box."""
    within = [one for _, one in words if inside(one, box)]
    middles = sorted((one[1] + one[3]) / 2 for one in within)
    # Two scripts on one line have boxes of different heights, so their middles differ a little.
    apart = max([SLACK, *(0.4 * (one[3] - one[1]) for one in within)])
    return sum(1 for at, here in enumerate(middles) if at == 0 or here - middles[at - 1] > apart)


def measured_lines(shape: Any) -> int:
    frame = shape.text_frame
    margin = int(frame._txBody.bodyPr.get("lIns") or 0) / 914400
    total = 0
    for paragraph in frame.paragraphs:
        indent = int(paragraph._p.get_or_add_pPr().get("marL") or 0) / 914400
        width = shape.width / 914400 - 2 * margin - indent
        total += max(
            (len(wrap(r.text, style_of(r, shape), 1.0, width)) for r in paragraph.runs), default=1
        )
    return total


def style_of(run: Any, shape: Any) -> Style:
    title = shape.is_placeholder and shape.placeholder_format.idx == 0
    heading = run._r.find(f"{qn('a:rPr')}/{qn('a:latin')}") is not None or title
    return Style(run.font.size.pt, bold=bool(run.font.bold) or title, heading=heading)
