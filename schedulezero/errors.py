"""Every error of the product: one class for each way a caller can react.

    ScheduleZeroError
    ├── WhenError                 a text doesn't describe a time, or describes one in the past
    │   ├── NotUnderstood         .when.grammar.read: a word of it has no part in any reading
    │   ├── NotThatWeekday        .when.grammar.resolving: a date was said with another one's weekday
    │   ├── Unfitting             .when.grammar.read: its words have no meaning together
    │   └── TwoReadings           .when.language.understood: it may mean two times
    ├── TriggerError              a trigger's arguments are invalid; names the field
    ├── ParameterError            a job's parameters are invalid; names the parameter
    ├── JobFailed                 a job reports that it failed, and whether a retry can help
    │   ├── Gone                  the job's target doesn't exist (any more)
    │   ├── Forbidden             the job lacks permission; only people can change that
    │   └── Uncertain             it is unknown whether the job took effect
    ├── DatabaseUnusable          the database can't be opened
    │   ├── DatabaseDamaged       it is damaged or missing; a person decides what replaces it
    │   ├── DatabaseInUse         another process is using it
    │   ├── BackupUnusable        the path given for a backup can't be used as one
    │   └── DatabaseAway          it isn't responding; a retry may help
    ├── DatabaseUnavailable       it can't be read or written right now (full disk, lock)
    ├── ValueUnusable             the database can't store a value
    ├── PortTaken                 another program is listening on a port we need
    ├── ServerFailure             a part of the embedded server keeps failing, and the server ended
    ├── Exposed                   the server would be open to other machines without protection
    ├── KeysUnusable              the keys of the ZeroMQ wires can't be used
    │   └── NoSuchKey             not a valid key, or not an allowed one
    ├── SecretUnusable            a secret setting can't be encrypted or decrypted
    ├── ClientError               a call to the server failed
    │   ├── ServerUnreachable     nothing is listening at its address
    │   ├── ServerTimeout         it accepted the connection but didn't answer in time
    │   ├── ServerFailed          it answered 5xx
    │   ├── ServerBusy            429: too many requests; retry in a moment
    │   ├── BadAnswer             its response doesn't match its API
    │   ├── NotSupported          its dialect has no such call
    │   └── RequestRefused        4xx: the request itself is invalid
    │       ├── NotFound          404
    │       └── Conflict          409
    │   in schedulezero.server:
    ├── Refusal                   .decisions.refusal: the server refuses a request
    │   ├── Missing               .decisions.refusal: the request names something that doesn't exist
    │   ├── Conflict              .decisions.refusal: the request conflicts with the current state
    │   ├── LimitReached          .decisions.refusal: a limit of the owner or the guild is reached
    │   └── ApiError              .http.errors: the HTTP request isn't acceptable
    ├── TokenRefused              .records.tokens: a REST token can't be created
    │   └── TokenNameUnusable     .records.tokens: its name can't be used
    ├── ClockOff                  .engine.time_check: this node's clock is too far from the database's
    ├── HandlerAway               .handlers.line: the handler isn't listening; the call wasn't delivered
    ├── CallTimeout               .handlers.connection: the call was delivered but not answered in time
    ├── CallLost                  .handlers.line: the call was delivered, but no answer can arrive
    ├── Taken                     .handlers.registry: the name belongs to a live handler
    ├── Crowded                   .handlers.crowd: there is currently no room for another handler
    │   in schedulezero:
    ├── HandlerEnded              .handler_base: the handler ended by itself
    ├── AddressUnusable           .web.address: a text isn't an address that can be called
    ├── OutgoingFailed            .web.outgoing: an outgoing web request failed
    ├── PasteUnreadable           .compose.pasted: what somebody pasted isn't a post
    ├── TextsUnusable             .compose.texts: a list of texts, or a file with them, can't be used
    ├── UnreadableFile            .exchange.limited_reading: a file can't be read
    ├── NotTakenOver              .exchange.entries: an entry of a file can't be imported
    ├── Unusable                  .exchange.calendar_checks: a calendar event can't be scheduled as it is
    │   in cogs:
    ├── ConfigError               .config.config: the configuration is invalid
    ├── FileRefused               .kept_files: a file can't be kept
    ├── Refused                   .services: the person isn't allowed to do this, or it isn't possible
    │   └── Mistyped              .desk.kit.corrections: what was typed into a form can't be used
    ├── WrongDiscord              .discord_library: another library is installed as ``discord``
    │   in bot:
    ├── DiscordUnusable           .refusals: Discord can't be used
    │   └── DiscordRefuses        .refusals: Discord refuses the bot's request
    ├── Unusable                  .cli.exit_status: a command can't do its work
    ├── CannotMove                .cli.move_checks: the database can't be moved
    ├── NoSuchName                .cli.new_sprocket: the name isn't valid for a sprocket
    └── CannotWrite               .cli.new_sprocket: the new file can't be written

Each error is data: a code that programs use for decisions and translations, the values in its sentence, and
the sentence itself in English, written for the person who receives it (`schedulezero.sentences`). The cause
appears only in logs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schedulezero.sentences import Sentence


class ScheduleZeroError(Exception):
    """Base class of all ScheduleZero errors.

    Parameters:
        message: what went wrong, in English: a `Sentence`, a text or, together with a code, a template.
        code: identifies the template; programs use it for decisions and translations.
        values: the values of the template's placeholders, as for `Sentence`.
    """

    code: str = "error"
    """The error's code; the class name in snake_case, unless an instance has its own."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.lstrip("_")).lower()

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        if code is not None:
            message = Sentence(message, code, **values)
        elif not isinstance(message, Sentence):
            message = Sentence(message, type(self).code)
        super().__init__(message)
        self.message = message
        self.code = message.code or type(self).code

    @property
    def values(self) -> Mapping[str, Any]:
        """The values in the sentence, by name."""
        return self.message.values


