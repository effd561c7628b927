"""The gate reads every printed word: leftovers, notes among colleagues, other clients, rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aicmo.packaging.composition import compose
from aicmo.packaging.quality.finding import Finding, sentence_at
from aicmo.packaging.quality.gate import check_quality
from aicmo.plans.leftovers import find_leftover
from aicmo.plans.proofreading import phrase_pattern
from tests.documents.fixtures import content_of, sample_data


def findings(rule: str, others: tuple[str, ...] = (), **changes: Any) -> list[Finding]:
    """What the gate finds by one rule in the sample with some parts replaced."""
    content = replace(content_of(sample_data() | changes, approved=True), other_clients=others)
    return [one for one in check_quality(content, compose(content)) if one.rule == rule]


def brand(**changes: Any) -> dict[str, Any]:
    return sample_data()["brand"] | changes


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Costs: TBD", "TBD"),
        ("Date tbc by the venue", "tbc"),
        ("TODO: write this", "TODO"),
        ("Opening offer XXX", "XXX"),
        ("From €XX a month", "€XX"),
        ("XX% off", "XX%"),
        ("Opens on XX.XX.2026", "XX.XX"),
        ("Lorem ipsum dolor", "Lorem ipsum"),
        ("Dear [CLIENT],", "[CLIENT]"),
        ("Dear [client name here],", "[client name here]"),
        ("From [Brand’s logo]", "[Brand’s logo]"),
        ("Hi {first_name}", "{first_name}"),
        ("Hi <first name>", "<first name>"),
        ("From [object Object]", "[object Object]"),
        ("Costs: T.B.D.", "T.B.D"),
        ("Hello [Name]", "[Name]"),
        ("By [insert name of the coach]", "[insert name of the coach]"),
        ("Insert your logo here", "Insert your logo here"),
        ("Budget: N/A", "N/A"),
        ("n. a.", "n. a."),
        ("???", "???"),
        ("Hi *|FNAME|*", "*|FNAME|*"),
        ("Hi %%first_name%%", "%%first_name%%"),
        ("Hi ${name}", "${name}"),
        ("Preis: Platzhaltertext", "Platzhaltertext"),
        ("Hier Zitat einfügen", "Hier Zitat einfügen"),
        ("à définir", "à définir"),
        ("Insérer le logo ici", "Insérer le logo ici"),
        ("por definir", "por definir"),
        ("Insertar el logo aquí", "Insertar el logo aquí"),
        ("Inserir o logo aqui", "Inserir o logo aqui"),
        ("未定", "未定"),
        ("ここに写真を挿入", "ここに写真を挿入"),
        ("هذا نص تجريبي", "نص تجريبي"),
    ],
)
def test_what_is_still_to_be_written_is_found(text: str, left: str) -> None:
    assert find_leftover(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "A to-do list for Monday",
        "To do: nothing but breathe",
        "toda la semana, todo el día",
        "TODO INCLUIDO desde 99 €",
        "Sizes up to XXL, a XXL burger",
        "In the XX century",
        "Love, xxx",
        "Insert the capsule and press start here",
        "N/Ave 12",
        "The date is to be announced in May.",
        "[SOLD OUT]",
        "[Brand new]",
        "Hi {{ contact.first_name }}, {{name}}",
        "Hi [first name]",
        "Wir haben offen",
        "Nous aidons à définir vos objectifs",
        "Ajudamos a definir metas",
        "Is it any good?",
        "STBD",
    ],
)
def test_a_finished_text_is_left_alone(text: str) -> None:
    assert find_leftover(text) == ""


def test_a_placeholder_is_shown_with_its_sentence_and_place() -> None:
    found = findings("placeholder", risks=["All is well. The hall is TBD until May. We wait."])
    assert [(one.severity, one.place, one.evidence) for one in found] == [
        ("blocker", "risks[0]", "“The hall is TBD until May.”")
    ]


def test_merge_fields_are_meant_in_an_emails_content_only() -> None:
    assert findings("placeholder") == []
    data = sample_data()
    data["items"][0]["title"] = "Hello {{ contact.first_name }}"
    data["items"][0]["content"]["subject"] = "Hi {{ first_name }}"
    places = [one.place for one in findings("placeholder", items=data["items"])]
    assert places == ["items[0].title", "items[0].content.subject"]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("INTERNAL: ask Jo first", True),
        ("Draft: the offer", True),
        ("Good. Internal: ask Jo first", True),
        ("Note to designer: make it pop", True),
        ("Buy now <!-- ask Jo -->", True),
        ("http://192.168.1.4/preview", True),
        ("See /root/price.xlsx", True),
        ("Two kinds of pain, external and internal: both pass", False),
        ("[draft] The offer", True),
        ("For internal use only.", True),
        ("Do not send before Monday's call", True),
        ("Not for client eyes", True),
        ("@jo please check the price", True),
        ("@here, can you review", True),
        ("Nur intern", True),
        ("社内限り", True),
        ("社外秘", False),
        ("http://localhost:3000/preview", True),
        ("See /Users/jo/Desktop/price.xlsx", True),
        (r"See C:\Clients\price.xlsx", True),
        ("file://server/price.xlsx", True),
        ("6f1c1e9a-8a52-4a51-9c30-0d2f8d1f7b11", True),
        ("An internal combustion engine", False),
        ("Internal medicine: a check-up", False),
        ("Draft beer from four breweries", False),
        ("Follow @northside_studio for more", False),
        ("Write to hello@northside.example.com please", False),
        ("Home/Office/Gym", False),
        ("and/or, 24/7", False),
        ("https://northside.example.com/home/x", False),
        ("We never send spam", False),
    ],
)
def test_notes_among_colleagues_are_found(text: str, hit: bool) -> None:  # noqa: FBT001
    found = findings("internal marker", risks=[text])
    assert [(one.severity, one.place) for one in found] == [("blocker", "risks[0]")] * hit


def test_an_items_id_is_no_text_for_a_client() -> None:
    assert findings("internal marker", risks=["Moves with fit-em-1."])
    assert not findings("internal marker", risks=["See https://northside.example.com/fit-em-1"])


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("Better than Aurelio Motor House.", True),
        ("better than AURELIO  MOTOR HOUSE", True),
        ("see https://www.aurelio.example.org/x", True),
        ("AURELIO MOTOR HOUSEBOATS", False),
        ("as seen at #AurelioMotorHouse", True),
        ("Aurelio Mo\u200btor Hou\u00adse", True),
        ("Die Straße ruft", True),
        ("Die STRASSE ruft", True),
        ("ストーンズジムの会員様", True),
        ("Northside rocks", False),
    ],
)
def test_another_clients_name_is_a_blocker(text: str, hit: bool) -> None:  # noqa: FBT001
    others = ("Aurelio Motor House", "aurelio.example.org", "Straße", "ストーンズジム", "Northside")
    found = findings("another client's name", others, risks=[text])
    assert [(one.severity, one.place) for one in found] == [("blocker", "risks[0]")] * hit


def test_a_name_may_be_mentioned_where_the_rules_allow_it() -> None:
    rules = {"may_mention": ["Aurelio Motor House"]}
    text = ["Like Aurelio Motor House."]
    others = ("Aurelio Motor House",)
    assert findings("another client's name", others, risks=text)
    assert not findings("another client's name", others, risks=text, language_rules=rules)


def test_what_only_print_says_is_found_there() -> None:
    content = content_of(sample_data(), approved=True)
    outline = compose(replace(content, other_clients=()))
    told = replace(content, other_clients=(outline.chapters[0].title,))
    found = check_quality(told, outline)
    places = {one.place for one in found if one.rule == "another client's name"}
    assert outline.chapters[0].title in places


@pytest.mark.parametrize(
    ("phrase", "text", "number"),
    [
        ("churn", "Churn. CHURN! churning, unchurn", 2),
        ("G2", "G2 and G20 and MG2", 1),
        ("ideal customers", "Ideal\n customers", 1),
        ("استوديو", "الاستوديو واستوديو آخر وبالاستوديو", 3),
        ("ستوديو", "استوديوهات", 0),
        ("スタジオ", "私たちのスタジオは駅前のスタジオです", 2),
        ("Northside", "Northsideは駅前、NorthsideStudio", 1),
        ("筋トレ", "毎日筋トレする", 1),
        ("स्टूडियो", "स्टूडियो में। स्टूडियोज़ नहीं", 1),
        ("Café", "Cafés, le café", 1),
    ],
)
def test_phrases_are_whole_words_in_every_script(phrase: str, text: str, number: int) -> None:
    assert len(phrase_pattern(phrase).findall(text)) == number


def test_a_ruled_out_phrase_is_shown_with_its_sentence() -> None:
    rules = {"must_not_mention": ["MRR"]}
    found = findings("ruled-out phrase", language_rules=rules, risks=["Fine. Our mrr falls. Yes."])
    assert [(one.severity, one.evidence) for one in found] == [("blocker", "“Our mrr falls.”")]
    assert not findings("ruled-out phrase", language_rules=rules, risks=["MRRs are fine"])


def test_a_phrase_said_too_seldom_is_a_blocker() -> None:
    rules = {"must_mention": [{"phrase": "zebra crossing", "at_least": 3}]}
    risks = ["Zebra crossing", "zebra crossings, zebra crossing"]
    found = findings("not mentioned enough", language_rules=rules, risks=risks)
    assert [(one.severity, one.place) for one in found] == [
        ("blocker", "language_rules.must_mention[0]")
    ]
    assert "2 times; the client asked for 3" in found[0].evidence
    risks.append("A zebra crossing")
    assert not findings("not mentioned enough", language_rules=rules, risks=risks)


def test_reserved_domains_are_meant_in_a_sample_only() -> None:
    sample = findings("example address")
    assert [(one.severity, one.place) for one in sample] == [("note", "brand.website")]
    real = findings("example address", brand=brand(website="https://northside-strength.com/"))
    assert {one.severity for one in real} == {"blocker"}
    assert "items[1].content.link" in {one.place for one in real}


def test_evidence_is_the_sentence_and_never_endless() -> None:
    assert sentence_at("One. Two hits here! Three.", 9, 13) == "Two hits here!"
    assert sentence_at("一つ。二つ目です。三つ", 3, 5) == "二つ目です。"
    long = "word " * 400 + "TBD" + " word" * 400
    at = long.index("TBD")
    evidence = sentence_at(long, at, at + 3)
    assert "TBD" in evidence
    assert len(evidence) <= 200
