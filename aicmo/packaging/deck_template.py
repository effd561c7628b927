"""The deck's own template, made by code: theme, master, layouts and table style.

Every colour on a slide is one of the theme's twelve and every typeface one of its two, so the
client can recolour the deck with one click (Design > Variants). Layouts are replaced by ours, not
patched: the stock ones carry Calibri, 4:3 positions and prompts in another voice.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from pptx import Presentation
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Inches

from aicmo.packaging import deck_look as look
from aicmo.packaging.deck_base import Base, Layout, Slots
from aicmo.packaging.deck_covers import Cover, master_shapes, opening_layouts, table_look
from aicmo.packaging.deck_page import our_page
from aicmo.packaging.fonts import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.deck_look import LayoutXml
    from aicmo.packaging.deck_page import Page
    from aicmo.packaging.outline import Outline
    from aicmo.packaging.pictures import Picture
    from aicmo.packaging.translation import Translation

# What every PowerPoint has for these scripts; Office draws Arabic in Arial itself.
_EAST_ASIAN = {"ja": "Yu Gothic", "ko": "Malgun Gothic", "zh": "Microsoft YaHei"}
_COMPLEX = {"hi": "Nirmala UI", "mr": "Nirmala UI", "ne": "Nirmala UI"}
_TRADITIONAL = ("zh-TW", "zh-HK", "zh-Hant")


def own_base(outline: Outline, theme: Theme, say: Translation) -> Base:
    """An empty 16:9 deck in the brand's theme and look."""
    deck: Any = Presentation()
    page = our_page(mirrored=say.direction == "rtl")
    deck.slide_width, deck.slide_height = Inches(page.width), Inches(page.height)
    drop_stock_parts(deck)
    _write_theme(deck, theme, outline)
    table = table_look(theme.name)
    part_named(deck, "/ppt/tableStyles.xml")._blob = look.table_style_xml(table).encode()  # noqa: SLF001
    _write_master(deck.slide_master, theme, page)
    layouts = _write_layouts(deck, outline, theme, page)
    slots = Slots(on_primary=MSO_THEME_COLOR.from_xml(_on_primary(theme)))
    return Base(deck, page, layouts, slots, table.key, boxed=theme.name == "clear")


def _write_layouts(deck: Any, outline: Outline, theme: Theme, page: Page) -> tuple[Layout, ...]:
    initial = next((one for one in outline.client if one.isalnum()), "")
    cover = Cover(page, _on_primary(theme), escape(initial.upper()), theme.logo, theme.cover)
    stock = list(deck.slide_layouts)
    opening = opening_layouts(theme.name, cover, _relate(stock[look.COVER]))
    drawn = (*opening, *look.content_layouts(page, boxed=theme.name == "clear"))
    for layout, made in zip(stock, drawn, strict=False):
        _write_layout(layout, made)
    for spare in stock[len(drawn) :]:
        deck.slide_layouts.remove(spare)
    same = {idx: idx for idx in range(look.FIRST_TILE + look.TILE_COUNT)}
    return tuple(Layout(part, made.boxes, same) for part, made in zip(stock, drawn, strict=False))


def _relate(holder: Any) -> Callable[[Picture], str]:
    def relate(picture: Picture) -> str:
        _, key = holder.part.get_or_add_image_part(io.BytesIO(picture.content))
        return key

    return relate


def part_named(deck: Any, name: str) -> Any:
    return next(p for p in deck.part.package.iter_parts() if p.partname == name)


def drop_stock_parts(deck: Any) -> None:
    """Removes the thumbnail of somebody else's deck and the printer settings."""
    package = deck.part.package
    for holder in (package, deck.part):
        rels = holder._rels  # noqa: SLF001  (python-pptx has no API for the package's relationships)
        for key in [
            k for k, rel in rels.items() if rel.reltype in (RT.THUMBNAIL, RT.PRINTER_SETTINGS)
        ]:
            rels.pop(key)


def _write_theme(deck: Any, theme: Theme, outline: Outline) -> None:
    part = deck.slide_master.part.part_related_by(RT.THEME)
    xml = part.blob.decode()
    xml = re.sub(r"<a:clrScheme.*?</a:clrScheme>", lambda _: _colours(theme), xml, flags=re.DOTALL)
    heading, text = _faces(theme)
    for slot, face in (("majorFont", heading), ("minorFont", text)):
        fonts = _font_xml(slot, face, outline.language)
        xml = re.sub(rf"<a:{slot}>.*?</a:{slot}>", fonts, xml, flags=re.DOTALL)
    name = quoteattr(outline.client)
    xml = re.sub(r'(<a:theme [^>]*?)name="[^"]*"', lambda m: f"{m[1]}name={name}", xml, count=1)
    part._blob = xml.encode()  # noqa: SLF001  (python-pptx has no API for themes)


def _faces(theme: Theme) -> tuple[str, str]:
    """The typefaces of headings and of text."""
    if theme.deck_fonts == "office":
        return ("Georgia" if theme.typeface == "serif" else "Arial"), "Arial"
    return FAMILIES[theme.typeface], FAMILIES["sans"]


def _font_xml(slot: str, face: str, language: str) -> str:
    main = language.partition("-")[0]
    east = "Microsoft JhengHei" if language in _TRADITIONAL else _EAST_ASIAN.get(main, "")
    return (
        f'<a:{slot}><a:latin typeface="{face}"/><a:ea typeface="{east}"/>'
        f'<a:cs typeface="{_COMPLEX.get(main, "Arial")}"/></a:{slot}>'
    )


def _colours(theme: Theme) -> str:
    series, light = theme.series, theme.light
    slots = {
        "dk1": light.ink,
        "lt1": light.paper,
        "dk2": theme.primary,
        "lt2": light.tint,
        "accent1": light.mark,
        "accent2": light.accent_mark,
        "accent3": series[2],
        "accent4": light.heading,
        "accent5": light.muted,
        "accent6": light.accent_text,
        "hlink": light.accent_text,
        "folHlink": light.muted,
    }
    inner = "".join(f'<a:{k}><a:srgbClr val="{v[1:].upper()}"/></a:{k}>' for k, v in slots.items())
    return f'<a:clrScheme name="Brand">{inner}</a:clrScheme>'


def _on_primary(theme: Theme) -> str:
    """The theme slot of text on the primary colour: paper or ink, whichever can be read."""
    return "bg1" if theme.on_primary == theme.light.paper else "tx1"


def _write_master(master: Any, theme: Theme, page: Page) -> None:
    _replace_tree(master, master_shapes(theme.name, page, theme.logo, _relate(master)))
    clear = theme.name == "clear"
    styles = look.text_styles_xml(
        mirrored=page.mirrored, title_slot="accent4" if clear else "tx1", title_bold=clear
    )
    element = master._element  # noqa: SLF001  (python-pptx has no API for text styles)
    element.replace(element.find(qn("p:txStyles")), parse_xml(styles))


def _write_layout(layout: Any, made: LayoutXml) -> None:
    _replace_tree(layout, made.shapes)
    data = layout._element.cSld  # noqa: SLF001  (python-pptx has no API for layouts)
    data.set("name", made.name)
    layout._element.attrib.pop("type", None)  # noqa: SLF001
    if made.plain:
        layout._element.set("showMasterSp", "0")  # noqa: SLF001
    if made.background:
        data.insert(0, parse_xml(made.background))


def _replace_tree(holder: Any, shapes: str) -> None:
    data = holder._element.cSld  # noqa: SLF001  (python-pptx has no API for layouts)
    data.replace(data.spTree, parse_xml(look.tree_xml(shapes)))
