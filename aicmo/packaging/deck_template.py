"""The deck's own template, made by code: theme, master, layouts and table style.

Every colour on a slide is one of the theme's twelve and every typeface one of its two, so the
client can recolour the deck with one click (Design > Variants). Layouts are replaced by ours, not
patched: the stock ones carry Calibri, 4:3 positions and prompts in another voice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Inches

from aicmo.packaging.deck_layout import SLIDE_HEIGHT, SLIDE_WIDTH
from aicmo.packaging.deck_look import (
    LayoutXml,
    layouts_for,
    master_shapes,
    table_style_xml,
    text_styles_xml,
    tree_xml,
)

if TYPE_CHECKING:
    from pptx.presentation import Presentation as Deck

    from aicmo.packaging.brand import Theme


def new_deck(theme: Theme, name: str) -> Deck:
    """An empty 16:9 deck in the brand's theme, called `name`."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(SLIDE_WIDTH), Inches(SLIDE_HEIGHT)
    _drop_stock_parts(deck)
    _write_theme(deck, theme, name)
    _write_table_style(deck)
    _write_master(deck.slide_master)
    layouts = layouts_for(on_primary(theme))
    for layout, look in zip(deck.slide_layouts, layouts, strict=False):
        _write_layout(layout, look)
    for spare in list(deck.slide_layouts)[len(layouts) :]:
        deck.slide_layouts.remove(spare)
    return deck


def _drop_stock_parts(deck: Any) -> None:
    """Removes the thumbnail of somebody else's deck and the printer settings."""
    package = deck.part.package
    for holder in (package, deck.part):
        rels = holder._rels  # noqa: SLF001  (python-pptx has no API for the package's relationships)
        for key in [
            k for k, rel in rels.items() if rel.reltype in (RT.THUMBNAIL, RT.PRINTER_SETTINGS)
        ]:
            rels.pop(key)


def _write_theme(deck: Any, theme: Theme, name: str) -> None:
    part = deck.slide_master.part.part_related_by(RT.THEME)
    xml = part.blob.decode()
    xml = re.sub(r"<a:clrScheme.*?</a:clrScheme>", lambda _: _colours(theme), xml, flags=re.DOTALL)
    heading = "Georgia" if theme.typeface == "serif" else "Arial"
    for slot, face in (("majorFont", heading), ("minorFont", "Arial")):
        empty = f'<a:{slot}><a:latin typeface="{face}"/><a:ea typeface=""/><a:cs typeface=""/></a:{slot}>'
        xml = re.sub(rf"<a:{slot}>.*?</a:{slot}>", empty, xml, flags=re.DOTALL)
    xml = re.sub(
        r'(<a:theme [^>]*?)name="[^"]*"', lambda m: f"{m[1]}name={quoteattr(name)}", xml, count=1
    )
    part._blob = xml.encode()  # noqa: SLF001  (python-pptx has no API for themes)


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


def on_primary(theme: Theme) -> str:
    """The theme slot of text on the primary colour: paper or ink, whichever can be read."""
    return "bg1" if theme.on_primary == theme.light.paper else "tx1"


def _write_table_style(deck: Any) -> None:
    parts = deck.part.package.iter_parts()
    part = next(p for p in parts if p.partname == "/ppt/tableStyles.xml")
    part._blob = table_style_xml().encode()  # noqa: SLF001  (python-pptx has no API for table styles)


def _write_master(master: Any) -> None:
    _replace_tree(master, master_shapes())
    element = master._element  # noqa: SLF001  (python-pptx has no API for text styles)
    old = element.find(qn("p:txStyles"))
    element.replace(old, parse_xml(text_styles_xml()))


def _write_layout(layout: Any, look: LayoutXml) -> None:
    _replace_tree(layout, look.shapes)
    data = layout._element.cSld  # noqa: SLF001  (python-pptx has no API for layouts)
    data.set("name", look.name)
    layout._element.attrib.pop("type", None)  # noqa: SLF001
    if look.plain:
        layout._element.set("showMasterSp", "0")  # noqa: SLF001
    if look.background:
        data.insert(0, parse_xml(look.background))


def _replace_tree(holder: Any, shapes: str) -> None:
    data = holder._element.cSld  # noqa: SLF001  (python-pptx has no API for layouts)
    data.replace(data.spTree, parse_xml(tree_xml(shapes)))
