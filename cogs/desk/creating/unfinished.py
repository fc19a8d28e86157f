"""``/schedule drafts``: what somebody began and did not finish."""

from __future__ import annotations

import discord
from discord import ui

from cogs.desk.creating import create, draft_view
from cogs.desk.drafts.draft import NAME, auto_name
from cogs.desk.kit.components import DeskSelect, action, picked
from cogs.desk.kit.replies import acknowledge, panel_of, row_of, show
from cogs.desk.kit.wording import NEUTRAL, cut, plain, relative
from cogs.language import t
from cogs.memory import Draft
from cogs.services import services_of, spec_for

_MOST = 15


async def show_drafts(interaction: discord.Interaction) -> None:
    """Shows a person's own drafts, the one touched last first."""
    await acknowledge(interaction)
    assert interaction.guild_id is not None
    memory = services_of(interaction.client).memory
    drafts = await memory.drafts_of(interaction.user.id, interaction.guild_id, _MOST)
    if not drafts:
        said = t("You have no drafts here. `/schedule create` begins one; it is kept at each step.")
        await show(interaction, panel_of(ui.TextDisplay(said), colour=NEUTRAL))
        return
    lines = [f"### {t('Your drafts')}"]
    options: list[discord.SelectOption] = []
    for draft in drafts:
        title = _title(interaction, draft)
        kind = t("an edit") if draft.job_id else t("new")
        lines.append(f"**{plain(title)}** · {kind} · {relative(draft.changed_at)}")
        options.append(
            discord.SelectOption(
                label=cut(title, 100), value=draft.id, description=cut(draft.when, 100) or None
            )
        )
    select = DeskSelect("drafts", "open", "mine", t("Go on with…"), options)
    await show(interaction, panel_of(ui.TextDisplay("\n".join(lines)), row_of(select), colour=NEUTRAL))


@action("drafts", "open")
async def open_draft(interaction: discord.Interaction, _target: str) -> None:
    """Goes on with the draft that was picked."""
    await acknowledge(interaction)
    draft = await draft_view.own_draft(interaction, picked(interaction))
    if not draft.method:
        await create.choose(interaction, draft.id)
        return
    await draft_view.show_draft(interaction, draft, draft_view.loaded(interaction, draft.method))


def _title(interaction: discord.Interaction, draft: Draft) -> str:
    spec = spec_for(interaction.client, draft.method) if draft.method else None
    if draft.values.get(NAME):
        return str(draft.values[NAME])[:100]
    return auto_name(spec, draft.values) if spec is not None else t("not chosen yet")
