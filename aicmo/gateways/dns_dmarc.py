"""DMARC of the From address (RFC 9989): a policy, and a name that SPF or DKIM vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aicmo.gateways.diagnosis import Check, not_checked, ok, problem, warning
from aicmo.gateways.dns_records import Dns, Unanswered, read_tags

_NAME = "DMARC"
_ALIGNMENT = "DMARC alignment"
_MOST_LABELS = 8  # RFC 9989 §4.10: the walk up the tree is no longer
_POLICIES = ("none", "quarantine", "reject")
_UNKNOWN = "Run it again, or where a resolver is."


@dataclass(frozen=True)
class _Found:
    """The policy that holds for a domain: its tags, where it stands, and whose name that is."""

    tags: Mapping[str, str]
    domain: str
    organization: str


def check_dmarc(
    dns: Dns, from_domain: str, envelope_domain: str | None, signing_domain: str | None
) -> Iterator[Check]:
    """The policy, and whether what SPF and DKIM vouch for is aligned with the From address.

    envelope_domain, signing_domain: None where the provider chooses them.
    """
    try:
        records = _records(dns, from_domain)
        found = _walk(dns, from_domain)
    except Unanswered as error:
        yield not_checked(_NAME, f"{from_domain}: {error}", _UNKNOWN)
        yield not_checked(_ALIGNMENT, "it depends on the policy", _UNKNOWN)
        return
    if len(records) > 1 or found is None:
        yield _wrong_number(from_domain, len(records))
        yield not_checked(_ALIGNMENT, f"{from_domain} has no policy to align with")
        return
    yield _judge_policy(from_domain, found)
    yield _judge_alignment(from_domain, found, envelope_domain, signing_domain)


def _records(dns: Dns, domain: str) -> list[Mapping[str, str]]:
    texts = dns.texts(f"_dmarc.{domain}")
    return [read_tags(each) for each in texts if each.replace(" ", "").startswith("v=DMARC1")]


def _walk(dns: Dns, domain: str) -> _Found | None:
    """The domain's own policy, else that of its organization, up the tree (RFC 9989 §4.10)."""
    found: list[tuple[str, Mapping[str, str]]] = []
    for parent in _parents(domain):
        records = _records(dns, parent)
        if len(records) == 1 and records[0].get("psd") != "y":
            found.append((parent, records[0]))
        if len(records) == 1 and records[0].get("psd") == "n":
            break
    if not found:
        return None
    organization = found[-1][0]
    place, tags = found[0] if found[0][0] == domain else found[-1]
    return _Found(tags, place, organization)


def _parents(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    start = max(1, len(labels) - _MOST_LABELS + 1)
    for index in range(start, len(labels) - 1):
        yield ".".join(labels[index:])


def _wrong_number(domain: str, count: int) -> Check:
    if count > 1:
        return problem(_NAME, f"_dmarc.{domain} has {count} records: none counts", "Keep one.")
    seen = f"{domain} has no DMARC policy; Gmail, Yahoo and Microsoft ask bulk senders for one"
    return problem(_NAME, seen, f"Publish v=DMARC1; p=none; rua=mailto:… at _dmarc.{domain}.")


def _judge_policy(domain: str, found: _Found) -> Check:
    place = f"_dmarc.{found.domain}"
    inherits = domain != found.domain
    policy = found.tags.get("sp" if inherits and "sp" in found.tags else "p", "").lower()
    if policy not in _POLICIES:
        return problem(_NAME, f"{place} has no p=none, quarantine or reject", "Add p=none.")
    seen = f"{place}: p={policy}"
    if policy == "none" and "rua" not in found.tags:
        fix = "Add rua=mailto:…, so that somebody sees who sends in the client's name."
        return warning(_NAME, f"{seen}, and nobody gets the reports", fix)
    return ok(_NAME, seen)


def _judge_alignment(
    domain: str, found: _Found, envelope_domain: str | None, signing_domain: str | None
) -> Check:
    by_spf = _is_aligned(domain, envelope_domain, found, found.tags.get("aspf"))
    by_dkim = _is_aligned(domain, signing_domain, found, found.tags.get("adkim"))
    said = [
        f"the envelope's {envelope_domain} is {'' if by_spf else 'not '}aligned"
        if envelope_domain
        else "the provider chooses the envelope",
        f"DKIM's {signing_domain} is {'' if by_dkim else 'not '}aligned"
        if signing_domain
        else "the relay signs, if anybody does",
    ]
    seen = f"From {domain}: {', '.join(said)}"
    if by_spf or by_dkim:
        return ok(_ALIGNMENT, seen)
    if signing_domain is None:
        fix = f"Send a test message and look for a DKIM signature with d={found.organization}."
        return not_checked(_ALIGNMENT, seen, fix)
    return problem(_ALIGNMENT, seen, f"Let bounces go to, or sign for, {found.organization}.")


def _is_aligned(domain: str, other: str | None, found: _Found, mode: str | None) -> bool:
    if other is None:
        return False
    if (mode or "r").lower() == "s":
        return other == domain
    return other == domain or f".{other}".endswith(f".{found.organization}")
