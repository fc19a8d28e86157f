"""Typed jobs: one decorated function whose annotations say everything.

    @job(needs=(Need("view_channel", channel="channel_id"), Need("send_messages", channel="channel_id")))
    async def greet(bot, channel_id: ChannelId, mood: Literal["glad", "calm"] = "glad") -> dict[str, Any]:
        \"\"\"Greet a channel.

        Params:
            channel_id: Where to greet
            mood: How it sounds
        \"\"\"

The first argument is the bot, each other one a parameter: its annotation says what it is and what it may
be (pydantic's types and constraints), its default that it may be left out, the docstring's ``Params:`` block
what it is for. From that come the form, its validation, the check of rights, the JSON Schema in
``GET /api/methods`` and the documentation. On the wire nothing changes: what the decorator returns is a job
like any other, called with ``(bot, params)``.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Literal

import annotated_types
from pydantic import Field, TypeAdapter
from pydantic.fields import FieldInfo

from schedulezero.methods import SPEC_ATTRIBUTE, MethodSpec, Need, Tell, summary_of
from schedulezero.parameter_values import check_params, said_span
from schedulezero.parameters import Kind, Parameter, kind_of
from schedulezero.steps import resumable as mark_resumable


@dataclass(frozen=True, slots=True)
class Channels:
    """Which channels may be chosen, by Discord's names of their kinds: ``text``, ``forum``, ``voice``…"""

    kinds: tuple[str, ...]


ChannelId = Annotated[int, Kind.CHANNEL]
"""The id of a channel or thread where messages can be posted."""
ChannelIds = Annotated[list[int], Kind.CHANNELS]
ForumId = Annotated[int, Kind.CHANNEL, Channels(("forum",))]
"""The id of a forum."""
ThreadId = Annotated[int, Kind.CHANNEL, Channels(("public_thread", "private_thread", "news_thread"))]
"""The id of a thread or a forum's post."""
VoiceId = Annotated[int, Kind.CHANNEL, Channels(("voice", "stage_voice"))]
"""The id of a voice or stage channel."""
AnyChannelId = Annotated[int, Kind.CHANNEL, Channels(("text", "news", "voice", "stage_voice", "forum"))]
"""The id of a channel of any kind."""
RoleId = Annotated[int, Kind.ROLE]
MemberId = Annotated[int, Kind.USER]
MemberIds = Annotated[list[int], Kind.USERS]
GuildId = Annotated[int, Kind.GUILD]
"""The guild of the job; no form asks for it."""
Text = Annotated[str, Kind.TEXT]
"""A text on one line."""
LongText = Annotated[str, Kind.LONG_TEXT]
"""A text with as many lines as it likes."""
Colour = Annotated[str, Kind.COLOUR]
"""Such as ``#5865F2`` or ``blue``; `schedulezero.colours` reads it."""
Url = Annotated[str, Kind.URL, Field(pattern=r"^https?://")]
MessageLink = Annotated[str, Kind.MESSAGE]
"""The link of a message of the job's guild."""
Duration = Annotated[timedelta, Kind.DURATION]
"""A length of time, typed as ``90 minutes`` or ``2h 30m``."""


class TypedJob:
    """A job made of a decorated function; called like any other, with ``(bot, params)``.

    Parameters:
        function: takes the bot and the parameters by their names.
        needs: the rights that doing it by hand takes.
        variables: the texts in which it renders variables.
        personal: see `MethodSpec`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        needs: tuple[Need, ...],
        variables: tuple[str, ...],
        personal: bool = False,
    ) -> None:
        functools.update_wrapper(self, function)
        self.is_async = inspect.iscoroutinefunction(function)
        self._function = function
        self.spec = MethodSpec(
            function.__name__,
            summary_of(function.__name__, function),
            parameters_of(function),
            needs=needs,
            variables=variables,
            personal=personal,
        )
        setattr(self, SPEC_ATTRIBUTE, self.spec)
        self._check_names()

    def _check_names(self) -> None:
        """A name that no parameter has would go unnoticed, and with it a right that is never asked for."""
        names = {parameter.name for parameter in self.spec.parameters}
        named = {name for need in self.spec.needs for name in (need.channel, need.role, need.when) if name}
        for name in sorted((named | set(self.spec.variables)) - names):
            raise TypeError(
                f"{self.spec.name}: needs or variables speak of {name!r}, but its parameters are "
                f"{', '.join(sorted(names)) or 'none'}."
            )

    def __call__(self, bot: Any, params: dict[str, Any]) -> Any:
        """Carries the job out; ParameterError says what is wrong with the params."""
        return self._function(bot, **self._arguments(params))

    def _arguments(self, params: dict[str, Any]) -> dict[str, Any]:
        names = {parameter.name for parameter in self.spec.parameters}
        return {name: value for name, value in check_params(self.spec, params).items() if name in names}

    def preview(self, function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        """Declares what says, on the card on which a job is confirmed, what it would do; quick."""
        self._declare(preview=self._telling(function))
        return function

    def dry_run(self, function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        """Declares what looks at Discord and says what the job would do now, without doing it."""
        self._declare(dry_run=self._telling(function))
        return function

    def _telling(self, function: Callable[..., Awaitable[str]]) -> Tell:
        return lambda bot, params: function(bot, **self._arguments(params))

    def _declare(self, **more: Tell) -> None:
        self.spec = replace(self.spec, **more)
        setattr(self, SPEC_ATTRIBUTE, self.spec)


def job(
    *,
    needs: tuple[Need, ...] | None = None,
    variables: tuple[str, ...] = (),
    resumable: bool = False,
    personal: bool = False,
) -> Callable[[Callable[..., Any]], TypedJob]:
    """Makes a typed job of a function.

    Parameters:
        needs: the rights that doing it by hand takes; None for what posting takes in each channel it names.
        variables: the texts in which it renders variables such as ``{date}``.
        resumable: see `schedulezero.steps`.
        personal: it is for one person and belongs to no guild.

    Raises TypeError for a function that cannot be one, in a sentence that says why.
    """

    def make(function: Callable[..., Any]) -> TypedJob:
        typed = TypedJob(function, needs or (), variables, personal)
        return mark_resumable(typed) if resumable else typed

    return make


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters that a function's annotations declare, all but the first one, which is the bot."""
    signature = list(inspect.signature(function).parameters.values())
    if not signature:
        raise TypeError(f"{function.__name__} takes nothing; its first argument must be the bot.")
    hints = typing.get_type_hints(function, include_extras=True)
    helps = _helps(inspect.getdoc(function) or "")
    found: list[Parameter] = []
    for argument in signature[1:]:
        if argument.kind not in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY):
            raise TypeError(f"{function.__name__}: *{argument.name} cannot be a parameter of a job.")
        if argument.name not in hints:
            raise TypeError(f"{function.__name__}: {argument.name!r} needs an annotation.")
        default = argument.default if argument.default is not argument.empty else ...
        found.append(
            parameter_from(argument.name, hints[argument.name], default, helps.get(argument.name, ""))
        )
    return tuple(found)


