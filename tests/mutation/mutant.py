"""One guard or rule, written as the change that takes it away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one place in the product, after which one of its tests must fail.

    name: what is taken away.
    prevents: what happens to a user without it.
    file: below the repository's root.
    text: as it stands there, exactly once.
    instead: what it is replaced by.
    tests: files below `tests/`, or `file::test`; they are run in this order until one fails.
    rule: its name in `tests/model/rules.py`, if the protocol has it.
    behind: the name of a second one that does the same work, so that only without both a test
        fails; `because` says why both are kept.
    on_postgresql: what it does shows on PostgreSQL only.
    hangs: without it, the test never ends.
    """

    name: str
    prevents: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]
    rule: str = ""
    behind: str = ""
    because: str = ""
    on_postgresql: bool = False
    hangs: bool = False

    def applied_to(self, source: str) -> str:
        """The source without the rule.

        Raises:
            ValueError: the text isn't there exactly once.
        """
        if (times := source.count(self.text)) != 1:
            raise ValueError(f"{self.name}: its text is {times} times in {self.file}")
        return source.replace(self.text, self.instead)

    def span(self) -> range:
        """Where the text stands in the file, in characters."""
        start = (ROOT / self.file).read_text().index(self.text)
        return range(start, start + len(self.text))
