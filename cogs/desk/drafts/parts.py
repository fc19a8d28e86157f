"""What a job does before and after its own runs, on drafts and cards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from cogs import formats
from cogs.desk.drafts.draft import typed
from cogs.desk.drafts.draft_card import parameter_lines
from cogs.desk.drafts.secrecy import secrets_in
from cogs.desk.kit.kinds import said_kind
from cogs.desk.kit.wording import plain, relative
from cogs.language import shown_locale, t, with_colon
from cogs.memory import Draft
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job
from schedulezero.model.part import Part, leads, thens

PARTS = "#parts"
"""The key in a draft's values that holds the job's parts as JSON. Without it, an edit keeps them unseen."""

SpecOf = Callable[[str], MethodSpec | None]


def unknown(method: str) -> MethodSpec | None:
    """Return None, for a method of which nothing is known."""
    return None


def parts_of(values: Mapping[str, Any]) -> tuple[Part, ...]:
    """Return the parts in a draft's values."""
    return tuple(Part.from_json(item) for item in values.get(PARTS) or ())


def with_parts(draft: Draft, parts: tuple[Part, ...]) -> Draft:
    """Return a draft with other parts."""
    draft.values[PARTS] = [part.to_json() for part in parts]
    return draft


def free_id(parts: tuple[Part, ...], letter: str) -> str:
    """Return an id that no part has: ``b`` and a number for a lead, ``t`` and a number for a then."""
    taken = {part.id for part in parts}
    return next(name for number in range(1, 100) if (name := f"{letter}{number}") not in taken)


def have_secrets(parts: tuple[Part, ...], spec_of: SpecOf) -> bool:
    """Return whether any part has params that not everyone who may schedule can read."""
    return any(secrets_in(spec_of(part.method), part.params) for part in parts)


def when_said(part: Part) -> str:
    """Say when a part runs."""
    if part.before is not None:
        return t("{span} before", span=_length(part.before))
    return t("{span} afterwards", span=_length(part.after)) if part.after else t("right afterwards")


def part_line(part: Part, spec_of: SpecOf, job: Job | None = None) -> str:
    """Return a line about a part: when it runs, what it does, and when that is next."""
    spec = spec_of(part.method)
    what = plain(said_kind(spec, part.method))
    line = f"{'◀' if part.before is not None else '▶'} **{with_colon(when_said(part))}** {what}"
    due = sorted(item.due_at for item in job.waiting if item.part == part.id) if job is not None else []
    return f"{line} · {relative(due[0])}" if due else line


def part_lines(parts: tuple[Part, ...], spec_of: SpecOf, job: Job | None = None) -> list[str]:
    """Return a line for each part, leads first and then what follows, in order."""
    ordered = sorted(leads(parts), key=lambda part: part.before or timedelta(), reverse=True)
    return [part_line(part, spec_of, job) for part in (*ordered, *thens(parts))]


def parts_in_full(parts: tuple[Part, ...], spec_of: SpecOf, length: int = 300) -> str:
    """Return the parts with their params, which whoever reads it may read."""
    lines: list[str] = []
    for part in parts:
        lines.append(part_line(part, spec_of))
        spec = spec_of(part.method)
        if spec is not None:
            asked = [item for item in spec.parameters if item.kind is not Kind.GUILD]
            lines += parameter_lines(asked, typed(spec, part.params), length)
    return "\n".join(lines)


def _length(span: timedelta | None) -> str:
    return formats.span(span or timedelta(), shown_locale())
