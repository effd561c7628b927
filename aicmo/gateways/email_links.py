"""Checks of where an email's links go, and of whether they say so."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from aicmo.gateways.email_findings import Check, Finding
from aicmo.gateways.email_shown import Link
from aicmo.plans.document import Brand
from aicmo.plans.items import EmailContent

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 §2.1
_RESERVED = ("example", "test", "invalid", "localhost")  # RFC 2606, RFC 6761
_RESERVED_SECOND_LEVEL = ("example.com", "example.net", "example.org")  # RFC 2606 §3
_SHORTENERS = frozenset(
    (
        "bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy",
        "rebrand.ly", "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "v.gd",
    )
)  # fmt: skip
_NOT_WEB = ("mailto", "tel")
_COUNTRY_SUFFIX = re.compile(
    r"\.(?:ac|co|com|edu|gob|gov|ltd|ne|net|nom|or|org|plc)\.[a-z]{2}\.?$", re.IGNORECASE
)
_WRITTEN_HOST = re.compile(
    r"(?:https?://|www\.)(?P<web>[^\s/?#:]+)"
    r"|(?<![\w.-])(?P<bare>(?:[a-z0-9-]+\.)+"
    r"(?:com|org|net|info|biz|shop|store|app|dev|io|co|eu|uk|de|fr|es|it|nl|ch|at|be|ie|us|ca|au|in|example|test))"
    r"(?![\w-]|\.\w)",
    flags=re.IGNORECASE,
)


def check_links(links: list[Link], content: EmailContent, brand: Brand) -> tuple[Check, Check]:
    """The links' addresses, and what stands on them."""
    seen = list({(link.url, link.text): link for link in links}.values())
    is_trial = brand.sender is not None and is_reserved(domain_of(brand.sender.email))
    addresses = [
        found
        for url in dict.fromkeys(link.url for link in seen)
        for found in _check_address(url, place_of(url, content, brand), is_trial=is_trial)
    ]
    texts = [
        found for link in seen for found in _check_text(link, place_of(link.url, content, brand))
    ]
    said = (
        f"{len(seen)} link{'s' if len(seen) != 1 else ''}, every one of them to https:// or mailto:"
    )
    if is_trial:
        said += "; reserved names are let pass, as the sender's own is one"
    return (
        Check("Links", said, tuple(addresses)),
        Check("Link texts", "each link goes where its text says", tuple(texts)),
    )


def place_of(url: str, content: EmailContent, brand: Brand) -> str:
    """The field of the document that a link of the message comes from."""
    bare = _without_query(url)
    if brand.unsubscribe_url and url.startswith(brand.unsubscribe_url.partition("{token}")[0]):
        return "brand.unsubscribe_url"
    if content.cta and bare == _without_query(content.cta.url):
        return "content.cta.url"
    if brand.website and bare.rstrip("/") == _without_query(brand.website).rstrip("/"):
        return "brand.website"
    return "content.body"


def _without_query(url: str) -> str:
    return re.split(r"[?#]", url, maxsplit=1)[0]


def _check_address(url: str, place: str, *, is_trial: bool) -> Iterator[Finding]:
    parts = _split(url)
    shown = _short(url)
    if parts is not None and parts.scheme.lower() in _NOT_WEB:
        return
    if parts is None or parts.scheme.lower() != "https":
        yield Finding(
            "error", place, f"A link goes to “{shown}”, which is not https://",
            "Link to the page's https:// address",
        )  # fmt: skip
        return
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None:
        yield Finding(
            "error", place, f"The link “{shown}” hides its host {host} behind a name and @",
            "Link to the page without the part before @",
        )  # fmt: skip
    if not _is_host(host):
        yield Finding(
            "error", place, f"“{host or shown}” in a link is no host name", "Correct the address"
        )
    elif host in _SHORTENERS:
        yield Finding(
            "warning", place, f"{host} shortens links, so that nobody sees where they go",
            "Link to the page itself; spam filters distrust shortened links",
        )  # fmt: skip
    elif problem := _out_of_reach(host, is_trial=is_trial):
        yield Finding(
            "warning",
            place,
            f"A link goes to {host}, {problem}",
            "Link to the page's public address",
        )


def _out_of_reach(host: str, *, is_trial: bool) -> str:
    if _is_ip(host):
        return "an IP address"
    if "." not in host and host not in _RESERVED:
        return "a name without a domain"
    return "" if is_trial or not is_reserved(host) else "a name that is reserved for examples"


def _check_text(link: Link, place: str) -> Iterator[Finding]:
    if not link.text:
        yield Finding(
            "warning", place, f"The link to {_short(link.url)} has no text",
            "Write what it leads to, or give its picture an alternative text",
        )  # fmt: skip
        return
    goes_to = _target(link.url)
    for match in _WRITTEN_HOST.finditer(link.text):
        written = (match["web"] or match["bare"]).lower().removeprefix("www.").rstrip(".,)")
        if goes_to and organisation(written) != organisation(goes_to):
            yield Finding(
                "error", place, f"The link text “{_short(link.text)}” shows {written}, but it goes to {goes_to}",
                "Let it go where its text says, or write in words where it goes; this is how fraud looks",
            )  # fmt: skip


def _target(url: str) -> str:
    parts = _split(url)
    if parts is None:
        return ""
    return domain_of(parts.path) if parts.scheme == "mailto" else (parts.hostname or "")


def organisation(host: str) -> str:
    """The part of a host name that its owner registered, without a list of public suffixes.

    A rare suffix is taken for an owner, which only keeps a hint or a suspicion back.
    """
    labels = host.lower().rstrip(".").split(".")
    return ".".join(labels[-3 if _COUNTRY_SUFFIX.search(host) else -2 :])


def domain_of(address: str) -> str:
    """The part of an email address after its last @, in lower case."""
    return address.rpartition("@")[2].strip().lower()


def is_reserved(host: str) -> bool:
    """Whether no such host can be on the internet (RFC 2606, RFC 6761)."""
    return (
        host.rpartition(".")[2] in _RESERVED
        or ".".join(host.split(".")[-2:]) in _RESERVED_SECOND_LEVEL
    )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_host(host: str) -> bool:
    if _is_ip(host):
        return True
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        return False
    return all(_LABEL.fullmatch(label) for label in ascii_host.split("."))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    limit = 80
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
