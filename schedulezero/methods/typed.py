"""Typed jobs: one decorated function, described by its annotations.

    @job(needs=(Need("view_channel", channel="channel_id"), Need("send_messages", channel="channel_id")))
    async def greet(bot, channel_id: ChannelId, mood: Literal["glad", "calm"] = "glad") -> dict[str, Any]:
        \"\"\"Greet a channel.

        Params:
            channel_id: Where to greet
            mood: How it sounds
        \"\"\"

The first argument is the bot; each other one is a parameter. Its annotation gives its type and constraints
(pydantic's), a default makes it optional, and the docstring's ``Params:`` block says what it is for. The
form, its validation, the permission check, the JSON Schema in ``GET /api/methods`` and the documentation all
come from that. The wire format doesn't change: the decorator returns a job like any other, called with
``(bot, params)``.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from schedulezero import instants
from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.annotations import Secret, parameter_from
from schedulezero.methods.declaring import (
    DeclarationError,
    check_companion,
    check_function,
    check_options,
    check_spec,
    check_values,
)
from schedulezero.methods.discord_classes import Channels, find
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.secret_params import is_secret_by_name
from schedulezero.methods.spec import (
    SPEC_ATTRIBUTE,
    Check,
    MethodSpec,
    Need,
    Settles,
    Tell,
    summary_of,
)
from schedulezero.methods.values import check_params
from schedulezero.when.language.parse import understand

ChannelId = Annotated[int, Kind.CHANNEL]
"""The id of a channel or thread where messages can be posted."""
ChannelIds = Annotated[list[int], Kind.CHANNELS]
"""The ids of several such channels."""
ForumId = Annotated[int, Kind.CHANNEL, Channels(("forum",))]
"""The id of a forum."""
ThreadId = Annotated[int, Kind.CHANNEL, Channels(("public_thread", "private_thread", "news_thread"))]
"""The id of a thread or a forum post."""
VoiceId = Annotated[int, Kind.CHANNEL, Channels(("voice", "stage_voice"))]
"""The id of a voice or stage channel."""
AnyChannelId = Annotated[int, Kind.CHANNEL, Channels(("text", "news", "voice", "stage_voice", "forum"))]
"""The id of a channel of any kind."""
RoleId = Annotated[int, Kind.ROLE]
"""The id of a role."""
RoleIds = Annotated[list[int], Kind.ROLES]
"""The ids of several roles."""
MemberId = Annotated[int, Kind.USER]
"""The id of a person."""
MemberIds = Annotated[list[int], Kind.USERS]
"""The ids of several people."""
GuildId = Annotated[int, Kind.GUILD]
"""The id of the job's guild. Forms don't ask for it."""
Text = Annotated[str, Kind.TEXT]
"""A single-line text."""
LongText = Annotated[str, Kind.LONG_TEXT]
"""A multi-line text."""
Colour = Annotated[str, Kind.COLOUR]
"""A colour such as ``#5865F2`` or ``blue``. `colour_of` converts it to Discord's type."""
Url = Annotated[str, Kind.URL, Field(pattern=r"^https?://")]
"""An http or https address."""
SecretUrl = Annotated[str, Kind.URL, Secret(), Field(pattern=r"(?i)^(https?|webcal)://", max_length=2000)]
"""An https or webcal address that is itself a secret: nobody reads it again once the job is saved."""
SecretText = Annotated[str, Kind.TEXT, Secret(), Field(max_length=1000)]
"""A single-line text that nobody reads again once it is saved, such as a token."""
MessageLink = Annotated[str, Kind.MESSAGE]
"""A link to a message in the job's guild. `find_message` fetches the message."""
Duration = Annotated[timedelta, Kind.DURATION]
"""A duration, typed as ``90 minutes`` or ``2h 30m``."""


