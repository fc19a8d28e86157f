"""Settings: a YAML file, overridden by the environment; each error is one sentence that says how to fix it.

Each key can also be set as ``SCHEDULEZERO_<KEY>``, and each key below ``limits`` as
``SCHEDULEZERO_LIMITS__<KEY>``. The bot's token comes from ``DISCORD_TOKEN`` only and isn't a setting, so that
it never ends up in a file that people share or commit.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from cogs.config.config_words import in_our_words
from cogs.config.limit_settings import LimitSettings
from cogs.config.nearest import nearest
from cogs.config.settings_file import parse
from schedulezero.errors import DatabaseUnusable, ScheduleZeroError
from schedulezero.storage.database import is_postgres_setting, sqlite_path
from schedulezero.storage.postgres_url import check_url, without_password
from schedulezero.storage.sealing import key_in
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.wire.addresses import is_handler_address, is_loopback
from schedulezero.wire.keys import is_key

DEFAULT_PATH = Path("config/schedulezero.yaml")
PREFIX = "SCHEDULEZERO_"
_LARGEST_FILE = 1_000_000
BELOW = "__"
"""Stands in a variable's name between ``LIMITS`` and the limit."""
# Read as: a key that only the environment sets, and what to do if it was in a file.
_SECRET_KEYS = {"api_token": "make a new token", "secrets_key": "make a new key"}
DEFAULT_SPROCKETS = (
    "composer", "announcement", "posts", "threads", "events", "moderation", "roles", "channels", "web",
    "calendar", "reminder", "example",
)  # fmt: skip

Intent = Literal[
    "auto_moderation_configuration", "auto_moderation_execution", "dm_messages", "dm_polls", "dm_reactions",
    "dm_typing", "expressions", "guild_messages", "guild_polls", "guild_reactions", "guild_scheduled_events",
    "guild_typing", "integrations", "invites", "members", "message_content", "moderation", "presences",
    "voice_states", "webhooks",
]  # fmt: skip
"""discord.py's names of the intents that a sprocket of one's own may need; the bot itself needs none of them.

(https://discord.com/developers/docs/events/gateway#list-of-intents)
"""


_LIMITS_AS_JSON = (
    f"{PREFIX}LIMITS must be a JSON object; or set one limit, such as "
    f"{PREFIX}LIMITS{BELOW}JOBS_PER_GUILD=2000."
)


class ConfigError(ScheduleZeroError):
    """The configuration can't be used; the message is one sentence that says what to change."""


_LONGEST_SHOWN = 200
_MOST_TOLD = 5
_SQLITE = "sqlite:///"


