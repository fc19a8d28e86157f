"""What the parts of a job do, each as a job of its own: for rights, cards and secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from schedulezero.model.job import Job
from schedulezero.model.part import Part


def as_job(job: Job, part: Part) -> Job:
    """Return a job that does what a part of another does."""
    return replace(job, method=part.method, params=part.params, parts=(), waiting=())


def parts_as_jobs(job: Job) -> Iterable[Job]:
    """Return a job for each part of another."""
    return (as_job(job, part) for part in job.parts)
