"""Request bodies and queries, validated field by field before the request is handled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar, cast

from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    StringConstraints,
    ValidationError,
    create_model,
)

from schedulezero.instants import from_iso
from schedulezero.model import Job, JsonObject, Trigger
from schedulezero.model.authorship import LONGEST_ASKED
from schedulezero.model.fields import Bounds, written_by_people
from schedulezero.model.fields import Field as JobField
from schedulezero.model.job import LONGEST_JOB_ID, NAME, SHORT_TEXT, SNOWFLAKE
from schedulezero.model.part import Part
from schedulezero.server.http.errors import ApiError
from schedulezero.when.calendar.schedules import INTERVAL_UNITS
from schedulezero.when.calendar.triggers import zone_of
from schedulezero.wire.storable import Unstorable, read_items, read_json

Model = TypeVar("Model", bound=BaseModel)
Choice = TypeVar("Choice", bound=StrEnum)

_DEEPEST = 20

# The databases store versions as 32-bit integers.
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _not_only_dots(text: str) -> str:
    """Reject ids that clients and proxies remove from a path: ``/api/jobs/..`` becomes ``/api``."""
    if text in (".", ".."):
        raise ValueError("a job id is not . or ..")
    return text


def _text(bounds: Bounds) -> StringConstraints:
    return StringConstraints(
        strip_whitespace=bounds.stripped,
        min_length=bounds.shortest,
        max_length=bounds.longest,
        pattern=bounds.pattern,
    )


JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\-]{1,64}$"), AfterValidator(_not_only_dots)]
PublishedJobId = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_JOB_ID), AfterValidator(_not_only_dots)
]
Name = Annotated[str, _text(NAME)]
HandlerId = Annotated[str, _text(SHORT_TEXT)]
Method = Annotated[str, _text(SHORT_TEXT)]
Snowflake = Annotated[str, _text(SNOWFLAKE)]
Moment = Annotated[str, StringConstraints(max_length=40)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TriggerBody(_Body):
    """Dialect A: type and nested arguments."""

    type: str
    args: dict[str, Any]


class PartBody(_Body):
    """A part of a job; see `schedulezero.model.part`."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,7}$")]
    method: Method
    params: dict[str, Any] = Field(default_factory=dict[str, Any])
    before_seconds: Annotated[float, Field(ge=1, le=366 * 86_400)] | None = None
    after_seconds: Annotated[float, Field(ge=0, le=366 * 86_400)] | None = None


def _of_a_job(name: str, *, later: bool) -> type[_Body]:
    """Return a body with the fields of a job that people write, all of them optional if ``later``."""
    fields: dict[str, Any] = {}
    for item in written_by_people(Job, later=later):
        kind = _kind_of(item)
        if later:
            fields[item.key] = (kind | None, None)
        elif item.kind is Mapping:
            fields[item.key] = (kind, Field(default_factory=dict[str, Any]))
        elif item.required:
            fields[item.key] = (kind, ...)
        else:
            fields[item.key] = (kind | None if item.optional else kind, _DEFAULTS[item.key])
    return create_model(name, __base__=_Body, **fields)


def _kind_of(item: JobField) -> Any:
    bounds = item.bounds
    if item.kind is Trigger:
        return TriggerBody
    if item.kind is Mapping:
        return Annotated[dict[str, Any], Field(max_length=bounds.longest)]
    if item.kind is tuple:
        assert item.of is Part
        return Annotated[list[PartBody], Field(max_length=bounds.longest)]
    if item.kind is timedelta:
        return Annotated[float, Field(ge=bounds.least, le=bounds.most)]
    if issubclass(item.kind, StrEnum):
        return Literal[tuple(map(str, item.kind))]
    return bool if item.kind is bool else Annotated[item.kind, _text(bounds)]


_DEFAULTS = Job("", "", "", {}, Trigger("", {})).to_json()
_New = _of_a_job("_New", later=False)
_Change = _of_a_job("_Change", later=True)


class JobBody(_New):
    """``POST /api/jobs``."""

    timezone: str | None = None
    job_id: JobId | None = None
    state: Literal["active", "pending", "paused"] = "active"


class JobChangeBody(_Change):
    """``PATCH /api/jobs/{id}``. Absent fields stay unchanged; ``version`` prevents lost updates."""

    state: Literal["pending"] | None = None
    version: Version | None = None


class PauseBody(_Body):
    """``POST /api/jobs/{id}/pause``. Without ``until``, the job stays paused until it is resumed.

    ``version`` is the version of the job that the request is meant for; without it, any version.
    """

    until: Moment | None = None
    version: Version | None = None


