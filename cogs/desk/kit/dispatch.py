"""Find the action for a click or a submitted form by its custom id alone, so that panels survive restarts.

A custom id is ``sz…:<panel>:<action>:<target>``, where the target is an id (of a job, a draft or a panel).
Each module of the desk lists the actions of its buttons, selects and forms in `PANELS`; one `Dispatcher`
collects them all. Every click is checked again (guild, rights) and always gets an answer in words.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import discord

from cogs.desk.kit.components import CUSTOM_ID
from cogs.desk.kit.context import Caller, Desk
from cogs.desk.kit.corrections import Mistyped, form_before, offer_correction, too_old
from cogs.desk.kit.modals import submitted
from cogs.desk.kit.replies import answer, answer_anyone
from cogs.language import t, translated
from cogs.services import Refused

Action = Callable[[Desk, str], Awaitable[None]]
FormAction = Callable[[Desk, str, Mapping[str, Any]], Awaitable[None]]
OpenAction = Callable[[Caller, str], Awaitable[None]]
OpenFormAction = Callable[[Caller, str, Mapping[str, Any]], Awaitable[None]]
_Key = tuple[str, str]
_T = TypeVar("_T")
_C = TypeVar("_C", bound=Caller)

_CLICK = re.compile(rf"sz(-pick|-channel|-role)?:{CUSTOM_ID}")
_AGAIN = ("form", "again")
_OWN_AGAIN = ("form", "own")  # the same for forms that take no rights
_FORM = re.compile(rf"sz-form:{CUSTOM_ID}")
_CUSTOM_IDS = {discord.InteractionType.component: _CLICK, discord.InteractionType.modal_submit: _FORM}


@dataclass(frozen=True, slots=True)
class Panel:
    """The actions of a panel's buttons, selects and forms, by their name in the custom id.

    Attributes:
        name: the panel's name; several modules may add to one panel.
        clicks: the action of a button or select, called with the target after the acknowledgement.
        opens: the same for actions that open a form, which must come before any acknowledgement.
        forms: the action of a submitted form, called with the target and field name → value.
        everyone: the action of a button that takes no rights and works outside of servers, too; it
            acknowledges the click itself, or opens a form.
        everyones_forms: the same for submitted forms.
    """

    name: str
    clicks: Mapping[str, Action] = field(default_factory=dict[str, Action])
    opens: Mapping[str, Action] = field(default_factory=dict[str, Action])
    forms: Mapping[str, FormAction] = field(default_factory=dict[str, FormAction])
    everyone: Mapping[str, OpenAction] = field(default_factory=dict[str, OpenAction])
    everyones_forms: Mapping[str, OpenFormAction] = field(default_factory=dict[str, OpenFormAction])


class Dispatcher:
    """Every action that can be clicked or submitted at the desk.

    Raises ValueError for two actions with the same name.
    """

    def __init__(self, panels: Iterable[Panel]) -> None:
        self.clicks: dict[_Key, Action] = {}
        self.opens: dict[_Key, Action] = {}
        self.forms: dict[_Key, FormAction] = {}
        self.everyone: dict[_Key, OpenAction] = {}
        self.everyones_forms: dict[_Key, OpenFormAction] = {}
        for panel in panels:
            _add(self.clicks, panel.name, panel.clicks, {**self.opens, **self.everyone})
            _add(self.opens, panel.name, panel.opens, {**self.clicks, **self.everyone})
            _add(self.everyone, panel.name, panel.everyone, {**self.clicks, **self.opens})
            _add(self.forms, panel.name, panel.forms, self.everyones_forms)
            _add(self.everyones_forms, panel.name, panel.everyones_forms, self.forms)

    async def take(self, interaction: discord.Interaction) -> None:
        """Answer a click or a form of the desk; ignore everything else."""
        known = _CUSTOM_IDS.get(interaction.type)
        found = known and known.fullmatch(str((interaction.data or {}).get("custom_id", "")))
        if found:
            answering = self._submit if known is _FORM else self._click
            await answering(interaction, (found["panel"], found["action"]), found["target"])

    async def _click(self, interaction: discord.Interaction, key: _Key, target: str) -> None:
        if (open_action := self.everyone.get(key)) is not None:
            await answer_anyone(interaction, lambda caller: open_action(caller, target))
            return

        async def reopen(caller: Caller) -> None:
            opens, form_target, caller = await form_before(caller, target)
            if (function := self.everyone.get(opens)) is None:
                raise too_old()
            await function(caller, form_target)

        if key == _OWN_AGAIN:
            await answer_anyone(interaction, reopen)
            return

        async def work(desk: Desk) -> None:
            function = self.clicks.get(key) or self.opens.get(key)
            if key == _AGAIN:
                opens, form_target, desk = await form_before(desk, target)
                function, target_of_it = self.opens.get(opens), form_target
            else:
                target_of_it = target
            if function is None:
                raise too_old()
            await function(desk, target_of_it)

        await answer(interaction, work, opens_form=key not in self.clicks)

    async def _submit(self, interaction: discord.Interaction, key: _Key, target: str) -> None:
        if (open_action := self.everyones_forms.get(key)) is not None:

            async def own_work(caller: Caller) -> None:
                await _submitted(caller, open_action, _OWN_AGAIN, key, target, submitted(interaction))

            await answer_anyone(interaction, own_work)
            return

        async def work(desk: Desk) -> None:
            function = self.forms.get(key)
            if function is None:
                raise Refused(t("This form is from an older version of me. Use the command again."))
            await _submitted(desk, function, _AGAIN, key, target, submitted(interaction))

        await answer(interaction, work)


async def _submitted(
    caller: _C,
    action: Callable[[_C, str, Mapping[str, Any]], Awaitable[None]],
    again: _Key,
    key: _Key,
    target: str,
    fields: Mapping[str, Any],
) -> None:
    """Carry out a form, and offer to correct what was mistyped in it."""
    try:
        await action(caller, target, fields)
    except Mistyped as error:
        at = error.target if error.target is not None else target
        said, (panel, _) = translated(error.message), key
        await offer_correction(caller, said, *again, at, fields, of=panel, opens=error.opens)


def _add(table: dict[_Key, _T], panel: str, actions: Mapping[str, _T], others: Mapping[_Key, object]) -> None:
    for name, function in actions.items():
        key = (panel, name)
        if key in table or key in others:
            raise ValueError(f"two actions are called {panel}:{name}")
        table[key] = function
