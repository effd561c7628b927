"""Whether a post that a network shows is the one in doubt, by its text.

A wrong *absent* publishes twice, so it is said only where nothing on the timeline comes near. Networks
rewrite links, so that texts which differ in their links alone are alike, not other ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aicmo.gateways.contract import Found, Reading

_LINK = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+(?:/\S*)?")


class Match(StrEnum):
    SAME = "same"
    ALIKE = "alike"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post of the account since the doubt began; `text` as readers see it, links as they lead.

    cut_before: the characters before which the network may have cut it off.
    is_complete: it has as many media as the one in doubt.
    """

    ref: str
    text: str
    permalink: str = ""
    cut_before: str = ""
    is_complete: bool = True


def read_candidates(text: str, candidates: Sequence[Candidate], taken: Collection[str]) -> Reading:
    """What the account's posts say of the one with this text; those of `taken` are other ones'."""
    free = [each for each in candidates if each.ref not in taken]
    same = [each for each in free if _match(text, each) is Match.SAME]
    if len(same) == 1:
        return Reading(Found.PRESENT, same[0].ref, permalink=same[0].permalink)
    if same:
        return Reading(Found.CANNOT_TELL, detail=f"{len(same)} posts have this text")
    if any(_match(text, each) is Match.ALIKE for each in free):
        return Reading(Found.CANNOT_TELL, detail="a post is like it, but not the same")
    return Reading(Found.ABSENT)


def _match(ours: str, candidate: Candidate) -> Match:
    our_text, their_text = _plain(ours), _plain(candidate.text)
    if our_text == their_text:
        return Match.SAME if candidate.is_complete else Match.ALIKE
    is_alike = _without_links(our_text) == _without_links(their_text)
    is_cut = _is_cut(our_text, their_text, candidate.cut_before)
    return Match.ALIKE if is_alike or is_cut else Match.OTHER


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _without_links(text: str) -> str:
    return " ".join(_LINK.sub(" ", text).split())


def _is_cut(ours: str, theirs: str, cut_before: str) -> bool:
    rest = ours.removeprefix(theirs).lstrip()
    return ours.startswith(theirs) and bool(rest) and rest[0] in cut_before