class SkipBody(_Body):
    """``POST /api/jobs/{id}/skip``. With ``at``, it skips that run, and only if it is the next one."""

    at: Moment | None = None


class RestoreBody(_Body):
    """``POST /api/jobs/{id}/restore``. Without ``version``, it undoes a cancellation."""

    version: Version | None = None
    expected: Version | None = None


class VersionBody(_Body):
    """The version of the job that a request is meant for; without it, any version."""

    version: int | None = None


class ApproveBody(VersionBody):
    """``POST /api/jobs/{id}/approve``: whether a date that passed while the job waited runs at once."""

    past_at_once: bool = False


class AskedBody(VersionBody):
    """``POST /api/jobs/{id}/ask-changes``: what the author of a pending job should change."""

    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ASKED)]


class SpanBody(_Body):
    """A time span, including both ends."""

    since: Moment
    until: Moment


class InstantsBody(_Body):
    """``POST /api/jobs/{id}/make-up``."""

    instants: Annotated[list[Moment], Field(min_length=1, max_length=100)]
    version: int | None = None


class ChangeBody(_Body):
    """One changed field in an audit entry."""

    field: Name
    old: Any = None
    new: Any = None


class AuditBody(_Body):
    """``POST /api/audit``: a change made elsewhere, such as to a guild's settings in the bot."""

    action: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    guild_id: Snowflake | None = None
    name: Name | None = None
    changes: Annotated[list[ChangeBody], Field(max_length=50)] = Field(default_factory=list[ChangeBody])


class BulkEntry(_Body):
    """One job of a bulk change: the version it must be at, and the version to restore."""

    job_id: JobId
    expected: Version | None = None
    version: Version | None = None


class BulkBody(_Body):
    """``POST /api/jobs/bulk``. ``params`` replace those parameters that a job already has."""

    guild_id: Snowflake
    action: Literal["pause", "resume", "cancel", "change", "restore"]
    jobs: Annotated[list[BulkEntry], Field(min_length=1, max_length=500)]
    params: dict[str, Any] = Field(default_factory=dict[str, Any])


class BulkCreateBody(_Body):
    """``POST /api/jobs/bulk-create``. Each job is checked alone, and refused alone."""

    jobs: Annotated[list[SkipValidation[JobBody]], Field(min_length=1, max_length=500)]


class RulesBody(_Body):
    """``PUT /api/guilds/{id}/rules``."""

    timezone: str = "UTC"
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    dark_days: Annotated[list[Day], Field(max_length=366)] = Field(default_factory=list[str])
    holidays: Annotated[str, Field(max_length=6)] | None = None
    most_jobs: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    most_runs_an_hour: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ShownBody(_Body):
    """``PUT /api/feeds``: what the feeds of a guild, or of a person, show."""

    place: Snowflake
    name: Name
    timezone: str = "UTC"
    channels: Annotated[dict[Snowflake, Name], Field(max_length=5000)] = Field(default_factory=dict[str, str])
    methods: Annotated[dict[Method, Annotated[list[Name], Field(max_length=20)]], Field(max_length=1000)] = (
        Field(default_factory=dict[str, "list[str]"])
    )


class FeedBody(ShownBody):
    """``POST /api/feeds``. A person's own feed, whose ``place`` is the person's id, is ``personal``."""

    personal: bool = False


class PlaceBody(_Body):
    """The guild or person to whom something belongs."""

    place: Snowflake


class _PublishedBody(BaseModel):
    """A body of dialect B, in which unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ScheduleBody(_PublishedBody):
    """Dialect B's ``POST /api/schedule``: the trigger's arguments are next to its type.

    Of several missing fields, the error names the first one in this order, as the published server does.
    """

    handler_id: HandlerId
    trigger: dict[str, Any]
    job_method: Method
    job_params: dict[str, Any] = Field(default_factory=dict[str, Any])
    job_id: PublishedJobId | None = None


class RunNowBody(_PublishedBody):
    """Dialect B's ``POST /api/run_now``."""

    handler_id: HandlerId
    job_method: Method
    job_params: dict[str, Any]