class WhenError(ScheduleZeroError):
    """The text doesn't describe a time, or describes one that can't be scheduled.

    Attributes:
        offers: Texts that are understood and may be what was meant, the likeliest first.
    """

    offers: tuple[str, ...] = ()


class TriggerError(ScheduleZeroError):
    """A trigger's arguments are invalid.

    Parameters:
        field: path of the invalid argument from the request's root, such as ``trigger.args.hour``.
        message: what is wrong and what would be valid.
    """

    def __init__(self, field: str, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, code=code, **values)
        self.field = field


class ParameterError(ScheduleZeroError):
    """A job's parameters are missing or of the wrong type."""

    def __init__(self, parameter: str, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, code=code, **values)
        self.parameter = parameter


class JobFailed(ScheduleZeroError):
    """A job function raises this to fail with a message and say whether a retry can help.

    ``JobFailed("My own sentence.")`` is enough. With a code, the message is a template that catalogues can
    translate: ``JobFailed("There is no shelf {shelf}.", code="shelf_missing", shelf=5)``.

    Parameters:
        message, code, values: the reason, for the person who scheduled the job; see `ScheduleZeroError`.
        retry: False if a retry can't help (a missing channel, a missing permission).
        retry_after: seconds to wait before the retry, which then doesn't count as an attempt (an outage, a
            rate limit).
        limited: whether ``retry_after`` is a rate limit's own; such a run is not given up for waiting.
        pause: whether to pause the job until a person looks at it.
        may_have_worked: whether the job may have taken effect anyway (a lost answer).
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool = True,
        retry_after: float | None = None,
        limited: bool = False,
        pause: bool = False,
        may_have_worked: bool = False,
        code: str | None = None,
        **values: Any,
    ) -> None:
        super().__init__(message, code=code, **values)
        self.retry = retry
        self.retry_after = retry_after
        self.limited = limited
        self.pause = pause
        self.may_have_worked = may_have_worked


class Gone(JobFailed):
    """The job's target doesn't exist, or no longer exists; a retry can't help."""

    def __init__(self, message: str, *, pause: bool = False, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, pause=pause, code=code, **values)


class Forbidden(JobFailed):
    """The job lacks permission; only people can change that, and a retry can't help."""

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, code=code, **values)


class Uncertain(JobFailed):
    """It is unknown whether the job took effect; a person decides whether to run it again."""

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, may_have_worked=True, code=code, **values)


class DatabaseUnusable(ScheduleZeroError):
    """The database can't be opened."""


class DatabaseDamaged(DatabaseUnusable):
    """The database is damaged or missing; only `restore` or ``--begin-empty`` replaces it.

    Parameters:
        finding: a sentence that says what was found.
        remedy: what a person can do about it.
    """

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(f"{finding} {remedy}")
        self.finding = finding


class DatabaseInUse(DatabaseUnusable):
    """Another process uses the database; the message names it."""


class BackupUnusable(DatabaseUnusable):
    """The path given for a backup can't be used as one; nothing was changed."""


class DatabaseAway(DatabaseUnusable):
    """The database isn't responding and can't be opened right now; a retry may help."""


class DatabaseUnavailable(ScheduleZeroError):
    """The database can't be read or written right now; no part of the request took effect.

    Parameters:
        detail: the database's location and its own error, for the log only.
        cause: the cause for people, if it is known; see `schedulezero.storage.causes`.
    """

    def __init__(self, detail: str, cause: Sentence | None = None) -> None:
        unknown = Sentence(
            "The database isn't available. Runs wait until it is back.", "database_cannot_be_used"
        )
        super().__init__(cause or unknown)
        self.cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class ValueUnusable(ScheduleZeroError):
    """The database can't store a value, such as a text with a zero byte in PostgreSQL."""


class PortTaken(ScheduleZeroError):
    """Another program is listening on a port that we need."""


class ServerFailure(ScheduleZeroError):
    """A part of the embedded server keeps failing. The server has ended; a new process may do better."""


class Exposed(ScheduleZeroError):
    """The server would be open to other machines without the protection this requires."""


class KeysUnusable(ScheduleZeroError):
    """The keys of the ZeroMQ wires can't be read, created or used."""


class SecretUnusable(ScheduleZeroError):
    """A secret setting can't be encrypted or decrypted with the present key; the message is for the owner."""


class NoSuchKey(KeysUnusable):
    """The text isn't a valid public key, or the key isn't an allowed one."""


class ClientError(ScheduleZeroError):
    """A call to the ScheduleZero server failed."""


class ServerUnreachable(ClientError):
    """Nothing is listening at the server's address."""


class ServerTimeout(ClientError):
    """The server didn't answer in time."""


class ServerFailed(ClientError):
    """The server failed while handling the request."""


class ServerBusy(ClientError):
    """The server received too many requests in a short time."""


class BadAnswer(ClientError):
    """The server's response doesn't match its API."""


class NotSupported(ClientError):
    """The server's dialect has no such call."""


class RequestRefused(ClientError):
    """The server refused the request.

    Parameters:
        message: the server's own message; its code may be more specific than ``code``.
        code: the server's error code, such as ``bad_trigger``.
        field: the invalid part of the request, if the server names it.
    """

    code = "refused"

    def __init__(self, message: str, *, code: str = "refused", field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class NotFound(RequestRefused):
    """The requested resource doesn't exist."""


class Conflict(RequestRefused):
    """The resource already exists, or was just changed by someone else."""
