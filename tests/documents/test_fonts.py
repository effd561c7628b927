"""The typefaces: what draws which script, and what is said when none does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from aicmo.errors import InstallComponent
from aicmo.packaging import fonts

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


@SYSTEM_FONTS
def test_a_character_that_no_font_has_is_a_warning_with_its_code() -> None:
    assert fonts.require_fonts(["Strategie 戦略 🎉", "rune ᚠ\n"], "de") == (
        "No font draws the character ᚠ (U+16A0).",
    )


def test_missing_cjk_fonts_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    fonts._installed.cache_clear()
    try:
        with pytest.raises(InstallComponent, match="戦 略") as raised:
            fonts.require_fonts(["戦略"], "ja")
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
