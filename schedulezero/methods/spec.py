"""What a job function declares about itself: help, parameters, and the permissions it needs.

A job is ``async def job(bot, params: dict) -> dict``, or the same without ``async``. The first line of its
docstring is its help. Its parameters are listed in the docstring (`schedulezero.methods.parameters`), in a
TypedDict that annotates ``params``, or are the arguments of a typed job (`schedulezero.methods.typed`).
`needs` declares the permissions that a person needs to do the same by hand.

This module doesn't depend on Discord: permissions are Discord's own names as text, and callers that have the
Discord objects compare them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, TypeVar, is_typeddict

from schedulezero.methods.parameters import Kind, Parameter, kind_of, parameters_in

JobFunction = Callable[[Any, dict[str, Any]], Awaitable[Any] | Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

META_KEY = "_meta"
"""Key in the params for our metadata, for servers that have no other place for it."""

SPEC_ATTRIBUTE = "__schedulezero_spec__"
"""Attribute of a job that stores its own spec."""
_NEEDS_ATTRIBUTE = "__schedulezero_needs__"
_VARIABLES_ATTRIBUTE = "__schedulezero_variables__"
_RESUMABLE_ATTRIBUTE = "__schedulezero_resumable__"

Tell = Callable[[Any, dict[str, Any]], Awaitable[str]]
"""Describes a job before it is saved: takes the bot and params, returns a text for a person."""
Check = Callable[[Any, dict[str, Any]], Awaitable[None]]
"""Checks a job before it is saved: takes the bot and params, raises JobFailed if it would fail."""

Settles = Callable[[Any, dict[str, Any]], Awaitable[bool]]
"""Tells whether a run ends something that the bot has under way: takes the bot and params."""


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that a person needs to do the job by hand; the scheduling person and the bot both need it.

    Parameters:
        permission: discord.py's name of the permission, such as ``send_messages``.
        channel: The parameter that names the channel or channels where it is needed. None means the guild.
        role: The parameter that names a role, which must be below the person's and the bot's highest roles.
        when: The parameter that must be set for the permission to be needed.
        only_in: The type of channel where it is needed, such as ``stage_voice``. None means any.
        of: Who needs it: ``both``, the ``person`` only, or the ``bot`` only. For ``invite`` the invite link
            asks for it, and the job itself checks whether a run takes it.
    """

    permission: str
    channel: str | None = None
    role: str | None = None
    when: str | None = None
    only_in: str | None = None
    of: Literal["both", "person", "bot", "invite"] = "both"


NEEDED_OF = ("both", "person", "bot", "invite")
"""Who may need a permission; see `Need`."""

CALLING = Need("manage_guild", of="person")
"""The permission for jobs whose address a person chooses: *Manage Server*."""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method and everything its function declares.

    Attributes:
        name: the name by which it is called.
        summary: what it does, in a few words.
        parameters: its parameters.
        needs: the permissions needed to do it by hand.
        variables: the parameters whose texts may hold variables.
        pings: the parameters whose texts ping the people and roles they mention, as a message's text does.
        preview: returns what it would do, for the confirmation card; must be quick.
        dry_run: checks Discord and returns what it would do now; runs on demand.
        check: raises JobFailed for what would fail at each run and is known now.
        personal: whether it is for one person and belongs to no guild, like a reminder.
        addressee: the parameter that names the recipient of its direct message; None if it sends none.
        resumable: whether it may be called again for a run it has begun (`schedulezero.handler.steps`).
        pace: the shortest time between two runs that Discord keeps up with; None for no such limit.
        groups: the lines of the job's card, each with a form: name of the line → its parameters. Without
            any, the parameters are put together by their kinds.
        instead: the method that people are offered in its place; None if it is offered itself.
        usual: when it usually runs, in words; empty for no such time.
        schedule: when it runs in a guild that switches the job's own schedule on, in English words; empty if
            it brings none.
        time_limit: how long a run may take; None for the usual 25 seconds.
        watches: whether it only looks at something, and posts nothing itself: it runs as soon as it is
            confirmed or changed, and in quiet hours too.
        internal: whether only the bot plans it, as part of another job; nobody is offered it.
        settles: tells whether a run undoes what the bot did and still owes; such a run needs the bot's rights
            only.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    needs: tuple[Need, ...] = ()
    variables: tuple[str, ...] = ()
    pings: tuple[str, ...] = ()
    preview: Tell | None = None
    dry_run: Tell | None = None
    check: Check | None = None
    personal: bool = False
    addressee: str | None = None
    resumable: bool = False
    settles: Settles | None = None
    pace: timedelta | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    instead: str | None = None
    usual: str = ""
    schedule: str = ""
    time_limit: timedelta | None = None
    watches: bool = False
    internal: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """Return the declared parameter with this name, if there is one."""
        return next((item for item in self.parameters if item.name == name), None)


