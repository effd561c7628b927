"""A flow names the block that email goes through; its type is found, or asked for."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aicmo.database import Database
from aicmo.errors import FixConfiguration
from blocks import PostmarkCredentials, ResendCredentials, SesCredentials, SmtpCredentials
from blocks.email_credentials import load_email_credentials
from flows.reconcile_doubts import reconcile_doubts
from tests.orchestration.flow_runs import approved_project, execute, page
from tests.orchestration.test_reconciling import in_doubt

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

BLOCKS = {
    "smtp-credentials": SmtpCredentials(host="smtp.example.com"),
    "resend-credentials": ResendCredentials(api_key=SecretStr("key")),
    "postmark-credentials": PostmarkCredentials(server_token=SecretStr("token")),
    "ses-credentials": SesCredentials(region="eu-west-1"),
}


@pytest.mark.parametrize("slug", BLOCKS)
def test_a_block_is_found_by_its_name_alone_and_with_its_type(ledger: Database, slug: str) -> None:
    name = f"only-{slug.partition('-')[0]}"
    BLOCKS[slug].save(name, overwrite=True)

    assert type(load_email_credentials(name)) is type(BLOCKS[slug])
    assert type(load_email_credentials(f"{slug}/{name}")) is type(BLOCKS[slug])


def test_of_two_blocks_of_one_name_the_type_decides(ledger: Database) -> None:
    for slug in ("resend-credentials", "postmark-credentials"):
        BLOCKS[slug].save("twice", overwrite=True)

    with pytest.raises(FixConfiguration) as refused:
        load_email_credentials("twice")

    said = str(refused.value)
    assert "resend-credentials/twice and postmark-credentials/twice" in said
    assert isinstance(load_email_credentials("postmark-credentials/twice"), PostmarkCredentials)


@pytest.mark.parametrize(
    "name", ["nobody", "smtp-credentials/nobody", "deliverables-bucket/nobody", "a/b/c", "/"]
)
def test_an_unknown_name_is_a_clear_error(ledger: Database, name: str) -> None:
    with pytest.raises(FixConfiguration, match="There is no block named") as refused:
        load_email_credentials(name)

    assert "resend-credentials" in refused.value.next_step


def test_a_live_run_with_two_of_that_name_sends_nothing(ledger: Database) -> None:
    approved_project(ledger)
    for slug in ("smtp-credentials", "ses-credentials"):
        BLOCKS[slug].save("double", overwrite=True)

    state = execute(enabled=True, dry_run=False, email_credentials="double")

    assert (state.is_failed(), state.name) == (True, "Needs attention")
    assert "Several blocks are named double" in str(state.message)


def test_the_reconcile_flow_asks_with_the_block(ledger: Database) -> None:
    approved_project(ledger)
    in_doubt(ledger)
    BLOCKS["ses-credentials"].save("asked", overwrite=True)

    reconcile_doubts("studio", "nobody", return_state=True)
    assert "There is no block named nobody" in page("doubts")

    reconcile_doubts("studio", "asked", return_state=True)
    assert "ses can't be asked" in page("doubts")
