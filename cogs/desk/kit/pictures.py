"""Pictures for panels, drawn with Pillow: dark, readable on a phone, never relying on colour alone.

A phone shows a picture in a panel 265 to 360 pixels wide, so pictures have few pixels and large letters.
Pure: data in, PNG bytes out. The caller adds alternative text and the same data as a list. Drawing takes
some tens of milliseconds, and importing Pillow, too, so do both in a thread.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from cogs.desk.kit.pictured import Bar, Month
from schedulezero.model import RunState

_BACKGROUND = "#1e1f22"
_PANEL = "#2b2d31"
_LINE = "#3f4147"
_TEXT = "#f2f3f5"
_FAINT = "#b5bac1"
_ACCENT = "#5865f2"

# Read as: how a run ended, its colour, a shape with the same meaning.
_SHAPES: dict[RunState, tuple[str, str]] = {
    RunState.SUCCEEDED: ("#3ba55d", "full"),
    RunState.FAILED: ("#ed4245", "cross"),
    RunState.MISSED: ("#faa61a", "hollow"),
    RunState.SKIPPED: ("#b5bac1", "low"),
    RunState.CANCELLED: ("#72767d", "low"),
    RunState.QUEUED: ("#5865f2", "hollow"),
    RunState.UNCERTAIN: ("#faa61a", "cross"),
}

WIDTH = 720
SMALLEST = 28
"""The smallest letters, in pixels."""

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def _font(size: int) -> _Font:
    """Return a font that covers many scripts if the system has one, otherwise Pillow's own."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


@cache
def _draws(character: str) -> bool:
    """Return whether the font has a character; it draws others as an empty box."""
    if character.isascii():
        return True
    return _glyph(character) != _glyph("\U0010fffe")


def _glyph(character: str) -> bytes:
    image = Image.new("1", (32, 32))
    ImageDraw.Draw(image).text((2, 2), character, font=_font(16), fill=1)
    return image.tobytes()


def drawable(text: str) -> str:
    """Return a text without the characters that the font cannot draw (mostly emoji)."""
    drawn = (" " if c.isspace() else c for c in text if c.isspace() or (c.isprintable() and _draws(c)))
    return " ".join("".join(drawn).split())


def _fitting(draw: ImageDraw.ImageDraw, text: str, font: _Font, width: float) -> str:
    text = drawable(text)
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(f"{text}…", font) > width:
        text = text[:-1]
    return f"{text}…" if text else ""


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


# -------------------------------------------------------------------- the last runs


