"""From HTML to pages; runs in a render worker and is the only file that imports WeasyPrint.

A part is laid out alone, without what a page says of the whole document. The frame is a small
document of the whole's length: cover, contents, and for each page of a part an empty one with its
head, its number and its targets. `pdf_binding` puts the parts' pages into the frame.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aicmo.errors import InstallComponent
from aicmo.packaging import pdf_binding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aicmo.packaging.pdf_html import Assets

try:
    from weasyprint import CSS, HTML, Attachment
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse
except OSError as error:
    raise InstallComponent(
        f"The PDF renderer can't be loaded: {error}.",
        next_step="Install Pango and a font, on Debian: apt install libpango-1.0-0 "
        "libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core.",
    ) from error

# What these offer has no types.
pydyf: Any = importlib.import_module("pydyf")
pdf_fonts: Any = importlib.import_module("weasyprint.pdf.fonts")
text_fonts: Any = importlib.import_module("weasyprint.text.fonts")
native: Any = importlib.import_module("weasyprint.text.ffi")

_EMPTY = re.compile(rb"(<[0-9a-f]+>) <>")
_LINK, _TARGET = re.compile(r'href="#([^"]*)"'), re.compile(r'\bid="([^"]*)"')
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_OPTIONS = {"pdf_variant": "pdf/a-3a", "pdf_version": "1.7", "output_intent": "srgb"}
# What a page says of the whole document stands in the frame.
_BARE = "background: none !important; " + " ".join(
    f"@{one} {{ content: none !important }}"
    for one in (
        *(f"{v}-{h}" for v in ("top", "bottom") for h in ("left", "center", "right")),
        *(f"{h}-{v}" for h in ("left", "right") for v in ("top", "middle", "bottom")),
        *(f"{v}-{h}-corner" for v in ("top", "bottom") for h in ("left", "right")),
    )
)


# A last page with less on it than this share is drawn onto the one before, if that can be done.
_LITTLE = 0.35
_SHORT_PART = 4  # pages; in a longer part a page more or less is not seen
_CLOSER = """
.chapter > header { margin-bottom: 3mm !important }
.section { margin-top: 4mm !important }
h2 { margin-bottom: 1.2mm !important; padding-top: 1.5mm !important }
.body, .lead { margin-bottom: 1.5mm !important }
ul, ol { margin-bottom: 1mm !important }
li { margin-bottom: 0.2mm !important }
.figures, .cards, .table, .chart { margin-top: 1mm !important; margin-bottom: 1.5mm !important }
.figure { padding-top: 1.5mm !important; padding-bottom: 1.5mm !important }
.drawing { margin-bottom: 1.5mm !important }
.callout { margin-top: 1mm !important; margin-bottom: 2mm !important;
  padding-top: 3mm !important; padding-bottom: 3mm !important }
.table tbody th, .table td { padding-top: 1.1mm !important; padding-bottom: 1.1mm !important }
.pairs { margin-top: 0.5mm !important }
.pairs > div { margin-bottom: 0.2mm !important }
"""


def lay_out(html: str, assets: Assets, name: str, path: str) -> None:
    """Writes a part as a tagged PDF, and beside it, as JSON, what the frame has to know of it.

    A few lines that would stand alone on a last page are brought back by closer spacing.

    Args:
        html: the part's page.
        assets: what may be read, by its address.
        name: what no other part is called; it begins the ids of the part's table heads.
        path: the file to write; the JSON takes its place with the suffix `.json`.
    """
    with _Warnings() as warnings:
        document = _rendered(_Page(_leaving(html), assets))
        sheets = [_sheet(page) for page in document.pages]
        document.write_pdf(path, pdf_identifier=b"part", finisher=_finisher(name), **_OPTIONS)
    fonts = [_used(font) for font in document.fonts.values()]
    told = {"sheets": sheets, "fonts": fonts, "warnings": warnings.texts}
    Path(path).with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


def _rendered(page: _Page) -> Any:
    bare = f"@page {{ {_BARE} }}"
    document = page.render(bare)
    if 1 < len(document.pages) <= _SHORT_PART and _filled(document.pages[-1]) < _LITTLE:
        closer = page.render(bare, _CLOSER)
        return closer if len(closer.pages) < len(document.pages) else document
    return document


def _filled(page: Any) -> float:
    """The share of a page's height that has something on it."""
    box: Any = page._page_box  # noqa: SLF001  (WeasyPrint tells where boxes are nowhere else)
    root = box.children[0]
    return (root.position_y + root.margin_height() - box.content_box_y()) / box.height