class Settings(BaseSettings):
    """The bot's settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=BELOW,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    handler_id: Annotated[str, Field(min_length=1, max_length=100)] = "discord-bot"
    handler_port: Annotated[int, Field(ge=1, le=65535)] = 5000
    server_address: str = "tcp://127.0.0.1:4242"
    api_endpoint: str = "http://127.0.0.1:8888"
    server: Literal["embedded", "external"] = "embedded"
    database: Annotated[str, Field(min_length=1)] = "data/schedulezero.db"
    history_days: Annotated[float, Field(ge=0, le=36_500)] = 90.0
    forget_after_days: Annotated[float, Field(ge=0, le=36_500)] = 30.0
    timezone: str = "UTC"
    sprockets: Annotated[tuple[str, ...], NoDecode] = DEFAULT_SPROCKETS
    message_content: bool = False
    intents: Annotated[tuple[Intent, ...], NoDecode] = ()
    owner_guild: Annotated[int, Field(ge=1, lt=2**64)] | None = None
    log_channel: Annotated[int, Field(ge=1, lt=2**64)] | None = None
    log_format: Literal["text", "json"] = "text"
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    calendar_url: str | None = None
    private_calls: bool = False
    shards: Annotated[int, Field(ge=1, le=100_000)] | None = None
    handler_host: str = "127.0.0.1"
    require_token: bool = False
    requests_per_second: Annotated[float, Field(ge=0, le=1_000_000)] = 100.0
    tls_certificate: str | None = None
    tls_key: str | None = None
    tls_authority: str | None = None
    behind_proxy: bool = False
    keys: Annotated[str, Field(min_length=1)] = "data/keys"
    require_keys: bool = False
    server_key: str | None = None
    plain_zeromq: bool = False
    api_token: SecretStr | None = None
    secrets_key: SecretStr | None = None
    limits: LimitSettings = LimitSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file's values are passed to the constructor; the environment overrides them.
        return env_settings, init_settings

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name is not None:
            wanted = str(cls.model_fields[info.field_name].annotation)
            if "int" in wanted or "float" in wanted:  # pydantic would take true for 1
                raise ValueError("it must be a whole number" if "int" in wanted else "it must be a number")
        return value

    @field_validator("handler_id")
    @classmethod
    def _visible(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise ValueError("it must be visible characters in one line")
        return value

    @field_validator("tls_certificate", "tls_key", "tls_authority", "keys")
    @classmethod
    def _at_home(cls, value: str | None) -> str | None:
        return os.path.expanduser(value) if value is not None else None  # noqa: PTH111 - never raises

    @field_validator("server_address")
    @classmethod
    def _tcp_address(cls, value: str) -> str:
        if _parts(value, ("tcp",)) is None:
            raise ValueError("it must be an address such as tcp://127.0.0.1:4242")
        _expect_bare(value, "tcp://127.0.0.1:4242")
        return value

    @field_validator("api_endpoint")
    @classmethod
    def _http_address(cls, value: str) -> str:
        if _parts(value, ("http", "https")) is None:
            raise ValueError("it must be an address such as http://127.0.0.1:8888")
        _expect_bare(value, "http://127.0.0.1:8888")
        return value

    @field_validator("calendar_url")
    @classmethod
    def _public_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = value.strip().rstrip("/")
        if _parts(address, ("https",)) is None or re.search(r"[@?#\s]", address):
            raise ValueError("it must be a public address such as https://calendar.example.org")
        return address

    @field_validator("handler_host")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if value in ("0.0.0.0", "::", "*", ""):
            raise ValueError(
                "it must be the address under which the server reaches the bot, such as 10.0.0.5"
            )
        if not _is_host(value):
            raise ValueError("it must be a host alone, without scheme and port, such as 10.0.0.5")
        return value

    @field_validator("database")
    @classmethod
    def _where(cls, value: str) -> str:
        value = value.strip()
        try:
            if is_postgres_setting(value):
                check_url(value)
                return value
            if ":memory:" in value:
                raise ValueError("it must be a file: what is in memory only is lost when the server stops")
            scheme = _SQLITE if value.startswith(_SQLITE) else ""
            value = scheme + os.path.expanduser(value.removeprefix(scheme))  # noqa: PTH111 - never raises
            sqlite_path(value)
        except DatabaseUnusable as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("tls_authority")
    @classmethod
    def _authority(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ssl.create_default_context(cafile=value)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                reason = getattr(error, "strerror", None) or str(error)
                raise ValueError(f"it must be a file with a CA's certificates in PEM ({reason})") from error
        return value

    @field_validator("api_token")
    @classmethod
    def _one_word(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if re.fullmatch(r"[!-~]+", text) is None:
            raise ValueError("it must be one word of ASCII characters, as `token make` shows it")
        return SecretStr(text)

    @field_validator("secrets_key")
    @classmethod
    def _secrets_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and key_in(value.get_secret_value()) is None:
            raise ValueError("it must be 32 bytes in base64, as in the file `secrets.key` of another process")
        return value

    @field_validator("server_key")
    @classmethod
    def _key(cls, value: str | None) -> str | None:
        if value is not None and not is_key(value):
            raise ValueError("it must be the public key that `schedulezero-bot keys` shows on the server")
        return value

    @model_validator(mode="after")
    def _beyond_this_machine(self) -> Settings:
        if self.plain_zeromq:
            self._check_plain()
        elif self.server == "external" and not is_loopback(self.server_address) and self.server_key is None:
            raise ValueError(
                "`server_address` is another machine; set `server_key` to the public key that "
                "`schedulezero-bot keys` shows there. A published ScheduleZero server has no keys: for one, "
                "set `plain_zeromq: true`, and anybody on the network path can then read and forge calls"
            )
        if not is_loopback(self.handler_address) and is_loopback(self.server_address):
            raise ValueError("`handler_host` is not loopback; then `server_address` must not be, either")
        return self

    def _check_plain(self) -> None:
        """Raise ValueError if another setting contradicts `plain_zeromq`."""
        if self.server == "embedded":
            raise ValueError(
                "`plain_zeromq` is for a published ScheduleZero server; remove it, or set `server: external`"
            )
        for name, given in (("require_keys", self.require_keys), ("server_key", self.server_key is not None)):
            if given:
                raise ValueError(f"`plain_zeromq` and `{name}` contradict each other; remove one of them")

    @property
    def is_plain_beyond_this_machine(self) -> bool:
        """Whether calls and registrations leave this machine without encryption."""
        local = is_loopback(self.server_address) and is_loopback(self.handler_address)
        return self.plain_zeromq and not local

    @field_validator("limits", mode="before")
    @classmethod
    def _limits(cls, value: Any) -> Any:
        return {} if value is None else value  # the key is there with nothing below it

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in known_zones():
            # Abbreviations such as CEST resemble others, such as EST, that are hours away.
            near = nearest(value, [zone for zone in known_zones() if "/" in zone or zone == "UTC"])
            raise ValueError(f"it must be an IANA zone such as {near or 'Europe/Berlin'}")
        return value

    @field_validator("sprockets", "intents", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, (without_password(value) if name == "database" and "://" in value else value)

    @property
    def handler_address(self) -> str:
        """The address at which our handler listens and the server reaches it."""
        return self.handler_address_at(self.handler_port)

    def handler_address_at(self, port: int) -> str:
        """Return the handler's address with another port; each cluster has its own."""
        host = f"[{self.handler_host}]" if ":" in self.handler_host else self.handler_host
        return f"tcp://{host}:{port}"


