"""Tables of posts, as spreadsheets of several countries write them: each row right, or named by its line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schedulezero.exchange.importers import read_reminder_csv, reader_of
from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.table_file import columns_of, read_table
from schedulezero.exchange.yaml_file import Entry, Fault
from schedulezero.methods.variables import shown_separators, turns

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HERE = "900000000000000001"


def rows(text: str) -> list[Entry | Fault]:
    return read_table(text, HERE, "UTC", NOW)


def found(text: str, locale: str = "en-US") -> list[Found | Fault]:
    return list(read_file(text.encode(), Asked("Europe/Berlin", locale, NOW, channel_id=HERE)))


@pytest.mark.parametrize(
    "first",
    [
        "date,channel,text,picture",
        "When;Channel;Text",
        "Datum\tUhrzeit\tKanal\tText\tBild",
        '"Fecha","Canal","Mensaje"',
        "Quand|Salon|Texte|Image",
        "data, hora, canal, texto",
        "DATE,notes,MESSAGE",
    ],
)
def test_a_table_is_known_by_its_headings(first: str) -> None:
    assert columns_of(first) is not None
    assert reader_of(f"{first}\n") is read_table


@pytest.mark.parametrize(
    "text",
    ["0 9 * * 1 date,text", "jobs:\n- name: date", "date", "username,utc_time,content", "Hello, date me"],
)
def test_other_files_are_no_tables(text: str) -> None:
    assert columns_of(text.partition("\n")[0]) is None


def test_reminder_bots_file_is_still_its_own() -> None:
    assert reader_of("name,utc_time,date,content\n") is read_reminder_csv


def test_rows_say_when_where_and_what() -> None:
    (entry,) = rows("date,time,channel,text,picture,alt,name\n2026-12-24,18:00,#art,Hi,a.png,A tree,Eve\n")
    assert isinstance(entry, Entry)
    assert (entry.line, entry.when, entry.name) == (2, "2026-12-24 18:00", "Eve")
    assert entry.params == {
        "channel_ids": ["#art"], "text": "Hi", "files": [{"name": "a.png", "alt": "A tree"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "channel"),
    [
        ("", HERE), ("art", "#art"), ("#art", "#art"), ("<#900000000000000002>", "900000000000000002"),
        ("900000000000000002", "900000000000000002"),
        ("https://discord.com/channels/1/900000000000000002", "900000000000000002"),
    ],
)  # fmt: skip
def test_channels_by_name_id_mention_or_link(cell: str, channel: str) -> None:
    (entry,) = rows(f"date,channel,text\ntomorrow,{cell},Hi\n")
    assert isinstance(entry, Entry) and entry.params["channel_ids"] == [channel]


def test_a_text_of_several_lines_counts_as_one_row_and_lines_stay_right() -> None:
    text = 'when,text\ntomorrow at 9,"one\n\ntwo, three"\n\n,nothing\ntomorrow at 10,four\n'
    entry, fault, last = rows(text)
    assert isinstance(entry, Entry) and entry.params["text"] == "one\n\ntwo, three"
    assert isinstance(fault, Fault) and fault.line == 6
    assert isinstance(last, Entry) and last.line == 7


def test_addresses_of_pictures_become_embeds() -> None:
    (entry,) = rows("date,picture\ntomorrow,https://example.com/a.png | b.png\n")
    assert isinstance(entry, Entry)
    assert entry.params["embeds"] == [{"image": {"url": "https://example.com/a.png"}}]
    assert entry.params["files"] == [{"name": "b.png"}]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",Hi,", "table_row_without_time"),
        ("tomorrow,,", "table_row_empty"),
        ("tomorrow,Hi,a.png,and, more", "table_row_too_long"),
        ("tomorrow,Hi," + "|".join(f"{n}.png" for n in range(11)), "table_row_with_many_pictures"),
        ("tomorrow,Hi,http://example.com/a.png", "table_picture_without_https"),
        ('tomorrow,"Hi,', "line_quote_open"),
        ('tomorrow,"Hi" there', "line_quote_within"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_costs_no_other(row: str, code: str) -> None:
    read = rows(f"date,text,picture\ntomorrow,first,\n{row}\n")
    assert isinstance(read[0], Entry)
    fault = read[-1]
    assert isinstance(fault, Fault) and fault.line == 3
    assert getattr(fault.message, "code", None) == code


def test_a_line_of_hyphens_in_a_text_does_not_cut_it() -> None:
    (entry,) = rows('date,text\ntomorrow,"Rules\n---\nBe kind"\n')
    assert isinstance(entry, Entry)
    text = str(entry.params["text"])
    assert turns(text) == [text] and shown_separators(text) == "Rules\n---\nBe kind"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_tells_excel_the_separator_is_skipped(first: str) -> None:
    text = f"{first}\ndate;text\ntomorrow;a, b\n;no time\n"
    assert reader_of(text) is read_table
    entry, fault = rows(text)
    assert isinstance(entry, Entry) and isinstance(fault, Fault)
    assert (entry.line, entry.params["text"], fault.line) == (3, "a, b", 4)


def test_two_columns_of_one_meaning_are_told() -> None:
    (fault,) = rows("date,text,message\ntomorrow,a,b\n")
    assert isinstance(fault, Fault) and "Two columns" in fault.message


def test_three_hundred_rows_are_read_and_what_is_over_is_told() -> None:
    lines = [f"2027-01-{1 + n % 28:02d} {n % 24:02d}:00,Post {n}" for n in range(300)]
    read = found("date,text\n" + "\n".join(lines))
    assert len(read) == 300 and all(isinstance(item, Found) for item in read)
    last = rows("date,text\n" + "\n".join(["tomorrow,x"] * 501))[-1]
    assert isinstance(last, Fault) and "500" in last.message


@pytest.mark.parametrize(
    ("cell", "locale", "run"),
    [
        ("24.12.2026 18:00", "de", "2026-12-24T17:00:00Z"),
        ("24/12/2026 18:00", "fr", "2026-12-24T17:00:00Z"),
        ("12/24/2026 6pm", "en-US", "2026-12-24T17:00:00Z"),
        ("2026-12-24T18:00:00+02:00", "en-US", "2026-12-24T16:00:00Z"),
    ],
)
def test_dates_as_spreadsheets_write_them(cell: str, locale: str, run: str) -> None:
    (item,) = found(f"Datum;Text\n{cell};Hallo\n", locale)
    assert isinstance(item, Found), item
    expected: dict[str, Any] = {"run_date": run}
    assert item.trigger.args == expected
