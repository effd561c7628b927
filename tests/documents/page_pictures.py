"""A package's pages as small grey pictures, and where two pictures of a page differ.

A look is compared, not pixels: pictures are small and blurred before they are, so that another
rasteriser or antialiasing counts for nothing, and a thing that moved, grew or vanished is found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import pypdfium2
from PIL import Image, ImageChops, ImageFilter, ImageStat

from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.deck import render_deck
from aicmo.packaging.fonts import write_fontconfig
from aicmo.packaging.html_summary import render_html
from aicmo.packaging.pdf import render_pdf
from tests.checkers.browser import running_browser
from tests.documents.fixtures import results_content
from tests.documents.page_samples import with_pictures
from tests.peers.missing import skip_or_fail

Look = Literal["clear", "editorial"]
Pages = list[Image.Image]

WIDTH = 240
_STATUS = {"clear": "final", "editorial": "internal draft"}
_SCREEN = 320  # of a screen's picture, which a long page is cut into
_COLUMNS = 6
_BLANK = 128
_TILE = 24
_TOLERANCE = 9
"""Of 255, the mean over a tile: another rasteriser makes up to 4, a hairline that is gone makes 12."""


def pages_of(kind: str, look: Look, folder: Path) -> Pages:
    """The pages of the sample in one format and look; the editorial ones are a draft's."""
    content = results_content()
    theme = replace(with_pictures(theme_for(content.document.brand)), name=look)
    path = folder / f"{look}-{kind}"
    render, draw = KINDS[kind]
    render(replace(compose(content), status=_STATUS[look]), theme, path)
    return draw(path)


def pdf_pages(path: Path) -> Pages:
    """Every page of a PDF."""
    with pypdfium2.PdfDocument(path) as pdf:
        drawn = [page.render(scale=2 * WIDTH / page.get_width()).to_pil() for page in pdf]
    return [_small(one, WIDTH, round(one.height / one.width * WIDTH)) for one in drawn]


def slides(path: Path) -> Pages:
    """Every slide of a deck, as LibreOffice shows it with our fonts."""
    if not (office := shutil.which("soffice")):
        skip_or_fail("Pictures of slides need LibreOffice.")
    with tempfile.TemporaryDirectory() as scratch:
        fonts = write_fontconfig(Path(scratch))
        command = [office, f"-env:UserInstallation=file://{scratch}/profile", "--headless"]
        command += ["--convert-to", "pdf:impress_pdf_Export", "--outdir", scratch, str(path)]
        env = os.environ | {"FONTCONFIG_FILE": str(fonts)}
        subprocess.run(command, env=env, check=True, capture_output=True, timeout=240)
        return pdf_pages(Path(scratch) / f"{path.stem}.pdf")


def screens(path: Path, *, width: int, scheme: Literal["light", "dark"]) -> Pages:
    """A page from its top to its end, screen by screen."""
    picture = path.with_suffix(".png")
    with running_browser() as browser:
        browser.look(path, width=width, scheme=scheme, picture=picture, whole=True)
    with Image.open(picture) as opened:
        whole = _small(opened, WIDTH, round(opened.height / opened.width * WIDTH))
    tops = range(0, whole.height, _SCREEN)
    return [whole.crop((0, top, WIDTH, top + _SCREEN)) for top in tops]


KINDS: Mapping[str, tuple[Callable[..., object], Callable[[Path], Pages]]] = {
    "strategy.pdf": (render_pdf, pdf_pages),
    "deck.pptx": (render_deck, slides),
    "summary.html": (render_html, partial(screens, width=1280, scheme="light")),
    "phone.html": (render_html, partial(screens, width=390, scheme="dark")),
}


def sheet_of(pages: Sequence[Image.Image]) -> Image.Image:
    """All pages in rows of six; what is left of the last row is grey."""
    width, height = pages[0].size
    rows = -(-len(pages) // _COLUMNS)
    sheet = Image.new("L", (_COLUMNS * width, rows * height), _BLANK)
    for number, page in enumerate(pages):
        sheet.paste(page, (number % _COLUMNS * width, number // _COLUMNS * height))
    return sheet


def read_sheet(path: Path, height: int) -> Pages:
    """The pages of a stored sheet, whose pages are `height` high."""
    with Image.open(path) as opened:
        sheet = opened.convert("L")
    places = (
        (left, top, left + WIDTH, top + height)
        for top in range(0, sheet.height, height)
        for left in range(0, sheet.width, WIDTH)
    )
    return [cell for place in places if not _is_blank(cell := sheet.crop(place))]


def differences(pages: Pages, stored: Pages) -> list[str]:
    """Where pages differ from those stored, in words; empty if they look the same."""
    found = [] if len(pages) == len(stored) else [f"{len(pages)} pages, {len(stored)} stored"]
    for number, (page, other) in enumerate(zip(pages, stored, strict=False), start=1):
        if places := list(_changed(page, other)):
            found.append(f"page {number}: " + ", ".join(places[:4]) + " …"[: 2 * (len(places) > 4)])
    return found


def _changed(page: Image.Image, other: Image.Image) -> Iterator[str]:
    # Nine parts of a page are easier to find than pixels.
    difference = ImageChops.difference(_blurred(page), _blurred(other))
    named = set[str]()
    for top in range(0, page.height, _TILE):
        for left in range(0, page.width, _TILE):
            tile = difference.crop((left, top, left + _TILE, top + _TILE))
            if ImageStat.Stat(tile).mean[0] > _TOLERANCE:
                row = ("top", "middle", "bottom")[3 * top // page.height]
                side = ("left", "centre", "right")[3 * left // page.width]
                named.add(f"{row} {side}")
    yield from sorted(named)


def _small(picture: Image.Image, width: int, height: int) -> Image.Image:
    return picture.convert("L").resize((width, height), Image.Resampling.LANCZOS)


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(2))


def _is_blank(cell: Image.Image) -> bool:
    # Its edges carry traces of its neighbours: WebP works in blocks.
    inner = cell.crop((_TILE, _TILE, cell.width - _TILE, cell.height - _TILE))
    return abs(ImageStat.Stat(inner).mean[0] - _BLANK) < 4 and ImageStat.Stat(inner).stddev[0] < 4
