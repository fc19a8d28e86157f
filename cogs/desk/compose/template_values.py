"""What a template keeps of a draft, and the forms for its blanks. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from discord import ui

from cogs.desk.drafts.draft import ALERT, MANAGERS, MISSED, OVERLAP, QUIET
from cogs.desk.drafts.parts import PARTS, SpecOf, have_secrets, parts_of, unknown
from cogs.desk.drafts.secrecy import secrets_in
from cogs.desk.kit.modals import text_field
from cogs.desk.kit.wording import MAX_FIELDS
from cogs.language import t
from schedulezero.compose.blanks import Blank
from schedulezero.methods.spec import MethodSpec

EDITED = "#template"
"""The key in a draft's values that names the template that the draft changes: its id, version and name."""
LARGEST = 128 * 1024
"""Characters of a template's values as JSON."""
_OPTIONS = (MISSED, OVERLAP, QUIET, ALERT, MANAGERS)
_FIELD = "b:"
_LONGEST_ANSWER = 2000


def keeps_parts(values: Mapping[str, Any], spec_of: SpecOf) -> bool:
    """Return whether a template keeps what a draft does before and after: it does unless it has secrets."""
    return not have_secrets(parts_of(values), spec_of)


def kept_values(spec: MethodSpec, values: Mapping[str, Any], spec_of: SpecOf = unknown) -> dict[str, Any]:
    """Return the values that a template keeps of a draft.

    It leaves out what belongs to one job, and secrets: everyone who may schedule reads templates.
    """
    hidden = secrets_in(spec, values)
    options = (*_OPTIONS, PARTS) if keeps_parts(values, spec_of) else _OPTIONS
    return {
        name: value
        for name, value in values.items()
        if value not in (None, "", []) and (name in options if name.startswith("#") else name not in hidden)
    }


def is_too_large(values: Mapping[str, Any]) -> bool:
    """Return whether values are larger than a template may be."""
    return len(json.dumps(values, ensure_ascii=False)) > LARGEST


def blank_fields(blanks: Sequence[Blank]) -> list[ui.Label[Any]]:
    """Return a form's fields for the first blanks; the others get another form."""
    return [
        text_field(
            f"{_FIELD}{blank.name}",
            blank.name,
            description=t("For example: {example}", example=blank.example) if blank.example else None,
            required=True,
            long=True,
            most=_LONGEST_ANSWER,
        )
        for blank in blanks[:MAX_FIELDS]
    ]


def answers_in(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the blanks' names and texts of a submitted form."""
    return {
        name.removeprefix(_FIELD): str(value)
        for name, value in fields.items()
        if name.startswith(_FIELD) and value
    }
