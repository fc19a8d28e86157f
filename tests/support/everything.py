"""Shared test helpers: everything."""

from __future__ import annotations

import simcord

from schedulezero.model import Job
from tests.support.acting import click
from tests.support.world import World, button_target, said


async def everything(world: World, who: simcord.MemberActor, job: Job) -> str:
    """All that the desk tells somebody of a job."""
    told: list[str] = []
    for command, options in (
        ("show", {"job": job.id}), ("list", {}), ("calendar", {}), ("history", {}), ("export", {}),
    ):  # fmt: skip
        answer = await who.slash(world.channel, f"schedule {command}", **options)
        told.append(said(answer))
        assert answer.response is not None
        for file in answer.response.attachments:
            if not file.filename.endswith("png"):
                told.append((await file.read()).decode())
    for name in ("changes", "clone", "edit", "history", "cancel"):
        answer = await click(world, who, "job", name, job.id)
        told.append(said(answer))
        for group in ("what", "options") if name in ("clone", "edit") else ():
            draft = button_target(answer.response, "Discard")
            form = await click(world, who, "draft", "edit", f"{draft}.{group}")
            told.append(str(form.modal))
    return "\n".join(told)
