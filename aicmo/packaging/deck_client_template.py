"""A deck on the client's own PowerPoint template: its theme, master and layouts, found by name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pptx import Presentation
from pptx.enum.dml import MSO_THEME_COLOR as SLOT
from pptx.enum.shapes import PP_PLACEHOLDER as KIND
from pptx.exc import PackageNotFoundError
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn

from aicmo.errors import FixInput
from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_base import Base, Layout, Slots
from aicmo.packaging.deck_client_file import check_template
from aicmo.packaging.deck_page import Page
from aicmo.packaging.deck_template import drop_stock_parts, part_named
from aicmo.packaging.deck_text import Style
from aicmo.plans.colours import MARK, TEXT, contrast
from aicmo.plans.parsing import parse_yaml

if TYPE_CHECKING:
    from aicmo.packaging.deck_page import Box

TEMPLATE, NAMES = "deck.pptx", "layouts.yml"
ROLES = ("cover", "chapter", "text", "tiles", "table", "chart", "title_only")
_TITLES = (KIND.TITLE, KIND.CENTER_TITLE)
_TEXTS = (KIND.SUBTITLE, KIND.BODY, KIND.OBJECT)
_INSET = (0.1, 0.05)  # inches of a placeholder that sets none
_SHAPES = (16 / 9, 4 / 3)


def client_base(templates: Mapping[str, bytes], *, mirrored: bool) -> Base:
    """The client's template without its slides, ready to be drawn on.

    Raises:
        FixInput: the template or `layouts.yml` can't be used, with what is missing.
    """
    check_template(templates[TEMPLATE])
    try:
        return _base(templates, mirrored=mirrored)
    except (PackageNotFoundError, *_BROKEN) as error:
        said = f"{type(error).__name__}: {error}"
        raise FixInput(f"deck.pptx can't be drawn on ({said}).", next_step=_AGAIN) from error


_BROKEN = (ArithmeticError, AttributeError, LookupError, SyntaxError, TypeError, ValueError)
"""What python-pptx raises at a file that lacks a part of a presentation, or has it wrong."""
_AGAIN = "Save the template in PowerPoint as .pptx and import the plan again."


def _base(templates: Mapping[str, bytes], *, mirrored: bool) -> Base:
    deck: Any = Presentation(io.BytesIO(templates[TEMPLATE]))
    _empty(deck)
    layouts = tuple(_layout(role, part) for role, part in _parts(deck, templates).items())
    page = _page(deck, layouts, mirrored=mirrored)
    style = _default_table_style(deck)
    return Base(deck, page, layouts, _slots(deck), style)


def _empty(deck: Any) -> None:
    slides = deck.slides._sldIdLst  # noqa: SLF001  (python-pptx can't remove a slide)
    for one in list(slides):
        deck.part.drop_rel(one.rId)
        slides.remove(one)
    for tag in ("p:extLst", "p:custShowLst"):  # they name slides that are gone
        for found in deck.part._element.findall(qn(tag)):  # noqa: SLF001
            deck.part._element.remove(found)  # noqa: SLF001
    drop_stock_parts(deck)


def _parts(deck: Any, templates: Mapping[str, bytes]) -> dict[str, Any]:
    """The template's layout for each role."""
    there = {one.name: one for master in deck.slide_masters for one in master.slide_layouts}
    known = ", ".join(f"“{name}”" for name in there)
    if NAMES not in templates:
        raise FixInput(
            f"{TEMPLATE} has no {NAMES} beside it.",
            next_step=f"Say there which layout is {', '.join(ROLES)}. The template has {known}.",
        )
    read = parse_yaml(templates[NAMES].decode("utf-8", "replace"), NAMES)
    given = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    named = {role: str(given.get(role, "")) for role in ROLES}
    for role, name in named.items():
        if name not in there:
            raise FixInput(
                f"{NAMES}: {role} is “{name}”, which isn't a layout of {TEMPLATE}.",
                next_step=f"Use one of {known}.",
            )
    return {role: there[name] for role, name in named.items()}