def load_settings(path: str | Path | None = None) -> Settings:
    """Load the settings from a file, overridden by the environment.

    Parameters:
        path: The YAML file; None means the default one, which may be missing.

    Raises ConfigError with one sentence that names the file or key and the fix.
    """
    file = _file_of(path)
    data = _read(file) if path is not None or file.exists() else {}
    for key, afterwards in _SECRET_KEYS.items():
        if key in data:
            raise ConfigError(
                f"{file} holds `{key}`; files are shown and committed, so set the environment variable "
                f"{PREFIX}{key.upper()} instead, and {afterwards}."
            )
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(f"{PREFIX}LIMITS{BELOW}") and not is_key_name(name.removeprefix(PREFIX).lower())
    )
    if unknown:
        known = [f"{PREFIX}LIMITS{BELOW}{name.upper()}" for name in LimitSettings.model_fields]
        raise ConfigError(
            f"The environment variable {unknown[0]} sets no key that there is{_meant(unknown[0], known)}"
        )
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigError(_sentences(error, file, data)) from error
    except SettingsError as error:
        raise ConfigError(_LIMITS_AS_JSON) from error


def wants_json(path: str | Path | None = None) -> bool:
    """Return whether the log is asked for as JSON, even by a file whose other keys can't be used."""
    if (named := os.environ.get(f"{PREFIX}LOG_FORMAT")) is not None:
        return named == "json"
    try:
        return _read(_file_of(path)).get("log_format") == "json"
    except ConfigError:
        return False  # `load_settings` says so, where the file is needed


def source_of(path: str | Path | None = None) -> str:
    """Describe for people where `load_settings` reads from: the file and the variables that override it."""
    file = _file_of(path)
    variables = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and is_key_name(name.removeprefix(PREFIX).lower())
    )
    found = str(file) if file.exists() else f"no file {file}, so the defaults"
    return f"{found}, and from the environment {', '.join(variables)}" if variables else found


def _file_of(path: str | Path | None) -> Path:
    return (Path(path) if path is not None else DEFAULT_PATH).absolute()


