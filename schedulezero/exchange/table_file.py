"""Reads a table of posts: a CSV file with a line of headings, one post in each row.

Columns, in any order and in any of our languages: when (a date, with or without a time, or any text that
*when* takes), time, channel, text, picture, alt text, name. What separates the cells is taken from the
headings: a comma, a semicolon (as spreadsheets write in much of Europe), a tab or a bar.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from schedulezero.compose import limits
from schedulezero.exchange.csv_faults import fault_in_line
from schedulezero.exchange.entries import NotTakenOver, guarded, only_the_first
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.methods.variables import keep_separators
from schedulezero.sentences import Sentence

METHOD = "send_post"
_SEPARATORS = (",", ";", "\t", "|")
_LONGEST_ROW = 100_000  # characters of one cell

_SEPARATOR_LINE = re.compile(r'\s*"?sep=[^\n]"?[,;|\t ]*\r?(?:\n|$)', re.IGNORECASE)
"""The line before the headings by which Excel is told the separator; the headings show it anyway."""

# Read as: a column, and its headings.
_HEADINGS = {
    "when": "when date datetime wann datum termin cuándo cuando fecha quand quando data",
    "time": "time hour clock zeit uhrzeit hora heure horário horario",
    "channel": "channel kanal canal salon where wo dónde donde où ou onde",
    "text": (
        "text message content post nachricht inhalt beitrag texto mensaje contenido texte contenu mensagem "
        "conteúdo"
    ),
    "picture": (
        "picture pictures image images file files attachment attachments bild bilder datei dateien imagen "
        "imágenes archivo archivos fichier fichiers imagem imagens arquivo arquivos"
    ),
    "alt": "alt alttext description beschreibung descripción descripcion descrição descricao",
    "name": "name title titel nombre título titulo nom titre nome",
}


@cache
def _columns() -> Mapping[str, str]:
    """Return heading → column; of two columns with the same heading the first one counts."""
    found: dict[str, str] = {}
    for column, headings in _HEADINGS.items():
        for heading in headings.split():
            found.setdefault(heading, column)
    return found


def without_separator_line(text: str) -> str:
    """Return a table's text from its headings on."""
    begun = _SEPARATOR_LINE.match(text)
    return (text[begun.end() :] if begun else text).lstrip("\n")


def columns_of(first_line: str) -> tuple[str, list[str]] | None:
    """Return the separator and the columns of a table's first line; None if it is no such table.

    A column that isn't known has an empty name. A table has at least *when*, and a text or a picture.
    """
    for separator in _SEPARATORS:
        try:
            cells = next(csv.reader([first_line[:2000]], delimiter=separator), list[str]())
        except csv.Error:
            continue
        names = [_columns().get(re.sub(r"[\s_*-]+", "", cell.casefold()), "") for cell in cells]
        known = [name for name in names if name]
        if len(cells) > 1 and "when" in known and {"text", "picture"} & set(known):
            return separator, names
    return None


def read_table(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """Read a table; rows without a channel go to ``channel_id``. Blank rows are left out.

    The zone and the present instant are those of whoever resolves each row's *when*.
    """
    del zone, now
    body = without_separator_line(text)
    skipped = text.count("\n") - body.count("\n")
    first, _, _ = body.partition("\n")
    found = columns_of(first)
    if found is None:
        return [Fault(1, Sentence("The first line doesn't name the columns.", "table_without_headings"))]
    separator, names = found
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        said = Sentence(
            "Two columns are called “{column}”. Rename one of them.", "table_column_twice", column=twice
        )
        return [Fault(1 + skipped, said)]
    rows = csv.reader(io.StringIO(body), delimiter=separator, strict=True)
    read: list[Entry | Fault] = []
    line = 1 + skipped
    try:
        next(rows)
        line = rows.line_num + 1 + skipped
        for row in rows:
            if any(cell.strip() for cell in row):
                if len(read) == most:
                    read.append(only_the_first(most, line))
                    break
                read.append(guarded(line, lambda row=row, line=line: _entry(row, names, line, channel_id)))
            line = rows.line_num + 1 + skipped
    except csv.Error as error:
        read.append(Fault(line, fault_in_line(error)))
    return read


def _entry(row: list[str], names: list[str], line: int, channel_id: str) -> Entry:
    if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
        raise NotTakenOver(
            "It has {count} cells, but the first line names fewer columns ({columns}). Put text that "
            "contains the separator in quotes.",
            code="table_row_too_long",
            count=len(row),
            columns=len(names),
        )
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}
    if any(len(cell) > _LONGEST_ROW for cell in cells.values()):
        raise NotTakenOver("A cell is too long.", code="table_cell_too_long")
    when = " ".join(part for part in (cells.get("when", ""), cells.get("time", "")) if part)
    if not when:
        raise NotTakenOver("It doesn't say when to post.", code="table_row_without_time")
    text, pictures = cells.get("text", ""), _pictures(cells.get("picture", ""))
    if not text and not pictures:
        raise NotTakenOver("It has no text and no picture.", code="table_row_empty")
    if len(pictures) > limits.FILES.most:
        raise NotTakenOver(
            "It has {count} pictures; Discord allows {most}.",
            code="table_row_with_many_pictures",
            count=len(pictures),
            most=limits.FILES.most,
        )
    insecure = next((name for name in pictures if name.casefold().startswith("http://")), None)
    if insecure is not None:
        raise NotTakenOver(
            "The address of a picture must begin with https://, but this one is {address}.",
            code="table_picture_without_https",
            address=insecure[:100],
        )
    alt = cells.get("alt", "")
    named = [name for name in pictures if not name.casefold().startswith("https://")]
    params: dict[str, object] = {"channel_ids": [_channel(cells.get("channel", "")) or channel_id]}
    if text:
        params["text"] = keep_separators(text)  # a row is one post, whatever lines its text has
    if named:
        params["files"] = [{"name": name, **({"alt": alt} if alt else {})} for name in named]
    linked = [{"image": {"url": name}} for name in pictures if name not in named]
    if linked:
        params["embeds"] = linked
    return Entry(line, cells.get("name") or None, METHOD, params, when)


def _pictures(cell: str) -> list[str]:
    """Return the names or addresses of a cell: one on each line, or separated by semicolons or bars."""
    return [part.strip() for part in re.split(r"[\n;|]", cell) if part.strip()]


def _channel(cell: str) -> str:
    """Return a channel's id, or ``#name``; empty if the cell is."""
    if match := re.fullmatch(r"<?#?(\d{15,20})>?", cell):
        return match[1]
    if match := re.search(r"discord(?:app)?\.com/channels/\d+/(\d{15,20})", cell):
        return match[1]
    return f"#{cell.lstrip('#')}" if cell else ""
