"""Whether a client's email would be taken and trusted: relay, DNS and one-click. Reads only.

The rules are those of Gmail, Yahoo (2024-02) and Microsoft (2025-05) for bulk senders, and RFC 8058.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, cast

from aicmo.errors import FixConfiguration
from aicmo.gateways.diagnosis import Check, not_checked, ok, problem, warning
from aicmo.gateways.dns_dkim import check_dkim_key, key_place
from aicmo.gateways.dns_dmarc import check_dmarc
from aicmo.gateways.dns_records import Dns, Unanswered, read_tags
from aicmo.gateways.dns_spf import check_spf
from aicmo.gateways.registry import email_variable
from aicmo.gateways.relay_probe import probe_provider, probe_relay
from aicmo.settings import Settings
from aicmo.smtp_relay import SmtpRelay

_ONE_CLICK = ("List-Unsubscribe", "List-Unsubscribe-Post")
_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")
_LATER = "Run it again, or where a resolver is."
_LOOK = "Run `aicmo email test`, and look at the DKIM-Signature of what arrives."
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Provider:
    """A mail provider with an HTTP API, which sends with an envelope of its own."""

    name: str
    host: str
    port: int = 443


@dataclass(frozen=True, slots=True)
class Setup:
    """What is looked at.

    transport: the relay or provider; an error tells why there is none.
    from_domain, envelope_domain: of the From address, and of the address that bounces go to.
    message: one composed email, before it is signed; None without one.
    sign: signs as `selector` of `from_domain`, if we sign ourselves.
    """

    transport: SmtpRelay | Provider | FixConfiguration
    from_domain: str
    envelope_domain: str
    message: bytes | None
    selector: str = ""
    sign: Sign | None = None


def transport_of(settings: Settings) -> SmtpRelay | Provider | FixConfiguration:
    """What the environment sends email through, or why nothing."""
    try:
        match email_variable(settings):
            case "AICMO_RESEND_API_KEY":
                return Provider("Resend", "api.resend.com")
            case "AICMO_POSTMARK_SERVER_TOKEN":
                return Provider("Postmark", "api.postmarkapp.com")
            case "AICMO_SES_REGION":
                return Provider("Amazon SES", f"email.{settings.ses_region}.amazonaws.com")
            case _:
                return settings.require_smtp_relay()
    except FixConfiguration as error:
        return error


def examine(setup: Setup, dns: Dns, *, ca_file: Path | None = None) -> Iterator[Check]:
    """Every check, as it is done. Nothing is changed anywhere, and no message is begun.

    ca_file: PEM file of the authorities to trust instead of the system's.
    """
    address = ""
    if isinstance(setup.transport, FixConfiguration):
        yield problem("Relay", str(setup.transport), setup.transport.next_step)
    elif isinstance(setup.transport, Provider):
        place = setup.transport
        yield from probe_provider(place.name, place.host, place.port, ca_file=ca_file)
    else:
        seen = probe_relay(setup.transport, len(setup.message or b""), ca_file=ca_file)
        yield from seen.checks
        address = seen.address
    yield from _check_names(setup, dns)
    if address:
        yield check_reverse(dns, address)
    if setup.message is None:
        yield not_checked("One-click", "there is no email to look at")
        return
    yield check_one_click(setup.message)
    yield check_signature(setup, setup.message, dns)


def _check_names(setup: Setup, dns: Dns) -> Iterator[Check]:
    if not setup.from_domain:
        yield not_checked("SPF, DKIM, DMARC", "the project has no sender", "Add brand.sender.")
        return
    yield from _check_reserved({setup.from_domain, setup.envelope_domain})
    signing_domain = setup.from_domain if setup.sign else None
    if isinstance(setup.transport, Provider):
        said = f"{setup.transport.name} sends with an envelope of its own"
        fix = f"Look at the domain's page at {setup.transport.name}."
        yield not_checked("SPF", said, fix)
        yield not_checked("Bounces", f"{said}, and takes them", fix)
        envelope_domain = None
    else:
        envelope_domain = setup.envelope_domain
        yield check_spf(dns, envelope_domain)
        yield check_bounces(dns, envelope_domain)
    yield check_dkim_key(dns, setup.from_domain, setup.selector)
    yield from check_dmarc(dns, setup.from_domain, envelope_domain, signing_domain)


def _check_reserved(domains: set[str]) -> Iterator[Check]:
    for domain in sorted(domains):
        if any(f".{domain}".endswith(f".{each}") for each in _RESERVED):
            seen = f"{domain} is reserved for examples and tests (RFC 2606): nobody has mail there"
            fix = "Put the client's own domain into brand.sender before a real send."
            yield warning("Domain", seen, fix)


def check_bounces(dns: Dns, domain: str) -> Check:
    """Whether reports of failed deliveries have somewhere to go (RFC 5321 §5.1)."""
    name = "Bounces"
    try:
        hosts = dns.mail_hosts(domain)
        addresses = [] if hosts else dns.addresses(domain)
    except Unanswered as error:
        return not_checked(name, f"{domain}: {error}", _LATER)
    fix = "Give the domain an MX record, or use a bounce_address in a domain that has one."
    if hosts in ([], ["."]) and not addresses:
        return problem(name, f"{domain} takes no mail, so bounces are lost", fix)
    if not hosts:
        return warning(name, f"{domain} has no MX record; its address record stands in", fix)
    return ok(name, f"{domain}: {', '.join(host[:80] for host in hosts[:3])}")


def check_reverse(dns: Dns, address: str) -> Check:
    """Whether the relay's address has a name that leads back to it (RFC 1912 §2.1)."""
    name = "Reverse DNS"
    if not ipaddress.ip_address(address).is_global:
        seen = f"{address} isn't public; the address that receivers see isn't known here"
        return not_checked(name, seen, "Ask the relay's operator.")
    try:
        names = dns.names_of(address)
        confirmed = [each for each in names if _leads_to(dns, each, address)]
    except Unanswered as error:
        return not_checked(name, f"{address}: {error}", _LATER)
    fix = "Have the relay's operator set it, if mail also leaves from this address."
    if not names:
        return warning(name, f"{address} has no name", fix)
    if not confirmed:
        return warning(name, f"{address} is {names[0][:80]}, which doesn't lead back to it", fix)
    return ok(name, f"{address} is {confirmed[0][:80]}, and back")


