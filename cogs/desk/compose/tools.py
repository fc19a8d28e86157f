"""*More…* of a draft's card: paste a post, save or fill in a template, edit the texts that rotate."""

from __future__ import annotations

import discord
from discord import ui

from cogs.desk.compose.pasting import POST
from cogs.desk.compose.template_values import EDITED
from cogs.desk.compose.texts import rotating
from cogs.desk.creating import create
from cogs.desk.creating.draft_view import loaded, own_draft, show_draft
from cogs.desk.drafts.draft import label_of
from cogs.desk.drafts.secrecy import kept_hidden
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import NEUTRAL
from cogs.language import t
from cogs.services import spec_for
from schedulezero.compose.blanks import blanks_in

_MOST_TEXTS = 5  # buttons of a row


async def show_tools(desk: Desk, draft_id: str) -> None:
    """Show what else can be done with a draft."""
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    first: list[DeskButton] = []
    if blanks_in(draft.values):
        style = discord.ButtonStyle.primary
        first.append(DeskButton("tmpl", "blanks", draft.id, t("Fill in the blanks"), style=style))
    if (draft.job_id is None or draft.method == POST) and spec_for(desk.bot, POST) is not None:
        first.append(DeskButton("paste", "ask", draft.id, t("Paste an existing post")))
    if desk.manages:
        label = t("Save the template") if draft.values.get(EDITED) else t("Save as template")
        first.append(DeskButton("tmpl", "save", draft.id, label))
    first.append(DeskButton("tools", "back", draft.id, t("Back")))
    hidden = kept_hidden(draft)
    texts = [
        DeskButton(
            "texts", "show", f"{draft.id}.{item.name}", t("Several texts: {label}", label=label_of(item))
        )
        for item in [item for item in rotating(spec) if item.name not in hidden][:_MOST_TEXTS]
    ]
    said = [f"### {t('More for this draft')}"]
    if texts:
        said.append(t("With several texts, each run posts the next one."))
    rows = [row_of(*first), *([row_of(*texts)] if texts else [])]
    await desk.show(panel_of(ui.TextDisplay("\n".join(said)), *rows, colour=NEUTRAL))


async def back(desk: Desk, draft_id: str) -> None:
    """Show the draft's card again, or the choice of jobs if none was chosen yet."""
    draft = await own_draft(desk, draft_id)
    if not draft.method:
        await create.choose(desk, draft.id)
        return
    await show_draft(desk, draft, loaded(desk, draft.method))


PANELS = (Panel("tools", clicks={"open": show_tools, "back": back}),)
