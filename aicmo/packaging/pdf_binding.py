"""Puts laid-out parts into their frame: one PDF with one structure tree, PDF/A-3a and PDF/UA-1.

Each page of a part takes the place of the frame's empty one, whose head and foot it gets as a form
XObject. Everything that speaks of the whole is the frame's: metadata, attachments, bookmarks, named
destinations, fonts.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import pikepdf
from pikepdf import Array, Name, String

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ELSEWHERE = "part:"
"""The scheme of a link into another part; binding makes it a link within the PDF."""
_CR_AT_END = b"\r\nendstream"
_MARKED = re.compile(rb"/\w+\s*<<\s*/MCID (\d+)\s*>>\s*BDC")
# The identification of PDF/UA-1, with the schema that PDF/A asks for of whatever it doesn't know.
_UA = """<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>
<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>
<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file conforms to</pdfaProperty:description></rdf:li>
</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF>"""


def bind(frame: Path, parts: Sequence[Path], path: Path, *, producer: str) -> None:
    """Writes the whole PDF; the same files give the same bytes.

    Args:
        frame: the document with an empty page for every page of the parts, after its own.
        parts: the parts, in order.
        path: the file to write.
        producer: what the file says it was made by.
    """
    with pikepdf.open(frame) as pdf, ExitStack() as opened:
        binding = _Binding(pdf)
        binding.add([opened.enter_context(pikepdf.open(part)) for part in parts])
        _share_pictures(pdf)
        _describe(pdf, producer)
        pdf.save(path, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    path.write_bytes(with_clear_ends(path.read_bytes()))


def with_clear_ends(written: bytes) -> bytes:
    """Ends the line with CR LF after a stream whose last byte is a CR.

    With a line feed alone that byte reads as part of the line's end, and Length as one too many
    (ISO 19005-3, 6.1.7.1). The dictionary gives up a space for it, so that no object moves.
    """
    at = written.find(_CR_AT_END)
    while at >= 0:
        space = written.rindex(b" obj\n<< ", 0, at) + len(b" obj\n<<")
        stream = written[space + 1 : at + 1]
        written = written[:space] + stream + b"\r\n" + written[at + 2 :]
        at = written.find(_CR_AT_END, at + len(_CR_AT_END))
    return written


class _Binding:
    def __init__(self, pdf: Any) -> None:
        self.pdf = pdf
        self.tree = pdf.Root.StructTreeRoot
        self.document = self.tree.K[0]
        # What each page's and each annotation's number stands for, in the whole.
        self.numbers: list[Any] = []
        # The pages that took the place of the frame's, by the frame's.
        self.placed: dict[tuple[int, int], Any] = {}

    def add(self, parts: Sequence[Any]) -> None:
        own = len(self.pdf.pages) - sum(len(part.pages) for part in parts)
        elements = self._keep_own(own)
        for part in parts:
            elements += self._place(part, own + len(self.placed))
        self.document.K = Array(elements)
        self.tree.ParentTree.Nums = Array(
            [each for number, one in enumerate(self.numbers) for each in (number, one)]
        )
        self._retarget()

    def _keep_own(self, own: int) -> list[Any]:
        """The elements of the frame's own pages; all that belongs to no element becomes an artifact."""
        pages = [page.obj for page in self.pdf.pages]
        told = _by_number(self.tree)
        kept = {page.objgen for page in pages[:own]}
        elements = [one for one in self.document.K if one.Pg.objgen in kept]
        roots = {one.objgen for one in elements}
        for page in pages:
            marks = [one if self._root(one) in roots else None for one in told[page.StructParents]]
            self._make_artifacts(page, {n for n, one in enumerate(marks) if one is None})
            if page.objgen in kept:
                page.StructParents = self._number(Array(marks))
                self._number_links(page, told)
        return elements

    def _root(self, element: Any) -> tuple[int, int]:
        while element.P.objgen != self.document.objgen:
            element = element.P
        return element.objgen

    def _make_artifacts(self, page: Any, numbers: set[int]) -> None:
        def change(mark: re.Match[bytes]) -> bytes:
            return b"/Artifact BMC" if int(mark.group(1)) in numbers else mark.group()

        page.Contents = self.pdf.make_stream(_MARKED.sub(change, page.Contents.read_bytes()))

    def _place(self, part: Any, first: int) -> list[Any]:
        """Puts a part's pages in place of the frame's; returns its elements."""
        told = None
        for number in range(len(part.pages)):
            sheet = self.pdf.pages[first + number]
            form = sheet.as_form_xobject(handle_transformations=False)
            self.pdf.pages[first + number] = part.pages[number]
            page = self.pdf.pages[first + number].obj
            self.placed[sheet.obj.objgen] = page
            if told is None:
                self._share(page.Resources)
            _draw_first(self.pdf, page, form, f"/Sheet{first + number}")
        copied = self.pdf.copy_foreign(part.Root.StructTreeRoot)
        told = _by_number(copied)
        for number in range(len(part.pages)):
            page = self.pdf.pages[first + number].obj
            page.StructParents = self._number(told[page.StructParents])
            self._number_links(page, told)
        elements = list(copied.K[0].K)
        for element in elements:
            element.P = self.document
        return elements

    def _share(self, resources: Any) -> None:
        """Gives a part the frame's fonts and colours; all its drawings refer to the same two tables."""
        ours = self.pdf.pages[0].Resources
        for table in ("/Font", "/ColorSpace"):
            for name in list(resources[table].keys()):
                if name in ours[table]:
                    resources[table][name] = ours[table][name]

    def _number(self, meaning: Any) -> int:
        self.numbers.append(meaning)
        return len(self.numbers) - 1

    def _number_links(self, page: Any, told: dict[int, Any]) -> None:
        for link in page.get("/Annots", []):
            link.StructParent = self._number(told[link.StructParent])

    def _retarget(self) -> None:
        """Makes everything that led to a page of the frame lead to the page in its place."""
        names = self.pdf.Root.Names.Dests.Names
        places = {str(names[n]): names[n + 1] for n in range(0, len(names), 2)}
        bookmarks = _bookmarks(self.pdf.Root.get("/Outlines"))
        for place in (*places.values(), *(one.Dest for one in bookmarks)):
            if page := self.placed.get(place[0].objgen):
                place[0] = page
        for page in self.pdf.pages:
            for link in page.obj.get("/Annots", []):
                _lead_home(link, places)


