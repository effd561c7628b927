"""What every page has: the brand's colours, one style of its own, and nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from aicmo.packaging.brand import theme_for
from aicmo.plans.document import Brand

_SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
_SERIF = 'Georgia, Charter, "Liberation Serif", serif'


@dataclass(frozen=True, slots=True)
class Look:
    """Colours are `#rrggbb`.

    brand, on_brand: the button's ground and its text.
    light, dark: the brand's colour as text and as an edge, on light and on dark paper.
    """

    brand: str = "#24405e"
    on_brand: str = "#ffffff"
    light: str = "#24405e"
    dark: str = "#a9c4e4"
    light_paper: str = "#ffffff"
    dark_paper: str = "#171a1f"
    font: str = _SANS


def look_of(brand: Brand) -> Look:
    """The look of a brand, with contrast that can be read on light and on dark paper."""
    theme = theme_for(brand)
    font = _SERIF if brand.typeface == "serif" else _SANS
    return Look(
        theme.primary, theme.on_primary, theme.light.heading, theme.dark.heading,
        theme.light.paper, theme.dark.paper, font,
    )  # fmt: skip


def html_page(template: str, look: Look, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of ours: every value is escaped, and its policy lets only its own style apply."""
    style = _templates().get_template("page.css.j2").render(look=look)
    content = _templates().get_template(template).render(
        style=Markup(style), **values,  # noqa: S704  (ours: only colours vary)
    )  # fmt: skip
    return HTMLResponse(content, status, {"content-security-policy": _policy(style)})


def _policy(style: str) -> str:
    """Nothing is loaded, run or framed; only this very style applies (CSP level 3)."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("aicmo.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
