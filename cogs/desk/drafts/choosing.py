"""The choice of what a new job does: what is used here, then menus of everything, posts first."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.kinds import GROUPS, grouped_kinds, said_kind
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import NEUTRAL, cut
from cogs.language import t
from schedulezero.methods.spec import MethodSpec

_MOST_OPTIONS = 25
_MOST_MENUS = 12
_MOST_RECENT = 3
_LONGEST_LABEL = 80
_LONGEST_METHOD = 60  # in a custom id


def choose_panel(
    draft_id: str, specs: Sequence[MethodSpec], recent: Sequence[MethodSpec] = ()
) -> ui.LayoutView:
    """Return the kinds of jobs to choose from: a button for those used lately, a menu for each group.

    Parameters:
        draft_id: the draft that the choice is for.
        specs: the methods, in the order in which they are offered.
        recent: those used lately, newest first; without any, the first of all has a button.
    """
    menus = [
        DeskSelect("draft", "method", f"{draft_id}.{group}{start or ''}", t(GROUPS[group]), options)
        for group, members in grouped_kinds(specs)
        for start in range(0, len(members), _MOST_OPTIONS)
        if (options := _kind_options(members[start : start + _MOST_OPTIONS]))
    ]
    said = [f"### {t('What should I schedule?')}", t("The rest comes later; each step is saved.")]
    if len(menus) > _MOST_MENUS:
        said.append(
            f"-# {with_mentions(t('There are more kinds of job. `/schedule create job:` finds them all.'))}"
        )
    near = [
        DeskButton(
            "draft",
            "pick",
            f"{draft_id}.{spec.name}",
            cut(said_kind(spec, spec.name), _LONGEST_LABEL),
            style=discord.ButtonStyle.primary,
        )
        for spec in (recent or specs[:1])
        if len(spec.name) <= _LONGEST_METHOD
    ][:_MOST_RECENT]
    paste = DeskButton("paste", "ask", draft_id, t("Paste an existing post"))
    return panel_of(
        ui.TextDisplay("\n".join(said)),
        *([row_of(*near)] if near else []),
        *(row_of(menu) for menu in menus[:_MOST_MENUS]),
        row_of(
            *([paste] if any(spec.name == "send_post" for spec in specs) else []),
            DeskButton("tmpl", "list", "all", t("From a template")),
            DeskButton("draft", "cancel", draft_id, t("Discard")),
        ),
        colour=NEUTRAL,
    )


def _kind_options(specs: Sequence[MethodSpec]) -> list[discord.SelectOption]:
    return [
        discord.SelectOption(label=cut(said_kind(spec, spec.name), 100), value=spec.name) for spec in specs
    ]
