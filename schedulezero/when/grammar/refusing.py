"""The sentences that refuse a text in more than one place."""

from __future__ import annotations

from datetime import time

from schedulezero.sentences import Sentence


def never_comes(text: str) -> Sentence:
    """Return the sentence about a text that no day from now on matches."""
    return Sentence("“{wanted}” never comes: no future date matches it.", "never_comes", wanted=text)


def two_schedules(text: str) -> Sentence:
    """Return the sentence about two schedules in one text."""
    return Sentence(
        "“{text}” contains two schedules. Create a separate job for each one. A single schedule looks "
        "like `every 2 hours 30 minutes` or `every Monday at 9`.",
        "two_schedules",
        text=text,
    )


def on_which_weekday(text: str) -> Sentence:
    """Return the question for the weekday of what comes every week."""
    return Sentence(
        "“{text}”: on which weekday? For example: `every Monday at 9`.", "on_which_weekday", text=text
    )


def on_which_days(text: str) -> Sentence:
    """Return the question for the weekdays of what comes several times a week."""
    return Sentence(
        "“{text}”: on which days? For example: `every Monday and Thursday at 9`.",
        "on_which_weekdays",
        text=text,
    )


def at_which_times(text: str) -> Sentence:
    """Return the question for what comes several times a day, a month or a year."""
    return Sentence(
        "“{text}”: at which times, or on which days? For example: `twice a day at 9 and 21`.",
        "at_which_times",
        text=text,
    )


def which_one_of(unit: str, text: str) -> Sentence:
    """Return the question which of a month's or year's weekdays is meant."""
    if unit == "year":
        return Sentence(
            "“{text}”: which one in the year? For example: `first Monday of the year`.",
            "which_one_of_the_year",
            text=text,
        )
    return Sentence(
        "“{text}”: which one in the month? For example: `first Monday of the month`.",
        "which_one_of_the_month",
        text=text,
    )


def how_often_between(text: str) -> Sentence:
    """Return the question for the step within a window of the day."""
    return Sentence(
        "“{text}”: how often between those times? For example: `every hour from 9 to 17`.",
        "how_often_between",
        text=text,
    )


def on_which_side_of_midnight(text: str) -> Sentence:
    """Return the sentence about a time in a night, of which two days may be said."""
    return Sentence(
        "“{text}” falls in the night between two days and could mean either one.", "which_night", text=text
    )


def ends_before_it_begins(first: time, last: time) -> Sentence:
    """Return the sentence about a window of the day that is said backwards."""
    return Sentence(
        "“{text}” ends before it begins.", "span_ends_before_begin", text=f"{first:%H:%M}-{last:%H:%M}"
    )
