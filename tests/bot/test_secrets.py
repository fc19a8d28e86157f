"""Passwords, tokens and keys are in no output, however they are written."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from bot.config import ConfigError, Settings, load_settings
from bot.logs import JsonFormatter, LineFormatter, hide_passwords, redact
from bot.observing import without_secrets
from cogs.memory import Memory
from schedulezero.errors import DatabaseUnusable
from schedulezero.server.service import ServerConfig
from schedulezero.storage.database import database_of, sqlite_path
from schedulezero.storage.postgres_url import without_password
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.keys import load_keys
from tests.support.command_line import end
from tests.support.world import World, said

pytestmark = pytest.mark.long

PLAIN = ("zebra77quartz", "Zebra%2577%2Fquartz")
# Read as: not percent-encoded, and whether it is clear all the same where it ends.
NASTY = {
    "zebra@quartz:w/rd": False,
    "zebra#quartz": False,
    "zebra?quartz": False,
    "zebra?quartz=1": False,
    "77/zebra": False,
    "77/zebra?quartz=1": False,
    "zebra[quartz": False,
    "zebra]quartz": False,
    "zebra\tquartz": False,
    "zebra\nquartz": False,
    "zebra℀quartz": False,
    "zebra@quartz": True,
    "zebra:quartz": True,
    "zebra%quartz": True,
    "zebra quartz": True,
    "zebra'quartz\"": True,
    "zebra\\quartz": True,
    "zébraquartz": True,
}
PASSWORDS = (*PLAIN, *NASTY)


def url(password: str, port: int = 1) -> str:
    return f"postgresql://alice:{password}@127.0.0.1:{port}/moonbase"


def leaks(text: str) -> bool:
    return any(part in text.casefold() for part in ("zebra", "quartz", "zébra", "77"))


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_configuration_never_shows_it(
    password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"database": url(password)}, ensure_ascii=False), encoding="utf-8")
    clear = password in PLAIN or NASTY[password]
    try:
        settings = load_settings(file)
        assert clear
        assert not leaks(repr(settings) + str(settings)) and "alice@127.0.0.1" in repr(settings)
        config = ServerConfig("http://127.0.0.1:1", "tcp://127.0.0.1:2", settings.database)
        assert not leaks(repr(config))
    except ConfigError as error:
        assert not clear
        assert not leaks(str(error)) and "percent-encoded, as in postgresql://user:p%40ss" in str(error)
        assert not leaks(repr(error.__cause__))
        with pytest.raises(DatabaseUnusable) as caught:
            Memory(url(password))
        assert not leaks(str(caught.value))
    assert not leaks(without_password(url(password)))


@pytest.mark.parametrize("password", PASSWORDS)
def test_no_log_line_and_no_report_shows_it(password: str) -> None:
    hide_passwords(url(password))
    for form in (
        url(password),
        password,
        quote(password, safe=""),
        repr(url(password)),
        json.dumps(password),
    ):
        for text in (f"no connection to {form}", f"Error: could not parse '{form}' (tried twice)"):
            record = logging.LogRecord("bot", logging.ERROR, "x", 1, "%s", (text,), None)
            try:
                raise ValueError(text)
            except ValueError as error:
                record.exc_info = (ValueError, error, error.__traceback__)
            shown = LineFormatter("%(message)s").format(record) + JsonFormatter().format(record)
            lines = [line for line in shown.splitlines() if "raise ValueError" not in line]
            assert not leaks("\n".join(lines).replace("zebra_", "")), lines
            event: dict[str, Any] = {"exception": [{"value": text}], "extra": {text: [text, {"a": (text,)}]}}
            assert not leaks(repr(without_secrets(event, {})))


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_connection_string_is_hidden_although_nobody_told_of_it(password: str) -> None:
    if "\n" in password:
        pytest.skip("a line break ends what can be recognised; the configuration refuses it")
    shown = redact(f"no connection to {url('k' + password)}, said x").replace("kzebra", "zebra")
    assert not leaks(shown) and "127.0.0.1:1/moonbase, said x" in shown


@pytest.mark.parametrize(
    "setting",
    [
        "postgresql:/alice:zebra@host/db",
        "postgresql+asyncpg://alice:zebra@host/db",
        "PostgreSQL://alice:zebra@host/db",
        "host=db user=alice password=zebra dbname=x",
        "mysql://alice:zebra@host/db",
    ],
)
def test_what_is_almost_a_connection_string_is_not_taken_for_a_file(setting: str) -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        sqlite_path(setting)
    assert not leaks(str(caught.value))


@pytest.mark.parametrize(
    "good",
    [
        "postgresql:///moonbase",
        "postgresql://host",
        "postgres://alice@host:5432/moonbase",
        "postgresql://alice:s%2Fx@a,b:5433/moonbase?target_session_attrs=read-write",
        "postgresql://alice:pw@[::1]:5432/moonbase?sslmode=verify-full",
        "postgresql:///moonbase?host=/var/run/postgresql&user=me@corp&password=p@x",
        "postgresql://me@corp:pw@host/moonbase",
    ],
)
def test_good_connection_strings_are_taken(good: str) -> None:
    assert database_of(good, sa.MetaData()).where
    assert "pw" not in without_password(good) and "p@x" not in without_password(good)


@pytest.mark.parametrize("password", ["zebra@quartz", "zebra#quartz", "zebra77quartz", "77/zebra"])
async def test_no_command_shows_it(settings: Settings, password: str) -> None:
    (port,) = free_ports(1)
    extra = {"SCHEDULEZERO_DATABASE": url(password, port)}
    for arguments in (("doctor",), ("server",), ("token", "list"), ("backup",), ("run",)):
        ended = await end(settings, *arguments, DISCORD_TOKEN="x.y.z", **extra)
        assert ended.status in (1, 2, 78), (arguments, ended)
        shown = (ended.out + ended.err).replace(str(port), "")
        assert not any(part in shown for part in ("zebra", "quartz", ":77", "'77")), (arguments, shown)
        assert "Traceback" not in shown


async def test_a_database_that_is_away_is_no_reason_to_give_up(settings: Settings) -> None:
    (port,) = free_ports(1)
    ended = await end(settings, "server", SCHEDULEZERO_DATABASE=url("zebra", port))
    assert ended.status == 1, "a supervisor starts it again: PostgreSQL may be starting, too"
    ended = await end(settings, "server", SCHEDULEZERO_DATABASE=url("ze/bra", port))
    assert ended.status == 78, "it does not help to start it again"


@pytest.mark.parametrize("token", ["zebra\nquartz", "zebra quartz", "zébra"])
async def test_a_token_that_is_none_is_refused_without_showing_it(settings: Settings, token: str) -> None:
    ended = await end(settings, "run", DISCORD_TOKEN=token)
    assert ended.status == 78 and ended.err.count("\n") == 1 and not leaks(ended.err)
    ended = await end(settings, "server", SCHEDULEZERO_API_TOKEN=token)
    assert ended.status == 78 and ended.err.count("\n") == 1 and not leaks(ended.err)


async def test_pieces_of_an_address_that_the_shell_took_apart(settings: Settings) -> None:
    ended = await end(settings, "move", "--to", "postgresql://alice:zebra", "quartz@host/db")
    assert ended.status == 2 and not leaks(ended.err) and "put addresses in quotes" in ended.err


def test_the_secret_key_is_in_no_text(tmp_path: Path) -> None:
    ring = load_keys(tmp_path / "keys")
    assert ring.secret not in repr(ring) and ring.secret not in str(ring)


@pytest.mark.postgresql
async def test_a_wrong_password_is_not_shown_and_explained(settings: Settings, postgres_url: str) -> None:
    head, _, tail = postgres_url.partition("://")
    database = f"{head}://nobody:zebra%quartz@{tail.rpartition('@')[2]}"
    ended = await end(settings, "server", SCHEDULEZERO_DATABASE=database)
    assert ended.status == 78 and not leaks(ended.err)
    assert 'role "nobody" does not exist' in ended.err and "percent-encoded" in ended.err


async def test_the_desk_does_not_show_it(world: World) -> None:
    shown = said(await world.owner.slash(world.channel, "schedule status"))
    assert "://" not in shown.replace("http://127.0.0.1", "").replace("tcp://127.0.0.1", "")