def parameter_from(name: str, annotation: Any, default: Any = ..., help_text: str = "") -> Parameter:
    """A parameter from its annotation.

    Parameters:
        name: what it is called.
        annotation: its type, with pydantic's constraints; ``X | None`` is an optional X.
        default: what counts when it is left out; ``...`` when it must be given.
        help_text: what it is for; a description in the annotation comes first.
    """
    read = _read_annotation(annotation)
    told = default not in (..., None, "", False) and not isinstance(default, list)
    shown = _said(default) if told else None
    return Parameter(
        name=name,
        kind=read.kind or kind_of(name, read.base.__name__ if isinstance(read.base, type) else ""),
        help=read.description or help_text,
        required=default is ...,
        default=shown,
        choices=read.choices,
        longest=read.longest,
        least=read.least,
        most=read.most,
        channels=read.channels,
        adapter=TypeAdapter(annotation),
    )


@dataclass(slots=True)
class _Read:
    base: Any = str
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    channels: tuple[str, ...] = ()
    description: str = ""


# Read as: a plain type, and what a parameter of it is.
_KINDS: dict[Any, Kind] = {
    bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER, timedelta: Kind.DURATION,
    list: Kind.LIST, tuple: Kind.LIST, dict: Kind.OBJECT,
}  # fmt: skip


def _read_annotation(annotation: Any) -> _Read:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = typing.get_args(annotation)
        read = _read_annotation(inner)
        for item in metadata:
            _take(item, read)
        return read
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(parts) == 1:
            return _read_annotation(parts[0])
        return _Read(base=annotation)
    if origin is Literal:
        choices = tuple(str(value) for value in typing.get_args(annotation))
        return _Read(kind=Kind.CHOICE, choices=choices)
    base = origin or annotation
    return _Read(base=base, kind=_KINDS.get(base))


def _take(item: Any, read: _Read) -> None:
    """Takes in one piece of an annotation's metadata."""
    if isinstance(item, Kind):
        read.kind = item
    elif isinstance(item, Channels):
        read.channels = item.kinds
    elif isinstance(item, FieldInfo):
        read.description = item.description or read.description
        for inner in item.metadata:
            _take(inner, read)
    elif isinstance(item, annotated_types.MaxLen):
        read.longest = item.max_length
    elif isinstance(item, annotated_types.Ge):
        read.least = _as_number(item.ge)
    elif isinstance(item, annotated_types.Le):
        read.most = _as_number(item.le)


def _said(value: Any) -> str:
    return said_span(value) if isinstance(value, timedelta) else str(value)


def _as_number(bound: Any) -> float | None:
    return float(bound) if isinstance(bound, int | float) else None


def _helps(text: str) -> dict[str, str]:
    """Parameter → what the docstring's ``Params:`` block says that it is for."""
    found: dict[str, str] = {}
    name = ""
    for line in text.partition("Params:\n")[2].splitlines():
        if line.strip() and not line.startswith(" "):
            break
        match = re.fullmatch(r"\s+(\w+):\s+(.+)", line)
        if match is not None:
            name = match[1]
            found[name] = match[2].strip()
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return {name: said.rstrip(".") for name, said in found.items()}
