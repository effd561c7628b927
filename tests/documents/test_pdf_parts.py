"""A PDF in parts is one document: its structure, its links and its numbers don't show the seams."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import page
import pikepdf
import pypdfium2
import pytest
from pikepdf import Array

from aicmo.packaging.brand import theme_for
from aicmo.packaging.composition import compose
from aicmo.packaging.markup import column_widths
from aicmo.packaging.outline import Card, Cards, Outline, Paragraph, Section, Table, squeezed
from aicmo.packaging.pdf import render_pdf
from aicmo.packaging.pdf_binding import with_clear_ends
from aicmo.packaging.pdf_html import assets_for
from aicmo.packaging.pdf_parts import LONG, parts_of
from aicmo.packaging.rendered import RenderedFile
from aicmo.packaging.workers import WorkerPool, shared_pool
from tests.documents.fixtures import sample_content

THEME = theme_for(sample_content().document.brand)
SOURCES = {"project.json": '{"a": 1}'}


def long_outline() -> Outline:
    """The sample, approved and executed, with a chapter that is long enough for two parts."""
    outline = compose(sample_content(approved=True, executed=True))
    filler = "A sentence that only makes the chapter longer, as a real text would. "
    more = tuple(
        Section(f"Chapter's section {number}", (Paragraph(filler * (LONG // len(filler) + 1)),))
        for number in range(2)
    )
    first, *others = outline.chapters
    return replace(outline, chapters=(replace(first, sections=first.sections + more), *others))


@dataclass
class Printed:
    outline: Outline
    rendered: RenderedFile
    parts: Path


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    folder = tmp_path_factory.mktemp("parts")
    outline = long_outline()
    with WorkerPool(2) as pool:
        rendered = render_pdf(
            outline, THEME, folder / "strategy.pdf",
            sources=SOURCES, parts_folder=folder / "parts", pool=pool,
        )  # fmt: skip
    return Printed(outline, rendered, folder / "parts")


def page_texts(path: Path) -> list[str]:
    document: Any = pypdfium2.PdfDocument(path)
    try:
        return [one.get_textpage().get_text_bounded() for one in document]
    finally:
        document.close()


def test_a_long_chapter_is_laid_out_in_parts(printed: Printed) -> None:
    parts = parts_of(printed.outline)
    assert len(parts) == len(printed.outline.chapters) + 1
    assert parts[1].chapter.key == parts[0].chapter.key
    assert not parts[1].opens
    assert len(list(printed.parts.glob("*.pdf"))) == len(parts)


@pytest.mark.parametrize("profile", ["PDF_UA_1", "PDF_A_3A"])
def test_it_passes(profile: str, printed: Printed) -> None:
    file = str(printed.rendered.path)
    report = str(page.validate_pdf(file, profile=getattr(page.ValidationProfile, profile)))
    assert "Checks: 0 failed" in report, report


def test_its_syntax_is_clean_and_nothing_was_warned_of(printed: Printed) -> None:
    with pikepdf.open(printed.rendered.path) as pdf:
        assert pdf.check_pdf_syntax() == []
    assert printed.rendered.warnings == ()


def test_a_stream_that_ends_with_a_carriage_return_keeps_its_length(tmp_path: Path) -> None:
    file = tmp_path / "one.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.Kept = Array([pdf.make_stream(b"one\r"), pdf.make_stream(b"two\r")])
        pdf.save(file, compress_streams=False)
    written = with_clear_ends(file.read_bytes())
    assert written.count(b"\r\r\nendstream") == 2
    file.write_bytes(written)
    with pikepdf.open(file) as pdf:
        assert [one.read_raw_bytes() for one in pdf.Root.Kept] == [b"one\r", b"two\r"]
        assert pdf.check_pdf_syntax() == []


def test_every_page_says_its_number(printed: Printed) -> None:
    texts = page_texts(printed.rendered.path)
    assert len(texts) == printed.rendered.pages
    total = len(texts)
    told = [re.findall(r"(\d+)\s*/\s*(\d+)", text)[-1:] for text in texts[1:]]
    assert told == [[(str(number), str(total))] for number in range(2, total + 1)]


def test_bookmarks_lead_to_their_chapters(printed: Printed) -> None:
    texts = [squeezed(text) for text in page_texts(printed.rendered.path)]
    document: Any = pypdfium2.PdfDocument(printed.rendered.path)
    told = [(one.level, one.get_title(), one.get_dest().get_index()) for one in document.get_toc()]
    document.close()
    assert [title for level, title, _ in told if level == 0] == [
        chapter.title for chapter in printed.outline.chapters
    ]
    assert len(told) == sum(1 + len(each.sections) for each in printed.outline.chapters)
    assert [title for _, title, number in told if squeezed(title) not in texts[number]] == []


def test_the_contents_lead_to_the_page_they_name(printed: Printed) -> None:
    texts = [squeezed(text) for text in page_texts(printed.rendered.path)]
    with pikepdf.open(printed.rendered.path) as pdf:
        names: Any = pdf.Root.Names.Dests.Names
        places = {str(names[n]): names[n + 1][0].objgen for n in range(0, len(names), 2)}
        numbers = {one.obj.objgen: number for number, one in enumerate(pdf.pages)}
        for chapter in printed.outline.chapters:
            found = numbers[places[chapter.key]]
            assert squeezed(chapter.conclusion) in texts[found]
            assert re.search(rf"{re.escape(squeezed(chapter.title))}\W*{found + 1}", texts[1])
        links = [str(one.Dest) for one in pdf.pages[1].obj.Annots]
    assert set(links) <= set(places)
    assert len(links) >= len(printed.outline.chapters)


def test_its_structure_is_one_tree_in_reading_order(printed: Printed) -> None:
    with pikepdf.open(printed.rendered.path) as pdf:
        tree: Any = pdf.Root.StructTreeRoot
        numbers = {one.obj.objgen: number for number, one in enumerate(pdf.pages)}
        (document,) = tree.K
        order = [numbers[one.Pg.objgen] for one in document.K]
        keys = [tree.ParentTree.Nums[n] for n in range(0, len(tree.ParentTree.Nums), 2)]
        told = [one.obj.StructParents for one in pdf.pages]
        told += [link.StructParent for one in pdf.pages for link in one.obj.get("/Annots", [])]
    assert order == sorted(order)
    assert set(order) == set(range(printed.rendered.pages))
    assert sorted(told) == keys == list(range(len(keys)))


def test_each_face_is_embedded_once(printed: Printed) -> None:
    with pikepdf.open(printed.rendered.path) as pdf:
        fonts = [one for one in pdf.objects if _is(one, "/Font") and "/ToUnicode" in one]
        names = sorted(str(one.BaseFont) for one in fonts)
    assert names
    assert names == sorted(set(names))


def _is(thing: Any, kind: str) -> bool:
    return isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == kind


def test_it_says_whose_it_is_and_carries_the_plan(printed: Printed) -> None:
    with pikepdf.open(printed.rendered.path) as pdf:
        assert pdf.docinfo["/Producer"] == "Harbour & Finch"
        with pdf.open_metadata() as told:
            assert (told["pdf:Producer"], told["pdfuaid:part"]) == ("Harbour & Finch", "1")
            assert (told["pdfaid:part"], told["pdfaid:conformance"]) == ("3", "A")
        (attached,) = pdf.Root.AF
        assert attached.AFRelationship == "/Data"
        assert pdf.attachments["project.json"].get_file().read_bytes() == b'{"a": 1}'


def test_one_worker_or_an_earlier_build_give_the_same_bytes(
    printed: Printed, tmp_path: Path
) -> None:
    with WorkerPool(1) as pool:
        anew = render_pdf(printed.outline, THEME, tmp_path / "anew.pdf", sources=SOURCES, pool=pool)
        again = render_pdf(
            printed.outline, THEME, tmp_path / "again.pdf",
            sources=SOURCES, parts_folder=printed.parts, pool=pool,
        )  # fmt: skip
    known = printed.rendered.path.read_bytes()
    assert anew.path.read_bytes() == known
    assert again.path.read_bytes() == known


def test_one_changed_item_lays_out_only_its_part(printed: Printed, tmp_path: Path) -> None:
    before = set(printed.parts.glob("*.pdf"))
    last = printed.outline.chapters[-1]
    section = Section("A section that is new", (Cards((Card("New", "It wasn't there."),)),))
    changed = replace(
        printed.outline,
        version="Version 99",
        chapters=(
            *printed.outline.chapters[:-1],
            replace(last, sections=(*last.sections, section)),
        ),
    )
    made = render_pdf(changed, THEME, tmp_path / "strategy.pdf", parts_folder=printed.parts)
    (new,) = set(printed.parts.glob("*.pdf")) - before
    assert new.name.startswith(f"{last.key}-0-")
    text = "\n".join(page_texts(made.path))
    assert "A section that is new" in text
    assert "Version 99" in text


@pytest.mark.parametrize(("sections", "pages"), [(9, 1), (10, 1), (14, 2)])
def test_no_page_is_left_with_a_few_lines(sections: int, pages: int, tmp_path: Path) -> None:
    style = "@page { size: A4; margin: 20mm } .section { height: 20mm; margin-top: 6.5mm }"
    body = "<div class=section>One</div>" * sections
    html = f"<!doctype html><html lang=en><title>T</title><style>{style}</style>{body}</html>"
    made = tmp_path / "part.pdf"
    shared_pool().run("aicmo.packaging.pdf_layout:lay_out", html, {}, "part", str(made))
    assert len(pypdfium2.PdfDocument(made)) == pages


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "INTERNAL DRAFT"), ("de", "INTERNER ENTWURF"), ("ja", "社内用下書き")],
)
def test_the_mark_across_a_draft_is_in_its_language(language: str, words: str) -> None:
    _, mark = assets_for(THEME, language)["asset:watermark.svg"]
    assert f">{words}</text>" in mark.decode()


def test_a_column_of_one_long_cell_and_one_of_short_ones_have_room() -> None:
    role = (
        "Brings the founder list to the offer and invites trials; the only channel the studio owns."
    )
    rows = (
        ("Weeks 1-4", role, "one email a month to everyone on the list"),
        ("Weeks 5-8", role, "–"),
        ("Weeks 9-12", role, "–"),
    )
    short, long, rare = column_widths(Table("Roles", ("When", "Role", "Cadence"), rows))
    assert short >= 100 * len("Weeks 9-12") / 112
    assert long > rare > 20