class TypedJob:
    """The result of `job`. Call it like any other job, with ``(bot, params)``."""

    def __init__(
        self,
        function: Callable[..., Any],
        needs: tuple[Need, ...],
        variables: tuple[str, ...],
        personal: bool = False,
        addressee: str | None = None,
        resumable: bool = False,
        pace: timedelta | None = None,
        pings: tuple[str, ...] = (),
        groups: Mapping[str, tuple[str, ...]] | None = None,
        instead: str | None = None,
        usual: str = "",
        watches: bool = False,
        internal: bool = False,
        time_limit: timedelta | None = None,
    ) -> None:
        check_function(function)
        check_values(function, needs, time_limit)
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
            addressee=addressee,
            resumable=resumable,
            pace=pace,
            pings=pings,
            groups=groups or {},
            instead=instead,
            usual=usual,
            watches=watches,
            internal=internal,
            time_limit=time_limit,
        )
        setattr(self, SPEC_ATTRIBUTE, self.spec)
        self._check_names()
        check_spec(self.spec, function, is_async=self.is_async)

    def _check_names(self) -> None:
        """Raise TypeError for unknown parameter names: a typo would silently drop a permission check."""
        names = {parameter.name for parameter in self.spec.parameters}
        named = {name for need in self.spec.needs for name in (need.channel, need.role, need.when) if name}
        named |= {self.spec.addressee} if self.spec.addressee else set()
        named |= {name for group in self.spec.groups.values() for name in group}
        named |= {item.only_with for item in self.spec.parameters if item.only_with is not None}
        for name in sorted((named | {*self.spec.variables, *self.spec.pings}) - names):
            raise DeclarationError(
                f"{self.spec.name}: needs, variables or groups speak of {name!r}, but its parameters are "
                f"{', '.join(sorted(names)) or 'none'}.",
                self._function,
            )

    def __call__(self, bot: Any, params: dict[str, Any]) -> Any:
        """Run the job; raises ParameterError if the params are invalid."""
        return self._given(self._function, bot, self._arguments(params))

    def _given(self, function: Callable[..., Any], bot: Any, arguments: Mapping[str, Any]) -> Any:
        """Call a function with the arguments, and with the objects on Discord that it declares."""
        wanted = [
            item for item in self.spec.parameters if item.classes and arguments.get(item.name) is not None
        ]
        if not wanted:
            return function(bot, **arguments)

        async def find_and_call() -> Any:
            found = {item.name: await find(bot, item.classes, arguments[item.name]) for item in wanted}
            return await function(bot, **{**arguments, **found})

        return find_and_call()

    def _arguments(self, params: dict[str, Any]) -> dict[str, Any]:
        names = {parameter.name for parameter in self.spec.parameters}
        return {name: value for name, value in check_params(self.spec, params).items() if name in names}

    def preview(self, function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        """Use the decorated function to describe, on the confirmation card, what the job would do.

        It takes the bot and the job's parameters, those left out with their defaults, and returns a text. It
        must be quick.
        """
        check_companion(self.spec, "preview", function, defaults=True)
        self._declare(preview=self._telling(function))
        return function

    def dry_run(self, function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        """Use the decorated function to check Discord and say what the job would do now, without doing it.

        The card gets a button for it.
        """
        check_companion(self.spec, "dry_run", function, defaults=True)
        self._declare(dry_run=self._telling(function))
        return function

    def settles(self, function: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        """Use the decorated function to tell whether a run ends something that the bot owes.

        It takes the bot and the job's parameters. A run for which it returns True needs the bot's rights
        only, whoever has left since the job was created.
        """
        check_companion(self.spec, "settles", function, defaults=False)
        settling: Settles = lambda bot, params: self._given(  # noqa: E731
            function, bot, self._arguments(params)
        )
        self._declare(settles=settling)
        return function

    def check(self, function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Use the decorated function to refuse, before it is saved, a job that would fail at each run.

        It takes the same as a preview, and raises JobFailed with what is wrong and what would be right. It
        may ask Discord, but must be quick. A run doesn't call it: what is known then may differ.
        """
        check_companion(self.spec, "check", function, defaults=True)
        self._declare(check=lambda bot, params: self._given(function, bot, self._all_arguments(params)))
        return function

    def _telling(self, function: Callable[..., Awaitable[str]]) -> Tell:
        return lambda bot, params: self._given(function, bot, self._all_arguments(params))

    def _all_arguments(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call, with the function's defaults for those left out."""
        known = inspect.signature(self._function).parameters.values()
        defaults = {item.name: item.default for item in known if item.default is not inspect.Parameter.empty}
        return {**defaults, **self._arguments(params)}

    def offer_schedule(self, text: str) -> None:
        """Declare the job's own schedule, which a guild can switch on; see `on_schedule`."""
        self._declare(schedule=text)

    def _declare(self, **more: Tell | Settles | Check | str) -> None:
        self.spec = replace(self.spec, **more)  # type: ignore[arg-type]
        setattr(self, SPEC_ATTRIBUTE, self.spec)


@typing.overload
def job(function: Callable[..., Any], /) -> TypedJob: ...
@typing.overload
def job(
    *,
    needs: tuple[Need, ...] | None = None,
    variables: tuple[str, ...] = (),
    resumable: bool = False,
    personal: bool = False,
    addressee: str | None = None,
    pace: timedelta | None = None,
    pings: tuple[str, ...] = (),
    groups: Mapping[str, tuple[str, ...]] | None = None,
    instead: str | None = None,
    usual: str = "",
    watches: bool = False,
    internal: bool = False,
    time_limit: timedelta | None = None,
) -> Callable[[Callable[..., Any]], TypedJob]: ...
def job(
    function: Callable[..., Any] | None = None,
    /,
    *,
    needs: tuple[Need, ...] | None = None,
    variables: tuple[str, ...] = (),
    resumable: bool = False,
    personal: bool = False,
    addressee: str | None = None,
    pace: timedelta | None = None,
    pings: tuple[str, ...] = (),
    groups: Mapping[str, tuple[str, ...]] | None = None,
    instead: str | None = None,
    usual: str = "",
    watches: bool = False,
    internal: bool = False,
    time_limit: timedelta | None = None,
    **unknown: Any,
) -> TypedJob | Callable[[Callable[..., Any]], TypedJob]:
    """Turn an async function into a job (or a plain one, which then runs in a thread).

    The function's first argument is the bot. Each other argument is a parameter: the annotation gives its
    type, a default makes it optional, and the docstring's ``Params:`` block says what it is for.

    Parameters:
        function: The function, where the decorator is used without brackets.
        needs: The permissions that a person needs to do the job by hand; see `Need` and `in_channel`. Without
            any, the job needs those for posting in each channel it names.
        variables: The parameters whose texts may hold variables such as ``{date}``; see `text_for`.
        resumable: Whether the function may be called again for a run it has begun; see `step`.
        personal: Whether the job is for one person and belongs to no guild, like a reminder.
        addressee: The parameter that names the recipient of the job's direct message. Writing to anyone but
            oneself needs *Manage Server*, and each person gets a limited number of such messages.
        pace: The shortest time between two runs that Discord keeps up with. Closer ones are warned of before
            the job is saved.
        pings: The parameters whose texts ping whom they mention: people, and the roles that the job's creator
            may ping; see `mentions`.
        groups: The lines of the job's card, each with a form: name of the line → at most five parameters.
        instead: The method that people are offered in its place.
        usual: When it usually runs, in words, such as ``every 15 minutes``; the form begins with it.
        watches: Whether it only looks at something, and posts nothing itself: it runs as soon as it is
            confirmed or changed, and in quiet hours too.
        internal: Whether only the bot plans it, as part of another job; nobody is offered it.
        time_limit: How long a run may take, from a second to six hours; 25 seconds by default. The history
            shows a longer run as waiting, with what it says by `progress`.

    Raises DeclarationError, a TypeError with the reason and the line, for a function that can't be a job.
    """

    def make(function: Callable[..., Any]) -> TypedJob:
        check_options(function, unknown, _OPTIONS)
        return TypedJob(
            function,
            needs or (),
            variables,
            personal,
            addressee,
            resumable,
            pace,
            pings,
            groups,
            instead,
            usual,
            watches,
            internal,
            time_limit,
        )

    return make if function is None else make(function)


_OPTIONS = tuple(
    name
    for name, item in inspect.signature(job).parameters.items()
    if item.kind is inspect.Parameter.KEYWORD_ONLY
)


def on_schedule(text: str) -> Callable[[TypedJob], TypedJob]:
    """Give a job a schedule of its own, which each guild can switch on in ``/sprockets``.

        @on_schedule("every day at 9")
        @job(needs=in_channel("channel_id", "send_messages"))
        async def greet(bot, channel_id: ChannelId): ...

    Switching it on shows the job's card, with the channel where that happens in each required parameter for a
    channel; whoever confirms it is the job's creator. From then on it is a job like any other: it has a
    history, limits and rights apply, and people may change it. Switching it off cancels it. If the sprocket
    is loaded again with another schedule, the guilds' jobs follow, except those whose schedule somebody has
    changed.

    Parameters:
        text: When it runs, in English words such as ``every monday at 18:30``; in the time zone of whoever
            switches it on.

    Raises DeclarationError for a text that isn't understood, or that means a single instant.
    """

    def offer(made: TypedJob) -> TypedJob:
        if not isinstance(made, TypedJob):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DeclarationError("on_schedule goes above @job.", made)
        try:
            found = understand(text, zone="UTC", locale="en-GB", now=instants.now())
        except ScheduleZeroError as error:
            raise DeclarationError(f"{made.spec.name}: {error.message}", inspect.unwrap(made)) from None
        if found.trigger.type == "date":
            raise DeclarationError(f"{made.spec.name}: {text!r} comes only once.", inspect.unwrap(made))
        made.offer_schedule(text)
        return made

    return offer


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters that a function's annotations declare, without the first one, the bot."""
    signature = list(inspect.signature(function).parameters.values())
    name = function.__name__
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        missing = error.name or str(error)
        raise DeclarationError(
            f"{name}: an annotation names {missing!r}, which isn't imported.", function
        ) from None
    helps = _helps(inspect.getdoc(function) or "")
    found: list[Parameter] = []
    for argument in signature[1:]:
        if argument.kind not in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY):
            raise DeclarationError(
                f"{name}: *{argument.name} cannot be a parameter of a job.", function, argument.name
            )
        if argument.name not in hints:
            raise DeclarationError(f"{name}: {argument.name!r} needs an annotation.", function, argument.name)
        default = argument.default if argument.default is not argument.empty else ...
        help_text = helps.get(argument.name, "")
        try:
            parameter = parameter_from(argument.name, hints[argument.name], default, help_text)
        except TypeError as error:
            raise DeclarationError(f"{name}: {error}", function, argument.name) from None
        if parameter.secret and not is_secret_by_name(argument.name):
            wrong = "is a secret, so its name must say so: let it end in `_url`, or be `token`"
            raise DeclarationError(f"{name}: {argument.name!r} {wrong}", function, argument.name)
        found.append(parameter)
    for told in sorted(helps.keys() - {argument.name for argument in signature}):
        names = ", ".join(item.name for item in found) or "none"
        raise DeclarationError(
            f"{name}: its docstring speaks of the parameter {told!r}, but its parameters are {names}.",
            function,
        )
    return tuple(found)


def _helps(text: str) -> dict[str, str]:
    """Map each parameter to its help in the docstring's ``Params:`` block."""
    found: dict[str, str] = {}
    name, indent = "", ""
    for line in text.partition("Params:\n")[2].splitlines():
        if line.strip() and not line.startswith(" "):
            break
        match = re.fullmatch(r"(\s+)(\w+):\s+(.+)", line)
        if match is not None and match[1] == (indent or match[1]):
            indent, name = match[1], match[2]
            found[name] = match[3].strip()
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return {name: said.rstrip(".") for name, said in found.items()}
