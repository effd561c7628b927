"""The two looks where they differ most: cover, chapter opening, master and table style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_look import Draft, LayoutXml, TableLook

if TYPE_CHECKING:
    from aicmo.packaging.deck_page import Box, Page
    from aicmo.packaging.pictures import Picture

    Relate = Callable[[Picture], str]

_LOGO = (1.3, 0.38)  # inches on the master, at most
_COVER_LOGO = (2.2, 0.7)
_TABLES = {
    "clear": TableLook("Clear", "{6F1C6A52-9B0E-4B57-8E55-3A1D7C2F4E10}", "accent4", "bg2", above=False),
    "editorial": TableLook(
        "Editorial", "{0B4D7A9E-52C1-4E0F-9C33-7E4B1F6A2D58}", "accent5", "", above=True
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """What a look's cover is made of; `on_primary` is the slot of text on the primary colour."""

    page: Page
    on_primary: str
    initial: str
    logo: Picture | None
    picture: Picture | None


def table_look(name: str) -> TableLook:
    return _TABLES[name]


def opening_layouts(name: str, cover: Cover, relate: Relate) -> tuple[LayoutXml, LayoutXml]:
    """The cover's and the chapters' layout; `relate` puts a picture into the cover's layout."""
    if name == "editorial":
        return _editorial_cover(cover, relate), _editorial_chapter(cover)
    return _clear_cover(cover, relate), _clear_chapter(cover)


def master_shapes(name: str, page: Page, logo: Picture | None, relate: Relate) -> str:
    draft = Draft(page)
    shapes = draft.holder(2, "Title", 'type="title"', page.title)
    shapes += draft.holder(3, "Text", 'type="body" idx="1"', page.body) + draft.furniture(4)
    shapes += draft.rule(6, (page.body[0], page.height - 0.52, page.body_width, 0.0))
    if name == "editorial":
        shapes += draft.shape(7, (page.body[0], 0.0, 0.7, 0.09), "rect", "accent2")
    if logo:
        width, height = inside(logo, _LOGO)
        end = page.title[0] + page.title[2]
        box = (end - width, page.title[1] - 0.34 - height / 2, width, height)
        shapes += draft.picture(8, box, relate(logo))
    return shapes


def logo_width(logo: Picture | None) -> float:
    return inside(logo, _LOGO)[0] if logo else 0.0


def inside(picture: Picture, most: tuple[float, float]) -> tuple[float, float]:
    """The largest size of a picture in a box, both in inches."""
    factor = min(most[0] / picture.width, most[1] / picture.height)
    return picture.width * factor, picture.height * factor


def filled(picture: Picture, box: Box) -> str:
    """The part of a picture to show so that it fills a box, cut evenly at both sides."""
    shape, wanted = picture.width / picture.height, box[2] / box[3]
    if shape > wanted:
        cut = round((1 - wanted / shape) * 50000)
        return f'<a:srcRect l="{cut}" r="{cut}"/>'
    cut = round((1 - shape / wanted) * 50000)
    return f'<a:srcRect t="{cut}" b="{cut}"/>'


def _clear_cover(cover: Cover, relate: Relate) -> LayoutXml:
    draft, text = Draft(cover.page), cover.on_primary
    side = (9.75, 0.0, cover.page.width - 9.75, cover.page.height)
    boxes = {
        look.TITLE: (0.9, 2.05, 8.1, 1.75),
        look.BODY: (0.9, 4.0, 8.1, 1.1),
        look.KICKER: (0.9, 0.72, 5.8, 0.3),
        look.NUMBER: (0.9, 5.5, 8.1, 1.1),
    }
    if cover.picture:
        shapes = draft.picture(2, side, relate(cover.picture), filled(cover.picture, side))
    else:
        shapes = (
            draft.shape(2, side, "rect", "accent2")
            + draft.shape(3, (10.55, 1.1, 2.2, 2.2), "ellipse", "tx2")
            + draft.shape(4, (10.55, 4.2, 2.2, 2.2), "rect", "tx2")
            + draft.shape(5, (10.55, 4.2, 2.2, 2.2), "ellipse", "accent2")
        )
    if cover.logo:  # on a plate of paper, where any logo can be seen
        width, height = inside(cover.logo, _COVER_LOGO)
        plate = (0.9, 1.2, width + 0.3, height + 0.24)
        shapes += draft.shape(10, plate, "rect", "bg1")
        shapes += draft.picture(11, (1.05, 1.32, width, height), relate(cover.logo))
        boxes[look.TITLE] = (0.9, 2.35, 8.1, 1.45)
    shapes += _cover_texts(draft, boxes, text, title=(40, True, text), client=text)
    return LayoutXml("Cover", shapes, boxes, look.ground_xml("tx2"), plain=True)


