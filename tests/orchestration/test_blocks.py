"""Blocks meet Prefect's standard for blocks, and build what the core needs from them."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

from aicmo.execution.gate import Mode, issue_permit
from aicmo.gateways.contract import RepeatClass
from blocks import (
    BlueskyCredentials,
    DeliverablesBucket,
    InstagramCredentials,
    LinkedInCredentials,
    MastodonCredentials,
    PostmarkCredentials,
    ResendCredentials,
    SesCredentials,
    SmtpCredentials,
    XCredentials,
)

RESEND = ResendCredentials(api_key=SecretStr("canary-key"), rate="10/second")
POSTMARK = PostmarkCredentials(server_token=SecretStr("canary-key"), stream="newsletter")
SES = SesCredentials(
    region="eu-west-1", access_key_id="AKIA", secret_access_key=SecretStr("canary-key")
)


@pytest.mark.parametrize(
    "block",
    [
        SmtpCredentials, ResendCredentials, PostmarkCredentials, SesCredentials, DeliverablesBucket,
        LinkedInCredentials, InstagramCredentials, XCredentials, BlueskyCredentials,
        MastodonCredentials,
    ],
)  # fmt: skip
class TestBlocksMeetTheStandard(BlockStandardTestSuite):
    @pytest.fixture
    def block(self, request: pytest.FixtureRequest) -> type[Block]:
        return request.param

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        """The suite downloads the logo; these blocks name none."""
        assert block._logo_url is None


def test_relay_is_what_the_form_says() -> None:
    block = SmtpCredentials(
        host="smtp.example.com", port=465, tls="implicit", username="a", password=SecretStr("pw")
    )

    relay = block.relay()

    assert (relay.host, relay.port, relay.tls, relay.username) == (
        "smtp.example.com", 465, "implicit", "a",
    )  # fmt: skip
    assert relay.password.get_secret_value() == "pw"
    gateway = block.open_gateway()(issue_permit(Mode.LIVE, 1, "email"))
    assert gateway.name == "smtp"


def test_a_relays_block_keeps_what_the_environment_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_JOURNAL_ADDRESS", "journal@agency.test")
    monkeypatch.setenv("AICMO_JOURNAL_URL", "imaps://me:secret@imap.agency.test/INBOX")
    permit = issue_permit(Mode.LIVE, 1, "email")

    gateway = SmtpCredentials(host="smtp.example.com").open_gateway()(permit)
    assert gateway.repeat_class is RepeatClass.READABLE


@pytest.mark.parametrize(
    ("block", "name"), [(RESEND, "resend"), (POSTMARK, "postmark"), (SES, "ses")]
)
def test_each_provider_opens_its_gateway_and_keeps_its_key(block: Any, name: str) -> None:
    permit = issue_permit(Mode.LIVE, 1, "email")
    with block.open_gateway()(permit) as gateway:
        assert gateway.name.split()[0] == name
        assert "canary-key" not in f"{block!r}{block.model_dump_json()}{gateway!r}{gateway.name}"
        with pytest.raises(PermissionError):
            block.open_gateway()(None)


def test_a_blocks_rate_is_the_gateways() -> None:
    permit = issue_permit(Mode.LIVE, 1, "email")
    limits = [
        (each.count, each.per.total_seconds()) for each in RESEND.open_gateway()(permit).limits
    ]

    assert limits == [(10, 1)]


def test_a_gateway_needs_a_permit() -> None:
    with pytest.raises(PermissionError):
        SmtpCredentials(host="smtp.example.com").open_gateway()(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"port": 0}, {"tls": "ssl"}, {"host": ""}])
def test_the_form_refuses(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SmtpCredentials(**({"host": "smtp.example.com"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "values"),
    [
        (ResendCredentials, {"api_key": ""}),
        (ResendCredentials, {"api_key": "k", "rate": "many"}),
        (PostmarkCredentials, {"server_token": ""}),
        (PostmarkCredentials, {"server_token": "t", "stream": ""}),
        (SesCredentials, {"region": ""}),
    ],
)
def test_the_providers_forms_refuse(block: type[Block], values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        block(**values)


def test_bucket_opens_its_store_without_a_connection() -> None:
    block = DeliverablesBucket(
        bucket="deliverables",
        prefix="clients/2026/",
        endpoint_url="https://s3.example.com",
        region="eu-west-1",
        access_key_id="id",
        secret_access_key=SecretStr("canary-secret"),
    )

    assert block.open_store().url("studio/x.pdf") == "s3://deliverables/clients/2026/studio/x.pdf"
    assert "canary-secret" not in f"{block!r}{block.model_dump_json()}"