def given_in(body: BaseModel) -> JsonObject:
    """Return the fields that a request sets, without defaults."""
    given = body.model_fields_set
    return {key: _plain(value) for key, value in vars(body).items() if key in given}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return dict(vars(value))
    return [_plain(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


async def read_body(request: web.Request, model: type[Model], *, apart: str | None = None) -> Model:
    """Return the request's JSON body as a model. Raises ApiError 400 that names the first wrong field.

    A missing body counts as an empty object, for calls in which everything is optional.

    Parameters:
        request: the request.
        model: what its body must be.
        apart: a list whose items are refused alone: in place of one that can't be stored, it has an
            `Unstorable`.
    """
    raw = await _read(request) or b"{}"
    try:
        data: Any = (
            read_json(raw, deepest=_DEEPEST) if apart is None else read_items(raw, apart, deepest=_DEEPEST)
        )
    except Unstorable as error:
        raise ApiError(400, "bad_value", f"The body holds {error}.") from error
    except ValueError as error:
        raise ApiError(400, "bad_json", "The body is not valid JSON in UTF-8.") from error
    if not isinstance(data, dict):
        raise ApiError(400, "bad_json", "The body must be a JSON object.")
    return checked(data, model)


def checked(data: Any, model: type[Model]) -> Model:
    """Return JSON as a model. Raises ApiError 400 that names the first wrong field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _refusal(error, model) from error


async def _read(request: web.Request) -> bytes:
    """Return the request's body as decompressed bytes."""
    try:
        charset = request.charset or "utf-8"
        if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
            raise ApiError(415, "bad_charset", f"The body must be UTF-8, not {charset[:40]}.", "Content-Type")
        return await request.read()
    except ConnectionResetError as error:
        raise ApiError(400, "bad_body", "The connection ended before the body did.") from error
    except (web.RequestPayloadError, PayloadEncodingError) as error:
        raise ApiError(
            400,
            "bad_body",
            "The body is not what Content-Encoding and Content-Length say.",
            "Content-Encoding",
        ) from error


def actor_of(request: web.Request) -> str | None:
    """Return the id of the user who makes a change, from the header ``X-ScheduleZero-Actor``, or None."""
    text = request.headers.get("X-ScheduleZero-Actor")
    if text is not None and not (re.fullmatch(r"[1-9]\d{0,19}", text, re.ASCII) and int(text) < 2**64):
        message = "X-ScheduleZero-Actor must be a Discord user's id, such as 80351110224678912."
        raise ApiError(400, "bad_actor", message, "X-ScheduleZero-Actor")
    return text


def per_person(request: web.Request) -> bool:
    """Return whether the requesting user may only schedule, so that the per-person limit of jobs applies."""
    text = request.headers.get("X-ScheduleZero-Per-Person", "0")
    if text not in ("0", "1"):
        message = "X-ScheduleZero-Per-Person must be 1 or 0."
        raise ApiError(400, "bad_per_person", message, "X-ScheduleZero-Per-Person")
    return text == "1"


def read_instant(text: str, field: str) -> datetime:
    """Parse an ISO 8601 text with an offset. Raises ApiError 400 that names the field."""
    try:
        return from_iso(text)
    except ValueError as error:
        message = f"{field!r} must be an instant such as 2026-01-01T09:00:00Z, not {text!r}."
        raise ApiError(400, "bad_field", message, field) from error


def check_zone(name: str | None, default: str) -> str:
    """Return the name of a time zone, or the default. Raises TriggerError if the zone doesn't exist."""
    return zone_of(name).key if name is not None else default


def query_int(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """Return an integer from the query. Raises ApiError 400 if it is out of bounds."""
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise ApiError(
            400,
            "bad_query",
            f"{name!r} must be a whole number from {low} to {high}, not {text[:40]!r}.",
            name,
        )
    return int(text)


def query_limit(request: web.Request, default: int, most: int) -> int:
    """Return dialect B's ``limit``, capped. Raises ApiError 400 if it isn't a whole number of at least 1."""
    text = request.query.get("limit")
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,40}", text) or int(text) < 1:
        raise ApiError(
            400, "bad_query", f"'limit' must be a whole number from 1 on, not {text[:40]!r}.", "limit"
        )
    return min(int(text), most)


def query_choice(request: web.Request, name: str, choices: type[Choice]) -> Choice | None:
    """Return one of a few allowed words from the query, or None. Raises ApiError 400 for other words."""
    text = request.query.get(name)
    known = [item.value for item in choices]
    if text is not None and text not in known:
        raise ApiError(
            400, "bad_query", f"{name!r} must be one of {', '.join(known)}, not {text[:40]!r}.", name
        )
    return choices(text) if text is not None else None


def _refusal(error: ValidationError, model: type[BaseModel]) -> ApiError:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        message = f"{field!r} is missing."
    elif first["type"] == "extra_forbidden":
        message = f"There is no {field!r} here; known are: {', '.join(model.model_fields)}."
        if field.rpartition(".")[2] in INTERVAL_UNITS:
            message += " A trigger's arguments stand in trigger.args."
    else:
        message = f"{field!r}: {first['msg']}; it was {_short(first['input'])}."
    return ApiError(400, "bad_field", message, field)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
