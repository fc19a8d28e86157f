"""The recurrence rules and cover images that Discord takes of applications.

https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object
says under *System limitations*:

- ``count``, ``end`` and ``by_year_day`` can't be set by applications;
- ``by_weekday``, ``by_n_weekday``, and ``by_month`` with ``by_month_day``, exclude each other;
- ``by_weekday`` is for daily and weekly events: one of six known sets if daily, one day if weekly;
- ``by_n_weekday`` is for monthly events and has one entry, of the weeks 1 to 5;
- ``by_month`` and ``by_month_day`` are for annual events, both given, with one entry each;
- ``interval`` is 1, or 2 for a weekly event.

It doesn't say whether the order of a known set matters, so only the orders that it lists are taken here.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from tests.support.rules.applying import Asked, Rule, refused

_SETS = [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [6, 0, 1, 2, 3], [4, 5], [5, 6], [6, 0]]


class EventSeries(Rule):
    """Refuse other rules and images; remember the ones that were taken."""

    def __init__(self) -> None:
        self.rules: list[dict[str, Any]] = []
        self.images: list[bytes] = []

    def before(self, asked: Asked) -> None:
        if asked.method != "POST" or asked.parts[-1] != "scheduled-events" or not asked.body:
            return
        if asked.body.get("image"):
            self.images.append(_image(asked.body["image"]))
        rule = asked.body.pop("recurrence_rule", None)
        if rule is not None:
            if not _is_taken(rule) or rule["start"] != asked.body["scheduled_start_time"]:
                raise refused("recurrence_rule", "GUILD_SCHEDULED_EVENT_RECURRENCE_RULE_INVALID", str(rule))
            self.rules.append(rule)


def _image(uri: str) -> bytes:
    head, _, data = uri.partition(";base64,")
    try:
        if head not in ("data:image/png", "data:image/jpeg", "data:image/gif"):
            raise ValueError
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise refused("image", "IMAGE_INVALID", "Invalid image data") from None


def _is_taken(rule: dict[str, Any]) -> bool:
    known = {"start", "frequency", "interval", "by_weekday", "by_n_weekday", "by_month", "by_month_day"}
    by = {key: rule[key] for key in rule if key.startswith("by_")}
    datetime.fromisoformat(rule["start"])
    if not set(rule) <= known or (rule["interval"] != 1 and (rule["interval"], rule["frequency"]) != (2, 2)):
        return False
    match rule["frequency"], sorted(by):
        case 3, []:
            return True
        case 3, ["by_weekday"]:
            return by["by_weekday"] in _SETS
        case 2, ["by_weekday"]:
            return len(by["by_weekday"]) == 1 and 0 <= by["by_weekday"][0] <= 6
        case 1, ["by_n_weekday"]:
            one = len(by["by_n_weekday"]) == 1
            return one and all(
                set(nth) == {"n", "day"} and 1 <= nth["n"] <= 5 and 0 <= nth["day"] <= 6
                for nth in by["by_n_weekday"]
            )
        case 0, ["by_month", "by_month_day"]:
            months, days = by["by_month"], by["by_month_day"]
            return len(months) == 1 == len(days) and 1 <= months[0] <= 12 and 1 <= days[0] <= 31
        case _:
            return False
