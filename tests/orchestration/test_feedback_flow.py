"""The feedback flow through a real Prefect server: it suppresses, shows no address, and says what it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr

from aicmo.database import Database
from blocks.mailbox_credentials import MailboxCredentials
from flows.read_feedback import read_feedback
from tests.orchestration.flow_runs import page
from tests.peers.mail_servers import PASSWORD, MailServers
from tests.unit.mail_reports import bounce
from tests.unit.sent_rows import bounce_address, sent, suppressed

pytestmark = [pytest.mark.prefect]


@pytest.fixture
def maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("cur", "new", "tmp"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    monkeypatch.setenv("AICMO_FEEDBACK_URL", f"maildir://{tmp_path}/bounces")
    return tmp_path / "bounces"


@pytest.mark.usefixtures("prefect_server")
def test_what_came_back_is_counted_and_shown_without_addresses(
    ledger: Database, maildir: Path
) -> None:
    first, second = sent(ledger)
    (maildir / "new/1").write_bytes(bounce(bounce_address(first)))
    (maildir / "new/2").write_bytes(
        bounce(bounce_address(second), action="delayed", status="4.2.2")
    )
    (maildir / "new/3").write_bytes(b"Subject: hi\n\nhello\n")

    state = read_feedback(return_state=True)
    again = read_feedback(return_state=True)

    assert (state.is_completed(), state.name) == (True, "Read")
    assert state.message == "1 delayed, 1 bounced, 1 suppressed, 1 not ours."
    assert (again.name, again.message) == ("Read", "1 not ours.")
    assert suppressed(ledger) == [("studio", "c1", "hard bounced")]
    assert "| 3 | it is no delivery report or complaint |" in page("feedback")
    assert "@" not in page("feedback")


@pytest.mark.usefixtures("prefect_server", "ledger")
def test_without_a_mailbox_nothing_is_wrong() -> None:
    state = read_feedback(return_state=True)

    assert (state.is_completed(), state.name) == (True, "No mailbox")


@pytest.mark.usefixtures("prefect_server", "ledger")
def test_a_mailbox_that_cannot_be_read_needs_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_FEEDBACK_URL", "imaps://me:canary-4f1d@127.0.0.1:1/INBOX")
    unreachable = read_feedback(return_state=True)
    nameless = read_feedback("no-such-block", return_state=True)

    assert (unreachable.name, nameless.name) == ("Needs attention", "Needs attention")
    assert "ConnectionRefusedError" in str(unreachable.message)
    assert "canary-4f1d" not in str(unreachable.message)
    assert "no Mailbox Credentials block named no-such-block" in str(nameless.message)


@pytest.fixture
def trusting(mail_servers: MailServers, monkeypatch: pytest.MonkeyPatch) -> MailServers:
    monkeypatch.setenv("SSL_CERT_FILE", str(mail_servers.ca_file))
    return mail_servers


@pytest.mark.peer
@pytest.mark.usefixtures("prefect_server")
def test_a_block_opens_the_mailbox(ledger: Database, trusting: MailServers) -> None:
    first, _ = sent(ledger)
    trusting.deliver("flow@agency.test", bounce(bounce_address(first)))
    trusting.wait_for("flow@agency.test", lambda each: b"delivery-status" in each)
    block = MailboxCredentials(
        host="127.0.0.1",
        port=trusting.ports["imap"],
        tls="starttls",
        username="flow@agency.test",
        password=SecretStr(PASSWORD),
    )
    block.save("bounces", overwrite=True)

    state = read_feedback("bounces", return_state=True)

    assert state.message == "1 bounced, 1 suppressed."
    assert PASSWORD not in repr(block) + str(block)


class TestMailboxCredentialsMeetTheStandard(BlockStandardTestSuite):
    @pytest.fixture
    def block(self) -> type[MailboxCredentials]:
        return MailboxCredentials

    def test_has_a_valid_image(self, block: type[MailboxCredentials]) -> None:
        """The suite downloads the logo; this block names none."""
        assert block._logo_url is None
