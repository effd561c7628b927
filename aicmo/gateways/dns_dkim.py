"""The public DKIM key of a selector (RFC 6376 §3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, cast

from aicmo.gateways.diagnosis import Check, not_checked, ok, problem, warning
from aicmo.gateways.dns_records import Dns, Unanswered, read_tags

_NAME = "DKIM key"
_FEWEST_BITS, _GOOD_BITS = 1024, 2048  # RFC 8301 §3.2
_ED25519_BYTES = 32


def check_dkim_key(dns: Dns, domain: str, selector: str) -> Check:
    """The key that `selector` publishes under `domain`, the domain of the From address."""
    if not selector:
        seen = "AICMO_DKIM_SELECTOR isn't set, so the key's place isn't known"
        return not_checked(_NAME, seen, "Set it to the s= of a DKIM-Signature of the relay.")
    place = key_place(domain, selector)
    try:
        records = [each for each in dns.texts(place) if "p=" in each.replace(" ", "")]
    except Unanswered as error:
        return not_checked(_NAME, f"{place}: {error}", "Run it again, or where a resolver is.")
    if len(records) != 1:
        seen = f"{place} has {'no' if not records else len(records)} DKIM key"
        return problem(_NAME, seen, "Publish the one TXT record that the signer names.")
    return _judge(place, read_tags(records[0]))


def key_place(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


def _judge(place: str, tags: dict[str, str]) -> Check:
    if not tags.get("p"):
        seen = f"{place}: the key is revoked (p= is empty)"
        return problem(_NAME, seen, "Sign with a selector whose key is valid.")
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return problem(_NAME, f"{place} doesn't allow sha256", "Take h= out of the record.")
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return problem(_NAME, f"{place} isn't for email (s={tags['s'][:20]})", "Take s= out of it.")
    try:
        key = base64.b64decode(tags["p"], validate=True)
    except binascii.Error:
        return problem(_NAME, f"{place}: the key isn't base64", "Publish the record again.")
    checked = _judge_key(place, tags.get("k", "rsa").lower(), key)
    if not checked.fix and "y" in tags.get("t", "").split(":"):
        fix = "Take t=y out of the record: until then receivers may ignore signatures."
        return warning(_NAME, f"{checked.seen}, marked as a test (t=y)", fix)
    return checked


def _judge_key(place: str, kind: str, key: bytes) -> Check:
    if kind == "rsa":
        return _judge_rsa(place, _rsa_bits(key))
    if kind != "ed25519":
        return problem(_NAME, f"{place}: nobody knows keys of the kind {kind[:20]!r}", "Use rsa.")
    if len(key) != _ED25519_BYTES:
        return problem(_NAME, f"{place}: the key isn't an Ed25519 key", "Publish it again.")
    fix = "Sign with an RSA key as well; many receivers can't check this one yet."
    return warning(_NAME, f"{place}: Ed25519", fix)


def _judge_rsa(place: str, bits: int | None) -> Check:
    if bits is None:
        return problem(_NAME, f"{place}: the key can't be read", "Publish the record again.")
    seen = f"{place}: RSA, {bits} bits"
    if bits < _FEWEST_BITS:
        return problem(_NAME, seen, f"Make a key of {_GOOD_BITS} bits; this one is ignored.")
    if bits < _GOOD_BITS:
        return warning(_NAME, seen, f"Make a key of {_GOOD_BITS} bits when you next change it.")
    return ok(_NAME, seen)


def _rsa_bits(key: bytes) -> int | None:
    from dkim import crypto  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    parse = cast("Callable[[bytes], dict[str, Any]]", cast("Any", crypto).parse_public_key)
    try:
        return int(parse(key)["modulus"]).bit_length()
    except Exception:  # noqa: BLE001  (whatever the library stumbles over, it is no key)
        return None
