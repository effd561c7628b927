"""The XML of the master, the layouts and the table style: positions, type and theme colours.

Strings only; `deck_template` puts them into the file. Element order follows ECMA-376, which
PowerPoint enforces by offering to repair the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from aicmo.packaging.deck_page import Box, Page

COVER, CHAPTER, TEXT, TILES, TABLE, CHART, TITLE_ONLY = range(7)
TITLE, BODY, FOOTER, SLIDE_NUMBER, KICKER, TABLE_BOX, CHART_BOX, NUMBER = (
    0,
    1,
    11,
    12,
    13,
    14,
    15,
    16,
)
FIRST_TILE, TILE_COUNT = 20, 6
MARK_SIZE = (1.75, 0.3)
_KICKER_HEIGHT = 0.28
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_NS = (
    f'{_A} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_HAIR = '<a:schemeClr val="bg1"><a:lumMod val="85000"/></a:schemeClr>'
_DECORATIVE = (
    '<a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative '
    'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/>'
    "</a:ext></a:extLst>"
)


@dataclass(frozen=True, slots=True)
class LayoutXml:
    """A layout to be: `boxes` says where its placeholders stand, by their index, left to right."""

    name: str
    shapes: str
    boxes: dict[int, Box] = field(default_factory=dict[int, "Box"])
    background: str = ""
    plain: bool = False


def emu(inches: float) -> int:
    return round(inches * 914400)


def tree_xml(shapes: str) -> str:
    return (
        f'<p:spTree {_NS}><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
        f"<p:grpSpPr/>{shapes}</p:spTree>"
    )


def ground_xml(slot: str) -> str:
    return (
        f'<p:bg {_NS}><p:bgPr><a:solidFill><a:schemeClr val="{slot}"/></a:solidFill>'
        "<a:effectLst/></p:bgPr></p:bg>"
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """Writes the shapes of one layout on a page; mirrored where the language asks for it."""

    page: Page

    @property
    def start(self) -> str:
        return "r" if self.page.mirrored else "l"

    def holder(
        self,
        shape_id: int,
        name: str,
        kind: str,
        box: Box,
        anchor: str = "t",
        style: str = "",
        fill: str = "",
        inset: float = 0.0,
        run: str = "",
    ) -> str:
        side = emu(inset)
        content = run or f'<a:r><a:rPr lang="en"/><a:t>{name}</a:t></a:r>'
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name="{name}"/><p:cNvSpPr><a:spLocks noGrp="1"/>'
            f"</p:cNvSpPr><p:nvPr><p:ph {kind}/></p:nvPr></p:nvSpPr><p:spPr>{self.frame(box)}"
            f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}</p:spPr>'
            f'<p:txBody><a:bodyPr vert="horz" wrap="square" lIns="{side}" tIns="{side}" rIns="{side}" '
            f'bIns="{side}" anchor="{anchor}"><a:noAutofit/></a:bodyPr><a:lstStyle>{style}</a:lstStyle>'
            f"<a:p>{content}</a:p></p:txBody></p:sp>"
        )

    def frame(self, box: Box) -> str:
        x, y, width, height = map(emu, self.page.placed(box))
        return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'

    def shape(self, shape_id: int, box: Box, geometry: str, slot: str) -> str:
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name="Shape {shape_id}">{_DECORATIVE}</p:cNvPr>'
            f"<p:cNvSpPr/><p:nvPr userDrawn='1'/></p:nvSpPr><p:spPr>{self.frame(box)}"
            f'<a:prstGeom prst="{geometry}"><a:avLst/></a:prstGeom><a:solidFill>'
            f'<a:schemeClr val="{slot}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr></p:sp>'
        )

    def picture(self, shape_id: int, box: Box, relation: str, crop: str = "") -> str:
        return (
            f'<p:pic><p:nvPicPr><p:cNvPr id="{shape_id}" name="Picture {shape_id}">{_DECORATIVE}'
            '</p:cNvPr><p:cNvPicPr><a:picLocks noChangeAspect="1"/></p:cNvPicPr>'
            f"<p:nvPr userDrawn='1'/></p:nvPicPr><p:blipFill><a:blip r:embed=\"{relation}\"/>{crop}"
            f"<a:stretch><a:fillRect/></a:stretch></p:blipFill><p:spPr>{self.frame(box)}"
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>'
        )

    def rule(self, shape_id: int, box: Box) -> str:
        return (
            f'<p:cxnSp><p:nvCxnSpPr><p:cNvPr id="{shape_id}" name="Rule">{_DECORATIVE}</p:cNvPr>'
            f'<p:cNvCxnSpPr/><p:nvPr userDrawn="1"/></p:nvCxnSpPr><p:spPr>{self.frame(box)}'
            f'<a:prstGeom prst="line"><a:avLst/></a:prstGeom><a:ln w="6350"><a:solidFill>{_HAIR}'
            "</a:solidFill></a:ln></p:spPr></p:cxnSp>"
        )

    def level(
        self, size: int, slot: str, *, bold: bool = False, end: bool = False, face: str = "mn"
    ) -> str:
        weight = ' b="1"' if bold else ' b="0"'
        side = {"l": "r", "r": "l"}[self.start] if end else self.start
        rtl = ' rtl="1"' if self.page.mirrored else ""
        return (
            f'<a:lvl1pPr marL="0" indent="0" algn="{side}"{rtl}><a:spcBef><a:spcPts val="0"/>'
            f'</a:spcBef><a:buNone/><a:defRPr sz="{size * 100}"{weight}><a:solidFill>'
            f'<a:schemeClr val="{slot}"/></a:solidFill><a:latin typeface="+{face}-lt"/>'
            f'<a:ea typeface="+{face}-ea"/><a:cs typeface="+{face}-cs"/></a:defRPr></a:lvl1pPr>'
        )

    def body(self, shape_id: int, name: str, idx: int, box: Box, anchor: str, style: str) -> str:
        """A placeholder for text."""
        return self.holder(
            shape_id, name, f'type="body" sz="quarter" idx="{idx}"', box, anchor, style
        )

    def furniture(self, first: int, slot: str = "accent5") -> str:
        """Footer and slide number."""
        field_xml = (
            '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:rPr lang="en"/>'
            "<a:t>‹#›</a:t></a:fld>"
        )
        footer, number = footer_box(self.page), number_box(self.page)
        style, end = self.level(10, slot), self.level(10, slot, end=True)
        return self.holder(
            first, "Footer", f'type="ftr" sz="quarter" idx="{FOOTER}"', footer, "ctr", style
        ) + self.holder(
            first + 1, "Slide number", f'type="sldNum" sz="quarter" idx="{SLIDE_NUMBER}"', number,
            "ctr", end, run=field_xml,
        )  # fmt: skip

    def heading(self) -> str:
        """Title and kicker of a content slide."""
        title = self.holder(2, "Title", 'type="title"', self.page.title)
        kicker = self.level(12, "accent6", bold=True)
        return title + self.body(3, "Chapter", KICKER, kicker_box(self.page), "t", kicker)


def kicker_box(page: Page) -> Box:
    left, top, width, _ = page.title
    return (left, top - 0.34, width * 0.7, _KICKER_HEIGHT)


def footer_box(page: Page) -> Box:
    return (page.body[0], page.height - 0.46, page.body_width - 1.5, 0.26)


def number_box(page: Page) -> Box:
    left, top, width, height = footer_box(page)
    return (left + width + 0.3, top, 1.2, height)


def mark_box(page: Page, logo_width: float) -> Box:
    """Where `INTERNAL DRAFT` stands: at the end of the line over the title, beside the logo."""
    width, height = MARK_SIZE
    end = page.title[0] + page.title[2] - (logo_width + 0.2 if logo_width else 0.0)
    return (end - width, max(0.1, page.title[1] - 0.37), width, height)


def content_layouts(page: Page, *, boxed: bool) -> tuple[LayoutXml, ...]:
    """The layouts of content slides, in the order of the constants."""
    draft, body = Draft(page), page.body
    tiles = "".join(_tile(draft, i, boxed=boxed) for i in range(TILE_COUNT))
    slots = {
        "Text": draft.holder(5, "Text", f'type="body" idx="{BODY}"', body),
        "Tiles": tiles,
        "Table": draft.holder(5, "Table", f'type="tbl" sz="quarter" idx="{TABLE_BOX}"', body),
        "Chart": draft.holder(5, "Chart", f'type="chart" sz="quarter" idx="{CHART_BOX}"', body),
        "Title only": "",
    }
    boxes = {TITLE: page.title, KICKER: kicker_box(page)}
    return tuple(
        LayoutXml(name, draft.heading() + shapes + draft.furniture(40), boxes)
        for name, shapes in slots.items()
    )


def _tile(draft: Draft, place: int, *, boxed: bool) -> str:
    left, top, whole, tall = draft.page.body
    width, height = (whole - 0.4) / 3, (tall - 0.2) / 2
    box = (left + (place % 3) * (width + 0.2), top + (place // 3) * (height + 0.2), width, height)
    fill = '<a:solidFill><a:schemeClr val="bg2"/></a:solidFill>' if boxed else "<a:noFill/>"
    idx, style = FIRST_TILE + place, draft.level(14, "tx1")
    kind = f'type="body" sz="quarter" idx="{idx}"'
    return draft.holder(10 + place, f"Tile {place + 1}", kind, box, "t", style, fill, 0.18)


def text_styles_xml(*, mirrored: bool, title_slot: str, title_bold: bool) -> str:
    """Title in the heading typeface; text without bullets, which a slide adds where it has some."""
    weight = ' b="1"' if title_bold else ' b="0"'
    title = _style_level(title_slot, "+mj-lt", 2800, weight, 90, mirrored=mirrored)
    body = _style_level("tx1", "+mn-lt", 1600, "", 100, mirrored=mirrored)
    other = _style_level("tx1", "+mn-lt", 1200, "", 100, mirrored=mirrored)
    return (
        f"<p:txStyles {_NS}><p:titleStyle>{title}</p:titleStyle><p:bodyStyle>{body}</p:bodyStyle>"
        f"<p:otherStyle>{other}</p:otherStyle></p:txStyles>"
    )


def _style_level(
    colour: str, face: str, size: int, weight: str, spacing: int, *, mirrored: bool
) -> str:
    kind, side, rtl = face[:3], "r" if mirrored else "l", int(mirrored)
    return (
        f'<a:lvl1pPr marL="0" indent="0" algn="{side}" defTabSz="914400" rtl="{rtl}" eaLnBrk="1" '
        f'latinLnBrk="0" hangingPunct="1"><a:lnSpc><a:spcPct val="{spacing}000"/></a:lnSpc>'
        f'<a:spcBef><a:spcPts val="0"/></a:spcBef><a:buNone/><a:defRPr sz="{size}"{weight} kern="1200">'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill><a:latin typeface="{face}"/>'
        f'<a:ea typeface="{kind}-ea"/><a:cs typeface="{kind}-cs"/></a:defRPr></a:lvl1pPr>'
    )


@dataclass(frozen=True, slots=True)
class TableLook:
    """A table style; head_slot is the colour of the heads, head_ground of what is behind them."""

    name: str
    key: str
    head_slot: str
    head_ground: str
    above: bool


def table_style_xml(style: TableLook) -> str:
    """Hairlines between rows, a strong rule at the heads and over the total."""
    hair = _border("bottom", _HAIR, 6350) + _border("insideH", _HAIR, 6350)
    top = _border("top", _STRONG, 19050) if style.above else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<a:tblStyleLst {_A} def="{style.key}"><a:tblStyle styleId="{style.key}" '
        f'styleName="{style.name}">'
        + _table_part("wholeTbl", "tx1", hair)
        + _table_part("lastRow", "tx1", _border("top", _STRONG, 15875), bold=True)
        + _table_part(
            "firstRow",
            style.head_slot,
            top + _border("bottom", _STRONG, 9525 if style.above else 15875),
            style.head_ground,
            bold=True,
        )
        + "</a:tblStyle></a:tblStyleLst>"
    )


_STRONG = '<a:schemeClr val="accent4"/>'


def _table_part(
    name: str, colour: str, borders: str, ground: str = "", *, bold: bool = False
) -> str:
    weight = ' b="on"' if bold else ""
    fill = f'<a:solidFill><a:schemeClr val="{ground}"/></a:solidFill>' if ground else "<a:noFill/>"
    return (
        f'<a:{name}><a:tcTxStyle{weight}><a:fontRef idx="minor"/><a:schemeClr val="{colour}"/>'
        f"</a:tcTxStyle><a:tcStyle><a:tcBdr>{borders}</a:tcBdr><a:fill>{fill}</a:fill>"
        f"</a:tcStyle></a:{name}>"
    )


def _border(side: str, colour: str, width: int) -> str:
    return f'<a:{side}><a:ln w="{width}" cmpd="sng"><a:solidFill>{colour}</a:solidFill></a:ln></a:{side}>'


def decorative_xml() -> str:
    return _DECORATIVE.replace("<a:extLst>", f"<a:extLst {_A}>")


def sections_xml(groups: list[tuple[str, list[int]]]) -> str:
    """PowerPoint's sections: a name and the ids of its slides, each."""
    inner = "".join(_section_xml(place, *group) for place, group in enumerate(groups))
    return (
        f'<p:extLst {_NS}><p:ext uri="{{521415D9-36F7-43E2-AB2F-B90AF26B5E84}}"><p14:sectionLst '
        f'xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main">{inner}'
        "</p14:sectionLst></p:ext></p:extLst>"
    )


def _section_xml(place: int, name: str, slides: list[int]) -> str:
    key = str(uuid5(NAMESPACE_OID, f"{place} {name}")).upper()
    inner = "".join(f'<p14:sldId id="{one}"/>' for one in slides)
    return (
        f'<p14:section name={quoteattr(name)} id="{{{key}}}"><p14:sldIdLst>{inner}</p14:sldIdLst>'
        "</p14:section>"
    )


def application_xml(slides: int) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Properties xmlns='
        '"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        f"<Application>Microsoft Office PowerPoint</Application><Slides>{slides}</Slides></Properties>"
    )
