"""The XML of the master, the layouts and the table style: positions, type and theme colours.

Strings only; `deck_template` puts them into the file. Element order follows ECMA-376, which
PowerPoint enforces by offering to repair the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import quoteattr

from aicmo.packaging.deck_layout import (
    BODY_HEIGHT,
    BODY_TOP,
    BODY_WIDTH,
    MARGIN,
    SLIDE_HEIGHT,
    SLIDE_WIDTH,
)

TABLE_STYLE = "{6F1C6A52-9B0E-4B57-8E55-3A1D7C2F4E10}"
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
Box = tuple[float, float, float, float]
TITLE_BOX: Box = (MARGIN, 0.7, BODY_WIDTH, 0.98)
KICKER_BOX: Box = (MARGIN, 0.36, 9.6, 0.28)
BODY_BOX: Box = (MARGIN, BODY_TOP, BODY_WIDTH, BODY_HEIGHT)
COVER_TITLE: Box = (0.9, 2.05, 8.1, 1.75)
COVER_SUBTITLE: Box = (0.9, 4.0, 8.1, 1.1)
COVER_META: Box = (0.9, 5.5, 8.1, 1.1)
COVER_CLIENT: Box = (0.9, 0.72, 5.8, 0.3)
CHAPTER_TITLE: Box = (0.9, 2.4, 10.2, 1.35)
CHAPTER_LEDE: Box = (0.9, 3.95, 9.6, 1.9)
CHAPTER_NUMBER: Box = (0.9, 1.75, 3.0, 0.5)
MARK_BOX: Box = (SLIDE_WIDTH - MARGIN - 1.75, 0.33, 1.75, 0.3)
FOOTER_BOX: Box = (MARGIN, 7.04, 10.6, 0.26)
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
    name: str
    shapes: str
    background: str = ""
    plain: bool = False


def emu(inches: float) -> int:
    return round(inches * 914400)


def tree_xml(shapes: str) -> str:
    return (
        f'<p:spTree {_NS}><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
        f"<p:grpSpPr/>{shapes}</p:spTree>"
    )


def master_shapes() -> str:
    return (
        _holder(2, "Title", 'type="title"', TITLE_BOX, prompt="Title")
        + _holder(3, "Text", 'type="body" idx="1"', BODY_BOX, prompt="Text")
        + _furniture(4)
        + _rule(6, (MARGIN, 6.98, BODY_WIDTH, 0.0))
    )


def layouts_for(on_primary: str) -> tuple[LayoutXml, ...]:
    """The layouts in the order of the constants; `on_primary` is the slot of text on the primary."""
    tiles = "".join(_tile(FIRST_TILE + i, i) for i in range(TILE_COUNT))
    table = _holder(
        5, "Table", f'type="tbl" sz="quarter" idx="{TABLE_BOX}"', BODY_BOX, prompt="Table"
    )
    chart = _holder(
        5, "Chart", f'type="chart" sz="quarter" idx="{CHART_BOX}"', BODY_BOX, prompt="Chart"
    )
    text = _holder(5, "Text", f'type="body" idx="{BODY}"', BODY_BOX, prompt="Text")
    return (
        LayoutXml("Cover", _cover(on_primary), _ground(), plain=True),
        LayoutXml("Chapter", _chapter(on_primary), _ground()),
        LayoutXml("Text", _heading() + text + _furniture(40)),
        LayoutXml("Tiles", _heading() + tiles + _furniture(40)),
        LayoutXml("Table", _heading() + table + _furniture(40)),
        LayoutXml("Chart", _heading() + chart + _furniture(40)),
        LayoutXml("Title only", _heading() + _furniture(40)),
    )


def _ground() -> str:
    return (
        f'<p:bg {_NS}><p:bgPr><a:solidFill><a:schemeClr val="tx2"/></a:solidFill>'
        "<a:effectLst/></p:bgPr></p:bg>"
    )


def _cover(text: str) -> str:
    side = (9.75, 0.0, SLIDE_WIDTH - 9.75, SLIDE_HEIGHT)
    return (
        _shape(2, side, "rect", '<a:schemeClr val="accent2"/>')
        + _shape(3, (10.55, 1.1, 2.2, 2.2), "ellipse", '<a:schemeClr val="tx2"/>')
        + _shape(4, (10.55, 4.2, 2.2, 2.2), "rect", '<a:schemeClr val="tx2"/>')
        + _shape(5, (10.55, 4.2, 2.2, 2.2), "ellipse", '<a:schemeClr val="accent2"/>')
        + _holder(
            6, "Title", 'type="ctrTitle"', COVER_TITLE, "b", _level(40, text, bold=True), "Title"
        )
        + _holder(7, "Subtitle", 'type="subTitle" idx="1"', COVER_SUBTITLE, "t", _level(20, text))
        + _holder(
            8, "Client", _body(KICKER), COVER_CLIENT, "t", _level(14, text, bold=True), "Client"
        )
        + _holder(9, "About", _body(NUMBER), COVER_META, "b", _level(13, text), "About")
    )


def _chapter(text: str) -> str:
    return (
        _shape(2, (0.0, 0.0, 0.28, SLIDE_HEIGHT), "rect", '<a:schemeClr val="accent2"/>')
        + _holder(
            3, "Title", 'type="title"', CHAPTER_TITLE, "b", _level(40, text, bold=True), "Title"
        )
        + _holder(4, "Number", _body(NUMBER), CHAPTER_NUMBER, "b", _level(18, text, bold=True))
        + _holder(5, "Lede", _body(BODY), CHAPTER_LEDE, "t", _level(22, text), "Lede")
        + _furniture(40, text)
    )


def _heading() -> str:
    return _holder(2, "Title", 'type="title"', TITLE_BOX, prompt="Title") + _holder(
        3, "Kicker", _body(KICKER), KICKER_BOX, "t", _level(12, "accent6", bold=True), "Chapter"
    )


def _tile(idx: int, place: int) -> str:
    width, height = (BODY_WIDTH - 0.4) / 3, (BODY_HEIGHT - 0.2) / 2
    box = (
        MARGIN + (place % 3) * (width + 0.2),
        BODY_TOP + (place // 3) * (height + 0.2),
        width,
        height,
    )
    fill = '<a:solidFill><a:schemeClr val="bg2"/></a:solidFill>'
    return _holder(
        10 + place, f"Tile {place + 1}", _body(idx), box, "t", _level(14, "tx1"), "Text", fill, 0.18
    )


def _body(idx: int) -> str:
    return f'type="body" sz="quarter" idx="{idx}"'


def _furniture(first: int, colour: str = "accent5") -> str:
    """Footer and slide number."""
    number = (SLIDE_WIDTH - MARGIN - 1.2, 7.04, 1.2, 0.26)
    field = (
        '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:rPr lang="en"/>'
        "<a:t>‹#›</a:t></a:fld>"
    )
    style, right = _level(10, colour), _level(10, colour, align="r")
    return _holder(
        first, "Footer", f'type="ftr" sz="quarter" idx="{FOOTER}"', FOOTER_BOX, "ctr", style
    ) + _holder(
        first + 1, "Slide number", f'type="sldNum" sz="quarter" idx="{SLIDE_NUMBER}"', number, "ctr",
        right, run=field,
    )  # fmt: skip


def _holder(
    shape_id: int,
    name: str,
    kind: str,
    box: Box,
    anchor: str = "t",
    style: str = "",
    prompt: str = "",
    fill: str = "",
    inset: float = 0.0,
    run: str = "",
) -> str:
    side = emu(inset)
    content = run or f'<a:r><a:rPr lang="en"/><a:t>{prompt or name}</a:t></a:r>'
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name="{name}"/><p:cNvSpPr><a:spLocks noGrp="1"/>'
        f"</p:cNvSpPr><p:nvPr><p:ph {kind}/></p:nvPr></p:nvSpPr><p:spPr>{_xfrm(box)}"
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}</p:spPr>'
        f'<p:txBody><a:bodyPr vert="horz" wrap="square" lIns="{side}" tIns="{side}" rIns="{side}" '
        f'bIns="{side}" anchor="{anchor}"><a:noAutofit/></a:bodyPr><a:lstStyle>{style}</a:lstStyle>'
        f"<a:p>{content}</a:p></p:txBody></p:sp>"
    )


def _xfrm(box: Box) -> str:
    x, y, width, height = map(emu, box)
    return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def _shape(shape_id: int, box: Box, geometry: str, colour: str) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{shape_id}" name="Shape {shape_id}">{_DECORATIVE}</p:cNvPr>'
        f"<p:cNvSpPr/><p:nvPr userDrawn='1'/></p:nvSpPr><p:spPr>{_xfrm(box)}"
        f'<a:prstGeom prst="{geometry}"><a:avLst/></a:prstGeom><a:solidFill>{colour}</a:solidFill>'
        "<a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )


def _rule(shape_id: int, box: Box) -> str:
    return (
        f'<p:cxnSp><p:nvCxnSpPr><p:cNvPr id="{shape_id}" name="Rule">{_DECORATIVE}</p:cNvPr>'
        f'<p:cNvCxnSpPr/><p:nvPr userDrawn="1"/></p:nvCxnSpPr><p:spPr>{_xfrm(box)}'
        f'<a:prstGeom prst="line"><a:avLst/></a:prstGeom><a:ln w="6350"><a:solidFill>{_HAIR}'
        "</a:solidFill></a:ln></p:spPr></p:cxnSp>"
    )


def _level(size: int, colour: str, *, bold: bool = False, align: str = "l") -> str:
    weight = ' b="1"' if bold else ""
    return (
        f'<a:lvl1pPr marL="0" indent="0" algn="{align}"><a:spcBef><a:spcPts val="0"/></a:spcBef>'
        f'<a:buNone/><a:defRPr sz="{size * 100}"{weight}><a:solidFill><a:schemeClr val="{colour}"/>'
        "</a:solidFill></a:defRPr></a:lvl1pPr>"
    )


def text_styles_xml() -> str:
    """Title in the heading typeface; text without bullets, which a slide adds where it has some."""
    title = _style_level("accent4", "+mj-lt", 2800, ' b="1"', 90)
    return (
        f"<p:txStyles {_NS}><p:titleStyle>{title}</p:titleStyle>"
        f"<p:bodyStyle>{_style_level('tx1', '+mn-lt', 1600, '', 100)}</p:bodyStyle>"
        f"<p:otherStyle>{_style_level('tx1', '+mn-lt', 1200, '', 100)}</p:otherStyle></p:txStyles>"
    )


def _style_level(colour: str, face: str, size: int, weight: str, spacing: int) -> str:
    kind = face[:3]
    return (
        f'<a:lvl1pPr marL="0" indent="0" algn="l" defTabSz="914400" rtl="0" eaLnBrk="1" '
        f'latinLnBrk="0" hangingPunct="1"><a:lnSpc><a:spcPct val="{spacing}000"/></a:lnSpc>'
        f'<a:spcBef><a:spcPts val="0"/></a:spcBef><a:buNone/><a:defRPr sz="{size}"{weight} kern="1200">'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill><a:latin typeface="{face}"/>'
        f'<a:ea typeface="{kind}-ea"/><a:cs typeface="{kind}-cs"/></a:defRPr></a:lvl1pPr>'
    )


def table_style_xml() -> str:
    """Hairlines between rows, a strong rule under the heads and over the total."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<a:tblStyleLst {_A} def="{TABLE_STYLE}"><a:tblStyle styleId="{TABLE_STYLE}" '
        'styleName="Hairlines">'
        + _table_part(
            "wholeTbl", "tx1", _border("bottom", _HAIR, 6350) + _border("insideH", _HAIR, 6350)
        )
        + _table_part("lastRow", "tx1", _border("top", _STRONG, 15875), bold=True)
        + _table_part("firstRow", "accent4", _border("bottom", _STRONG, 15875), bold=True)
        + "</a:tblStyle></a:tblStyleLst>"
    )


_STRONG = '<a:schemeClr val="accent4"/>'


def _table_part(name: str, colour: str, borders: str, *, bold: bool = False) -> str:
    weight = ' b="on"' if bold else ""
    return (
        f'<a:{name}><a:tcTxStyle{weight}><a:fontRef idx="minor"/><a:schemeClr val="{colour}"/>'
        f"</a:tcTxStyle><a:tcStyle><a:tcBdr>{borders}</a:tcBdr><a:fill><a:noFill/></a:fill>"
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
