"""Every error of the product, one class per thing that its receiver can do about it.

    ScheduleZeroError
    ├── WhenError                 a text that says when was not understood, or names the past
    ├── TriggerError              a trigger's arguments are wrong; names the field
    ├── ParameterError            a job's parameters are wrong; names the parameter
    ├── JobFailed                 a job says that it failed, and whether trying again can help
    │   ├── Gone                  what the job is about does not exist (any more)
    │   ├── Forbidden             the job may not do that; only people can change it
    │   └── Uncertain             it cannot be told whether the job was done
    ├── DatabaseUnusable          the database cannot be opened
    │   ├── DatabaseDamaged       it is damaged or gone, and a person decides what takes its place
    │   ├── DatabaseInUse         another process has it
    │   ├── BackupUnusable        what was named as a backup, or as its place, cannot be one
    │   └── DatabaseAway          it does not answer now; trying again may help
    ├── DatabaseUnavailable       it cannot be read or written at the moment (a full disk, a lock)
    ├── ValueUnusable             a value is one that the database cannot hold
    ├── PortTaken                 somebody else listens where we must
    ├── Exposed                   it would be open to others without what that takes
    ├── KeysUnusable              the keys of the ZeroMQ wires cannot be used
    │   └── NoSuchKey             what was given is not a key, or not one on the list
    ├── ClientError               the server could not be used
    │   ├── ServerUnreachable     nobody listens there
    │   ├── ServerTimeout         it listens and does not answer
    │   ├── ServerFailed          it answered 5xx
    │   ├── ServerBusy            429: it was asked too often, and may be asked again in a moment
    │   ├── BadAnswer             it answered something that is not what it promised
    │   ├── NotSupported          this server's dialect has no such thing
    │   └── RequestRefused        4xx: the request itself is wrong
    │       ├── NotFound          404
    │       └── Conflict          409
    │   in schedulezero.server:
    ├── Refusal                   .decisions.refusal: a request that the server refuses
    │   ├── Missing               .decisions.refusal: what it names does not exist
    │   ├── Conflict              .decisions.refusal: it does not go with the state that things are in
    │   ├── LimitReached          .decisions.refusal: a limit of the owner's or the guild's is reached
    │   └── ApiError              .http.errors: it came in a way that is not accepted
    ├── TokenRefused              .records.tokens: a token for REST cannot be made
    │   └── TokenNameUnusable     .records.tokens: nor under that name
    ├── HandlerAway               .handlers.connection: nobody listens there; the call was not delivered
    ├── CallTimeout               .handlers.connection: the call was delivered and not answered in time
    ├── CallLost                  .handlers.connection: it was delivered, and no answer can come any more
    ├── Taken                     .handlers.registry: the name belongs to a handler that is alive
    ├── Crowded                   .handlers.crowd: there is no room for another handler now
    │   in schedulezero:
    ├── AddressUnusable           .web.address: a text is not an address that can be called
    ├── OutgoingFailed            .web.outgoing: a request to the web could not be made
    ├── UnreadableFile            .exchange.limited_reading: a file cannot be read
    ├── NotTakenOver              .exchange.importers: an entry of a file cannot be taken over
    ├── Unusable                  .exchange.calendar_checks: an event cannot be scheduled as it stands
    │   in cogs:
    ├── Refused                   .services: the person may not do this, or it cannot be done
    │   in bot:
    ├── ConfigError               .config: the configuration cannot be used
    ├── DiscordUnusable           .refusals: Discord cannot be used
    │   └── DiscordRefuses        .refusals: it refuses what the bot asks for
    ├── Unusable                  .cli.exit_status: a command cannot do its work
    ├── CannotMove                .cli.move_database: the database cannot be moved
    ├── NoSuchName                .cli.new_sprocket: a sprocket cannot have that name
    └── CannotWrite               .cli.new_sprocket: the new file cannot be written

Each error is data: a code that programs decide and translate by, the values that stand in its sentence, and
that sentence in English, for the person who receives it (`schedulezero.sentences`). Logs carry the cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schedulezero.sentences import Sentence


class ScheduleZeroError(Exception):
    """Something in ScheduleZero went wrong.

    Parameters:
        message: what went wrong, in English: a `Sentence`, a text, or with a code the template of one.
        code: stands for the template, and is what programs decide and translate by.
        values: what stands in the template, as `Sentence` takes it.
    """

    code: str = "error"
    """What programs know it by: the name of its class, where an error brings no code of its own."""

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
        """What stands in the sentence, by name."""
        return self.message.values


class WhenError(ScheduleZeroError):
    """The text does not say when, or says a time that cannot be scheduled."""


class TriggerError(ScheduleZeroError):
    """A trigger's arguments are wrong.

    Parameters:
        field: path of the offending argument below the request's root, such as ``trigger.args.hour``.
        message: what was wrong and what would be right.
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
    """A job function raises this to fail with a sentence, saying whether a retry can help.

    ``JobFailed("My own sentence.")`` is enough. With a code the sentence is a template, which catalogues
    may hold in other languages: ``JobFailed("There is no shelf {shelf}.", code="shelf_missing", shelf=5)``.

    Parameters:
        message, code, values: the reason, for the person who scheduled the job; see `ScheduleZeroError`.
        retry: False when trying again cannot help (a missing channel, a missing permission).
        retry_after: seconds after which to try again; such a try uses no attempt up (an outage, a limit).
        pause: the job is to be held until somebody looks at it.
        may_have_worked: the effect may have come about all the same (a lost answer).
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool = True,
        retry_after: float | None = None,
        pause: bool = False,
        may_have_worked: bool = False,
        code: str | None = None,
        **values: Any,
    ) -> None:
        super().__init__(message, code=code, **values)
        self.retry = retry
        self.retry_after = retry_after
        self.pause = pause
        self.may_have_worked = may_have_worked


class Gone(JobFailed):
    """What the job is about does not exist, or not any more; trying again cannot help."""

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, code=code, **values)


class Forbidden(JobFailed):
    """The job may not do that; only people can change it, and trying again cannot help."""

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, code=code, **values)


class Uncertain(JobFailed):
    """It cannot be told whether the job was done; a person decides whether to do it again."""

    def __init__(self, message: str, *, code: str | None = None, **values: Any) -> None:
        super().__init__(message, retry=False, may_have_worked=True, code=code, **values)


class DatabaseUnusable(ScheduleZeroError):
    """The database cannot be opened."""


class DatabaseDamaged(DatabaseUnusable):
    """The database is damaged or gone; only `restore` or ``--begin-empty`` puts another one in its place.

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
    """What was named as a backup, or as the place for one, cannot be it; nothing was changed."""


