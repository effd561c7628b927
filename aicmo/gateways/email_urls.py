"""Where an email's links and pictures may lead, and the tags that its links get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import refuse_controls
from aicmo.gateways.personalisation import Markers
from aicmo.plans.link_tags import in_ascii, tagged

_BARE = re.compile(r"https://[^\s<>\"]*[^\s<>\"'.,:;!?…»”’)\]}*_~]", re.IGNORECASE)
_HTTPS = re.compile(r"https://[^\s/?#\\][^\s\\]*", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:[^\s]+", re.IGNORECASE)


@dataclass(frozen=True)
class Links:
    """The rules for the addresses in one email.

    tags: query parameters that each https:// link gets, unless its author has set them.
    unsubscribe_url: a link that goes there stays as it is.
    """

    markers: Markers
    tags: Mapping[str, str]
    unsubscribe_url: str

    def check(self, url: str, place: str) -> None:
        """Raises `FixInput` if an email may not link to `url`."""
        self._refuse_placeholder(url, place)
        if not (_HTTPS.fullmatch(url) or _MAILTO.fullmatch(url)):
            is_close = url.lower().startswith(("https:", "mailto:"))
            problem = "isn't a whole address" if is_close else "is neither https:// nor mailto:"
            raise FixInput(
                f"{place} goes to {url[:60]!r}, which {problem}",
                next_step="Link to an https:// page.",
            )

    def check_picture(self, url: str, place: str) -> None:
        """Raises `FixInput` if an email may not show the picture at `url`."""
        self._refuse_placeholder(url, place)
        if not _HTTPS.fullmatch(url):
            raise FixInput(
                f"{place} is at {url[:60]!r}, which isn't https://",
                next_step="Put the picture on the web, where every mail program can fetch it.",
            )

    def tagged(self, url: str) -> str:
        """A checked `url` in ASCII, with the tags in its query."""
        if not self.tags or url == self.unsubscribe_url or not _HTTPS.fullmatch(url):
            return in_ascii(url)
        return tagged(url, self.tags)

    def _refuse_placeholder(self, url: str, place: str) -> None:
        refuse_controls(url, place)
        if self.markers.are_in(url) or "{" in url:
            raise FixInput(
                f"{place} has a placeholder in its address",
                next_step="Use the same address for everyone; what a contact is called stays private.",
            )


def bare_urls(text: str) -> list[str]:
    """`text` in pieces, every second of which is an https:// address."""
    pieces, end = [""], 0
    for found in _BARE.finditer(text):
        stop = found.end()
        if text[stop : stop + 1] == ")" and "(" in found[0]:
            stop += 1  # part of the address, as in …/Leeds_(city)
        pieces[-1] = text[end : found.start()]
        pieces += [text[found.start() : stop], ""]
        end = stop
    pieces[-1] = text[end:]
    return pieces
