"""Settings: YAML under the environment, and every error one sentence with its fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.app import keys_of
from bot.config import ConfigError, Settings, load_settings, source_of
from bot.environment import told, unknown_variables
from schedulezero.model.limits import Limits


def write(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "config.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_the_shipped_file_is_the_defaults() -> None:
    shipped = Path(__file__).parent.parent.parent / "config" / "schedulezero.yaml"
    assert load_settings(shipped) == Settings()


def test_a_file_and_the_environment_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "handler_port: 6000\ntimezone: Europe/Berlin\nsprockets: [announcement]\n")
    monkeypatch.setenv("SCHEDULEZERO_HANDLER_PORT", "6001")
    monkeypatch.setenv("SCHEDULEZERO_SPROCKETS", "announcement, example")
    settings = load_settings(file)
    assert (settings.handler_port, settings.timezone) == (6001, "Europe/Berlin")
    assert settings.sprockets == ("announcement", "example")
    assert settings.handler_address == "tcp://127.0.0.1:6001"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "# nothing\n")) == Settings()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("handler_prot: 5000", ["'handler_prot'", "did you mean `handler_port`?"]),
        ("api-endpoint: x", ["'api-endpoint'", "did you mean `api_endpoint`?"]),
        ("xyzzy: 5", ["'xyzzy'", "known are: handler_id, handler_port"]),
        ("timezone: Europe/Pariss", ["such as Europe/Paris."]),
        ("limits: {jobs_per_gild: 5}", ["did you mean `jobs_per_guild`?"]),
        ("token: abc", ["'token'", "known are"]),
        ("handler_port: lots", ["'handler_port'", "'lots'", "whole number"]),
        ("handler_port: 70000", ["'handler_port'", "65535"]),
        ("server: both", ["'server'", "'embedded' or 'external'"]),
        ("timezone: Mars", ["'timezone'", "Europe/Berlin"]),
        ("server_address: 127.0.0.1:4242", ["'server_address'", "tcp://127.0.0.1:4242"]),
        ("server_address: tcp://127.0.0.1:notaport", ["'server_address'", "tcp://"]),
        ("api_endpoint: ftp://x", ["'api_endpoint'", "http://127.0.0.1:8888"]),
        ("tls_authority: /no/where.pem", ["'tls_authority'", "(No such file or directory)"]),
        (f"tls_authority: {__file__}", ["'tls_authority'", "a CA's certificates in PEM"]),
        ("database: ''", ["'database'", "it must not be empty"]),
        ("sprockets: 5", ["'sprockets'", "is 5", "a list, such as"]),
        ("sprockets: [5]", ["'sprockets'", "is 5", "a text"]),
        ("require_keys: 5", ["'require_keys'", "is 5", "true or false"]),
        ("require_keys: maybe", ["'require_keys'", "'maybe'", "true or false"]),
        ("history_days: long", ["'history_days'", "'long'", "a number"]),
        ("history_days: .inf", ["'history_days'", "36500 or less"]),
        ("history_days: .nan", ["'history_days'"]),
        ("handler_port: 5000.5", ["'handler_port'", "5000.5", "a whole number"]),
        ("handler_port: null", ["'handler_port'", "None", "a whole number"]),
        ("handler_id: 5", ["'handler_id'", "is 5", "in quotes"]),
        (f"handler_id: {'x' * 101}", ["'handler_id'", "100 characters or fewer"]),
        ("log_format: xml", ["'log_format'", "'xml'", "'text' or 'json'"]),
        ("owner_guild: 99999999999999999999999", ["'owner_guild'", "less than 18446744073709551616"]),
        ("api_endpoint: http://127.0.0.1:8888/api", ["'api_endpoint'", "8888/api'", "must not hold a path"]),
        ("api_endpoint: http://127.0.0.1:8888?x=1", ["'api_endpoint'", "must not hold a query"]),
        ("api_endpoint: http://127.0.0.1:8888/#x", ["'api_endpoint'", "must not hold a fragment"]),
        ("api_endpoint: http://me@127.0.0.1:8888", ["'api_endpoint'", "must not hold a user"]),
        ("api_endpoint: http://127.0.0.1:0", ["'api_endpoint'", "must not hold port 0"]),
        ("server_address: tcp://127.0.0.1:4242/x", ["'server_address'", "must not hold a path"]),
        ("handler_port: true", ["'handler_port'", "is True", "a whole number"]),
        ("handler_port: 1:30", ["'handler_port'", "is '1:30'", "a whole number"]),
        ("history_days: true", ["'history_days'", "is True", "a number"]),
        ("limits: {jobs_per_guild: false}", ["'limits.jobs_per_guild'", "is False", "a whole number"]),
        ("database: ':memory:'", ["`database`", "it must be a file"]),
        ("database: 'sqlite:///:memory:'", ["`database`", "it must be a file"]),
        ('handler_id: "a\\nb"', ["'handler_id'", "visible characters in one line"]),
        ("handler_host: 10.0.0.6:5000", ["'handler_host'", "is '10.0.0.6:5000'", "a host alone"]),
        ("handler_host: tcp://10.0.0.6", ["'handler_host'", "a host alone"]),
        ("timezone: 2026-13-45", ["'timezone'", "is '2026-13-45'", "Europe/Berlin"]),
        ("timezone:", ["'timezone'", "a text; give one, or remove the line"]),
        ("timezone: CEST", ["'timezone'", "such as Europe/Berlin"]),
        ("jobs_per_guild: 5", ["'jobs_per_guild'", "below `limits`, as in limits: {jobs_per_guild: …}"]),
        ("limits.jobs_per_guild: 5", ["'limits.jobs_per_guild'", "as in limits: {jobs_per_guild: …}"]),
        (
            "handler_prot: 1\napi_endpiont: x",
            ["did you mean `handler_port`?", "did you mean `api_endpoint`?"],
        ),
        ("handler_port: x\ntimezone: Mars", ["'handler_port'", "'timezone'"]),
        ("timezone: UTC\n\ntimezone: UTC", ["at line 3", "`timezone` is there already, at line 1"]),
        ("limits:\n  file_mib: 1\nshards: 2\nlimits: {}", ["at line 4", "`limits`", "at line 1"]),
        ("limits:\n  file_mib: 1\n  file_mib: 1", ["at line 3", "`file_mib`", "at line 2"]),
        ("just a text", ["must hold lines such as"]),
        ("[1, 2]", ["must hold lines such as"]),
        ("5: 6", ["must hold lines such as"]),
        ("a: [1", ["not valid YAML at line"]),
        ("a: !!python/object/apply:os.system ['true']", ["not valid YAML"]),
        (b"\xff\xfe\x00", ["cannot be read"]),
        ("limits: 5", ["'limits'", "`jobs_per_guild: 2000`"]),
        ("limits: {jobs: 5}", ["'limits.jobs'", "known are: jobs_per_guild, jobs_per_person"]),
        ("limits: {jobs_per_guild: -1}", ["'limits.jobs_per_guild'", "-1", "0 or more"]),
        ("limits: {runs_per_minute: 2000000}", ["'limits.runs_per_minute'", "1000000"]),
        ("limits: {shortest_interval_seconds: soon}", ["'limits.shortest_interval_seconds'", "'soon'"]),
        ("limits: {import_entries: 2001}", ["'limits.import_entries'", "2000"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str | bytes, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text))
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message and "nput should" not in message


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="create it or name another one with --config"):
        load_settings(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path)


@pytest.mark.long
def test_no_kind_of_error_is_told_in_the_librarys_words(tmp_path: Path) -> None:
    """Each key with values of each kind: whatever is refused is refused in our own words."""
    values = ["5", "-5", "5.5", "1e99", ".nan", ".inf", "yes", "word", "''", "[]", "[[]]", "{a: 1}", "null"]
    refused = 0
    for key in Settings.model_fields:
        for value in values:
            try:
                load_settings(write(tmp_path, f"{key}: {value}"))
            except ConfigError as error:
                refused += 1
                message = str(error)
                assert not re.search("nput should|nable to|alue error|type=", message), message
                assert key == "limits" or key in message, message
    assert refused > 150


def test_a_wrong_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_HANDLER_PORT", "many")
    with pytest.raises(ConfigError, match="SCHEDULEZERO_HANDLER_PORT is 'many'"):
        load_settings(write(tmp_path, ""))


def test_variables_of_a_published_server_stop_nothing_and_a_typo_of_ours_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULEZERO_PORT", "8888")
    monkeypatch.setenv("SCHEDULEZERO_TIMEZNOE", "Europe/Berlin")
    monkeypatch.setenv("SCHEDULEZERO_HANDLER_PORT", "5001")
    assert load_settings(write(tmp_path, "")).handler_port == 5001
    assert [(item.name, item.near) for item in unknown_variables()] == [
        ("SCHEDULEZERO_PORT", None),
        ("SCHEDULEZERO_TIMEZNOE", "SCHEDULEZERO_TIMEZONE"),
    ]
    assert source_of().endswith("and from the environment SCHEDULEZERO_HANDLER_PORT")
    said = told(unknown_variables())
    assert "SCHEDULEZERO_TIMEZNOE sets nothing; did you mean SCHEDULEZERO_TIMEZONE?" in said
    assert (
        "SCHEDULEZERO_PORT sets nothing in this bot, which has SCHEDULEZERO_HANDLER_PORT and "
        "SCHEDULEZERO_METRICS_PORT" in said
    )
    many = {f"SCHEDULEZERO_X{number}": "" for number in range(20)}
    assert told(unknown_variables(many)).endswith("and 15 more")


def test_a_misspelt_variable_of_a_limit_is_named() -> None:
    (found,) = unknown_variables({"SCHEDULEZERO_LIMITS_JOBS_PER_GUILD": "4"})
    assert found.near == "SCHEDULEZERO_LIMITS__JOBS_PER_GUILD"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LIMITS", "3", "^SCHEDULEZERO_LIMITS must be a JSON object"),
        ("LIMITS", '{"jobs": 3}', "^SCHEDULEZERO_LIMITS sets 'limits.jobs'"),
        ("HANDLER_HOST", "10.0.0.6:5000", "^SCHEDULEZERO_HANDLER_HOST is '10.0.0.6:5000'"),
        ("HANDLER_HOST", "10.0.0.6", "^In the settings: `handler_host` is not loopback"),
    ],
)
def test_no_file_is_blamed_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"SCHEDULEZERO_{name}", value)
    with pytest.raises(ConfigError, match=says):
        load_settings()


def test_files_may_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = load_settings(write(tmp_path, "database: ~/x.db\nkeys: ~/keys\n"))
    assert (found.database, found.keys) == (f"{tmp_path}/x.db", f"{tmp_path}/keys")
    found = load_settings(write(tmp_path, "database: sqlite:///~/x.db"))
    assert found.database == f"sqlite:///{tmp_path}/x.db"


def test_a_whole_number_with_a_leading_zero_is_not_octal(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "handler_port: 05000")).handler_port == 5000


ELSEWHERE = "server: external\nserver_address: tcp://10.0.0.5:4242\nhandler_host: 10.0.0.6\n"


def test_a_server_without_keys_on_another_machine_takes_an_explicit_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plain_zeromq: true.*read and forge calls"):
        load_settings(write(tmp_path, ELSEWHERE))
    plain = load_settings(write(tmp_path, f"{ELSEWHERE}plain_zeromq: true"))
    assert plain.is_plain_beyond_this_machine and keys_of(plain) is None
    assert not load_settings(
        write(tmp_path, "server: external\nplain_zeromq: true")
    ).is_plain_beyond_this_machine
    for rest, said in (
        ("plain_zeromq: true", "is for a published"),
        (f"{ELSEWHERE}plain_zeromq: true\nrequire_keys: true", "require_keys` contradict"),
        (f"{ELSEWHERE}plain_zeromq: true\nserver_key: '{'a' * 40}'", "server_key` contradict"),
    ):
        with pytest.raises(ConfigError, match=said):
            load_settings(write(tmp_path, rest))


def test_limits_have_defaults_and_zero_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(write(tmp_path, "limits:\n")).limits.limits() == Limits()
    file = write(tmp_path, "limits: {jobs_per_guild: 0, runs_per_minute: null, jobs_per_person: 7}")
    monkeypatch.setenv("SCHEDULEZERO_LIMITS__JOBS_PER_PERSON", "8")
    monkeypatch.setenv("SCHEDULEZERO_LIMITS__SHORTEST_REMINDER_SECONDS", "0")
    assert load_settings(file).limits.limits() == Limits(
        jobs_per_guild=None, runs_per_minute=None, jobs_per_person=8, shortest_reminder_seconds=None
    )


def test_a_wrong_limit_of_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULEZERO_LIMITS__JOBS_PER_GUILD", "many")
    with pytest.raises(ConfigError, match="SCHEDULEZERO_LIMITS__JOBS_PER_GUILD is 'many'"):
        load_settings(write(tmp_path, ""))
    monkeypatch.delenv("SCHEDULEZERO_LIMITS__JOBS_PER_GUILD")
    monkeypatch.setenv("SCHEDULEZERO_LIMITS__JOBS", "5")
    with pytest.raises(ConfigError, match="SCHEDULEZERO_LIMITS__JOBS sets no key"):
        load_settings(write(tmp_path, ""))
    monkeypatch.delenv("SCHEDULEZERO_LIMITS__JOBS")
    monkeypatch.setenv("SCHEDULEZERO_LIMITS", "lots")
    with pytest.raises(ConfigError, match="SCHEDULEZERO_LIMITS must be a JSON object"):
        load_settings(write(tmp_path, ""))
