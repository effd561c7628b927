"""Exactly one provider is configured for email; anything else is said before a gateway exists."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aicmo.errors import FixConfiguration
from aicmo.gateways.registry import open_email_gateway
from aicmo.settings import get_settings
from tests.contract.gateway_contract import permit

PROVIDERS = {
    "AICMO_SMTP_URL": "smtp://user:canary-pass@mail.example.com",
    "AICMO_RESEND_API_KEY": "canary-resend",
    "AICMO_POSTMARK_SERVER_TOKEN": "canary-postmark",
    "AICMO_SES_REGION": "eu-west-1",
}


@pytest.mark.parametrize(
    ("variable", "name"),
    list(zip(PROVIDERS, ["smtp", "resend", "postmark", "ses"], strict=True)),
)
def test_the_one_that_is_set_is_opened(
    variable: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in PROVIDERS:
        monkeypatch.setenv(other, "")
    monkeypatch.setenv(variable, PROVIDERS[variable])
    monkeypatch.setenv("AICMO_EMAIL_RATE", "5/second, 9/day")

    with open_email_gateway(get_settings())(permit()) as gateway:
        assert gateway.name.split()[0] == name
        rates = [(each.count, each.per) for each in gateway.limits]

    own = [(5, timedelta(seconds=1)), (9, timedelta(days=1))]
    assert rates == ([] if name == "smtp" else own)  # SMTP's rate is in its URL


def test_without_any_all_four_are_named() -> None:
    with pytest.raises(FixConfiguration) as refused:
        open_email_gateway(get_settings())

    assert all(variable in str(refused.value) for variable in PROVIDERS)
    assert "AICMO_SMTP_URL" in refused.value.next_step


@pytest.mark.parametrize("other", list(PROVIDERS)[1:])
def test_of_two_none_is_taken_and_both_are_named(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AICMO_SMTP_URL", other):
        monkeypatch.setenv(variable, PROVIDERS[variable])
    with pytest.raises(FixConfiguration, match=f"AICMO_SMTP_URL and {other} are set") as refused:
        open_email_gateway(get_settings())

    assert refused.value.next_step
    assert "canary" not in f"{refused.value}{refused.value.next_step}"


def test_a_rate_that_can_not_be_read_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AICMO_RESEND_API_KEY", "key")
    monkeypatch.setenv("AICMO_EMAIL_RATE", "many")
    with pytest.raises(FixConfiguration, match="AICMO_EMAIL_RATE can't be read"):
        open_email_gateway(get_settings())
