"""Tags in the addresses of links, by which a client's web statistics tell visits apart."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus, urlencode

from markdown_it.common.normalize_url import normalizeLink

from aicmo.plans.sending import Utm


def link_tags(utm: Utm | None, item_id: str, source: str = "", medium: str = "") -> dict[str, str]:
    """What is added to each link's query, by Google Analytics' names; nothing without `utm`.

    source, medium: instead of those of `utm`, which are an email's.
    """
    if utm is None:
        return {}
    return {
        "utm_source": source or utm.source,
        "utm_medium": medium or utm.medium,
        "utm_campaign": utm.campaign or item_id,
    }


def tagged(url: str, tags: Mapping[str, str]) -> str:
    """`url` in ASCII, with those of the tags in its query that its author hasn't set."""
    url = in_ascii(url)
    if not tags:
        return url
    address, hash_sign, fragment = url.partition("#")
    address, _, query = address.partition("?")
    given = {unquote_plus(pair.partition("=")[0]) for pair in query.split("&")}
    missing = {name: tag for name, tag in tags.items() if name not in given}
    pairs = [query, urlencode(missing, quote_via=quote)]
    return f"{address}?{'&'.join(filter(None, pairs))}{hash_sign}{fragment}"


def in_ascii(url: str) -> str:
    """`url` with what RFC 3986 has no letters for as percent signs, or Punycode in a host."""
    return normalizeLink(url)
