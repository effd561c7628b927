"""The project document's JSON Schema, for editors and for those who write documents by program.

`python -m aicmo.plans.publishing` writes `docs/project.schema.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aicmo.plans.document import ProjectDocument

SCHEMA_FILE = Path("docs/project.schema.json")


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a project document."""
    schema = ProjectDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The same as the file's text, the same on every machine."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