def bind(
    html: str,
    assets: Assets,
    parts: Sequence[str],
    path: str,
    *,
    created: str,
    attachments: Mapping[str, str],
    producer: str,
) -> list[str]:
    """Lays out the frame and writes the whole PDF; returns what WeasyPrint warned of.

    Args:
        html: the frame's page.
        assets: what may be read, by its address.
        parts: the parts' files, in order.
        path: the file to write.
        created: ISO 8601, the date of the attachments.
        attachments: texts to attach, by file name.
        producer: what the file says it was made by.
    """
    when = datetime.fromisoformat(created)
    attached = [
        Attachment(
            string=text,
            name=name,
            base_url=".",
            relationship="Data",
            created=when,
            modified=when,
        )
        for name, text in attachments.items()
    ]
    frame = Path(path).with_suffix(".frame.pdf")
    told = [json.loads(Path(part).with_suffix(".json").read_bytes()) for part in parts]
    with _Warnings() as warnings:
        document = _Page(html, assets).render()
        kept = [_add_font(document, used) for one in told for used in one["fonts"]]
        document.write_pdf(
            frame,
            pdf_identifier=b"frame",
            attachments=attached,
            finisher=_finisher("frame"),
            **_OPTIONS,
        )
        del kept
    pdf_binding.bind(frame, [Path(part) for part in parts], Path(path), producer=producer)
    frame.unlink()
    return warnings.texts


class _Page:
    """A page whose style sheets are parsed once per worker: it takes longer than a short layout."""

    def __init__(self, html: str, assets: Assets) -> None:
        head, end, body = html.partition("</head>")
        self._styles = _STYLE.findall(head)
        bare = _STYLE.sub("", head) + end + body
        self._page: Any = HTML(string=bare, url_fetcher=_Jail(assets))

    def render(self, *more: str) -> Any:
        """The laid-out document; `more` are style sheets that have the last word."""
        sheets = [_style(text) for text in (*self._styles, *more)]
        for text in (text for _, told in sheets for text in told):
            logging.getLogger("weasyprint").warning("%s", text)
        return self._page.render(stylesheets=[css for css, _ in sheets], **_OPTIONS)


@lru_cache(maxsize=8)
def _style(text: str) -> tuple[CSS, tuple[str, ...]]:
    """A parsed style sheet, which may import nothing, and what WeasyPrint warned of in it."""
    with _Warnings() as warnings:
        css = CSS(string=text, url_fetcher=_Jail({}))
    return css, tuple(warnings.texts)


def _leaving(html: str) -> str:
    """The page with its links to what isn't on it made addresses, or WeasyPrint would drop them."""
    own = set(_TARGET.findall(html))
    return _LINK.sub(
        lambda link: (
            link.group()
            if link.group(1) in own
            else f'href="{pdf_binding.ELSEWHERE}{link.group(1)}"'
        ),
        html,
    )


def _sheet(page: Any) -> dict[str, Any]:
    box: Any = page._page_box  # noqa: SLF001  (WeasyPrint tells a page's name nowhere else)
    left, top = box.content_box_x(), box.content_box_y()
    return {
        "page_name": box.page_type.name,
        "targets": [
            {"name": name, "x": place[0] - left, "y": place[1] - top}
            for name, place in page.anchors.items()
        ],
        "bookmarks": [
            {"label": label, "level": level, "x": place[0] - left, "y": place[1] - top}
            for level, label, place, _ in page.bookmarks
        ],
    }


