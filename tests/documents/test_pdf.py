"""The PDF holds the whole project, can't be turned against us, and is the same every time."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import page
import pypdfium2
import pytest
from PIL import Image

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.outline import Outline, squeezed, texts
from aicmo.packaging.pdf import render_pdf
from aicmo.packaging.pdf_verification import verify_pdf
from aicmo.packaging.pictures import picture
from aicmo.packaging.rendered import RenderedFile
from tests.documents.canary import listening
from tests.documents.fixtures import (
    cjk_content,
    content_of,
    example_content,
    example_names,
    hindi_content,
    hostile_text,
    missing_content,
    rtl_content,
    sample_content,
    sample_data,
    short_content,
    with_hostile_text,
)
from tests.documents.page_samples import with_pictures

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
# Between the running head and the foot, in points.
BODY = {"bottom": 62, "top": 775}


def text_of(path: Path, **bounds: float) -> str:
    document: Any = pypdfium2.PdfDocument(path)
    try:
        return "\n".join(one.get_textpage().get_text_bounded(**bounds) for one in document)
    finally:
        document.close()


def printed(content: ProjectContent, path: Path) -> RenderedFile:
    return render_pdf(compose(content), theme_for(content.document.brand), path)


def short(outline: Outline) -> Outline:
    """A few pages: rendering is slow."""
    return replace(outline, chapters=outline.chapters[:1])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> RenderedFile:
    """The approved and executed sample, printed once for all."""
    content = sample_content(approved=True, executed=True)
    return printed(content, tmp_path_factory.mktemp("sample") / "strategy.pdf")


def test_every_word_and_number_of_the_outline_is_printed(sample: RenderedFile) -> None:
    check_words(sample_content(approved=True, executed=True), sample)


@pytest.mark.parametrize("name", example_names())
def test_every_word_of_an_example_is_printed(name: str, tmp_path: Path) -> None:
    content = example_content(name, approved=True, executed=True)
    check_words(content, printed(content, tmp_path / "strategy.pdf"))


def check_words(content: ProjectContent, rendered: RenderedFile) -> None:
    said = squeezed(text_of(rendered.path, **BODY))
    outline = compose(content)
    lines = {line for text in texts(outline.chapters) for line in text.splitlines()}
    plain = {re.sub(r"^(• |\d\. )", "", line) for line in lines}
    # Names by which templates choose, which nobody reads.
    plain -= {chapter.key for chapter in outline.chapters} | {"decision", "warning"}
    assert [line for line in plain if squeezed(line) not in said] == []
    assert rendered.pages == len(pypdfium2.PdfDocument(rendered.path))
    assert rendered.warnings == ()
    marked = "INTERNAL DRAFT" in text_of(rendered.path)
    assert marked == (outline.status == "internal draft")


def test_a_draft_is_marked_on_every_page_but_the_cover(tmp_path: Path) -> None:
    content = sample_content()
    outline = short(compose(content))
    rendered = render_pdf(outline, theme_for(content.document.brand), tmp_path / "strategy.pdf")
    document: Any = pypdfium2.PdfDocument(rendered.path)
    marked = ["INTERNAL DRAFT" in one.get_textpage().get_text_bounded() for one in document]
    assert marked == [False] + [True] * (rendered.pages - 1)


def test_beside_a_logo_a_draft_is_said_on_one_line(tmp_path: Path) -> None:
    content = sample_content()
    theme = with_pictures(theme_for(content.document.brand))
    rendered = render_pdf(short(compose(content)), theme, tmp_path / "strategy.pdf")
    lines = text_of(rendered.path).splitlines()
    assert any(line.startswith("Internal draft – not approved") for line in lines)


def test_it_is_tagged_and_passes_pdf_ua_1(sample: RenderedFile) -> None:
    report = str(page.validate_pdf(str(sample.path), profile=page.ValidationProfile.PDF_UA_1))
    assert "Checks: 0 failed" in report, report
    document: Any = pypdfium2.PdfDocument(sample.path)
    about = document.get_metadata_dict()
    assert about["Title"] == "Northside Strength Studio: Membership launch plan"
    assert about["Author"] == "Harbour & Finch"
    bookmarks = [one.get_title() for one in document.get_toc()]
    assert bookmarks[0] == "Executive summary"
    assert "What goes out, and when" in bookmarks


@pytest.mark.parametrize(
    "content", [rtl_content, hindi_content, cjk_content, missing_content, short_content]
)
@pytest.mark.parametrize("look", ["clear", "editorial"])
def test_both_looks_pass_in_every_script(
    content: Callable[..., ProjectContent], look: Literal["clear", "editorial"], tmp_path: Path
) -> None:
    rendered = printed(content(theme=look), tmp_path / "strategy.pdf")
    for profile in (page.ValidationProfile.PDF_UA_1, page.ValidationProfile.PDF_A_3A):
        report = str(page.validate_pdf(str(rendered.path), profile=profile))
        assert "Checks: 0 failed" in report, report
    assert rendered.warnings == ()


def test_a_page_read_from_the_right_begins_there(tmp_path: Path) -> None:
    rendered = printed(rtl_content(theme="clear"), tmp_path / "strategy.pdf")
    document: Any = pypdfium2.PdfDocument(rendered.path)
    left_margin, right_margin = 20 / 25.4 * 72, document[1].get_width() - 20 / 25.4 * 72
    # The contents' page numbers end their lines at the left; a chapter's number begins at the right.
    numbers = [at for at in digits_of(document[1]) if at[0] < left_margin + 3]
    assert len(numbers) >= len(compose(rtl_content()).chapters) / 2
    assert any(right == pytest.approx(right_margin, abs=2) for _, right in digits_of(document[2]))


def digits_of(sheet: Any) -> list[tuple[float, float]]:
    """Where the digits of a page begin and end, in points from the left."""
    said = sheet.get_textpage()
    boxes = [
        said.get_charbox(n)
        for n in range(said.count_chars())
        if said.get_text_range(n, 1).isdigit()
    ]
    return [(left, right) for left, _, right, _ in boxes]


def test_the_clients_pictures_are_on_the_cover(tmp_path: Path) -> None:
    made = io.BytesIO()
    Image.new("RGB", (400, 300), "#2a7f62").save(made, "PNG")
    content = sample_content(approved=True)
    theme = theme_for(content.document.brand)
    theme = replace(theme, cover=picture(made.getvalue()), logo=picture(made.getvalue()))
    for look in ("clear", "editorial"):
        themed = replace(theme, name=look)
        rendered = render_pdf(short(compose(content)), themed, tmp_path / f"{look}.pdf")
        cover: Any = pypdfium2.PdfDocument(rendered.path)[0]
        colours = cover.render(scale=0.2).to_pil().convert("RGB").getcolors(100_000)
        shown = sum(n for n, (r, g, b) in colours if abs(r - 42) + abs(g - 127) + abs(b - 98) < 12)
        assert shown > 0.3 * sum(n for n, _ in colours)


def test_the_same_content_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.documents.test_pdf import *\n"
        "c = sample_content(); o = short(compose(c))\n"
        "render_pdf(o, theme_for(c.document.brand), Path(sys.argv[1]), sources={'a.json': '{}'})\n"
    )
    digests = set[str]()
    for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Caracas")):
        path = tmp_path / f"{seed}.pdf"
        env = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run([sys.executable, "-c", program, path], check=True, cwd=ROOT, env=env)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_sources_are_attached(tmp_path: Path) -> None:
    content = sample_content()
    outline = short(compose(content))
    theme = theme_for(content.document.brand)
    sources = {"project.json": '{"a": 1}'}
    rendered = render_pdf(outline, theme, tmp_path / "strategy.pdf", sources=sources)
    document: Any = pypdfium2.PdfDocument(rendered.path)
    attached = [document.get_attachment(i) for i in range(document.count_attachments())]
    assert [(one.get_name(), bytes(one.get_data())) for one in attached] == [
        ("project.json", b'{"a": 1}')
    ]


def test_hostile_text_is_printed_and_does_nothing(tmp_path: Path) -> None:
    canary_file = tmp_path / "canary.txt"
    canary_file.write_text("the-secret-of-the-canary", encoding="utf-8")
    with listening() as canary:
        text = hostile_text(canary.port, canary_file)
        content = content_of(with_hostile_text(sample_data(), text))
        outline = compose(content)
        outline = replace(outline, chapters=outline.chapters[:2])
        theme = theme_for(content.document.brand)
        rendered = render_pdf(outline, theme, tmp_path / "strategy.pdf")
    assert canary.hits == []
    said = squeezed(text_of(rendered.path))
    assert "the-secret-of-the-canary" not in said
    assert squeezed("<script>fetch('http://127.0.0.1") in said
    assert "[7*7]" in said
    assert squeezed(" & done") in said
    assert "&amp;" not in said


def test_a_file_that_is_no_pdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "strategy.pdf"
    path.write_bytes(b"%PDF-1.7 and no more")
    with pytest.raises(PackageFileInvalid, match="can't be opened again"):
        verify_pdf(path, compose(sample_content()))


def test_a_pdf_of_somebody_else_is_refused(tmp_path: Path) -> None:
    content = sample_content()
    outline = short(compose(content))
    rendered = render_pdf(outline, theme_for(content.document.brand), tmp_path / "strategy.pdf")
    with pytest.raises(PackageFileInvalid, match="doesn't name the client, Someone Else"):
        verify_pdf(rendered.path, replace(outline, client="Someone Else"))