def is_key_name(name: str) -> bool:
    """Return whether a setting has this name: a key, or ``limits__`` and a limit."""
    key, below, inner = name.partition(BELOW)
    if below:
        return key == "limits" and inner in LimitSettings.model_fields
    return key in Settings.model_fields


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ConfigError(f"{file} is too large for a configuration; did you mean another file?")
        data: Any = parse(content.decode("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no configuration file {file}; create it or name another one with --config."
        ) from error
    except OSError as error:
        raise ConfigError(f"The configuration file {file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"The configuration file {file} cannot be read: it is not text in UTF-8."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigError(f"The configuration file {file} is not valid YAML{where}: {problem}.") from error
    except (RecursionError, ValueError, OverflowError) as error:
        raise ConfigError(f"The configuration file {file} holds a value that cannot be read.") from error
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ConfigError(f"The configuration file {file} must hold lines such as `handler_port: 5000`.")
    return data


def _sentences(error: ValidationError, file: Path, data: Mapping[str, Any]) -> str:
    """Return a sentence for each setting that can't be used, so that all can be corrected at once."""
    told: dict[tuple[int | str, ...], str] = {}
    for item in error.errors(include_url=False):
        place = item["loc"][: 2 if item["loc"][:1] == ("limits",) else 1]
        told.setdefault(place, _sentence(item, file, data))
    found = list(told.values())
    more = f" {len(found) - _MOST_TOLD} more settings can't be used." if len(found) > _MOST_TOLD else ""
    return " ".join(found[:_MOST_TOLD]) + more


def _sentence(error: ErrorDetails, file: Path, data: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if not key:
        where = file if file.exists() else "the settings"
        return f"In {where}: {str(error['msg']).removeprefix('Value error, ')}."
    if key == "database" and error["type"] == "value_error":
        said = str(error["msg"]).removeprefix("Value error, ")
        return said if "`database`" in said else f"`database` cannot be used: {said}."
    if key in _SECRET_KEYS:
        return f"{PREFIX}{key.upper()} cannot be used: {in_our_words(error)}."
    name, _, inner = key.partition(".")
    variable = f"{PREFIX}{name.upper()}"
    limits = data.get("limits")
    if error["type"] == "extra_forbidden":
        limit = key.removeprefix("limits.")
        if len(error["loc"]) == 1 and limit in LimitSettings.model_fields:
            return f"{file} sets {key!r}; write it below `limits`, as in limits: {{{limit}: …}}."
        nested = len(error["loc"]) > 1
        given = not nested or (isinstance(limits, dict) and inner in limits)
        known = list(LimitSettings.model_fields if nested else Settings.model_fields)
        source = file if given else variable
        return f"{source} sets {key!r}, which is not a setting{_meant(inner or key, known)}"
    if name == "limits" and not inner:
        in_file = variable not in os.environ
        return (
            f"'limits' in {file} must hold keys such as `jobs_per_guild: 2000`."
            if in_file
            else _LIMITS_AS_JSON
        )
    name = key if name == "limits" else name
    variable = f"{PREFIX}{name.upper().replace('.', BELOW)}"
    source = variable if variable in os.environ else f"{name!r} in {file}"
    # The value of `database` may contain a password.
    given = f" is {repr(error['input'])[:_LONGEST_SHOWN]}" if key != "database" else ""
    return f"{source}{given}: {in_our_words(error)}."


def _is_host(value: str) -> bool:
    """Return whether a text is a host's name or address, with nothing beside it."""
    if ":" not in value:
        return is_handler_address(f"tcp://{value}:1")
    try:
        return IPv6Address(value).scope_id is None
    except ValueError:
        return False


def _meant(name: str, known: Iterable[str]) -> str:
    """Return the rest of a sentence about an unknown name: the one it resembles, or all that are known."""
    shown = [item for item in known if item != "api_token"]  # which no file may hold
    near = nearest(name, shown)
    return f"; did you mean `{near}`?" if near is not None else f"; known are: {', '.join(shown)}."


def _expect_bare(address: str, example: str) -> None:
    """Raise ValueError if an address has more than a scheme, a host and a port."""
    parts = urlsplit(address)
    for what, found in (
        ("a user or password", parts.username is not None or parts.password is not None),
        ("a path", parts.path not in ("", "/")),
        ("a query", "?" in address),
        ("a fragment", "#" in address),
        ("port 0", parts.port == 0),
    ):
        if found:
            raise ValueError(f"it must not hold {what}; only a scheme, a host and a port, such as {example}")


def _parts(value: str, schemes: tuple[str, ...]) -> tuple[str, int] | None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in schemes or not parts.hostname or (port is None and "tcp" in schemes):
        return None
    return parts.hostname, port or 80
