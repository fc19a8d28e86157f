"""All assumptions in the order in which they are tried.

Windows come after what shows them. What a person does comes before the third change of a channel's name,
for which Discord may ask to wait for minutes.
"""

from __future__ import annotations

from bot.first_day.assumption import Assumption
from bot.first_day.subjects import (
    changing_jobs,
    codes,
    commands,
    direct_messages,
    events,
    gateway,
    jobs,
    limits,
    locks,
    messages,
    people,
    selects,
    threads,
    webhooks,
)

ASSUMPTIONS: tuple[Assumption, ...] = (
    *gateway.ASSUMPTIONS,
    *commands.ASSUMPTIONS,
    *messages.ASSUMPTIONS,
    *selects.ASSUMPTIONS,
    *webhooks.ASSUMPTIONS,
    *threads.ASSUMPTIONS,
    *events.ASSUMPTIONS,
    *locks.ASSUMPTIONS,
    *codes.ASSUMPTIONS,
    *direct_messages.ASSUMPTIONS,
    *jobs.ASSUMPTIONS,
    *changing_jobs.ASSUMPTIONS,
    *people.ASSUMPTIONS,
    *limits.ASSUMPTIONS,
)
