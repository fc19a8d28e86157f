"""What a job function declares about itself: help, parameters, and the rights that it needs.

A job is ``async def job(bot, params: dict) -> dict``, or the same without ``async``. Its docstring's
first line is its help; its parameters stand in the docstring (`schedulezero.methods.parameters`), in a
TypedDict that annotates ``params``, or are the arguments of a typed job (`schedulezero.methods.typed`).
`needs` declares the rights that doing the job by hand would take.

No Discord in here: permissions are Discord's own names as text, and whoever has the objects at hand
compares them.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, is_typeddict

from schedulezero.methods.parameters import Parameter, kind_of, parameters_in

JobFunction = Callable[[Any, dict[str, Any]], Awaitable[Any] | Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

META_KEY = "_meta"
"""Our metadata travels under this key of the params where a server has no place for it."""

SPEC_ATTRIBUTE = "__schedulezero_spec__"
"""Under this name a job that knows what it declares keeps it."""
_NEEDS_ATTRIBUTE = "__schedulezero_needs__"
_VARIABLES_ATTRIBUTE = "__schedulezero_variables__"
_RESUMABLE_ATTRIBUTE = "__schedulezero_resumable__"

Tell = Callable[[Any, dict[str, Any]], Awaitable[str]]
"""Says something about a job before it is saved: bot and params in, a text for a person out."""


@dataclass(frozen=True, slots=True)
class Need:
    """A right that doing the job by hand takes, of the person who schedules it and of the bot.

    Parameters:
        permission: discord.py's name of the permission, such as ``send_messages``.
        channel: The parameter that names the channel or channels where it is needed. None means the guild.
        role: The parameter that names a role, which must be below the person's and the bot's own.
        when: The parameter that must be set for the need to arise.
        only_in: The type of channel where it is needed, such as ``stage_voice``. None means any. The invite
            link doesn't ask for such a permission; the bot says so where the job is made.
        of: Who needs it: ``both``, the ``person`` only, or the ``bot`` only.
    """

    permission: str
    channel: str | None = None
    role: str | None = None
    when: str | None = None
    only_in: str | None = None
    of: Literal["both", "person", "bot"] = "both"


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method with everything that its function declares.

    Attributes:
        name: under which it is called.
        summary: what it does, in a few words.
        parameters: what it takes.
        needs: the rights that doing it by hand takes.
        variables: the texts in which it renders variables.
        preview: says what it would do, for the card on which it is confirmed; quick.
        dry_run: looks at Discord and says what it would do now; on demand.
        personal: it is for one person and belongs to no guild, as a reminder does.
        addressee: the parameter that names the person whom it writes to directly; None for a job that writes
            to nobody.
        resumable: it may be called again for a run that it began before (`schedulezero.handler.steps`).
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    needs: tuple[Need, ...] = ()
    variables: tuple[str, ...] = ()
    preview: Tell | None = None
    dry_run: Tell | None = None
    personal: bool = False
    addressee: str | None = None
    resumable: bool = False

    def parameter(self, name: str) -> Parameter | None:
        """The declared parameter of that name, if there is one."""
        return next((item for item in self.parameters if item.name == name), None)


def in_channel(channel: str, *permissions: str) -> tuple[Need, ...]:
    """Return what a job needs in the channels that a parameter names: to see them, and these permissions.

    Parameters:
        channel: The parameter.
        permissions: discord.py's names of the permissions, such as ``send_messages``.
    """
    return tuple(Need(permission, channel=channel) for permission in ("view_channel", *permissions))


def needs(*declared: Need) -> Callable[[_Function], _Function]:
    """Declare on a plain job function which rights doing it by hand takes."""

    def mark(function: _Function) -> _Function:
        setattr(function, _NEEDS_ATTRIBUTE, declared)
        return function

    return mark


def variables_in(*parameters: str) -> Callable[[_Function], _Function]:
    """Declare on a plain job function which parameters' texts may hold variables such as ``{date}``."""

    def mark(function: _Function) -> _Function:
        setattr(function, _VARIABLES_ATTRIBUTE, parameters)
        return function

    return mark


def resumable(function: _Function) -> _Function:
    """Declare that a plain job function may be called again for a run that it began; see `step`."""
    setattr(function, _RESUMABLE_ATTRIBUTE, True)
    return function


def is_resumable(function: Callable[..., Any]) -> bool:
    """Whether a job function is declared `resumable`."""
    known = getattr(function, SPEC_ATTRIBUTE, None)
    return hasattr(function, _RESUMABLE_ATTRIBUTE) or (isinstance(known, MethodSpec) and known.resumable)


def spec_of(name: str, function: JobFunction) -> MethodSpec:
    """Reads what a job function declares. A function that declares nothing has no parameters."""
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
    """What a function does, by the first line of its docstring."""
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
    # Not __required_keys__: it does not see through annotations that are still texts.
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
    """The methods that fit what was typed, best first: by their name, then by what they do."""
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

    ranked = [(rank(spec), spec.name, spec) for spec in specs]
    return [
        spec
        for place, _, spec in sorted(ranked, key=lambda item: (item[0] or 0, item[1]))
        if place is not None
    ]
