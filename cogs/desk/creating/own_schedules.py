"""Switches a sprocket's own schedule on and off: on is a draft to confirm, off cancels its jobs."""

from __future__ import annotations

from cogs.desk.creating.create import here, new_draft
from cogs.desk.creating.draft_view import loaded, show_draft
from cogs.desk.drafts.draft import OWN
from cogs.desk.jobs.job_card import cancel
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.language import t
from cogs.own_schedules import all_switched_on
from cogs.services import Refused


async def switch(desk: Desk, _: str) -> None:
    """Switch the picked schedule off if it is on in this guild; else show its draft."""
    desk.check_settings()
    method = desk.picked()
    if jobs := await all_switched_on(desk.client, desk.guild_id, method):
        for job in jobs:
            await cancel(desk, job.id)
        return
    spec = loaded(desk, method)
    if not spec.schedule:
        raise Refused(t("This job no longer comes with a schedule of its own."))
    draft = here(desk, new_draft(desk, method, values={OWN: spec.schedule}, when=spec.schedule), spec)
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec)


PANELS = (Panel("own", clicks={"switch": switch}),)
