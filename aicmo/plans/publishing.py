"""The project document's JSON Schema, for editors and for those who write documents by program.

`python -m aicmo.plans.publishing` writes `docs/project.schema.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from aicmo.plans.cross_posts import CrossPost
from aicmo.plans.document import ProjectDocument

SCHEMA_FILE = Path("docs/project.schema.json")


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a project document."""
    _, definitions = models_json_schema(
        [(ProjectDocument, "validation"), (CrossPost, "validation")], ref_template="#/$defs/{model}"
    )
    parts: dict[str, Any] = definitions["$defs"]
    schema = parts.pop("ProjectDocument")
    # Reading makes an item for each network of a cross-post; the document may hold both.
    items = schema["properties"]["items"]
    items["items"] = {"anyOf": [items["items"], {"$ref": "#/$defs/CrossPost"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": parts}


def schema_text() -> str:
    """The same as the file's text, the same on every machine."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