def _by_number(tree: Any) -> dict[int, Any]:
    listed = tree.ParentTree.Nums
    return {int(listed[n]): listed[n + 1] for n in range(0, len(listed), 2)}


def _draw_first(pdf: Any, page: Any, form: Any, name: str) -> None:
    page.Resources.XObject[name] = form
    page.Contents = Array([pdf.make_stream(f"{name} Do\n".encode()), page.Contents])


def _lead_home(link: Any, places: dict[str, Any]) -> None:
    address = str(link.A.URI) if "/A" in link else ""
    if address.startswith(ELSEWHERE):
        name = address.removeprefix(ELSEWHERE)
        del link.A
        link.Contents = String(name)
        if name in places:
            link.Dest = String(name)


def _bookmarks(parent: Any) -> Iterator[Any]:
    child = parent.get("/First") if parent is not None else None
    while child is not None:
        yield child
        yield from _bookmarks(child)
        child = child.get("/Next")


def _share_pictures(pdf: Any) -> None:
    """Keeps one of each picture that several parts show."""
    known: dict[bytes, Any] = {}
    for page in pdf.pages:
        drawn = page.Resources.XObject
        for name in list(drawn.keys()):
            if drawn[name].Subtype == Name.Image and "/SMask" not in drawn[name]:
                digest = hashlib.sha256(drawn[name].read_raw_bytes()).digest()
                drawn[name] = known.setdefault(digest, drawn[name])


def _describe(pdf: Any, producer: str) -> None:
    """Says in the metadata that it is PDF/UA-1 as well, and who made it; the XMP stays readable."""
    told = pdf.Root.Metadata.read_bytes().decode()
    told = told.replace("</rdf:RDF>", _UA)
    told = re.sub(r'pdf:Producer="[^"]*"', lambda _: f"pdf:Producer={quoteattr(producer)}", told)
    pdf.Root.Metadata = pdf.make_stream(told.encode(), Type=Name.Metadata, Subtype=Name.XML)
    pdf.docinfo["/Producer"] = producer
    if "/AF" in pdf.Root:
        # WeasyPrint 70 names each attachment twice.
        pdf.Root.AF = Array({one.objgen: one for one in pdf.Root.AF}.values())
