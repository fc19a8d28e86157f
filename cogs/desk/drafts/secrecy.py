"""Hide the secrets of a job: addresses that contain tokens, and what the job sends there.

A job that calls an address requires *Manage Server*; so does reading the address and what is sent. The job's
creator may read them, too. Everyone else who may schedule sees only the host, and "…" for the rest. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import discord

from cogs.desk.drafts.draft import HIDDEN
from cogs.memory import Draft
from schedulezero.methods.parameters import Kind, Parameter, kind_of
from schedulezero.methods.secret_params import is_secret
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job
from schedulezero.model.job_parts import as_job
from schedulezero.web.address import shortened
from schedulezero.web.outgoing import CALLING


def may_read(job: Job, member: discord.Member) -> bool:
    """Return whether a member may read all of a job: its creator, and members who could write such a job."""
    return str(member.id) == job.creator_id or getattr(member.guild_permissions, CALLING.permission)


def secrets_in(spec: MethodSpec | None, params: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the params that not everyone who may schedule can read.

    Parameters:
        spec: what the method declares; None if it is not loaded, which makes every address a secret.
        params: the job's params.
    """
    return frozenset(name for name, value in params.items() if value and is_secret(spec, name))


def sealed_in(spec: MethodSpec | None, params: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the params that nobody can read, see `Parameter.secret`."""
    if spec is None:
        return frozenset()
    return frozenset(item.name for item in spec.parameters if item.secret and params.get(item.name))


def veiled(spec: MethodSpec | None, job: Job, member: discord.Member | None) -> Job:
    """Return a job with secrets masked for a member; None stands for everyone.

    What is sealed is masked for its writer, too.
    """
    readable = member is not None and may_read(job, member)
    hidden = sealed_in(spec, job.params) if readable else secrets_in(spec, job.params)
    if not hidden:
        return job
    shown = {key: _veil(spec, key, value) if key in hidden else value for key, value in job.params.items()}
    return replace(job, params=shown)


def _veil(spec: MethodSpec | None, name: str, value: Any) -> Any:
    declared = spec.parameter(name) if spec is not None else None
    kind = (declared or Parameter(name, kind_of(name, ""))).kind
    return shortened(str(value)) if kind is Kind.URL else "…"


def without_secrets(spec: MethodSpec | None, job: Job, member: discord.Member) -> Job:
    """Return a job without the params that a member may not read."""
    readable = may_read(job, member)
    hidden = sealed_in(spec, job.params) if readable else secrets_in(spec, job.params)
    return replace(job, params={key: value for key, value in job.params.items() if key not in hidden})


def with_veiled_parts(
    job: Job, whole: Job, member: discord.Member | None, spec_of: Callable[[str], MethodSpec | None]
) -> Job:
    """Return a job whose parts have their secrets masked, too; ``whole`` is the same job with its secrets."""
    parts = tuple(
        replace(part, params=veiled(spec_of(part.method), as_job(whole, part), member).params)
        for part in whole.parts
    )
    return replace(job, parts=parts) if parts != whole.parts else job


def with_readable_parts(
    job: Job, whole: Job, member: discord.Member, spec_of: Callable[[str], MethodSpec | None]
) -> Job:
    """Return a job whose parts lack the params that a member may not read; see `with_veiled_parts`."""
    parts = tuple(
        replace(part, params=without_secrets(spec_of(part.method), as_job(whole, part), member).params)
        for part in whole.parts
    )
    return replace(job, parts=parts)


def kept_hidden(draft: Draft) -> frozenset[str]:
    """Return the values that an edit keeps hidden: those with no new value typed in their place."""
    names = draft.values.get(HIDDEN) or ()
    return frozenset(name for name in names if draft.job_id and draft.values.get(name) in (None, "", []))