def required_channels(spec: MethodSpec) -> list[str]:
    """Return the names of the parameters that say where a job happens, and that it requires."""
    places = (Kind.CHANNEL, Kind.CHANNELS)
    return [item.name for item in spec.parameters if item.kind in places and item.required]


def in_channel(channel: str, *permissions: str) -> tuple[Need, ...]:
    """Return what a job needs in the channels that a parameter names: to see them, and these permissions.

    Parameters:
        channel: The parameter.
        permissions: discord.py's names of the permissions, such as ``send_messages``.
    """
    return tuple(Need(permission, channel=channel) for permission in ("view_channel", *permissions))


def needs(*declared: Need) -> Callable[[_Function], _Function]:
    """Declare the permissions of a plain job function: those a person needs to do it by hand."""

    def mark(function: _Function) -> _Function:
        setattr(function, _NEEDS_ATTRIBUTE, declared)
        return function

    return mark


def variables_in(*parameters: str) -> Callable[[_Function], _Function]:
    """Declare the parameters of a plain job function whose texts may hold variables such as ``{date}``."""

    def mark(function: _Function) -> _Function:
        setattr(function, _VARIABLES_ATTRIBUTE, parameters)
        return function

    return mark


def resumable(function: _Function) -> _Function:
    """Declare that a plain job function may be called again for a run it has begun; see `step`."""
    setattr(function, _RESUMABLE_ATTRIBUTE, True)
    return function


def is_resumable(function: Callable[..., Any]) -> bool:
    """Return whether a job function is declared `resumable`."""
    known = getattr(function, SPEC_ATTRIBUTE, None)
    return hasattr(function, _RESUMABLE_ATTRIBUTE) or (isinstance(known, MethodSpec) and known.resumable)


def spec_of(name: str, function: JobFunction) -> MethodSpec:
    """Read what a job function declares. A function without declarations has no parameters."""
    known = getattr(function, SPEC_ATTRIBUTE, None)
    if isinstance(known, MethodSpec):
        return known if known.name == name else replace(known, name=name)
    return MethodSpec(
        name,
        summary_of(name, function),
        parameters_in(inspect.getdoc(function) or "") or _from_annotation(function),
        needs=getattr(function, _NEEDS_ATTRIBUTE, ()),
        variables=getattr(function, _VARIABLES_ATTRIBUTE, ()),
        resumable=is_resumable(function),
    )


def summary_of(name: str, function: Callable[..., Any]) -> str:
    """Return what a function does, from the first line of its docstring."""
    text = inspect.getdoc(function) or ""
    return next((line.strip() for line in text.splitlines() if line.strip()), name.replace("_", " "))


def _from_annotation(function: JobFunction) -> tuple[Parameter, ...]:
    try:
        hints = typing.get_type_hints(function, include_extras=False)
    except (NameError, TypeError):
        return ()
    names = list(inspect.signature(function).parameters)
    declared = hints.get(names[1]) if len(names) > 1 else None
    if declared is None or not is_typeddict(declared):
        return ()
    # Not __required_keys__: it doesn't handle annotations that are still strings.
    marked = typing.get_type_hints(declared, include_extras=True)
    return tuple(
        Parameter(
            name,
            kind_of(name, getattr(hint, "__name__", str(hint))),
            required=typing.get_origin(marked[name]) is not typing.NotRequired,
        )
        for name, hint in typing.get_type_hints(declared).items()
    )


def best_matches(specs: Iterable[MethodSpec], typed: str) -> list[MethodSpec]:
    """Return the methods that match a search text, best first: by name, then by summary.

    Those that match equally well keep their order.
    """
    wanted = typed.strip().casefold().replace(" ", "_")

    def rank(spec: MethodSpec) -> int | None:
        name, words = spec.name.casefold(), spec.summary.casefold().replace(" ", "_")
        if name.startswith(wanted):
            return 0
        if f"_{wanted}" in name:
            return 1
        if f"_{wanted}" in f"_{words}":
            return 2
        return 3 if wanted in name or wanted in words else None

    ranked = [(place, spec) for spec in specs if (place := rank(spec)) is not None]
    return [spec for _, spec in sorted(ranked, key=lambda item: item[0])]