def _layout(role: str, part: Any) -> Layout:
    holders = sorted(part.placeholders, key=lambda one: (one.top or 0, one.left or 0))
    kinds = {one.placeholder_format.idx: one.placeholder_format.type for one in holders}
    titles = [one for one in holders if kinds[one.placeholder_format.idx] in _TITLES]
    if not titles:
        raise FixInput(
            f"The layout “{part.name}” of {TEMPLATE} has no title placeholder.",
            next_step=f"Add a title to it, or name another layout as {role} in {NAMES}.",
        )
    texts = [one for one in holders if kinds[one.placeholder_format.idx] in _TEXTS]
    found = {look.TITLE: titles[0]}
    if role in ("cover", "chapter", "text"):
        found |= dict(zip((look.BODY, look.KICKER, look.NUMBER), texts, strict=False))
    for idx, kind in ((look.TABLE_BOX, KIND.TABLE), (look.CHART_BOX, KIND.CHART)):
        fitting = [one for one in holders if kinds[one.placeholder_format.idx] == kind]
        found |= {idx: fitting[0]} if fitting else {}
    if role == "text":
        found = {idx: one for idx, one in found.items() if idx in (look.TITLE, look.BODY)}
    boxes = {idx: _inner(one) for idx, one in found.items()}
    return Layout(part, boxes, {idx: one.placeholder_format.idx for idx, one in found.items()})


def _inner(holder: Any) -> Box:
    """The box in which a placeholder's text stands."""
    left, top, width, height = (
        (size or 0) / 914400 for size in (holder.left, holder.top, holder.width, holder.height)
    )
    return (left + _INSET[0], top + _INSET[1], width - 2 * _INSET[0], height - 2 * _INSET[1])


def _page(deck: Any, layouts: tuple[Layout, ...], *, mirrored: bool) -> Page:
    width, height = deck.slide_width / 914400, deck.slide_height / 914400
    if min(abs(width / height - shape) for shape in _SHAPES) > 0.01:  # noqa: PLR2004
        raise FixInput(
            f"{TEMPLATE} has slides of {width:.2f} by {height:.2f} inches.",
            next_step="Set its slide size to 16:9 or 4:3.",
        )
    text = layouts[look.TEXT]
    title = text.boxes[look.TITLE]
    below = title[1] + title[3] + 0.15
    body = text.boxes.get(look.BODY, (title[0], below, title[2], height - 0.8 - below))
    style = Style(_title_size(text.part), bold=True, heading=True, inherits=True)
    return Page(width, height, title, body, style, mirrored)


def _title_size(layout: Any) -> float:
    """Points of the layout's title, or of its master's."""
    own = layout._element.xpath(  # noqa: SLF001  (python-pptx doesn't resolve inherited type)
        ".//p:sp[p:nvSpPr/p:nvPr/p:ph[@type='title' or @type='ctrTitle']]//a:lvl1pPr/a:defRPr/@sz"
    )
    master = layout.slide_master._element.xpath(  # noqa: SLF001
        ".//p:titleStyle/a:lvl1pPr/a:defRPr/@sz"
    )
    return min(32.0, int([*own, *master, "2800"][0]) / 100)


def _default_table_style(deck: Any) -> str:
    styles = _parsed(part_named(deck, "/ppt/tableStyles.xml"))
    return styles.get("def") or "{5C22544A-7EE6-4342-B048-85BDC9FD1C3A}"


def _slots(deck: Any) -> Slots:
    """Theme colours that can be read on the template's ground, tried in this order."""
    shown = _colours(deck)
    paper = shown["bg1"]

    def first(least: float, *slots: str) -> SLOT:
        fitting = (one for one in slots if contrast(shown[one], paper) >= least)
        return SLOT.from_xml(next(fitting, "tx1"))

    tint = "bg2" if contrast(shown["tx1"], shown["bg2"]) >= TEXT else "bg1"
    mark = first(MARK, "accent1", "tx2")
    return Slots(
        ink=SLOT.TEXT_1,
        muted=SLOT.TEXT_1,
        primary=first(TEXT, "tx2"),
        accent=first(TEXT, "accent1", "tx2"),
        on_primary=SLOT.BACKGROUND_1,
        ground=first(TEXT, "accent1", "tx2"),
        tint=SLOT.from_xml(tint),
        mark=mark,
        accent_mark=first(MARK, "accent2", "accent1", "tx2"),
    )


def _colours(deck: Any) -> dict[str, str]:
    """`#rrggbb` of the theme's colours as the master maps them."""
    master = deck.slide_master
    theme = _parsed(master.part.part_related_by(RT.THEME))
    scheme = theme.find(f".//{qn('a:clrScheme')}")
    given = {
        one.tag.rpartition("}")[2]: f"#{(one[0].get('lastClr') or one[0].get('val')).lower()}"
        for one in (scheme if scheme is not None else ())
    }
    mapping = master._element.find(qn("p:clrMap"))  # noqa: SLF001  (no API)
    return {name: given.get(slot, "#000000") for name, slot in mapping.attrib.items()}


def _parsed(part: Any) -> Any:
    return cast("Any", parse_xml(part.blob))
