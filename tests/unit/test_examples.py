"""Shows that the bundled projects are sound, complete, and fit for a client to read."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

import jsonschema
import pytest

from aicmo.channels import Channel
from aicmo.plans import publishing
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, PostContent
from aicmo.plans.parsing import parse_yaml
from aicmo.plans.reading import ReadDocument, read_document

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / publishing.SCHEMA_FILE
NAMES = ("northside-founders", "aurelio-showroom", "tarn-ember-retention")


def read_example(name: str) -> ReadDocument:
    with as_file(files("aicmo.plans") / "examples" / f"{name}.yaml") as path:
        return read_document(path)


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_and_is_complete(name: str) -> None:
    document = read_example(name).document
    assert document.id == name
    assert document.personas
    assert document.phases
    assert document.open_questions
    assert all(pillar.detail for pillar in document.strategy.pillars)
    assert {item.pillar for item in document.items} <= {p.name for p in document.strategy.pillars}


@pytest.mark.parametrize("name", NAMES)
def test_emails_are_whole_and_posts_fit(name: str) -> None:
    for item in read_example(name).document.items:
        if isinstance(item.content, EmailContent):
            assert 120 <= len(item.content.body.split()) <= 200, item.id
            assert item.content.cta
        if isinstance(item.content, PostContent):
            assert all(
                (media.brief or media.file) and media.alt_text for media in item.content.media
            )
        if item.channel is Channel.TWITTER and isinstance(item.content, PostContent):
            assert len(f"{item.content.text} {item.content.link}") <= 280


@pytest.mark.parametrize("name", NAMES)
def test_it_writes_to_reserved_domains_only(name: str) -> None:
    document = read_example(name).document
    text = document.model_dump_json()
    domains = re.findall(r"(?:https://|@)((?:[\w-]+\.)+[a-z]+)", text)
    assert domains
    assert all(re.search(r"(^|\.)example\.(com|net|org)$", domain) for domain in domains)
    assert all(c.consent_source for c in document.contacts if c.consent == "opt_in")


def test_the_brand_is_named_as_often_as_the_client_asks() -> None:
    for name in NAMES:
        document = read_example(name).document
        text = document.model_copy(update={"contacts": ()}).model_dump_json().lower()
        for rule in document.language_rules.must_mention:
            assert text.count(rule.phrase.lower()) >= rule.at_least, (name, rule)


def test_only_known_gaps_are_warned_about() -> None:
    for name in ("northside-founders", "aurelio-showroom"):
        assert [problem.place for problem in read_example(name).warnings] == ["crm"]
    places = [problem.place for problem in read_example("tarn-ember-retention").warnings]
    assert places == ["contacts[2].email", "audiences[1]"]


def test_the_demo_finds_its_people() -> None:
    document = read_example("northside-founders").document
    everyone = next(one for one in document.audiences if one.everyone)
    consents = Counter(contact.consent for contact in everyone.members(document.contacts))
    assert consents == {"opt_in": 9, "unsubscribed": 1}
    full = [c for c in document.contacts if c.email == "full.mailbox@example.net"]
    assert [contact.consent for contact in full] == ["opt_in"]
    channels = Counter(item.channel.value for item in document.items)
    assert channels == {"email": 2, "instagram": 1, "linkedin": 1, "twitter": 1, "crm": 1}


@pytest.mark.parametrize("name", NAMES)
def test_the_published_schema_accepts_it(name: str) -> None:
    path = ROOT / "aicmo/plans/examples" / f"{name}.yaml"
    plain = json.loads(json.dumps(parse_yaml(path.read_text(), path.name), default=float))
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(plain)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**plain, "itmes": []})


def test_the_published_schema_is_that_of_the_models() -> None:
    message = "run python -m aicmo.plans.publishing"
    assert SCHEMA_FILE.read_text() == publishing.schema_text(), message


@pytest.mark.parametrize("name", NAMES)
def test_a_document_survives_its_json_form(name: str) -> None:
    document = read_example(name).document
    assert ProjectDocument.model_validate_json(document.model_dump_json()) == document