def timeline_png(bars: Sequence[Bar], words: Mapping[RunState, str]) -> bytes:
    """Draw the last runs as bars, oldest on the left; a taller bar took longer.

    Parameters:
        bars: at most 50.
        words: the legend's word for each state.
    """
    base = 190
    counts = Counter(bar.state for bar in bars)
    legend = _legend_rows((state, f"{words[state]} {counts[state]}") for state in _SHAPES if counts[state])
    image = Image.new("RGB", (WIDTH, base + 24 + _legend_height(legend)), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    longest = max((bar.duration.total_seconds() for bar in bars if bar.duration), default=0) or 1.0
    step = (WIDTH - 32) / 50
    left = WIDTH - 16 - step * len(bars)
    for position, bar in enumerate(bars):
        share = bar.duration.total_seconds() / longest if bar.duration else 0.0
        x = left + position * step
        _bar(draw, bar.state, (x, base - 50 - 120 * share, x + step - 4, base))
    draw.line((16, base + 4, WIDTH - 16, base + 4), fill=_LINE, width=2)
    _legend(draw, legend, base + 16)
    return _png(image)


_Row = list[tuple[RunState | None, str]]
_ROW, _MARK = 46, 22


def _legend_rows(entries: Iterable[tuple[RunState | None, str]]) -> list[_Row]:
    """Break a legend into rows that fit: states with their words; None stands for what is to come."""
    rows: list[_Row] = [[]]
    wide = 0.0
    for state, words in entries:
        words = drawable(words)
        taken = _MARK + 40 + _font(SMALLEST).getlength(words)
        if rows[-1] and wide + taken > WIDTH - 16:
            rows.append([])
            wide = 0.0
        rows[-1].append((state, words))
        wide += taken
    return rows if rows[0] else []


def _legend_height(rows: Sequence[_Row]) -> int:
    return len(rows) * _ROW


def _legend(draw: ImageDraw.ImageDraw, rows: Sequence[_Row], top: float) -> None:
    for number, row in enumerate(rows):
        x, y = 16.0, top + number * _ROW
        for state, words in row:
            _mark(draw, state, x, y + 6)
            draw.text((x + _MARK + 12, y), words, font=_font(SMALLEST), fill=_TEXT)
            x += _MARK + 40 + draw.textlength(words, _font(SMALLEST))


def _mark(draw: ImageDraw.ImageDraw, state: RunState | None, x: float, y: float) -> None:
    """Draw a run's state as a small shape; a run to come is a ring."""
    if state is None:
        draw.ellipse((x, y + 2, x + _MARK, y + 2 + _MARK), outline=_ACCENT, width=4)
    else:
        _bar(draw, state, (x, y, x + _MARK, y + _MARK + 4))


def _bar(draw: ImageDraw.ImageDraw, state: RunState, box: tuple[float, float, float, float]) -> None:
    colour, shape = _SHAPES[state]
    x0, y0, x1, y1 = box
    if shape == "low":
        draw.rectangle((x0, y1 - 8, x1, y1), fill=colour)
    elif shape == "hollow":
        draw.rectangle(box, outline=colour, width=3)
    else:
        draw.rectangle(box, fill=colour)
    if shape == "cross":
        draw.line((x0, y0, x1, y1), fill=_BACKGROUND, width=3)
        draw.line((x0, y1, x1, y0), fill=_BACKGROUND, width=3)


# -------------------------------------------------------------------- the calendar


_LINE_HEIGHT = 36
_MOST_LINES = 3  # in a day of a month
_MOST_ENTRIES = 4  # in a day of a week
_HOURS_HEIGHT = 176
# Read as: what a day of a month tells first.
_FIRST = (RunState.FAILED, RunState.MISSED, None, RunState.UNCERTAIN, RunState.SUCCEEDED)


def month_png(month: Month, *, week_of: date | None = None) -> bytes:
    """Draw a month with the number of runs on each day, or with ``week_of`` the runs of that day's week."""
    if week_of is None:
        weeks = calendar.Calendar(month.week_begins).monthdatescalendar(month.first.year, month.first.month)
        days = [day for week in weeks for day in week if day.month == month.first.month]
        lines = max(len(_counts(month, day)) for day in days)
        heights = [54 + max(lines, 1) * _LINE_HEIGHT] * len(weeks)
        top = 122
    else:
        first = week_of - timedelta(days=(week_of.weekday() - month.week_begins) % 7)
        weeks = [[day] for day in (first + timedelta(days=offset) for offset in range(7))]
        days = [day for week in weeks for day in week]
        heights = [_week_height(month, day) for day in days]
        top = 84
    seen = {entry.state for day in days for entry in month.entries.get(day, ())}
    legend = _legend_rows((state, month.words[state]) for state in (None, *_SHAPES) if state in seen)
    height = top + sum(heights) + 12 + _legend_height(legend) + _HOURS_HEIGHT
    image = Image.new("RGB", (WIDTH, height), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((16, 14), _fitting(draw, month.title, _font(40), WIDTH - 300), font=_font(40), fill=_TEXT)
    zone = _fitting(draw, month.zone, _font(SMALLEST), 260)
    at = WIDTH - 16 - draw.textlength(zone, _font(SMALLEST))
    draw.text((at, 26), zone, font=_font(SMALLEST), fill=_FAINT)
    y = float(top)
    cell = (WIDTH - 16) / len(weeks[0])
    for days_of_row, tall in zip(weeks, heights, strict=True):
        for column, day in enumerate(days_of_row):
            box = (8 + column * cell + 3, y + 3, 8 + (column + 1) * cell - 3, y + tall - 3)
            if week_of is None:
                _day_of_month(draw, month, day, box)
            else:
                _day_of_week(draw, month, day, box)
        y += tall
    if week_of is None:
        for column, name in enumerate(month.weekdays):
            said = _fitting(draw, name, _font(SMALLEST), cell - 8)
            draw.text((18 + column * cell, 82), said, font=_font(SMALLEST), fill=_FAINT)
    _legend(draw, legend, y + 12)
    _hours(draw, month, y + 12 + _legend_height(legend))
    return _png(image)


_Box = tuple[float, float, float, float]


def _frame(draw: ImageDraw.ImageDraw, month: Month, day: date, box: _Box, *, inside: bool = True) -> None:
    x0, _, x1, y1 = box
    today = day == month.today
    edge, width = (_ACCENT, 5) if today else (_LINE, 1)
    draw.rounded_rectangle(box, 10, fill=_PANEL if inside else _BACKGROUND, outline=edge, width=width)
    if day in month.dark:
        for offset in range(0, int(x1 - x0) - 12, 24):  # hatched: nothing runs
            draw.line((x0 + offset, y1 - 4, x0 + offset + 12, y1 - 16), fill=_FAINT, width=2)


def _day_of_month(draw: ImageDraw.ImageDraw, month: Month, day: date, box: _Box) -> None:
    """Draw a day's number, and how many of its runs are to come, failed, and so on."""
    x0, y0 = box[:2]
    inside = day.month == month.first.month
    _frame(draw, month, day, box, inside=inside)
    draw.text((x0 + 10, y0 + 4), str(day.day), font=_font(32), fill=_TEXT if inside else _LINE)
    for line, (state, count) in enumerate(_counts(month, day).items() if inside else ()):
        y = y0 + 44 + line * _LINE_HEIGHT
        _mark(draw, state, x0 + 10, y + 3)
        draw.text((x0 + 12 + _MARK + 8, y), str(count), font=_font(SMALLEST), fill=_TEXT)


def _counts(month: Month, day: date) -> dict[RunState | None, int]:
    """Return how many of a day's runs are to come, failed, and so on, as far as there is room for it."""
    counts: Counter[RunState | None] = Counter()
    for entry in month.entries.get(day, ()):
        counts[entry.state] += entry.count
    states = [state for state in dict.fromkeys((*_FIRST, *_SHAPES)) if counts[state]]
    return {state: counts[state] for state in states[:_MOST_LINES]}


def _week_height(month: Month, day: date) -> int:
    lines = min(len(month.entries.get(day, ())), _MOST_ENTRIES + 1)
    return 26 + max(lines, 1) * 42


def _day_of_week(draw: ImageDraw.ImageDraw, month: Month, day: date, box: _Box) -> None:
    """Draw a day as a row: its name, and its runs with their times and titles."""
    x0, y0, x1, _ = box
    _frame(draw, month, day, box)
    name = f"{month.weekdays[(day.weekday() - month.week_begins) % 7]} {day.day}"
    draw.text((x0 + 12, y0 + 8), drawable(name), font=_font(SMALLEST), fill=_TEXT)
    entries = month.entries.get(day, ())
    shown = entries if len(entries) <= _MOST_ENTRIES + 1 else entries[:_MOST_ENTRIES]
    left = x0 + 136
    for line, entry in enumerate(shown):
        y = y0 + 8 + line * 42
        _mark(draw, entry.state, left, y + 3)
        clock = drawable(entry.clock) + (f" ({entry.count}×)" if entry.count > 1 else "")
        draw.text((left + 34, y), clock, font=_font(SMALLEST), fill=_TEXT)
        at = left + 34 + draw.textlength(f"{clock}  ", _font(SMALLEST))
        title = _fitting(draw, entry.title, _font(SMALLEST), x1 - 12 - at)
        draw.text((at, y), title, font=_font(SMALLEST), fill=_FAINT)
    if len(shown) < len(entries):
        said = drawable(month.more.format(count=sum(entry.count for entry in entries[len(shown) :])))
        draw.text((left, y0 + 8 + len(shown) * 42), said, font=_font(SMALLEST), fill=_TEXT)


def _hours(draw: ImageDraw.ImageDraw, month: Month, top: float) -> None:
    """Draw the number of runs in each hour of the day as bars."""
    most = max(month.hours, default=0) or 1
    draw.text((16, top + 8), drawable(month.busy), font=_font(SMALLEST), fill=_FAINT)
    left, width, base = 16.0, (WIDTH - 32) / 24, top + 132
    for hour, count in enumerate(month.hours):
        x = left + hour * width
        tall = max(52 * count / most, 2)
        draw.rectangle((x + 2, base - tall, x + width - 2, base), fill=_ACCENT if count else _LINE)
        if count == most and hour == month.hours.index(most):
            draw.text((x + 2, base - tall - 36), str(count), font=_font(SMALLEST), fill=_TEXT)
        if hour % 6 == 0:
            draw.text((x + 2, base + 6), drawable(month.hour_names[hour]), font=_font(SMALLEST), fill=_FAINT)
