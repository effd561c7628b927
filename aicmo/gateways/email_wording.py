"""Checks of an email's words, as they are once its placeholders are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aicmo.gateways.email_findings import Check, Finding
from aicmo.gateways.email_shown import in_one_line
from aicmo.plans.leftovers import find_leftover
from aicmo.plans.proofreading import phrase_pattern
from aicmo.plans.strategy import LanguageRules

_SURROUNDINGS = 30


class Wording:
    """The words of one composed email, by the field of the document they come from.

    names: what the recipient is called, which is nobody's copy and is left out of the search.
    """

    def __init__(self, parts: Mapping[str, str], names: Sequence[str] = ()) -> None:
        self.parts = {place: _without(names, text) for place, text in parts.items()}
        self._folded = "\n".join(self.parts.values()).casefold()

    def search(self, phrase: str) -> tuple[str, str] | None:
        """Where `phrase` stands as whole words, and the words around it; None if it doesn't."""
        # Most of many phrases aren't there, which is seen faster so.
        if not all(word in self._folded for word in phrase.casefold().split()):
            return None
        pattern = phrase_pattern(phrase)
        for place, text in self.parts.items():
            if found := pattern.search(text):
                start, end = max(found.start() - _SURROUNDINGS, 0), found.end() + _SURROUNDINGS
                around = in_one_line(text[start:end])
                return place, f"{'…' if start else ''}{around}{'…' if end < len(text) else ''}"
        return None


def _without(names: Sequence[str], text: str) -> str:
    for name in names:
        text = phrase_pattern(name).sub("…", text)
    return text


def check_words(
    wording: Wording, rules: LanguageRules, other_clients: Mapping[str, str]
) -> tuple[Check, ...]:
    """Words that mustn't be there, and words that must.

    other_clients: names and domains of other clients, each with the client's name.
    """
    return (
        _check_other_clients(wording, other_clients),
        _check_ruled_out(wording, rules.must_not_mention),
        _check_asked_for(wording, rules),
        _check_leftovers(wording),
    )


def _check_other_clients(wording: Wording, other_clients: Mapping[str, str]) -> Check:
    found = [
        Finding(
            "error", hit[0], f"Names another client, {client}",
            "Write this client's own words; if the name is meant, add it to language_rules.may_mention",
            hit[1],
        )
        for phrase, client in other_clients.items()
        if (hit := wording.search(phrase))
    ]  # fmt: skip
    said = f"none of {len(other_clients)} names and domains of other clients"
    return Check("Other clients", said if other_clients else "no other client yet", tuple(found))


def _check_ruled_out(wording: Wording, phrases: Sequence[str]) -> Check:
    found = [
        Finding(
            "error", hit[0], f"Says “{phrase}”, which the client has ruled out",
            "Write it in other words, or take the phrase from language_rules.must_not_mention",
            hit[1],
        )
        for phrase in phrases
        if (hit := wording.search(phrase))
    ]  # fmt: skip
    said = f"none of the {len(phrases)} in language_rules" if phrases else "none are named"
    return Check("Words ruled out", said, tuple(found))


def _check_asked_for(wording: Wording, rules: LanguageRules) -> Check:
    phrases = [each.phrase for each in rules.must_mention]
    if not phrases:
        return Check("Words asked for", "none are named")
    missing = [phrase for phrase in phrases if not wording.search(phrase)]
    found = Finding(
        "hint", "content.body", f"Doesn't say {', '.join(f'“{each}”' for each in missing)}",
        "Leave it if other material of the client says it: language_rules are for all of it together",
    )  # fmt: skip
    return Check(
        "Words asked for", f"all {len(phrases)} of language_rules", (found,) if missing else ()
    )


def _check_leftovers(wording: Wording) -> Check:
    found = [
        Finding("warning", place, f"Still says “{word}”", "Write what belongs there")
        for place, text in wording.parts.items()
        if (word := find_leftover(text))
    ]
    return Check("Leftovers", "no TBD, lorem ipsum or [insert …]", tuple(found))