def _editorial_cover(cover: Cover, relate: Relate) -> LayoutXml:
    draft, page = Draft(cover.page), cover.page
    side = (8.2, 0.0, page.width - 8.2, page.height)
    boxes = {
        look.TITLE: (0.9, 1.7, 6.7, 2.5),
        look.BODY: (0.9, 4.55, 6.7, 1.0),
        look.KICKER: (0.9, 0.72, 4.3, 0.3),
        look.NUMBER: (0.9, 6.0, 6.7, 0.9),
    }
    if cover.picture:
        shapes = draft.picture(2, side, relate(cover.picture), filled(cover.picture, side))
    else:
        initial = draft.level(260, "accent4", face="mj").replace(
            f'algn="{draft.start}"', 'algn="ctr"'
        )
        shapes = _initial(draft, side, initial, cover.initial)
    shapes += draft.shape(4, (0.9, 4.36, 1.1, 0.05), "rect", "accent2")
    if cover.logo:
        width, height = inside(cover.logo, _COVER_LOGO)
        plate = (7.3 - width, 0.5, width + 0.3, height + 0.24)  # of paper, as the clear look's
        shapes += draft.shape(10, plate, "rect", "bg1")
        shapes += draft.picture(11, (7.45 - width, 0.62, width, height), relate(cover.logo))
    text = cover.on_primary
    shapes += _cover_texts(draft, boxes, text, title=(44, False, text), client=text)
    return LayoutXml("Cover", shapes, boxes, look.ground_xml("tx2"), plain=True)


def _initial(draft: Draft, box: Box, style: str, letter: str) -> str:
    run = f'<a:r><a:rPr lang="en"/><a:t>{letter}</a:t></a:r>'
    shape = draft.shape(3, box, "rect", "bg1")
    text = (
        '<p:txBody><a:bodyPr vert="horz" wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" '
        f'anchor="ctr"><a:noAutofit/></a:bodyPr><a:lstStyle>{style}</a:lstStyle><a:p>{run}</a:p>'
        "</p:txBody>"
    )
    return shape.replace("</p:spPr></p:sp>", f"</p:spPr>{text}</p:sp>")


def _cover_texts(
    draft: Draft,
    boxes: dict[int, Box],
    text: str,
    *,
    title: tuple[int, bool, str],
    client: str,
) -> str:
    size, bold, slot = title
    heading = draft.level(size, slot, bold=bold, face="mj")
    return (
        draft.holder(6, "Title", 'type="ctrTitle"', boxes[look.TITLE], "b", heading)
        + draft.holder(
            7, "Subtitle", 'type="subTitle" idx="1"', boxes[look.BODY], "t", draft.level(20, text)
        )
        + draft.body(
            8, "Client", look.KICKER, boxes[look.KICKER], "t", draft.level(14, client, bold=True)
        )
        + draft.body(9, "About", look.NUMBER, boxes[look.NUMBER], "b", draft.level(13, text))
    )


def _clear_chapter(cover: Cover) -> LayoutXml:
    draft, text = Draft(cover.page), cover.on_primary
    boxes = {
        look.TITLE: (0.9, 2.4, 10.2, 1.35),
        look.BODY: (0.9, 3.95, 9.6, 1.9),
        look.NUMBER: (0.9, 1.75, 3.0, 0.5),
    }
    bar = draft.shape(2, (0.0, 0.0, 0.28, cover.page.height), "rect", "accent2")
    shapes = bar + _chapter_texts(draft, boxes, (40, True, text), (20, True, text), text)
    return LayoutXml("Chapter", shapes, boxes, look.ground_xml("tx2"), plain=True)


def _editorial_chapter(cover: Cover) -> LayoutXml:
    draft, text = Draft(cover.page), cover.on_primary
    boxes = {
        look.TITLE: (0.9, 3.15, 10.2, 1.3),
        look.BODY: (0.9, 4.75, 9.6, 1.7),
        look.NUMBER: (0.9, 0.9, 4.0, 2.1),
    }
    rule = draft.shape(2, (0.9, 4.56, 1.1, 0.05), "rect", "accent2")
    texts = _chapter_texts(draft, boxes, (44, False, text), (110, False, text), text)
    return LayoutXml("Chapter", rule + texts, boxes, look.ground_xml("tx2"), plain=True)


def _chapter_texts(
    draft: Draft,
    boxes: dict[int, Box],
    title: tuple[int, bool, str],
    number: tuple[int, bool, str],
    text: str,
) -> str:
    heading = draft.level(title[0], title[2], bold=title[1], face="mj")
    figure = draft.level(number[0], number[2], bold=number[1], face="mj")
    return (
        draft.holder(3, "Title", 'type="title"', boxes[look.TITLE], "b", heading)
        + draft.body(4, "Number", look.NUMBER, boxes[look.NUMBER], "b", figure)
        + draft.body(5, "Lede", look.BODY, boxes[look.BODY], "t", draft.level(22, text))
        + draft.furniture(40, text)
    )