def _used(font: Any) -> dict[str, Any]:
    return {
        "hash": font.hash,
        "family": font.family,
        "style": font.style,
        "weight": font.weight,
        "size": font.font_size,
        "widths": font.widths,
        "to_unicode": font.to_unicode,
        "own": bool(font.missing or font.bitmap),
    }


def _add_font(document: Any, used: Mapping[str, Any]) -> object:
    """Adds a part's glyphs to the frame's font, so that one subset of it serves all parts.

    Returns what has to live until the frame is written.
    """
    if used["own"]:
        return None
    ffi, pango, unref = native.ffi, native.pango, native.gobject.g_object_unref
    asked = ffi.gc(pango.pango_font_description_new(), pango.pango_font_description_free)
    family, kept = native.unicode_to_char_p(used["family"])
    pango.pango_font_description_set_family(asked, family)
    pango.pango_font_description_set_style(asked, used["style"])
    pango.pango_font_description_set_weight(asked, used["weight"])
    pango.pango_font_description_set_absolute_size(asked, int(used["size"] * native.TO_UNITS))
    faces = document.font_config.font_map
    context = ffi.gc(pango.pango_font_map_create_context(faces), unref)
    loaded = ffi.gc(pango.pango_font_map_load_font(faces, context, asked), unref)
    key, description, size = text_fonts.get_pango_font_key(loaded)
    font = document.fonts.get(key) or pdf_fonts.Font(loaded, description, size)
    if font.hash == used["hash"]:
        document.fonts[key] = font
        font.widths.update({int(glyph): width for glyph, width in used["widths"].items()})
        font.to_unicode.update({int(glyph): text for glyph, text in used["to_unicode"].items()})
    return (kept, loaded)


class _Jail(URLFetcher):
    """Knows the given assets (by address) and refuses everything else."""

    def __init__(self, assets: Assets) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._assets = assets

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        del headers
        if url not in self._assets:
            # Our templates refer to nothing else: such an address came from somebody's text.
            raise FatalURLFetchingError(f"refused the address {url[:200]}")
        media_type, content = self._assets[url]
        return URLFetcherResponse(url, content, {"Content-Type": media_type})


def _finisher(name: str) -> Callable[[Any, Any], None]:
    """Repairs what PDF/UA-1 and PDF/A-3 ask for and WeasyPrint 70 doesn't do (its #2508)."""

    def finish(_document: Any, pdf: Any) -> None:
        for one in pdf.objects:
            if isinstance(one, pydyf.Stream) and one.extra.get("Interpolate"):
                one.extra["Interpolate"] = "false"
            elif isinstance(one, pydyf.Stream) and b"/CMapType 2 def" in one.stream:
                # Arabic and Indic letters may be several glyphs; those after a letter's first stand
                # for nothing, which only a character without width says.
                one.stream = [_EMPTY.sub(rb"\1 <200d>", line) for line in one.stream]
            elif isinstance(one, pydyf.Dictionary) and one.get("S") in ("/TH", "/TD"):
                _finish_cell(one, name)

    return finish


def _finish_cell(cell: Any, name: str) -> None:
    attributes = cell.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
    if cell["S"] == "/TH":
        row = cell["ID"].string.split("-")[1] if "ID" in cell else "0"
        attributes["Scope"] = "/Column" if row == "0" else "/Row"
    if "ID" in cell:
        cell["ID"] = pydyf.String(f"{name}-{cell['ID'].string}")
    if "Headers" in attributes:
        heads = (pydyf.String(f"{name}-{one.string}") for one in attributes["Headers"])
        attributes["Headers"] = pydyf.Array(heads)


class _Warnings(logging.Handler):
    """Keeps what WeasyPrint warns of, once each, in order."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if (text := record.getMessage()) not in self.texts:
            self.texts.append(text)

    def __enter__(self) -> Self:
        logging.getLogger("weasyprint").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("weasyprint").removeHandler(self)
