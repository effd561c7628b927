"""A relay gets what the environment adds to it: our signature, and copies for the journal."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Gateway, RepeatClass
from aicmo.gateways.registry import open_email_gateway
from aicmo.settings import get_settings
from tests.contract.gateway_contract import SENT, always, permit
from tests.contract.test_smtp_gateway import PAYLOAD, outgoing
from tests.peers.smtp_peer import SmtpPeer
from tests.unit.test_dkim_signing import MESSAGE, is_good, new_key


def opened() -> Gateway:
    return open_email_gateway(get_settings())(permit())


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> SmtpPeer:
    peer = SmtpPeer()
    monkeypatch.setenv("AICMO_SMTP_URL", f"smtp://127.0.0.1:{peer.relay.port}?tls=none")
    return peer


def test_by_default_exactly_the_approved_bytes_go_out(peer: SmtpPeer) -> None:
    with peer, opened() as gateway:
        assert gateway.send(outgoing(), always).kind is SENT

    assert peer.messages == [PAYLOAD]
    assert gateway.repeat_class is RepeatClass.BLIND


def test_with_a_key_the_message_is_signed(
    peer: SmtpPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file, record = new_key(tmp_path)
    monkeypatch.setenv("AICMO_DKIM_KEY_FILE", str(key_file))
    monkeypatch.setenv("AICMO_DKIM_SELECTOR", "s1")
    with peer, opened() as gateway:
        gateway.send(dataclasses.replace(outgoing(), payload=MESSAGE), always)

    (message,) = peer.messages
    assert message.endswith(MESSAGE)
    assert is_good(message, record)


@pytest.mark.parametrize("selector", ["", "s 1"])
def test_a_key_without_a_selector_is_a_configuration_error(
    selector: str, peer: SmtpPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_DKIM_KEY_FILE", str(new_key(tmp_path)[0]))
    monkeypatch.setenv("AICMO_DKIM_SELECTOR", selector)
    with peer, pytest.raises(FixConfiguration, match="AICMO_DKIM_SELECTOR"):
        opened()


def test_the_journal_gets_a_copy_and_can_be_asked(
    peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_JOURNAL_ADDRESS", "journal@agency.test")
    monkeypatch.setenv("AICMO_JOURNAL_URL", "imaps://me:canary-pass@imap.agency.test/INBOX")
    with peer, opened() as gateway:
        assert gateway.send(outgoing(), always).kind is SENT

    recipients = [line for line in peer.commands if line.startswith("RCPT TO")]
    assert any("journal@agency.test" in line for line in recipients)
    assert len(recipients) == 2
    assert gateway.repeat_class is RepeatClass.READABLE
    assert "canary" not in repr(gateway)


def test_a_journal_without_copies_is_a_configuration_error(
    peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_JOURNAL_URL", "imaps://me:canary-pass@imap.agency.test/INBOX")
    with peer, pytest.raises(FixConfiguration, match="without AICMO_JOURNAL_ADDRESS") as refused:
        opened()

    assert "canary" not in f"{refused.value}{refused.value.next_step}"
