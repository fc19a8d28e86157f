"""Pictures for panels, drawn with Pillow: dark, readable on a phone, never relying on colour alone.

Pure: data in, PNG bytes out. The caller adds alternative text and the same data as a list. Drawing takes
some tens of milliseconds, and importing Pillow, too, so do both in a thread.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
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
    return " ".join("".join(c for c in text if c.isprintable() and _draws(c)).split())


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
    width, height, base = 1000, 240, 170
    image = Image.new("RGB", (width, height), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    longest = max((bar.duration.total_seconds() for bar in bars if bar.duration), default=0) or 1.0
    step = (width - 40) / 50
    left = width - 20 - step * len(bars)
    for position, bar in enumerate(bars):
        share = bar.duration.total_seconds() / longest if bar.duration else 0.0
        x = left + position * step
        _bar(draw, bar.state, (x, base - 40 - 100 * share, x + step - 5, base))
    draw.line((20, base + 4, width - 20, base + 4), fill=_LINE, width=2)
    x = 24.0
    legend = [RunState.SUCCEEDED, RunState.FAILED, RunState.MISSED, RunState.SKIPPED]
    if any(bar.state is RunState.UNCERTAIN for bar in bars):
        legend.append(RunState.UNCERTAIN)
    for state in legend:
        _bar(draw, state, (x, base + 22, x + 18, base + 52))
        label = f"{words[state]} {sum(bar.state is state for bar in bars)}"
        draw.text((x + 28, base + 22), drawable(label), font=_font(24), fill=_TEXT)
        x += 60 + draw.textlength(label, _font(24))
    return _png(image)


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


# Sizes in pixels; a phone shows about a third of them, and the times must still be readable.
_WIDTH, _CELL_HEIGHT, _ENTRY_HEIGHT = 1080, 216, 60
_WEEK_HEIGHT = 700


def month_png(month: Month, *, week_of: date | None = None) -> bytes:
    """Draw a month; with ``week_of`` only the week of that day, with more room for each day."""
    weeks = calendar.Calendar(month.week_begins).monthdatescalendar(month.first.year, month.first.month)
    if week_of is not None:
        first = week_of - timedelta(days=(week_of.weekday() - month.week_begins) % 7)
        weeks = [[first + timedelta(days=offset) for offset in range(7)]]
    cell_height = _CELL_HEIGHT if week_of is None else _WEEK_HEIGHT
    top, hours_height = 126, 190
    image = Image.new("RGB", (_WIDTH, top + len(weeks) * cell_height + hours_height), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((20, 14), drawable(month.title), font=_font(50), fill=_TEXT)
    zone = _fitting(draw, month.zone, _font(30), _WIDTH / 3)
    draw.text((_WIDTH - 20 - draw.textlength(zone, _font(30)), 28), zone, font=_font(30), fill=_FAINT)
    cell_width = (_WIDTH - 16) / 7
    for column, name in enumerate(month.weekdays):
        draw.text((16 + column * cell_width, 84), drawable(name), font=_font(30), fill=_FAINT)
    for row, days in enumerate(weeks):
        for column, day in enumerate(days):
            x, y = 8 + column * cell_width, top + row * cell_height
            inside = week_of is not None or day.month == month.first.month
            _day(draw, month, day, (x + 3, y + 3, x + cell_width - 3, y + cell_height - 3), inside)
    _hours(draw, month, top + len(weeks) * cell_height)
    return _png(image)


def _day(
    draw: ImageDraw.ImageDraw,
    month: Month,
    day: date,
    box: tuple[float, float, float, float],
    inside: bool,
) -> None:
    x0, y0, x1, y1 = box
    today = day == month.today
    edge = _ACCENT if today else _LINE
    draw.rounded_rectangle(
        box, 10, fill=_PANEL if inside else _BACKGROUND, outline=edge, width=5 if today else 1
    )
    if day in month.dark:
        for offset in range(0, int(x1 - x0), 24):  # hatched: nothing runs
            draw.line((x0 + offset, y1 - 4, x0 + offset + 12, y1 - 16), fill=_FAINT, width=2)
    draw.text((x0 + 10, y0 + 6), str(day.day), font=_font(32), fill=_TEXT if inside else _LINE)
    entries = month.entries.get(day, ()) if inside else ()
    room = max(int((y1 - y0 - 48 - 28) // _ENTRY_HEIGHT), 1)
    shown = entries if len(entries) <= room else entries[:room]
    for position, entry in enumerate(shown):
        y = y0 + 46 + position * _ENTRY_HEIGHT
        if entry.state is None:
            draw.ellipse((x0 + 9, y + 8, x0 + 23, y + 22), outline=_ACCENT, width=3)
        else:
            _bar(draw, entry.state, (x0 + 9, y + 6, x0 + 23, y + 25))
        draw.text((x0 + 30, y), drawable(entry.clock), font=_font(26), fill=_TEXT)
        name = _fitting(draw, entry.title, _font(22), x1 - x0 - 18)
        draw.text((x0 + 9, y + 30), name, font=_font(22), fill=_FAINT)
    if len(shown) < len(entries):
        said = drawable(month.more.format(count=len(entries) - len(shown)))
        y = y0 + 46 + len(shown) * _ENTRY_HEIGHT
        draw.text((x0 + 9, y), said, font=_font(22), fill=_TEXT)


def _hours(draw: ImageDraw.ImageDraw, month: Month, top: float) -> None:
    """Draw the number of runs in each hour of the day as bars."""
    most = max(month.hours, default=0) or 1
    draw.text((20, top + 12), drawable(month.busy), font=_font(26), fill=_FAINT)
    left, width, base = 20.0, (_WIDTH - 40) / 24, top + 148
    for hour, count in enumerate(month.hours):
        x = left + hour * width
        tall = max(64 * count / most, 2)
        draw.rectangle((x + 3, base - tall, x + width - 3, base), fill=_ACCENT if count else _LINE)
        if count == most:
            draw.text((x + 8, base - tall - 30), str(count), font=_font(24), fill=_TEXT)
        if hour % 3 == 0:
            draw.text((x + 2, base + 8), drawable(month.hour_names[hour]), font=_font(26), fill=_FAINT)
