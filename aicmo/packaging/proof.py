"""The proof of execution: every delivery, and the event of the audit log that it rests on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from aicmo.packaging.content import LedgerRow, ProjectContent
from aicmo.packaging.data_files import write_csv
from aicmo.packaging.project_data import iso
from aicmo.packaging.translation import translation

_COLUMNS = tuple(one.name for one in fields(LedgerRow))
row_values = attrgetter(*_COLUMNS)
"""The values of a row; there may be a hundred thousand, so they aren't copied."""


def write_proof(content: ProjectContent, folder: Path) -> dict[str, str]:
    """Writes proof/ledger.csv and proof/ledger.json. Returns their titles by name."""
    (folder / "proof").mkdir()
    rows = [[_value(each) for each in row_values(row)] for row in content.ledger.rows]
    write_csv(folder / "proof" / "ledger.csv", _COLUMNS, rows)
    with (folder / "proof" / "ledger.json").open("w", encoding="utf-8") as file:
        json.dump(_described(content, rows), file, indent=1, ensure_ascii=False)
        file.write("\n")
    say = translation(content.document.language)
    return {
        "proof/ledger.csv": say.text("Every delivery as a table"),
        "proof/ledger.json": say.text("Every delivery, with the head of the audit log"),
    }


def _described(content: ProjectContent, rows: list[list[Any]]) -> dict[str, Any]:
    project, ledger = content.document.id, content.ledger
    states = Counter(row.state for row in ledger.rows)
    verify = f"aicmo audit {project} --verify --kept {ledger.audit_number}:{ledger.audit_hash}"
    return {
        "schema_version": 1,
        "project": project,
        "plan_version": content.plan_version,
        "recipients": "Numbered, not named: one person has the same number in every row.",
        "audit": {
            "event": ledger.audit_number,
            "sha256": ledger.audit_hash,
            "meaning": "The newest event of the project's hash chain that these rows rest on.",
            "verify": verify if ledger.audit_hash else "",
        },
        "deliveries_by_state": dict(sorted(states.items())),
        "deliveries": [dict(zip(_COLUMNS, row, strict=True)) for row in rows],
    }


def _value(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value
