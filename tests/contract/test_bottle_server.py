"""What the CRM gateway counts on, asked of BottleCRM's own server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.peers.bottle_crm import BottleCrm

pytestmark = pytest.mark.peer

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@client.test"}


@dataclass(frozen=True)
class Program:
    """A program with a token of its own, in an organization that has no contacts yet."""

    url: str
    token: str

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(
            method, f"{self.url}/api/{path}", headers=headers, timeout=60, **options
        )

    def found(self, email: str) -> list[str]:
        answer = self.ask("GET", "contacts/", params={"email": email})
        return [each["email"] for each in answer.json()["results"]]


@pytest.fixture
def program(bottle_crm: BottleCrm) -> Program:
    return Program(bottle_crm.url, bottle_crm.sign_up().create_token())


def test_a_token_says_whose_it_is(bottle_crm: BottleCrm) -> None:
    user = bottle_crm.sign_up()
    program = Program(bottle_crm.url, user.create_token("profile:read", "org:read"))

    organization = program.ask("GET", "org/settings/").json()
    profile = program.ask("GET", "profile/").json()["user_obj"]

    assert organization["id"] == user.organization_id
    assert organization["name"] == user.organization
    assert profile["user_details"]["id"] == user.user_id


def test_a_wrong_token_is_forbidden_rather_than_unauthorized(program: Program) -> None:
    assert replace(program, token="bcrm_pat_wrong").ask("GET", "contacts/").status_code == 403


def test_a_contact_is_created_once_and_found_by_any_part_of_its_email(program: Program) -> None:
    created = program.ask("POST", "contacts/", json=ADA)
    again = program.ask("POST", "contacts/", json=ADA | {"email": "ada@CLIENT.test"})

    assert created.status_code == 200
    assert again.status_code == 400
    assert again.json()["errors"] == {"email": ["Contact already exists with this email"]}
    assert program.found("ada@client") == ["Ada@client.test"]


def test_organizations_never_see_each_others_contacts(
    bottle_crm: BottleCrm, program: Program
) -> None:
    created = program.ask("POST", "contacts/", json=ADA).json()
    other = Program(bottle_crm.url, bottle_crm.sign_up().create_token())

    assert other.found("client.test") == []
    assert other.ask("GET", f"contacts/{created['id']}/").status_code == 404
    assert other.ask("POST", "contacts/", json=ADA).status_code == 200


def test_a_token_that_may_read_cannot_write(bottle_crm: BottleCrm) -> None:
    reader = Program(bottle_crm.url, bottle_crm.sign_up().create_token("contacts:read"))

    assert reader.found("client.test") == []
    assert reader.ask("POST", "contacts/", json=ADA).status_code == 403
