"""The text of a post about an event of somebody's calendar: a template, filled in. Pure.

What the calendar says is other people's text: it is shown as typed, never as markup or a mention. Start and
end become Discord's timestamps (https://discord.com/developers/docs/reference#message-formatting), which
each reader sees in their own zone. A line of the template that is left with nothing is left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from schedulezero.compose import limits
from schedulezero.errors import ParameterError
from schedulezero.exchange.occurrences import Occurrence
from schedulezero.methods.markup import escaped
from schedulezero.methods.variables import near_variable

DEFAULT = "**{title}** · {start|R}\n{start} – {end|t}\n{location}\n{link}"
"""The template of a post whose writer gave none."""
_VARIABLE = re.compile(r"\{\{|\{(?P<name>[a-zA-Z_]{1,20})(?:\|(?P<style>[^{}\n]{0,10}))?\}")
_STYLES = "tTdDfFR"
_MOST = limits.TEXT.most
_GAP = re.compile(r"(?<![ \t])[ \t]*[–—-][ \t]*$")


def stamp(at: datetime, style: str) -> str:
    """Return an instant as Discord shows it to each reader."""
    return f"<t:{int(at.timestamp())}:{style}>"


# Read as: the name of a variable, and its value; start and end take a style.
_VALUES: dict[str, Callable[[Occurrence, str], str]] = {
    "title": lambda item, _: escaped(item.title),
    "start": lambda item, style: stamp(item.starts, style or ("D" if item.whole else "F")),
    "end": lambda item, style: stamp(item.ends, style or "F") if item.ends and not item.whole else "",
    "location": lambda item, _: escaped(item.place),
    "description": lambda item, _: escaped(item.description),
    "link": lambda item, _: item.link,
}
NAMES = tuple(_VALUES)
_TIMES = ("start", "end")


def check_template(template: str) -> None:
    """Raise ParameterError for a variable that doesn't exist, or a style that Discord doesn't have."""
    for match in _VARIABLE.finditer(template):
        name, style = match["name"], match["style"]
        if name is None:
            continue
        known = name.casefold()
        if known not in _VALUES:
            near = difflib.get_close_matches(known, NAMES, 1, 0.5)
            raise ParameterError(
                "text",
                "There is no variable {match} here.{hint} You can use {known}. For a plain brace, write {{.",
                code="event_variable_unknown",
                match=match[0],
                hint=near_variable(near[0]) if near else "",
                known=", ".join(f"{{{item}}}" for item in NAMES),
            )
        if style is not None and (known not in _TIMES or style not in tuple(_STYLES)):
            raise ParameterError(
                "text",
                "“{match}” has a style that Discord doesn't know. Example: {start|R}. The styles are "
                "{styles}.",
                code="event_variable_style",
                match=match[0],
                styles=", ".join(_STYLES),
            )


def event_text(template: str, item: Occurrence) -> str:
    """Return the text of a post about an occurrence, at most as long as Discord takes.

    What is too long is cut: first the description, then the end of the text.
    """
    text = _filled(template, item)
    if len(text) > _MOST and item.description:
        over = len(text) - _MOST + 1
        # Each character may be shown as two.
        kept = item.description[: max(len(item.description) - over, 0)].rstrip()
        text = _filled(template, replace(item, description=f"{kept}…"))
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _filled(template: str, item: Occurrence) -> str:
    return "\n".join(
        line for each in template.split("\n") if (line := _line(each, item)) is not None
    ).strip() or escaped(item.title)


def _line(template: str, item: Occurrence) -> str | None:
    """A line with its variables filled in; None if all of them are empty."""
    values: list[str] = []

    def fill(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "{"
        value = _VALUES.get(match["name"].casefold())
        said = value(item, match["style"] or "") if value is not None else match[0]
        values.append(said)
        return said

    line = _VARIABLE.sub(fill, template)
    if not values:
        return line
    if not any(values):
        return None
    return line if values[-1] else _GAP.sub("", line)


def agenda_text(
    heading: str, items: list[Occurrence], day_of: Callable[[datetime], object], more: Callable[[int], str]
) -> str:
    """Return a list of occurrences by day, at most as long as Discord takes.

    Parameters:
        heading: What stands above it; may be empty.
        items: The occurrences, the earliest first.
        day_of: Returns something that tells the days of the calendar's zone apart.
        more: Returns how to say that so many more are left out.
    """
    lines = [heading] if heading else []
    day: object = None
    for number, item in enumerate(items):
        new = list[str]()
        if day_of(item.starts) != day:
            new.append(f"**{stamp(item.starts, 'D')}**")
        at = "" if item.whole else f"{stamp(item.starts, 't')} "
        place = f" · {escaped(item.place)}" if item.place else ""
        new.append(f"- {at}**{escaped(item.title)}**{place}")
        rest = more(len(items) - number)
        if len("\n".join([*lines, *new, rest])) > _MOST:
            return "\n".join([*lines, rest])
        lines += new
        day = day_of(item.starts)
    return "\n".join(lines)
