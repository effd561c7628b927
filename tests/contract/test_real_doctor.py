"""Shows that the doctor understands a real relay: Postfix, with passwords by Dovecot."""

from __future__ import annotations

import pytest

from aicmo.gateways.diagnosis import Check, Verdict
from aicmo.gateways.relay_probe import probe_relay
from aicmo.smtp_relay import TlsMode
from tests.peers.mail_servers import LARGEST, PASSWORD, USER, MailServers

pytestmark = pytest.mark.peer


def look(servers: MailServers, tls: TlsMode, password: str = PASSWORD) -> dict[str, Check]:
    relay = servers.relay(tls, password=password)
    return {each.name: each for each in probe_relay(relay, 5000, ca_file=servers.ca_file).checks}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_real_relay_is_seen_as_it_is(mail_servers: MailServers, tls: TlsMode) -> None:
    checks = look(mail_servers, tls)

    assert checks["Relay"].verdict is Verdict.OK
    assert checks["Encryption"].seen.startswith("TLSv1.")
    assert "verified" in checks["Certificate"].seen
    assert "PLAIN" in checks["Login offered"].seen
    assert checks["Login"].verdict is Verdict.OK
    assert all(
        each in checks["Extensions"].seen
        for each in (f"SIZE {LARGEST:,}", "PIPELINING", "8BITMIME", "SMTPUTF8")
    )


def test_a_real_refusal_of_the_password_is_a_problem(mail_servers: MailServers) -> None:
    login = look(mail_servers, "starttls", "wrong")["Login"]

    assert (login.verdict, "535 5.7.8" in login.seen) == (Verdict.PROBLEM, True)
    assert USER not in repr(login)


def test_looking_leaves_no_message_behind(mail_servers: MailServers) -> None:
    began = mail_servers.logs().count("from=<")
    look(mail_servers, "starttls")
    assert mail_servers.logs().count("from=<") == began