class DatabaseAway(DatabaseUnusable):
    """The database cannot be opened now, because it does not answer; trying again may help."""


class DatabaseUnavailable(ScheduleZeroError):
    """The database cannot be read or written at the moment; nothing of the request was done.

    Parameters:
        detail: where it is and what it said, for the log; people are told without that.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(
            "The database isn't available. Runs wait until it is back.", code="database_cannot_be_used"
        )
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class ValueUnusable(ScheduleZeroError):
    """A value is one that the database cannot hold, such as a text with a zero byte in PostgreSQL."""


class PortTaken(ScheduleZeroError):
    """Another program listens on a port that we need."""


class Exposed(ScheduleZeroError):
    """The server would be open to other machines without what that takes."""


class KeysUnusable(ScheduleZeroError):
    """The keys of the ZeroMQ wires cannot be read, made or used."""


class NoSuchKey(KeysUnusable):
    """What was given is not a public key, or not one that is let in."""


class ClientError(ScheduleZeroError):
    """The ScheduleZero server could not be used."""


class ServerUnreachable(ClientError):
    """Nobody listens at the server's address."""


class ServerTimeout(ClientError):
    """The server did not answer in time."""


class ServerFailed(ClientError):
    """The server failed while it handled the request."""


class ServerBusy(ClientError):
    """The server was asked too often within a moment."""


class BadAnswer(ClientError):
    """The server's answer is not what its API promises."""


class NotSupported(ClientError):
    """The server speaks a dialect that has no such call."""


class RequestRefused(ClientError):
    """The server refused the request.

    Parameters:
        message: the server's own sentence, whose code is finer than the request's.
        code: the server's error code, such as ``bad_trigger``.
        field: the part of the request that was wrong, where the server says so.
    """

    code = "refused"

    def __init__(self, message: str, *, code: str = "refused", field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class NotFound(RequestRefused):
    """The server has no such thing."""


class Conflict(RequestRefused):
    """The thing exists already, or was changed by somebody else meanwhile."""
