# ruff: noqa: E501 - the values stand close together, to be read as one
"""Numbers of the command line and of the configuration: what cannot be used is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.main import main
from bot.config import ConfigError, load_settings

# Read as: arguments, and a word of the sentence.
ARGUMENTS = (
    (("when", "daily at 9", "--count", "-3"), "whole number from 0 to 1000"),
    (("when", "daily at 9", "--count", "1001"), "whole number from 0 to 1000"),
    (("when", "daily at 9", "--count", "9" * 5000), "whole number from 0 to 1000"),
    (("when", "daily at 9", "--count", "²"), "whole number from 0 to 1000"),
    (("when", "daily at 9", "--count", "1e999"), "whole number from 0 to 1000"),
    (("when", "daily at 9", "--now", "0001-01-01T00:00:00+14:00"), "0001-01-01T00:00:00+14:00"),
    (("when", "daily at 9", "--now", "0001-01-01T00:00:00Z"), "is outside the years"),
    (("when", "daily at 9", "--now", "9999-12-31T23:59:59Z"), "is outside the years"),
    (("when", "daily at 9", "--now", "9" * 5000), "isn't a date"),
    (("demo", "--port", "65536"), "whole number from 0 to 65535"),
    (("demo", "--port", "-1"), "whole number from 0 to 65535"),
    (("dev", "--port", "9" * 5000), "whole number from 0 to 65535"),
)


@pytest.mark.parametrize(("arguments", "word"), ARGUMENTS, ids=lambda item: str(item)[:40])
def test_an_argument_that_cannot_be_used_is_told(
    arguments: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(list(arguments))
    except SystemExit as ended:  # argparse's way
        status = ended.code
    assert status == 2
    assert word in capsys.readouterr().err


NUMBERS = (
    ".inf",
    "-.inf",
    ".nan",
    "1" + "0" * 30,
    "1" + "0" * 400,
    "9" * 5000,
    "-1",
    "1e308",
    "1e999",
    "٣",
    "'9'",
)
KEYS = (
    "handler_port", "history_days", "owner_guild", "log_channel", "metrics_port", "shards", "requests_per_second"
)  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", NUMBERS, ids=lambda item: item[:20])
def test_a_setting_that_cannot_be_used_is_told(tmp_path: Path, key: str, value: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{key}: {value}\n")
    try:
        settings = load_settings(file)
    except ConfigError as error:
        assert str(file) in str(error) and "\n" not in str(error) and len(str(error)) < 700
    else:
        assert value in ("٣", "'9'") and getattr(settings, key) in (3, 9)
