"""The checks of one item's emails, gathered in one pass over everybody who would get them.

What differs from person to person is looked at for each; the rest on one email of each kind of
recipient, since it costs more than composing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aicmo.errors import FixInput
from aicmo.execution.composing import Recipient
from aicmo.execution.recipient_kinds import Kind, Kinds
from aicmo.execution.troubles import Troubles
from aicmo.gateways.email_checks import Copy, check_email, check_size
from aicmo.gateways.email_findings import Check, Finding, merged
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.email_structure import check_subject
from aicmo.plans.placeholders import OWN_FIELDS
from aicmo.plans.proofreading import phrase_pattern

_KEPT = 16
_PLACE = re.compile(r"\b((?:content|brand|contact)\.[a-z_]+(?:\.[a-z_]+)*)")


@dataclass(frozen=True, slots=True)
class Sample:
    """One email to look at, and the kind of recipient it stands for.

    contact: id of who gets this very email; '' for somebody who isn't there.
    count: recipients of this kind.
    """

    email: ComposedEmail
    kind: str = ""
    contact: str = ""
    count: int = 0


class Review:
    """What is right and wrong with one item's emails; told of each of them, and of whoever has none.

    Its memory doesn't grow with the audience.
    """

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._kinds = Kinds(copy.content)
        self._attributes = [each for each in self._kinds.defaults if each not in OWN_FIELDS]
        self._forbidden = _any_of((*copy.rules.must_not_mention, *copy.other_clients))
        self._samples: dict[Kind, Sample] = {}
        self._reports: list[tuple[Check, ...]] = []
        self._unfit, self._bad_values = Troubles(), Troubles()
        self._flaw: tuple[Finding, ...] = ()
        self._composed = self._largest = 0
        self._longest_subject = ""

    def see(self, person: Recipient, email: ComposedEmail) -> None:
        """Looks at one recipient's email."""
        self._composed += 1
        self._largest = max(self._largest, len(email.payload))
        self._longest_subject = max(self._longest_subject, email.subject, key=len)
        kind = self._kinds.add(person.email)
        if kind not in self._samples and len(self._samples) < _KEPT:
            self._samples[kind] = Sample(email, contact=person.contact_key)
            self._reports.append(check_email(email, person.email, self._copy))
        if self._attributes and self._forbidden:
            self._look_at_values(person, self._forbidden)

    def see_stand_in(self, person: Recipient, email: ComposedEmail) -> None:
        """Looks at an email to nobody, where nobody would get one as things are."""
        self._largest, self._longest_subject = len(email.payload), email.subject
        self._samples[()] = Sample(email, "As somebody would get it; nobody does, as things are")
        self._reports.append(check_email(email, person.email, self._copy))

    def refuse(self, contact: str, error: FixInput) -> None:
        """Notes a contact who would get the item and can't be written to."""
        text, fix = _told(error)
        self._unfit.note(contact, _place(text), text, fix)

    def refuse_all(self, error: FixInput) -> None:
        """Notes that nobody can be written to, whoever it is."""
        text, fix = _told(error)
        self._flaw = (Finding("error", _place(text), text, fix),)

    def _look_at_values(self, person: Recipient, forbidden: re.Pattern[str]) -> None:
        for name in self._attributes:
            if found := forbidden.search(person.email.attributes.get(name, "")):
                text = f"contact.{name} says “{found[0]}”, which isn't for this client's copy"
                fix = "Correct the contact's data"
                self._bad_values.note(person.contact_key, f"contact.{name}", text, fix)

    def samples(self) -> list[Sample]:
        """An email of every kind of recipient, as far as a handful can show them."""
        if () in self._samples:
            return [self._samples[()]]
        return [
            Sample(
                self._samples[kind].email, self._kinds.describe(kind),
                self._samples[kind].contact, self._kinds.counts[kind],
            )
            for kind in self._kinds.to_show(self._samples)
        ]  # fmt: skip

    def checks(self) -> tuple[Check, ...]:
        """Every check with its verdict."""
        said = f"all {self._composed:,} emails can be composed" if self._composed else "as a sample"
        everyone = Check("Composed in full", said, self._flaw or tuple(self._unfit.findings()))
        if not self._reports:
            return (everyone,)
        of_all = {
            "Size": check_size(self._largest),
            "Subject": check_subject(self._longest_subject),
        }
        return (
            everyone,
            Check("Personalisation", self._said_of_defaults(), tuple(self._data_findings())),
            *(of_all.get(each.name, each) for each in merged(self._reports)),
        )

    def _said_of_defaults(self) -> str:
        count = len(self._kinds.defaults)
        return f"{count} placeholder{'s' if count != 1 else ''}" if count else "no placeholders"

    def _data_findings(self) -> Iterator[Finding]:
        yield from self._bad_values.findings()
        for name, default in self._kinds.defaults.items():
            without = self._kinds.without(name)
            if without * 2 > self._composed:
                text = f"{without:,} of {self._composed:,} recipients get “{default}” for contact.{name}"
                fix = "Check that the text reads well so, or complete the contacts' data"
                yield Finding("hint", f"contact.{name}", text, fix)


def _told(error: FixInput) -> tuple[str, str]:
    """What is wrong and what to do about it, as a finding says it."""
    return str(error).removesuffix("."), error.next_step.removesuffix(".")


def _place(text: str) -> str:
    """The field of the document that a refusal names."""
    return found[1] if (found := _PLACE.search(text)) else "content"


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    patterns = "|".join(phrase_pattern(each).pattern for each in phrases)
    return re.compile(patterns, flags=re.IGNORECASE) if patterns else None
