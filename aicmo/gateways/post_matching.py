"""Whether a post that a network shows is the one in doubt, by its text.

A wrong *absent* publishes twice, so it is said only where nothing on the timeline comes near. Networks
rewrite links, so that texts which differ in their links alone are alike, not other ones; and people put
a post right that they see, so that one which was edited may have had any text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from aicmo.gateways.contract import Found, Reading

_NEAR, _COMPARED = 0.9, 500
"""How much of two texts is the same, at least, that are near; of long ones, their beginnings are judged."""
_LINK = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+(?:/\S*)?")


class Match(StrEnum):
    SAME = "same"
    ALIKE = "alike"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post of the account since the doubt began; `text` as readers see it, links as they lead.

    cut_before: the characters before which the network may have cut it off.
    is_complete: it has as many media as the one in doubt. was_edited: it had another text before.
    """

    ref: str
    text: str
    permalink: str = ""
    cut_before: str = ""
    is_complete: bool = True
    was_edited: bool = False


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
    if any(each.was_edited for each in free):
        return Reading(Found.CANNOT_TELL, detail="a post was edited, and may have been this one")
    return Reading(Found.ABSENT)


def _match(ours: str, candidate: Candidate) -> Match:
    our_text, their_text = _plain(ours), _plain(candidate.text)
    if our_text == their_text:
        return Match.SAME if candidate.is_complete else Match.ALIKE
    is_alike = _without_links(our_text) == _without_links(their_text)
    is_cut = _is_cut(our_text, their_text, candidate.cut_before)
    is_near = _is_near(our_text, their_text)
    return Match.ALIKE if is_alike or is_cut or is_near else Match.OTHER


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _without_links(text: str) -> str:
    return " ".join(_LINK.sub(" ", text).split())


def _is_near(ours: str, theirs: str) -> bool:
    compared = SequenceMatcher(None, ours[:_COMPARED], theirs[:_COMPARED], autojunk=False)
    return compared.ratio() >= _NEAR


def _is_cut(ours: str, theirs: str, cut_before: str) -> bool:
    rest = ours.removeprefix(theirs).lstrip()
    return ours.startswith(theirs) and bool(rest) and rest[0] in cut_before