def _leads_to(dns: Dns, name: str, address: str) -> bool:
    wanted = ipaddress.ip_address(address)
    return any(ipaddress.ip_address(each) == wanted for each in dns.addresses(name))


def check_one_click(message: bytes) -> Check:
    """Whether a mail program can offer to leave with one click (RFC 8058 §3.1)."""
    name = "One-click"
    headers = message_from_bytes(message)
    link = headers.get("List-Unsubscribe", "")
    if "<https://" not in link:
        fix = "Set brand.unsubscribe_url to an https:// address."
        return problem(name, "the message has no List-Unsubscribe with https://", fix)
    if headers.get("List-Unsubscribe-Post", "").strip() != "List-Unsubscribe=One-Click":
        fix = "Put {token} into brand.unsubscribe_url and run `aicmo serve` there."
        return warning(name, "a link to leave, but not with one click", fix)
    return ok(name, " and ".join(_ONE_CLICK))


def check_signature(setup: Setup, message: bytes, dns: Dns) -> Check:
    """Whether a signature of ours covers what one-click needs, and fits the published key."""
    name = "DKIM signature"
    if setup.sign is None:
        return not_checked(name, "the relay signs, if anybody does: look at a test message", _LOOK)
    place = key_place(setup.from_domain, setup.selector)
    signed = setup.sign(message)
    headers = message_from_bytes(signed)
    if missing := _uncovered(headers):
        seen = f"it doesn't cover {' and '.join(missing)} (RFC 8058 §4)"
        return problem(name, seen, "Let the relay sign instead: unset AICMO_DKIM_KEY_FILE.")
    covered = " and ".join(each for each in _ONE_CLICK if each in headers) or "no unsubscribe link"
    try:
        records = dns.texts(place)
    except Unanswered as error:
        return not_checked(name, f"covers {covered}; published key: {error}", _LATER)
    if not _verifies(signed, place, records):
        fix = f"Publish the key that belongs to the file, as {setup.selector}._domainkey."
        return problem(name, "it doesn't fit the published key", fix)
    return ok(name, f"covers {covered}, and fits the published key")


def _uncovered(headers: Message) -> list[str]:
    tags = read_tags(headers.get("DKIM-Signature", ""))
    covered = tags.get("h", "").lower().split(":")
    return [each for each in _ONE_CLICK if each in headers and each.lower() not in covered]


def _verifies(signed: bytes, place: str, records: list[str]) -> bool:
    import dkim  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    def published(name: bytes, timeout: float = 0) -> bytes | None:
        del timeout
        return records[0].encode() if name == f"{place}.".encode() and len(records) == 1 else None

    return bool(cast("Any", dkim).verify(signed, dnsfunc=published))
