"""The names that the bot itself gives to jobs, as sentences for readers of any language."""

from __future__ import annotations

from typing import Any

from schedulezero.model.job import Job
from schedulezero.sentences import Sentence, present_fields, read_sentence

_KEY = "named"


def name_meta(name: str) -> dict[str, Any]:
    """Return what a job's ``meta`` keeps of its name; nothing for a plain text."""
    return present_fields(_KEY, name) if isinstance(name, Sentence) else {}


def name_of(job: Job) -> str:
    """Return a job's title: as a `Sentence` if the bot named the job and nobody has renamed it."""
    said = read_sentence(job.meta, _KEY)
    return said if isinstance(said, Sentence) and said[:100] == job.name else job.title
