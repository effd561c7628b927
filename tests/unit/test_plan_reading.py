"""Shows that a document is read whole, or refused with every problem at its place in plain words."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aicmo.errors import FixDocument
from aicmo.plans.parsing import parse_json, parse_yaml
from aicmo.plans.reading import read_document
from tests.unit.plan_documents import (
    contact,
    email_item,
    plain_document,
    post_item,
    problems_of,
    read_plain,
)


def refusal(path: Path) -> list[str]:
    with pytest.raises(FixDocument) as refused:
        read_document(path)
    return [str(problem) for problem in refused.value.problems]


def test_a_sound_document_is_read_without_warnings(tmp_path: Path) -> None:
    read = read_plain(tmp_path, plain_document())
    assert read.source == "project.json"
    assert read.warnings == ()
    assert [item.id for item in read.document.items] == ["e1", "p1"]


def test_yaml_says_the_same_as_json(tmp_path: Path) -> None:
    budget = {"currency": "USD", "total": 19.99, "period": "month"}
    budget["lines"] = [{"name": "Ads", "amount": 19.99}]
    from_json = read_plain(tmp_path, plain_document(budget=budget))
    path = tmp_path / "project.yml"
    # JSON is YAML in flow style; the byte order mark is what Windows editors add
    text = json.dumps(plain_document(budget=budget), indent=1)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_document(path).document == from_json.document
    assert from_json.document.budget
    assert from_json.document.budget.total == Decimal("19.99")


def test_yaml_words_and_dates_stay_what_was_written() -> None:
    text = (
        "country: no\nat: 2026-03-02 07:30\nclock: 12:30\npostcode: 01234\nis: true\nnone:\nn: 1.50"
    )
    assert parse_yaml(text, "x.yaml") == {
        "country": "no",
        "at": "2026-03-02 07:30",
        "clock": "12:30",
        "postcode": "01234",
        "is": True,
        "none": None,
        "n": Decimal("1.50"),
    }


def test_every_problem_is_reported_at_once_with_its_place(tmp_path: Path) -> None:
    document = plain_document(
        language="English",
        contacts=[contact("ann"), contact("bob", consent="yes"), contact("cy", email="c y@z.com")],
        items=[
            email_item("e1", audiense="everyone"),
            post_item("p1", chanel="linkedin", send_at="2026-03-08T02:30"),
            post_item("p2", channel="fax", pillar="Crumb"),
            {**email_item("e2"), "content": {"subject": 5}},
        ],
    )
    document["brand"]["colours"]["primary"] = "green"
    document["brand"]["website"] = "http://bakery.example.com"
    problems = problems_of(tmp_path, document)
    expected = {
        "language": "is not a language code like en or pt-BR",
        "brand.colours.primary": "is not a colour like #1f3d36",
        "brand.website": "is not an https:// or mailto: address",
        "contacts[1].consent": "is not 'opt_in', 'unsubscribed' or 'unknown'",
        "items[0].audiense": "is not a field of items[0]; did you mean audience?",
        "items[1].chanel": "is not a field of items[1]; did you mean channel?",
        "items[3].content.subject": "is not text; put it in quotes: '5'",
        "items[3].content.body": "is missing",
        "items[2].pillar": "there is no pillar Crumb",
    }
    assert {place: problems.get(place) for place in expected} == expected
    assert problems["items[2].channel"].startswith("is not 'email', 'linkedin'")
    assert "2026-03-08T03:30-05:00" in problems["items[1].send_at"]
    assert "c y@z.com" in problems["contacts[2].email"]
    assert len(problems) == 12


def test_a_refused_field_is_not_called_missing_as_well(tmp_path: Path) -> None:
    document = plain_document()
    document["brand"]["unsubscribe_url"] = "http://bakery.example.com/leave"
    with pytest.raises(FixDocument) as refused:
        read_plain(tmp_path, document)
    assert [problem.place for problem in refused.value.problems] == ["brand.unsubscribe_url"]


def test_an_unreadable_strategy_does_not_invent_problems(tmp_path: Path) -> None:
    document = plain_document(items=[post_item("p1", pillar="Crust")])
    document["strategy"]["pillars"][0].pop("idea")
    assert problems_of(tmp_path, document) == {"strategy.pillars[0].idea": "is missing"}


def test_the_rules_of_a_part_are_told_at_the_part(tmp_path: Path) -> None:
    item = email_item("e1")
    del item["audience"]
    document = plain_document(items=[item], contacts=[contact("ann", consent_source=None)])
    document["ends_on"] = "2026-01-01"
    assert problems_of(tmp_path, document)["items[0]"] == "an item for email needs an audience"
    assert "consent_source" in problems_of(tmp_path, document)["contacts[0]"]
    both = plain_document(items=[{**item, "id": "no id!"}])
    assert sorted(problems_of(tmp_path, both)) == ["items[0]", "items[0].id"]
    document = plain_document(ends_on="2026-01-01")
    assert problems_of(tmp_path, document)["the document"] == "ends_on is before starts_on"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.json",
            b'{"id": 1,\n "name"}',
            "line 2, column 8: is not JSON: Expecting ':' delimiter",
        ),
        (
            "a.json",
            b'{"items": [{"id": "a", "id": "b"}], "x": 1, "x": 2}',
            "items[0].id: is given twice",
        ),
        ("a.json", b'{"a": NaN}', "a.json: is not JSON: NaN is not a number"),
        ("a.json", b'{"a": ' + b"1" * 5000 + b"}", "a.json: holds a number of 5000 digits"),
        ("a.json", b"[" * 100_000, "a.json: is nested too deeply"),
        ("a.json", b"[]", "a.json: is not an object with the fields of a project"),
        ("a.json", b"{\n\xff}", "a.json: is not UTF-8 (line 2); save it as UTF-8"),
        ("a.yaml", b"", "a.yaml: is not an object with the fields of a project"),
        (
            "a.yaml",
            b"a: 1\nb: [",
            "line 3, column 1: is not YAML: did not find expected node content",
        ),
        ("a.yaml", b"a:\n  b: 1\n  b: 2", "a.b: is given twice"),
        (
            "a.yaml",
            b"a: &x 1\nb: *x",
            "line 1, column 4: anchors (&name) are not read; write the text out",
        ),
        ("a.yaml", b"a: !!python/name:os.system ''", "line 1, column 4: tags (!name) are not read"),
        ("a.yaml", b"? [a]\n: b", "line 1, column 3: the name of a field must be text"),
        ("a.yaml", b"a: 1\n---\nb: 2", "line 2, column 1: holds more than one document"),
        ("a.yaml", b"- " * 100_000, "line 1, column 81: is nested too deeply"),
        ("a.yaml", "a: é".encode("latin-1"), "a.yaml: is not UTF-8 (line 1); save it as UTF-8"),
        ("a.txt", b"{}", "a.txt: is not one of .json, .yaml, .yml"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert expected in refusal(path)


def test_a_bomb_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    assert refusal(path) == ["line 1, column 5: anchors (&name) are not read; write the text out"]


def test_files_that_cannot_be_opened_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder.json"
    folder.mkdir()
    assert refusal(folder) == ["folder.json: is not a file"]
    assert refusal(tmp_path / "none.json") == ["none.json: is not a file"]
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert refusal(large) == ["large.json: is larger than 64 MB"]


def test_names_from_the_document_cannot_reach_the_terminal_raw(tmp_path: Path) -> None:
    assert r"\x1b[2J\n" in problems_of(tmp_path, plain_document(**{"\x1b[2J\n": 1}))
    half = problems_of(tmp_path, plain_document(**{"\ud800": 1}))
    assert "half a character" in half["project.json"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda parts: (
        st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=12), parts, max_size=4)
    ),
    max_leaves=12,
)
PLACES = [
    (),
    ("brand",),
    ("brand", "sender"),
    ("items",),
    ("items", 0),
    ("items", 0, "audience"),
    ("items", 0, "send_at"),
    ("items", 0, "content"),
    ("items", 0, "content", "kind"),
    ("items", 1, "channel"),
    ("contacts",),
    ("contacts", 1, "email"),
    ("contacts", 1, "attributes"),
    ("audiences", 0, "segments"),
    ("strategy", "pillars", 0),
    ("timezone",),
    ("starts_on",),
    ("budget",),
    ("unknown",),
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(PLACES), PLAIN), min_size=1, max_size=4))
def test_no_input_gives_anything_but_a_document_or_a_refusal(tmp_path: Path, changes: list) -> None:
    document: object = plain_document()
    for place, value in changes:
        document = changed(document, place, value)
    try:
        read = read_plain(tmp_path, document)
    except FixDocument as error:
        found = error.problems
    else:
        assert read.document.schema_version == 1
        return
    assert any(problem.severity == "error" for problem in found)
    assert all(str(problem).isprintable() for problem in found)


def changed(document: object, place: tuple, value: object) -> object:
    if not place:
        return value
    key, *inner = place
    if isinstance(document, dict):
        return {**document, key: changed(document.get(key), tuple(inner), value)}
    if isinstance(document, list) and isinstance(key, int) and key < len(document):
        return [
            changed(part, tuple(inner), value) if at == key else part
            for at, part in enumerate(document)
        ]
    return value


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=60) | st.text("[]{}:-,&*!?|>'\"#%@ \n\tab1", max_size=60))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse in (parse_json, parse_yaml):
        with contextlib.suppress(FixDocument):
            parse(text.encode(errors="replace").decode(), "text")


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("name: Grüße 👋 aus Wien #Austin #Fitness", "#Austin"),
        ("name: \t #112233", "#112233"),
    ],
)
def test_a_hashtag_that_yaml_takes_for_a_comment_is_not_lost_in_silence(
    line: str, lost: str
) -> None:
    with pytest.raises(FixDocument) as refused:
        parse_yaml(f"# été\nid: studio\n{line}\n", "plan.yaml")
    (problem,) = refused.value.problems
    assert problem.place.startswith("line 3, column ")
    assert problem.message.startswith(f"{lost} begins a comment here")


def test_comments_quotes_and_blocks_keep_their_hashes() -> None:
    text = "a: x # a comment\nb: 'x #tag'\nc: |\n  x #tag\nd: x#tag\ne: \"x\" #note\n"
    assert parse_yaml(text, "plan.yaml") == {
        "a": "x", "b": "x #tag", "c": "x #tag\n", "d": "x#tag", "e": "x",
    }  # fmt: skip
