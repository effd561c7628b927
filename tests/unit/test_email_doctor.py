"""The doctor's eyes: DNS read from a real peer, relays that are well or ill, and nothing sent."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.diagnosis import Check, Verdict
from aicmo.gateways.dkim_signing import Signer
from aicmo.gateways.dns_dkim import check_dkim_key
from aicmo.gateways.dns_dmarc import check_dmarc
from aicmo.gateways.dns_records import Dns
from aicmo.gateways.dns_spf import check_spf
from aicmo.gateways.email_doctor import (
    Provider,
    Setup,
    check_bounces,
    check_one_click,
    check_reverse,
    examine,
)
from aicmo.gateways.relay_probe import probe_provider, probe_relay
from tests.peers.certificates import Authority
from tests.peers.dns_peer import DnsPeer, Zone, text
from tests.peers.smtp_peer import PASSWORD, USER, Answer, Script, SmtpPeer

OK, PROBLEM, WARNING, NOT_CHECKED = Verdict
DOMAIN = "client.example"
MESSAGE = (
    b"From: Client <hello@client.example>\r\nTo: a@b.example\r\nSubject: Hi\r\n"
    b"List-Unsubscribe: <https://client.example/u/abc>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello\r\n"
)


def spf(*records: str, **others: str) -> Check:
    zone: dict[tuple[str, str], list[str]] = {(DOMAIN, "TXT"): [text(each) for each in records]}
    zone |= {(f"{name}.example", "TXT"): [text(record)] for name, record in others.items()}
    with DnsPeer(zone) as peer:
        return check_spf(Dns(peer.resolver), DOMAIN)


@pytest.mark.parametrize(
    ("record", "verdict", "said"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", OK, "0 of 10 lookups"),
        ("v=spf1 mx a:mail.example/24//64 ip6:2001:db8::/32 ~all", OK, "2 of 10"),
        ("v=SPF1 exists:%{i}.list.example -ALL", OK, "1 of 10"),
        ("v=spf1 ip4:192.0.2.1 exp=why.example ~all", OK, ""),
        ("v=spf1 +all", PROBLEM, "whole world"),
        ("v=spf1 ip4:192.0.2.1 all", PROBLEM, "whole world"),
        ("v=spf1 -all", PROBLEM, "nobody"),
        ("v=spf1 ip4:192.0.2.1", WARNING, "leaves open"),
        ("v=spf1 ip4:192.0.2.1 ?all", WARNING, "leaves open"),
        ("v=spf1 ipv4:192.0.2.1 -all", PROBLEM, "ipv4"),
        ("v=spf1 ip4:192.0.2.300 -all", PROBLEM, "192.0.2.300"),
        ("v=spf1 ip4:2001:db8::1 -all", PROBLEM, "ip4"),
        ("v=spf1 include -all", PROBLEM, "include"),
        ("v=spf1 a/33x -all", PROBLEM, "a/33x"),
    ],
)
def test_an_spf_record_is_read_as_receivers_read_it(
    record: str, verdict: Verdict, said: str
) -> None:
    check = spf(record)
    assert (check.verdict, said in check.seen) == (verdict, True), check
    assert bool(check.fix) == (verdict is not OK)


def test_no_spf_record_and_two_of_them_are_problems() -> None:
    assert spf().verdict is PROBLEM
    two = spf("v=spf1 mx -all", "v=spf1 a -all", "google-site-verification=x")
    assert (two.verdict, "2 SPF records" in two.seen) == (PROBLEM, True)
    assert spf("v=spf1 mx -all", "v=spf10 mine").verdict is OK


def test_spf_lookups_are_counted_through_includes_and_redirects() -> None:
    ten = "v=spf1 include:one.example " + " ".join(f"a:m{n}.example" for n in range(7)) + " ~all"
    assert "10 of 10" in spf(ten, one="v=spf1 mx a -all").seen
    eleven = spf(ten, one="v=spf1 mx a ptr -all")
    assert (eleven.verdict, "more than 10" in eleven.seen) == (PROBLEM, True)
    redirected = spf("v=spf1 redirect=one.example", one="v=spf1 mx -all")
    assert (redirected.verdict, "2 of 10" in redirected.seen) == (OK, True)
    ignored = spf("v=spf1 mx redirect=one.example -all", one="v=spf1 +all")
    assert (ignored.verdict, "1 of 10" in ignored.seen) == (OK, True)


def test_an_spf_record_that_includes_itself_ends() -> None:
    assert "more than 10" in spf(f"v=spf1 include:{DOMAIN} -all").seen


def test_an_included_record_lets_everybody_in_or_is_missing() -> None:
    assert "whole world" in spf("v=spf1 include:one.example -all", one="v=spf1 +all").seen
    assert "one.example" in spf("v=spf1 include:one.example -all").seen
    assert spf("v=spf1 include:one.example -all", one="v=spf1 ip4:192.0.2.1 -all").verdict is OK


def test_a_long_record_in_pieces_is_one_record() -> None:
    with DnsPeer({(DOMAIN, "TXT"): [text("v=spf1 ip4:192.0.", "2.7 -all")]}) as peer:
        assert "ip4:192.0.2.7" in check_spf(Dns(peer.resolver), DOMAIN).seen


@pytest.mark.parametrize("fault", ["silent", "failing", "none"])
def test_without_an_answer_nothing_is_called_ok(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aicmo.gateways.dns_records._QUESTION_SECONDS", 0.3)
    names = (DOMAIN, f"s._domainkey.{DOMAIN}", f"_dmarc.{DOMAIN}", "8.8.8.8.in-addr.arpa")
    with DnsPeer(silent=fault == "silent", failing=names) as peer:
        dns = Dns(peer.resolver)
        if fault == "none":
            dns._resolver = None
        checks = [
            check_spf(dns, DOMAIN),
            check_dkim_key(dns, DOMAIN, "s"),
            *check_dmarc(dns, DOMAIN, DOMAIN, DOMAIN),
            check_bounces(dns, DOMAIN),
            check_reverse(dns, "8.8.8.8"),
        ]
    assert [check.verdict for check in checks] == [NOT_CHECKED] * 6


def test_a_resolver_that_never_says_a_word_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aicmo.gateways.dns_records._QUESTION_SECONDS", 0.3)
    with DnsPeer(silent=True) as peer:
        dns = Dns(peer.resolver)
        check_spf(dns, DOMAIN)
        asked = len(peer.questions)
        check_bounces(dns, DOMAIN)
        assert len(peer.questions) == asked > 0


def dmarc(
    zone: dict[str, str], envelope: str | None = DOMAIN, signing: str | None = DOMAIN
) -> list[Check]:
    records: Zone = {(f"_dmarc.{name}", "TXT"): [text(record)] for name, record in zone.items()}
    with DnsPeer(records) as peer:
        return list(check_dmarc(Dns(peer.resolver), f"news.{DOMAIN}", envelope, signing))


@pytest.mark.parametrize(
    ("zone", "verdict", "said"),
    [
        ({DOMAIN: "v=DMARC1; p=quarantine"}, OK, "p=quarantine"),
        ({DOMAIN: "v=DMARC1; p=none; rua=mailto:d@client.example"}, OK, "p=none"),
        ({DOMAIN: "v=DMARC1; p=none"}, WARNING, "nobody gets the reports"),
        ({DOMAIN: "v=DMARC1; p=none; sp=reject"}, OK, "p=reject"),
        ({f"news.{DOMAIN}": "v=DMARC1;p=reject", DOMAIN: "v=DMARC1;p=none"}, OK, "p=reject"),
        ({DOMAIN: "v=DMARC1; p=maybe"}, PROBLEM, "no p="),
        ({DOMAIN: "p=reject; v=DMARC1"}, PROBLEM, "no DMARC policy"),
        ({}, PROBLEM, "no DMARC policy"),
        ({"example": "v=DMARC1; p=reject"}, PROBLEM, "no DMARC policy"),
    ],
)
def test_the_dmarc_policy_that_holds_is_found(
    zone: dict[str, str], verdict: Verdict, said: str
) -> None:
    policy, _ = dmarc(zone)
    assert (policy.verdict, said in policy.seen) == (verdict, True), policy


@pytest.mark.parametrize(
    ("record", "envelope", "signing", "verdict"),
    [
        ("", DOMAIN, None, OK),
        ("", f"bounces.{DOMAIN}", None, OK),
        ("; aspf=s", f"bounces.{DOMAIN}", None, NOT_CHECKED),
        ("", "elsewhere.example", None, NOT_CHECKED),
        ("", "elsewhere.example", DOMAIN, OK),
        ("; adkim=s", "elsewhere.example", DOMAIN, PROBLEM),
        ("; adkim=s", "elsewhere.example", f"news.{DOMAIN}", OK),
        ("", "elsewhere.example", "notclient.example", PROBLEM),
        ("", None, None, NOT_CHECKED),
    ],
)
def test_alignment_of_the_from_address(
    record: str, envelope: str | None, signing: str | None, verdict: Verdict
) -> None:
    _, alignment = dmarc({DOMAIN: f"v=DMARC1; p=reject{record}"}, envelope, signing)
    assert alignment.verdict is verdict, alignment


def test_two_dmarc_records_count_as_none() -> None:
    records = [text("v=DMARC1; p=none"), text("v=DMARC1; p=reject")]
    with DnsPeer({(f"_dmarc.{DOMAIN}", "TXT"): records}) as peer:
        policy, alignment = check_dmarc(Dns(peer.resolver), DOMAIN, DOMAIN, None)
    assert (policy.verdict, alignment.verdict) == (PROBLEM, NOT_CHECKED)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, str]]:
    """Private key file and public key in base64, by bits."""
    folder = tmp_path_factory.mktemp("dkim")
    return {bits: _key(folder / f"{bits}.pem", bits) for bits in (512, 1024, 2048)}


def _key(file: Path, bits: int) -> tuple[Path, str]:
    made = ("openssl", "genrsa", "-out", str(file), str(bits))
    subprocess.run(made, check=True, capture_output=True)
    file.chmod(0o600)
    public = ("openssl", "rsa", "-in", str(file), "-pubout", "-outform", "DER")
    der = subprocess.run(public, check=True, capture_output=True).stdout
    return file, base64.b64encode(der).decode()


def dkim_zone(record: str) -> Zone:
    pieces = [record[start : start + 250] for start in range(0, len(record), 250)]
    return {(f"s._domainkey.{DOMAIN}", "TXT"): [text(*pieces)]}


def dkim_key(record: str) -> Check:
    with DnsPeer(dkim_zone(record)) as peer:
        return check_dkim_key(Dns(peer.resolver), DOMAIN, "s")


@pytest.mark.parametrize(
    ("bits", "verdict"), [(512, PROBLEM), (1024, WARNING), (2048, OK)], ids=str
)
def test_the_length_of_a_dkim_key(
    bits: int, verdict: Verdict, keys: dict[int, tuple[Path, str]]
) -> None:
    check = dkim_key(f"v=DKIM1; k=rsa; p={keys[bits][1]}")
    assert (check.verdict, f"{bits} bits" in check.seen) == (verdict, True)


@pytest.mark.parametrize(
    ("tags", "verdict", "said"),
    [
        ("t=y:s; p=KEY", WARNING, "t=y"),
        ("t=s; p=KEY", OK, ""),
        ("h=sha1; p=KEY", PROBLEM, "sha256"),
        ("s=tlsrpt; p=KEY", PROBLEM, "isn't for email"),
        ("p=", PROBLEM, "revoked"),
        ("p=!!!", PROBLEM, "base64"),
        ("p=AAAA", PROBLEM, "can't be read"),
        ("k=dsa; p=KEY", PROBLEM, "dsa"),
        ("k=ed25519; p=" + base64.b64encode(bytes(32)).decode(), WARNING, "Ed25519"),
        ("k=ed25519; p=AAAA", PROBLEM, "Ed25519"),
    ],
)
def test_a_dkim_record_s_tags(
    tags: str, verdict: Verdict, said: str, keys: dict[int, tuple[Path, str]]
) -> None:
    check = dkim_key("v=DKIM1; " + tags.replace("KEY", keys[2048][1]))
    assert (check.verdict, said in check.seen) == (verdict, True), check


def test_a_missing_dkim_key_and_an_unknown_selector_are_told_apart() -> None:
    with DnsPeer() as peer:
        dns = Dns(peer.resolver)
        assert check_dkim_key(dns, DOMAIN, "s").verdict is PROBLEM
        assert check_dkim_key(dns, DOMAIN, "").verdict is NOT_CHECKED
        assert len(peer.questions) == 1


@pytest.mark.parametrize(
    ("zone", "verdict"),
    [
        ({(DOMAIN, "MX"): ["10 mx.client.example."]}, OK),
        ({(DOMAIN, "A"): ["192.0.2.1"]}, WARNING),
        ({(DOMAIN, "MX"): ["0 ."], (DOMAIN, "A"): ["192.0.2.1"]}, PROBLEM),
        ({}, PROBLEM),
    ],
)
def test_bounces_need_somewhere_to_go(zone: Zone, verdict: Verdict) -> None:
    with DnsPeer(zone) as peer:
        assert check_bounces(Dns(peer.resolver), DOMAIN).verdict is verdict


@pytest.mark.parametrize(
    ("address", "forward", "verdict"),
    [
        ("8.8.4.7", "8.8.4.7", OK),
        ("8.8.4.7", "8.8.4.8", WARNING),
        ("8.8.4.9", "8.8.4.9", WARNING),
        ("127.0.0.1", "127.0.0.1", NOT_CHECKED),
        ("10.1.2.3", "10.1.2.3", NOT_CHECKED),
    ],
)
def test_a_relay_s_address_leads_to_a_name_and_back(
    address: str, forward: str, verdict: Verdict
) -> None:
    zone: Zone = {
        ("7.4.8.8.in-addr.arpa", "PTR"): ["mail.client.example."],
        ("mail.client.example", "A"): [forward],
    }
    with DnsPeer(zone) as peer:
        assert check_reverse(Dns(peer.resolver), address).verdict is verdict


def test_one_click_is_both_headers() -> None:
    assert check_one_click(MESSAGE).verdict is OK
    without_post = MESSAGE.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"")
    assert check_one_click(without_post).verdict is WARNING
    by_mail = without_post.replace(b"https://client.example/u/abc", b"mailto:a@client.example")
    assert check_one_click(by_mail).verdict is PROBLEM


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def by_name(checks: list[Check]) -> dict[str, Check]:
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_healthy_relay(tls: str, authority: Authority) -> None:
    script = Script(mechanisms="PLAIN LOGIN", offers_starttls=True, size=20_000_000)
    context = authority.server_context(days=60)
    with SmtpPeer(script, tls=tls, context=context) as peer:  # type: ignore[arg-type]
        checks = by_name(probe_relay(peer.relay, 5000, ca_file=authority.ca_file).checks)

    assert checks["Encryption"].seen.startswith("TLSv1.3")
    assert (checks["Certificate"].verdict, checks["Login"].verdict) == (OK, OK)
    assert "verified" in checks["Certificate"].seen
    assert "PLAIN LOGIN" in checks["Login offered"].seen
    assert "SIZE 20,000,000" in checks["Extensions"].seen
    verbs = {line.partition(" ")[0].upper() for line in peer.commands}
    assert verbs <= {"EHLO", "STARTTLS", "AUTH", "QUIT"}
    assert (peer.transmissions.total(), peer.commands[-1].upper()) == (0, "QUIT")


def test_a_login_offered_in_the_clear_is_said_and_not_used(authority: Authority) -> None:
    script = Script(mechanisms="PLAIN", offers_starttls=True)
    with SmtpPeer(script, tls="starttls", context=authority.server_context()) as peer:
        checks = by_name(probe_relay(peer.relay, 5000, ca_file=authority.ca_file).checks)
    assert checks["Login offered"].verdict is WARNING
    assert "before encryption: PLAIN" in checks["Login offered"].seen


def test_a_certificate_that_ends_soon_is_a_warning(authority: Authority) -> None:
    with SmtpPeer(tls="implicit", context=authority.server_context(days=3)) as peer:
        checks = by_name(probe_relay(peer.relay, 5000, ca_file=authority.ca_file).checks)
    assert checks["Certificate"].verdict is WARNING


@pytest.mark.parametrize(
    ("address", "days", "authorities", "said"),
    [
        ("127.0.0.1", 30, "the system's", "local issuer"),
        ("127.0.0.2", 30, "ours", "mismatch"),
        ("127.0.0.1", -1, "ours", "expired"),
    ],
)
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_why_a_certificate_isn_t_verified_is_said_and_no_login_is_tried(
    tls: str, address: str, days: float, authorities: str, said: str, authority: Authority
) -> None:
    context = authority.server_context(address, days=days)
    script = Script(mechanisms="PLAIN", offers_starttls=True)
    with SmtpPeer(script, tls=tls, context=context) as peer:  # type: ignore[arg-type]
        trust = authority.ca_file if authorities == "ours" else None
        checks = by_name(probe_relay(peer.relay, 5000, ca_file=trust).checks)
    assert (checks["Certificate"].verdict, said in checks["Certificate"].seen) == (PROBLEM, True)
    assert not [line for line in peer.commands if line.startswith("AUTH")]


def test_a_relay_without_starttls_is_a_problem_and_gets_no_password(authority: Authority) -> None:
    script = Script(mechanisms="PLAIN", offers_starttls=False)
    with SmtpPeer(script, tls="starttls", context=authority.server_context()) as peer:
        seen = probe_relay(peer.relay, 5000, ca_file=authority.ca_file)
    assert [check.verdict for check in seen.checks] == [OK, PROBLEM]
    assert "STARTTLS" in seen.checks[-1].seen
    assert not [line for line in peer.commands if line.startswith("AUTH")]


def test_a_wrong_password_is_a_problem_that_names_no_secret() -> None:
    with SmtpPeer(Script(mechanisms="PLAIN")) as peer:
        relay = replace(peer.relay, password=SecretStr("wrong-canary"))
        checks = by_name(probe_relay(relay, 5000).checks)
    assert (checks["Login"].verdict, "535" in checks["Login"].seen) == (PROBLEM, True)
    assert not {"wrong-canary", PASSWORD, USER} & set(repr(checks).split())
    assert sum(line.startswith("AUTH") for line in peer.commands) == 1


def test_a_message_over_the_relay_s_limit_is_a_problem() -> None:
    with SmtpPeer(Script(size=4000)) as peer:
        checks = by_name(probe_relay(peer.relay, 5000).checks)
    assert checks["Extensions"].verdict is PROBLEM


@pytest.mark.parametrize(
    "answer", [Answer("554 go away"), Answer("nonsense"), Answer(then="close")]
)
def test_a_relay_that_turns_us_away_is_a_problem(answer: Answer) -> None:
    with SmtpPeer(Script({"connect": answer})) as peer:
        (check,) = probe_relay(peer.relay, 5000).checks
    assert (check.verdict, bool(check.fix)) == (PROBLEM, True)


def test_a_relay_beyond_this_machine_is_not_spoken_to_in_the_clear() -> None:
    with SmtpPeer(Script(mechanisms="PLAIN")) as peer:
        # The name leads here, but a gateway takes its word for nothing.
        (check,) = probe_relay(replace(peer.relay, host="relay.localhost"), 5000).checks
    assert (check.verdict, "without encryption" in check.seen) == (PROBLEM, True)
    assert (peer.connections, peer.commands) == (0, [])


def test_a_relay_that_drips_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aicmo.gateways.relay_probe._SECONDS", 0.3)
    with SmtpPeer(Script({"connect": Answer(then="drip")})) as peer:
        (check,) = probe_relay(peer.relay, 5000).checks
    assert (check.verdict, "in time" in check.seen) == (PROBLEM, True)


def test_a_provider_is_reached_and_told_nothing(authority: Authority) -> None:
    with SmtpPeer(tls="implicit", context=authority.server_context(days=60)) as peer:
        port = peer.relay.port
        checks = probe_provider("Resend", "127.0.0.1", port, ca_file=authority.ca_file)
        refused = probe_provider("Resend", "127.0.0.1", port)
    assert [check.verdict for check in checks] == [OK, OK, OK]
    assert [check.verdict for check in refused] == [PROBLEM]
    assert peer.commands == []


@pytest.fixture
def healthy(keys: dict[int, tuple[Path, str]]) -> Iterator[tuple[Setup, DnsPeer]]:
    zone: Zone = {
        (DOMAIN, "TXT"): [text("v=spf1 ip4:192.0.2.1 -all")],
        (DOMAIN, "MX"): ["10 mx.client.example."],
        (f"_dmarc.{DOMAIN}", "TXT"): [text("v=DMARC1; p=reject")],
        **dkim_zone(f"v=DKIM1; p={keys[2048][1]}"),
    }
    with DnsPeer(zone) as dns, SmtpPeer() as relay:
        sign = Signer(keys[2048][0], "s").sign
        yield Setup(relay.relay, DOMAIN, DOMAIN, MESSAGE, "s", sign), dns


def examined(setup: Setup, peer: DnsPeer) -> dict[str, Check]:
    return by_name(list(examine(setup, Dns(peer.resolver))))


def test_a_whole_healthy_setup_has_no_problem(healthy: tuple[Setup, DnsPeer]) -> None:
    checks = examined(*healthy)
    assert {name for name, check in checks.items() if check.verdict is not OK} == {
        "Domain",
        "Reverse DNS",
    }
    assert "reserved" in checks["Domain"].seen
    assert "List-Unsubscribe-Post" in checks["DKIM signature"].seen
    assert "published key" in checks["DKIM signature"].seen


def test_a_key_file_that_isn_t_the_published_key_is_a_problem(
    healthy: tuple[Setup, DnsPeer], keys: dict[int, tuple[Path, str]]
) -> None:
    setup, peer = healthy
    other = replace(setup, sign=Signer(keys[1024][0], "s", DOMAIN).sign)
    assert examined(other, peer)["DKIM signature"].verdict is PROBLEM


def test_a_signature_of_another_domain_is_a_problem(
    healthy: tuple[Setup, DnsPeer], keys: dict[int, tuple[Path, str]]
) -> None:
    setup, peer = healthy
    other = replace(setup, sign=Signer(keys[2048][0], "s", "elsewhere.example").sign)
    assert examined(other, peer)["DKIM signature"].verdict is PROBLEM


def test_a_signature_that_leaves_out_a_header_is_a_problem(
    healthy: tuple[Setup, DnsPeer],
) -> None:
    setup, peer = healthy
    signed = b"DKIM-Signature: v=1; d=client.example; s=s; h=From:Subject:List-Unsubscribe\r\n"
    check = examined(replace(setup, sign=lambda payload: signed + payload), peer)["DKIM signature"]
    assert (check.verdict, "List-Unsubscribe-Post" in check.seen) == (PROBLEM, True)


def test_what_the_relay_signs_is_not_called_ok(healthy: tuple[Setup, DnsPeer]) -> None:
    setup, peer = healthy
    check = examined(replace(setup, sign=None), peer)["DKIM signature"]
    assert (check.verdict, "test message" in check.seen) == (NOT_CHECKED, True)


def test_a_provider_s_own_envelope_is_not_checked(
    healthy: tuple[Setup, DnsPeer], authority: Authority
) -> None:
    setup, peer = healthy
    with SmtpPeer(tls="implicit", context=authority.server_context(days=60)) as api:
        provider = Provider("Resend", "127.0.0.1", api.relay.port)
        there = replace(setup, transport=provider)
        checks = by_name(list(examine(there, Dns(peer.resolver), ca_file=authority.ca_file)))
    assert checks["Provider"].verdict is OK
    assert (checks["SPF"].verdict, checks["Bounces"].verdict) == (NOT_CHECKED, NOT_CHECKED)


def test_without_a_relay_and_a_sender_that_is_what_it_says() -> None:
    nothing = Setup(FixConfiguration("No relay", next_step="Set it."), "", "", None)
    with DnsPeer() as peer:
        checks = examined(nothing, peer)
        assert peer.questions == []
    assert checks["Relay"] == Check("Relay", PROBLEM, "No relay", "Set it.")
    assert checks["SPF, DKIM, DMARC"].verdict is NOT_CHECKED
    assert checks["One-click"].verdict is NOT_CHECKED


def test_the_whole_dns_budget_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with DnsPeer({(DOMAIN, "TXT"): [text("v=spf1 mx -all")]}) as peer:
        dns = Dns(peer.resolver)
        assert check_spf(dns, DOMAIN).verdict is OK
        dns._ends_at = time.monotonic()
        assert check_spf(dns, DOMAIN).verdict is NOT_CHECKED
