"""The typefaces: what draws which script, and what is said when none does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aicmo.errors import InstallComponent
from aicmo.packaging import fonts
from aicmo.packaging.rendering import render_format
from tests.documents.fixtures import short_content

SYSTEM_FONTS = pytest.mark.skipif(
    not Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
    or not Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf").exists(),
    reason="the Noto fonts that the set-up installs on Debian aren't here",
)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("é", "Inter"),
        ("س", "Noto Sans Arabic"),
        ("न", "Noto Sans Devanagari"),
        ("∛", "DejaVu Sans"),
    ],
)
def test_each_script_has_a_face(text: str, family: str) -> None:
    face = fonts.face_for(text, "sans")
    assert face is not None
    assert face.family == family


@SYSTEM_FONTS
@pytest.mark.parametrize(
    ("language", "family"),
    [("ja", "JP"), ("ko-KR", "KR"), ("zh", "SC"), ("zh-Hant", "TC"), ("zh-TW", "TC"), ("de", "JP")],
)
def test_han_characters_are_drawn_as_the_language_writes_them(language: str, family: str) -> None:
    assert f"Noto Sans CJK {family}" in fonts.stack("serif", language)
    face = fonts.face_for("直", "serif", language)
    assert face is not None
    assert face.family == f"Noto Sans CJK {family}"


def test_missing_cjk_fonts_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    fonts._installed.cache_clear()
    try:
        with pytest.raises(InstallComponent, match="戦 略") as raised:
            fonts.require_fonts(["戦略"], "ja")
        fonts.require_fonts(["Strategie", "سنة", "वर्ष"], "de")
    finally:
        fonts._installed.cache_clear()
    assert "fonts-noto-cjk" in raised.value.next_step


def test_a_renderer_sees_these_fonts_and_no_other_of_the_machine(tmp_path: Path) -> None:
    config = fonts.write_fontconfig(tmp_path)
    known = subprocess.run(
        ["fc-list", ":", "family"], env=os.environ | {"FONTCONFIG_FILE": str(config)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert {"Inter", "Source Serif 4", "Noto Sans Arabic", "DejaVu Sans"} <= set(known.splitlines())
    assert "Liberation" not in known
    assert "DejaVu Serif" not in known
    assert "Noto Serif CJK" not in known


@SYSTEM_FONTS
def test_a_package_warns_of_what_its_pdf_can_not_draw(tmp_path: Path) -> None:
    content = short_content()
    named = content.document.model_copy(update={"name": "Rune ᚠ"})
    rendered = render_format(replace(content, document=named), "pdf", tmp_path)
    assert len(rendered.warnings) == 1
    assert '"ᚠ" (U+16A0)' in rendered.warnings[0]
