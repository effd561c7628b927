"""What is wrong with a document, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in an imported document.

    place: `items[3].send_at` in JSON and YAML, `calendar.xlsx, sheet Calendar, row 4, column send_at`
        in a spreadsheet.
    severity: an `error` refuses the import, a `warning` is shown and kept with the plan.
    """

    place: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
