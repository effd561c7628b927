"""SPF of the envelope's domain (RFC 7208): who may send for it, and whether receivers can tell."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from aicmo.gateways.diagnosis import Check, not_checked, ok, problem, warning
from aicmo.gateways.dns_records import Dns, Unanswered

_NAME = "SPF"
_MOST_LOOKUPS = 10  # RFC 7208 §4.6.4
_MECHANISM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<rest>[:/].*)?",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>\S*)", re.IGNORECASE)
_DOMAIN = re.compile(r"[!-.0-~]+\.?")  # visible ASCII but the slash; macros included
_LENGTHS = re.compile(r"(/\d{1,2})?(//\d{1,3})?")
_LOOKED_UP = ("include", "a", "mx", "ptr", "exists")


@dataclass
class _Walk:
    """What following a record has brought up.

    lookups: terms that cost a receiver a question. ends: the qualifier of `all`; "" without one.
    permits: something besides `all` lets somebody send. is_open: everybody may.
    """

    lookups: int = 0
    ends: str = ""
    permits: bool = False
    is_open: bool = False
    faults: list[str] = field(default_factory=list[str])


def check_spf(dns: Dns, domain: str) -> Check:
    """The check of `domain`, which the envelope's sender (MAIL FROM) is in."""
    walk = _Walk()
    try:
        records = _records(dns, domain)
        if len(records) == 1:
            _follow(dns, records[0], walk, is_included=False)
    except Unanswered as error:
        return not_checked(_NAME, f"{domain}: {error}", "Run it again, or where a resolver is.")
    if len(records) != 1:
        return _wrong_number(domain, len(records))
    return _judge(domain, records[0], walk)


def _records(dns: Dns, domain: str) -> list[str]:
    return [each for each in dns.texts(domain) if re.match(r"v=spf1( |$)", each, re.IGNORECASE)]


def _wrong_number(domain: str, count: int) -> Check:
    if count:
        seen = f"{domain} has {count} SPF records, which counts as an error (RFC 7208 §4.5)"
        return problem(_NAME, seen, "Merge them into one.")
    fix = "Publish a TXT record that your mail provider names, such as v=spf1 include:… ~all."
    return problem(_NAME, f"{domain} has no SPF record", fix)


def _judge(domain: str, record: str, walk: _Walk) -> Check:
    if walk.faults:
        return problem(_NAME, f"{domain}: {walk.faults[0]}", "Correct the record.")
    if walk.lookups > _MOST_LOOKUPS:
        seen = f"{domain} needs more than {_MOST_LOOKUPS} lookups, so receivers give up (RFC 7208 §4.6.4)"
        return problem(_NAME, seen, "Take out what no longer sends, or list addresses by ip4.")
    if walk.is_open:
        seen = f"{domain} has +all: the whole world may send for it"
        return problem(_NAME, seen, "Write ~all or -all instead.")
    if not walk.permits:
        seen = f"{domain} lets nobody send: {record[:100]}"
        return problem(_NAME, seen, "Add what your mail provider names.")
    seen = f"{domain}: {record[:150]} ({walk.lookups} of {_MOST_LOOKUPS} lookups)"
    if walk.ends in ("", "?"):
        return warning(_NAME, f"{seen}; it leaves open who may not", "End it with ~all or -all.")
    return ok(_NAME, seen)


def _follow(dns: Dns, record: str, walk: _Walk, *, is_included: bool) -> None:
    redirect, has_all = "", False
    for term in record.split()[1:]:
        if found := _MECHANISM.fullmatch(term):
            has_all |= found["name"].lower() == "all"
            _take(dns, found, walk, is_included=is_included)
        elif found := _MODIFIER.fullmatch(term):
            redirect = found["value"] if found["name"].lower() == "redirect" else redirect
        else:
            walk.faults.append(f"{term[:60]!r} is no SPF term")
    # Where there is an `all`, nobody gets as far as the redirect (RFC 7208 §6.1).
    if redirect and not has_all:
        walk.lookups += 1
        for target in _records_of_other(dns, redirect, walk):
            _follow(dns, target, walk, is_included=is_included)


def _take(dns: Dns, found: re.Match[str], walk: _Walk, *, is_included: bool) -> None:
    name, rest = found["name"].lower(), found["rest"] or ""
    if not _is_well_formed(name, rest):
        walk.faults.append(f"{found[0][:60]!r} is not written as SPF wants it")
        return
    walk.lookups += name in _LOOKED_UP
    passes = found["qualifier"] in ("", "+")
    if name == "all":
        # An `-all` in an included record ends nothing; its `+all` lets everybody in.
        walk.is_open |= passes
        walk.ends = walk.ends if is_included else found["qualifier"] or "+"
    elif name == "include":
        for target in _records_of_other(dns, rest[1:], walk):
            _follow(dns, target, walk, is_included=True)
    else:
        walk.permits |= passes


def _records_of_other(dns: Dns, domain: str, walk: _Walk) -> Iterator[str]:
    """The record of another domain, if it can be followed and receivers would still do so."""
    if "%" in domain:  # a macro: its name is known only when a message arrives
        walk.permits = True
        return
    if walk.lookups > _MOST_LOOKUPS:
        return
    records = _records(dns, domain)
    if len(records) == 1:
        yield records[0]
    else:
        walk.faults.append(f"it refers to {domain[:80]}, which has {len(records)} SPF records")


def _is_well_formed(name: str, rest: str) -> bool:
    match name:
        case "all":
            return not rest
        case "ip4" | "ip6":
            return rest.startswith(":") and _is_network(rest[1:], int(name[2]))
        case "include" | "exists":
            return bool(rest.startswith(":") and _DOMAIN.fullmatch(rest[1:]))
        case _:
            domain, slash, lengths = rest.partition("/")
            is_domain = not domain or (
                domain.startswith(":") and bool(_DOMAIN.fullmatch(domain[1:]))
            )
            return is_domain and bool(_LENGTHS.fullmatch(slash + lengths))


def _is_network(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).version == version
    except ValueError:
        return False
