"""Kinds of jobs as people read them: in sentences, in groups, and never by the name of a method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from discord.ext import commands

from cogs.language import mark, t
from cogs.services import spec_for
from schedulezero.methods.kinds import Group, group_of
from schedulezero.methods.spec import MethodSpec
from schedulezero.model.method_names import spoken

# Read as: a group, what its menu says.
GROUPS = {
    Group.POSTS: mark("Post or announce…"),
    Group.EVENTS: mark("Events…"),
    Group.MESSAGES: mark("Delete or edit messages…"),
    Group.PEOPLE: mark("Roles and members…"),
    Group.CHANNELS: mark("Channels and threads…"),
    Group.OTHERS: mark("Other…"),
}


def said_kind(spec: MethodSpec | None, method: str) -> str:
    """Return what a job does, as it is offered.

    Parameters:
        spec: what its method declares; None if it isn't loaded.
        method: the method's name, which is told as words if nothing better is known.
    """
    summary = t(spec.summary).rstrip(".") if spec is not None and spec.summary else ""
    return summary or spoken(method)


def kinds_in(bot: commands.Bot) -> Callable[[str], str]:
    """Return `said_kind` for the names of a bot's methods."""
    return lambda method: said_kind(spec_for(bot, method), method)


def grouped_kinds(specs: Sequence[MethodSpec]) -> list[tuple[Group, list[MethodSpec]]]:
    """Return the methods of each group that has some, both in the order in which they are offered."""
    found = [(group, [spec for spec in specs if group_of(spec) is group]) for group in Group]
    return [(group, members) for group, members in found if members]
