"""``/schedule drafts``: a person's unfinished drafts."""

from __future__ import annotations

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.creating import create, draft_view
from cogs.desk.drafts.auto_names import auto_name
from cogs.desk.drafts.draft import NAME
from cogs.desk.kit.components import DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.names import directory_here
from cogs.desk.kit.wording import NEUTRAL, cut, plain, relative
from cogs.language import t
from cogs.memory import Draft
from cogs.services import spec_for
from schedulezero.compose.typed_text import Directory

_MOST = 15


async def show_drafts(desk: Desk) -> None:
    """Show a person's own drafts, most recently changed first."""
    memory = desk.memory
    drafts = await memory.drafts_of(desk.member.id, desk.guild.id, _MOST)
    if not drafts:
        said = t("You have no drafts here. `/schedule create` starts one and saves each step.")
        await desk.show(panel_of(ui.TextDisplay(with_mentions(said)), colour=NEUTRAL))
        return
    lines = [f"### {t('Your drafts')}"]
    options: list[discord.SelectOption] = []
    directory = await directory_here(desk)
    for draft in drafts:
        title = _title(desk, draft, directory)
        kind = t("edit") if draft.job_id else t("new")
        lines.append(f"**{plain(title)}** · {kind} · {relative(draft.changed_at)}")
        options.append(
            discord.SelectOption(
                label=cut(title, 100), value=draft.id, description=cut(draft.when, 100) or None
            )
        )
    select = DeskSelect("drafts", "open", "mine", t("Continue with…"), options)
    await desk.show(panel_of(ui.TextDisplay("\n".join(lines)), row_of(select), colour=NEUTRAL))


async def open_draft(desk: Desk, _target: str) -> None:
    """Continue with the picked draft."""
    draft = await draft_view.own_draft(desk, desk.picked())
    if not draft.method:
        await create.choose(desk, draft.id)
        return
    await draft_view.show_draft(desk, draft, draft_view.loaded(desk, draft.method))


def _title(desk: Desk, draft: Draft, directory: Directory) -> str:
    spec = spec_for(desk.bot, draft.method) if draft.method else None
    if draft.values.get(NAME):
        return str(draft.values[NAME])[:100]
    return auto_name(spec, draft.values, directory) if spec is not None else t("Kind of job not chosen yet")


PANELS = (Panel("drafts", clicks={"open": open_draft}),)
