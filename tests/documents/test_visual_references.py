"""Every page of the sample looks as it did: a change of design is seen before it lands."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.documents.page_pictures import (
    KINDS,
    Look,
    differences,
    pages_of,
    read_sheet,
    sheet_of,
)

STORED = Path(__file__).with_name("references")
NEW = Path(__file__).parents[2] / "build" / "references"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("look", get_args(Look))
def test_it_looks_as_it_did(kind: str, look: Look, tmp_path: Path) -> None:
    pages = pages_of(kind, look, tmp_path)
    stored = read_sheet(STORED / f"{look}-{kind}.webp", pages[0].height)
    found = differences(pages, stored)
    if found:
        NEW.mkdir(parents=True, exist_ok=True)
        sheet_of(pages).save(NEW / f"{look}-{kind}.webp", quality=60)
    assert found == [], (
        f"{look} {kind} looks different. Compare {NEW} with {STORED}; if it is meant, run "
        "`python -m tests.documents.references`."
    )


def a_page(*, rule: bool = True, shift: int = 0, ink: str = "black") -> Image.Image:
    made = Image.new("L", (240, 339), "white")
    draw = ImageDraw.Draw(made)
    if rule:
        draw.rectangle((20, 30, 220, 32), fill=ink)
    draw.text((20 + shift, 60), "A heading of this page\nand a line under it", fill=ink)
    return made


def test_a_rule_that_is_gone_is_found() -> None:
    assert differences([a_page(rule=False)], [a_page()]) == [
        "page 1: top centre, top left, top right"
    ]


def test_a_block_that_moved_is_found() -> None:
    assert differences([a_page(shift=30)], [a_page()]) == ["page 1: top centre, top left"]


def test_a_page_too_many_is_found() -> None:
    assert differences([a_page(), a_page()], [a_page()]) == ["2 pages, 1 stored"]


def test_other_antialiasing_and_another_file_format_are_not(tmp_path: Path) -> None:
    softer = a_page().resize((239, 338)).resize((240, 339))
    assert differences([softer], [a_page()]) == []
    assert differences([a_page(ink="#181818")], [a_page()]) == []
    sheet = tmp_path / "sheet.webp"
    dark = ImageOps.invert(a_page())
    sheet_of([a_page(), dark] * 4).save(sheet, quality=60)
    assert differences([a_page(), dark] * 4, read_sheet(sheet, 339)) == []
