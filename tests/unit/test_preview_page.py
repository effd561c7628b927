"""The preview's page: complete, self-contained, and unable to run or fetch what a plan carries."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aicmo.execution.copy_checks import Sample
from aicmo.execution.guards import Verdict
from aicmo.execution.post_card import Card, CardAccount, Standing, make_card
from aicmo.execution.preview import ItemPreview, LeftOut, Preview
from aicmo.execution.preview_page import write_preview
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.gateways.email_findings import Check, Finding
from aicmo.gateways.email_message import ComposedEmail, EmailComposer
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans import times
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, Item
from aicmo.plans.reading import read_document
from aicmo.posts.composer import compose_post
from tests.command_line.cli_workspace import EXAMPLE
from tests.unit.email_samples import FEEDBACK_TOKEN

AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def document() -> ProjectDocument:
    return read_document(EXAMPLE).document


def _plan(document: ProjectDocument) -> ProjectPlan:
    return ProjectPlan(
        document.id, document.name, document.timezone, 3, AT, document, warnings=()
    )  # fmt: skip


def _previews(document: ProjectDocument) -> list[ItemPreview]:
    return [
        ItemPreview(
            PlanItem(
                number, item.id, item.channel.value, item.title,
                times.resolve(item.send_at, document.timezone), None, document.timezone, "", 1,
            ),
            would_send=1,
            cards=(_card(document, item),) if item.content.kind == "post" else (),
        )
        for number, item in enumerate(document.items)
    ]  # fmt: skip


def _card(document: ProjectDocument, item: Item) -> Card:
    return make_card(
        compose_post(document, item), CardAccount(pinned=True, name=document.brand.name),
        Standing("pending", "not approved"), (), item=item.id, part=1, parts=1, to_make=(),
        send_at=times.resolve(item.send_at, document.timezone), timezone=document.timezone,
    )  # fmt: skip


def no_file(sha256: str) -> bytes:
    raise AssertionError(f"asked for {sha256}")


def _email(document: ProjectDocument, name: str = "Dana") -> ComposedEmail:
    content = document.items[0].content
    assert isinstance(content, EmailContent)
    recipient = EmailRecipient("dana@example.com", name=name, first_name=name)
    return EmailComposer(content, document.brand).compose(recipient, "token1", AT, FEEDBACK_TOKEN)


def _sample(document: ProjectDocument, name: str = "Dana") -> Sample:
    return Sample(_email(document, name), "First name filled in", "n1", 7)


def test_every_item_is_on_the_page_with_what_goes_out(
    document: ProjectDocument, tmp_path: Path
) -> None:
    items = _previews(document)
    items[0].samples = [_sample(document)]
    items[0].left_out = [LeftOut("n10", "unsubscribed")]
    items[0].left_out_by = Counter({Verdict("skipped", "unsubscribed"): 3})
    items[0].blocked_by = Counter({"quiet hours in America/Chicago until 08:00": 1})
    items[0].findings = [LeftOut("n4", "subject needs contact.city")]
    items[0].findings_count = 2
    finding = Finding("error", "content.cta.url", "A link goes to “http://x”", "Link to https://x")
    items[0].checks = (Check("Links", "2 links", (finding,)), Check("Size", "4.5 kB"))
    page = write_preview(Preview(tuple(items)), _plan(document), tmp_path / "preview", no_file)
    html = unescape(page.read_text(encoding="utf-8"))
    for item in document.items:
        assert item.title in html
    assert "Tue 3 March 2026, 07:30 CST" in html
    assert "founder-deadline" in html
    assert "12:00 the laptop closes." in html
    assert "50 minutes. Founder price. 100 places." in html
    assert "Hi Dana," in html
    assert "3 unsubscribed</td><td>n10 and 2 more" in html
    assert "<td>n4</td><td>subject needs contact.city</td>" in html
    assert "and 1 more" in html
    assert "quiet hours in America/Chicago until 08:00" in html
    assert "What is more than a day late waits until a person approves it again." in html
    for item in items:
        assert not item.cards or item.cards[0].counted in html


def test_each_check_is_shown_with_its_verdict_place_and_fix(
    document: ProjectDocument, tmp_path: Path
) -> None:
    items = _previews(document)
    finding = Finding("error", "content.cta.url", "A link goes to “http://x”", "Link to https://x")
    items[0].checks = (Check("Links", "2 links", (finding,)), Check("Size", "4.5 kB"))
    html = unescape(
        write_preview(Preview(tuple(items)), _plan(document), tmp_path, no_file).read_text("utf-8")
    )
    for shown in ("content.cta.url", "A link goes to “http://x”.", "Link to https://x."):
        assert shown in html
    assert "<strong>Links: error</strong>" in html
    assert '<strong>Size: ok</strong><span class="said">, 4.5 kB</span>' in html
    assert re.search(r"can’t be approved .*<a href=\"#fit-em-1\">fit-em-1</a>", html)


def test_a_sample_shows_its_kind_both_parts_every_header_and_where_its_links_go(
    document: ProjectDocument, tmp_path: Path
) -> None:
    items = _previews(document)
    items[0].samples = [sample := _sample(document)]
    html = write_preview(Preview(tuple(items)), _plan(document), tmp_path, no_file).read_text(
        "utf-8"
    )
    assert "First name filled in" in html
    assert "7 recipients" in html
    for name, value in sample.email.headers:
        assert f"<dt>{name}</dt><dd>{escape(value)}</dd>" in html
    assert f"<dt>Envelope sender</dt><dd>{sample.email.sender}</dd>" in html
    assert f"{len(sample.email.payload):,} bytes" in html
    targets = re.findall(r'<td class="url">(.*?)</td>', html)
    assert document.brand.unsubscribe_url.replace("{token}", FEEDBACK_TOKEN) in targets
    assert len(targets) == len(re.findall("<a ", sample.email.html))
    # The width is switched by CSS alone, each sample by itself.
    assert re.findall(r'name="(width-\d+)"', html) == ["width-1", "width-1"]


def test_the_samples_are_the_exact_bytes(document: ProjectDocument, tmp_path: Path) -> None:
    items = _previews(document)
    sample = _sample(document)
    items[0].samples = [sample, sample]
    write_preview(Preview(tuple(items)), _plan(document), tmp_path, no_file)
    files = sorted(tmp_path.glob("*.eml"))
    assert [file.name for file in files] == ["001-fit-em-1.eml", "002-fit-em-1.eml"]
    assert files[0].read_bytes() == sample.email.payload
    write_preview(Preview(()), _plan(document), tmp_path, no_file)
    assert [file.name for file in tmp_path.iterdir()] == ["index.html"]


def test_what_a_plan_carries_can_neither_run_nor_fetch(
    document: ProjectDocument, tmp_path: Path
) -> None:
    hostile = document.model_copy(update={"name": ATTACK})
    items = _previews(document)
    items[1] = ItemPreview(replace(items[1].item, title=ATTACK), would_send=1)
    items[0].samples = [_sample(document, name="<b onclick=x>Dana</b>")]
    items[0].left_out = [LeftOut(ATTACK, ATTACK)]
    items[0].left_out_by = Counter({Verdict("skipped", ATTACK): 1})
    finding = Finding("warning", ATTACK, ATTACK, ATTACK)
    items[0].checks = (Check("Links", ATTACK, (finding,)), Check("Size", ATTACK))
    html = write_preview(Preview(tuple(items)), _plan(hostile), tmp_path, no_file).read_text(
        "utf-8"
    )
    elements = _elements(html)
    tags = {tag for tag, _ in elements}
    assert tags.isdisjoint({"script", "img", "link", "object", "form", "b"})
    names = {name for _, attributes in elements for name in attributes}
    assert not [name for name in names if name == "src" or name.startswith("on")]
    links = {attributes["href"] for _, attributes in elements if "href" in attributes}
    assert {(link or "")[0] for link in links} == {"#"}
    frames = [attributes for tag, attributes in elements if tag == "iframe"]
    assert [frame["sandbox"] for frame in frames] == [""]
    assert "&lt;b onclick=x&gt;Dana" in str(frames[0]["srcdoc"])
    assert not re.search(r"@import|url\(", html)
    assert "default-src 'none'" in html


def _elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    found: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))
    parser.feed(html)
    return found


def test_what_is_not_connected_is_not_counted_as_going_out(
    document: ProjectDocument, tmp_path: Path
) -> None:
    social = [item for item in _previews(document) if item.item.channel == "linkedin"]
    social[0].connected = False
    social[0].blocked_by = Counter({"no CRM is connected": 1})
    html = write_preview(Preview(tuple(social)), _plan(document), tmp_path, no_file).read_text(
        "utf-8"
    )
    assert "<strong>0</strong><span>would go out</span>" in html
    assert "<strong>1</strong><span>held: not connected</span>" in html
    assert "no CRM is connected" in html
