"""Turns an event and the changes of its single dates into jobs (RFC 5545, 3.8.4.4 and 3.8.5).

A series becomes one job if a rule of ours has exactly its instances, less the days on which it doesn't take
place. Where each time of day, or each weekday, needs a rule of its own, it becomes several jobs. What no rule
says becomes a job for each date, as long as there are few. Moved dates and RDATEs are jobs of one date each.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import dropwhile, islice, takewhile
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_events import Event
from schedulezero.exchange.recurrence import Recurrence, recurrence_of
from schedulezero.exchange.rrule_triggers import guessed, rules_of
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.said_values import said_moment
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.calendar.triggers import schedule_of

MOST_DATES = 60
"""The most dates of an event that become a job each."""
NEXT_DATES = 24
"""How many of the dates of an event that never ends."""
_A_YEAR, _TEN_YEARS = timedelta(days=366), timedelta(days=3660)
_MOST_TIMES_APART = 8
_SECOND = timedelta(seconds=1)
_ELAPSED = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
_SEASONS = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}
_BOUNDLESS = datetime(9999, 12, 31)  # noqa: DTZ001 - a wall-clock time


@dataclass(frozen=True, slots=True)
class Planned:
    """A job that an event becomes: the event with its text, its trigger and the zone of its times."""

    event: Event
    trigger: Trigger
    zone: str
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """The instances of a series from ``since`` to before ``before``, moved by ``shift``, with a text."""

    text: Event
    since: datetime
    before: datetime = _BOUNDLESS
    shift: timedelta = timedelta()


def jobs_of(event: Event, changes: Sequence[Event], now: datetime, zone: str) -> list[Planned]:
    """Return the jobs of an event whose single dates were changed. Raises Unusable if there is none.

    Parameters:
        event: The event.
        changes: The events that replace some of its dates.
        now: The present instant.
        zone: The IANA zone for jobs of single dates if the event's clock is of no such zone.
    """
    if event.cancelled:
        raise Unusable("This event was cancelled.", code="ical_event_cancelled")
    if not event.message():
        raise Unusable("This event has no SUMMARY to post.", code="ical_no_summary")
    series = _Series(event, now, event.frame.name or zone)
    moved: list[Event] = []
    onwards: list[Event] = []
    for change in changes:
        if not change.message():
            change = replace(change, summary=event.summary, description=event.description)
        if change.onwards and not change.cancelled:
            onwards.append(change)
        elif change.cancelled or not series.is_same(change):
            series.leave_out(change)
            moved += [] if change.cancelled else [change]
    found = series.jobs(onwards)
    for change in moved:
        at = change.frame.instant(change.start)
        if at > now:
            found.append(Planned(change, _once(at), change.frame.name or zone))
    if not found:
        if event.rules or event.extra or changes:
            raise Unusable("Its time has passed.", code="time_over")
        at = event.frame.instant(event.start)
        raise Unusable(
            "This event is in the past: it was on {start}.",
            code="ical_event_over",
            start=said_moment(at.astimezone(ZoneInfo(event.frame.name or zone))),
        )
    return found


def instances_of(
    event: Event, changes: Sequence[Event], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, Event]]:
    """Yield the times at which an event takes place, in no order: in the series, the instant, and as what.

    Raises Unusable if a rule can't be read.

    Parameters:
        event: The event; nothing of one that was cancelled.
        changes: The events that replace some of its dates.
        since, until: The instants between which to look, without the last one.
    """
    if event.cancelled:
        return
    series = _Series(event, since, event.frame.name or "UTC")
    single: list[Event] = []
    onwards: list[Event] = []
    for change in changes:
        if change.onwards:
            onwards.append(change)
        else:
            series.leave_out(change)
            single += [] if change.cancelled else [change]
    yield from series.instances(onwards, until)
    for change in single:
        at = change.frame.instant(change.start)
        if since <= at < until:
            yield series.changed(change), at, _with_text(change, event)


def _with_text(change: Event, event: Event) -> Event:
    """A change that has no title of its own has the text of its event."""
    if change.summary:
        return change
    return replace(change, summary=event.summary, description=event.description)


class _Series:
    """The dates of an event on its wall clock."""

    def __init__(self, event: Event, now: datetime, zone: str) -> None:
        self._event, self._now, self._zone = event, now, zone
        self._local_now = event.frame.local(now)
        self._out = set(event.out)
        self._days_out = set(event.days_out)
        self._rules = [recurrence_of(text, event) for text in event.rules]
        self._without = [recurrence_of(text, event) for text in event.without]

    def is_same(self, change: Event) -> bool:
        """Whether a changed date is the same in all that matters here."""
        return self._changed(change) == change.start and change.message() == self._event.message()

    def leave_out(self, change: Event) -> None:
        """Leave out the date that another event replaces."""
        at = self._changed(change)
        if change.changes_day or self._event.whole:
            self._days_out.add(at.date())
        else:
            self._out.add(at)

    def _changed(self, change: Event) -> datetime:
        assert change.changes is not None
        if change.changes_day or change.frame == self._event.frame:
            return change.changes
        return self._event.frame.local(change.frame.instant(change.changes))

    def changed(self, change: Event) -> datetime:
        """Return the time in the series that another event replaces."""
        return self._changed(change)

    def instances(
        self, onwards: Sequence[Event], until: datetime
    ) -> Iterator[tuple[datetime, datetime, Event]]:
        """Yield its times from the present instant, as `instances_of` does."""
        event, frame = self._event, self._event.frame
        last = frame.local(until)
        parts = [_Part(event, event.start)]
        for change in sorted(onwards, key=self._changed):
            at = self._changed(change)
            parts[-1] = replace(parts[-1], before=at)
            shift = frame.local(change.frame.instant(change.start)) - at
            if change.cancelled:
                break
            parts.append(_Part(_with_text(change, event), at, shift=shift))
        for part in parts:
            dates = self._instances() if event.rules else iter([event.start])
            before = min(part.before, last - part.shift)
            coming = dropwhile(lambda at, part=part: at < part.since, dates)
            for at in takewhile(lambda at, before=before: at < before, coming):
                if at + part.shift >= self._local_now and self._takes_place(at):
                    yield at, frame.instant(at + part.shift), part.text
        for at in event.extra:
            if self._local_now <= at < last and self._takes_place(at):
                yield at, frame.instant(at), event

    def _takes_place(self, at: datetime) -> bool:
        return at not in self._out and at.date() not in self._days_out

    def jobs(self, onwards: Sequence[Event]) -> list[Planned]:
        """The jobs of all dates that are still to come."""
        event = self._event
        if not event.rules:
            return self._listed([event.start, *event.extra], event)
        if (
            event.frame.name is not None
            and event.frame.local(event.frame.instant(event.start)) != event.start
        ):
            raise Unusable(
                "This event starts at a time that a clock change skips. Give it another time.",
                code="ical_time_skipped",
            )
        parts = [_Part(event, event.start)]
        for change in sorted(onwards, key=self._changed):
            at = self._changed(change)
            parts[-1] = replace(parts[-1], before=at)
            parts.append(_Part(change, at, shift=change.frame.local(change.frame.instant(change.start)) - at))
        found = [job for part in parts for job in self._part(part)]
        if event.extra:
            latest = max(event.extra)
            ruled = set(takewhile(lambda at: at <= latest, self._instances()))
            found += self._listed([at for at in event.extra if at not in ruled], event)
        return found

    # ---------------------------------------------------------------- rules

    def _part(self, part: _Part) -> list[Planned]:
        rules = self._as_rules()
        if rules is not None:
            bounds = self._bounds(part)
            moved = [self._moved(rule, part.shift) for rule in rules]
            if bounds is not None and all(rule is not None for rule in moved):
                return [
                    job for rule in moved if rule is not None for job in self._by_rule(rule, part, bounds)
                ]
        elif (interval := self._elapsed()) is not None and not (self._out or self._days_out or part.shift):
            bounds = self._bounds(part)
            if bounds is not None:
                starting = to_iso(self._event.frame.instant(self._event.start))
                trigger = Trigger("calendar", {"interval": interval, **bounds, "starting": starting})
                return self._if_it_comes([Planned(part.text, trigger, self._zone)])
        return self._dates(part)

    def _as_rules(self) -> list[JsonObject] | None:
        """The rules of ours that have the same instances without bounds, or None if there are none."""
        if self._event.frame.name is None:
            return None
        if len(self._rules) == 1 and not self._without:
            found = rules_of(self._rules[0], self._zone)
            if found:
                return found
        if any(rule.ends for rule in self._without) or len({rule.until for rule in self._rules}) > 1:
            return None
        counts = [rule.count for rule in self._rules if rule.count is not None]
        if counts and (len(self._rules) > 1 or self._without or counts[0] <= MOST_DATES):
            return None
        if any(rule.parts["FREQ"] == "SECONDLY" for rule in self._rules):
            return None
        endless = [Recurrence(rule.start, rule.parts, text=rule.text) for rule in self._rules]
        plain = len(endless) == 1 and not self._without and not endless[0].parts.keys() & _SEASONS
        one = guessed(_merged(endless, self._without), self._zone, plain=plain)
        return [one] if one is not None else None

    def _elapsed(self) -> JsonObject | None:
        """The interval of a rule that counts hours, minutes or seconds, where clocks never change."""
        if len(self._rules) != 1 or self._without or self._event.frame.name != "UTC":
            return None
        parts = self._rules[0].parts
        length = _ELAPSED.get(parts["FREQ"])
        if length is None or not parts.keys() <= {"FREQ", "INTERVAL", "WKST"}:
            return None
        seconds = length * int(parts.get("INTERVAL", "1"))
        for name, size in (("hours", 3600), ("minutes", 60)):
            if seconds % size == 0:
                return {name: seconds // size}
        return {"seconds": seconds}

    def _bounds(self, part: _Part) -> JsonObject | None:
        """From when to when a part lasts, as bounds of a trigger; None if it is over before it begins."""
        frame = self._event.frame
        bounds: JsonObject = {"timezone": self._zone}
        if part.since > self._local_now or part.since != self._event.start:
            bounds["starting"] = to_iso(frame.instant(part.since + part.shift))
        until = self._last()
        if part.before is not _BOUNDLESS:
            until = min(until or _BOUNDLESS, part.before - _SECOND)
        if until is not None:
            if until < part.since:
                return None
            bounds["until"] = to_iso(frame.instant(until + part.shift))
        return bounds

    def _last(self) -> datetime | None:
        """The last wall-clock time that the rules allow, or None if they never end."""
        if not all(rule.ends for rule in self._rules):
            return None
        found: list[datetime] = []
        for rule in self._rules:
            if rule.count is None:
                found += [rule.until] if rule.until is not None else []
            else:
                last = deque(rule.instances(), maxlen=1)
                found += last
        return max(found, default=self._event.start)

    @staticmethod
    def _moved(rule: JsonObject, shift: timedelta) -> JsonObject | None:
        """A rule at times moved within their day; None if they would be on other days."""
        if not shift:
            return rule
        day = datetime(2000, 1, 2)  # noqa: DTZ001 - a wall-clock time
        times = [datetime.combine(day, time.fromisoformat(moment)) + shift for moment in rule["times"]]
        if any(at.date() != day.date() for at in times):
            return None
        return {**rule, "times": [at.time().isoformat() for at in times]}

    def _by_rule(self, rule: JsonObject, part: _Part, bounds: JsonObject) -> list[Planned]:
        """The jobs of a rule: one, or one for each time of day if only some times of a day are left out."""
        times = [time.fromisoformat(moment) for moment in rule["times"]]
        out = [at + part.shift for at in self._out if (at + part.shift).time() in times]
        by_day: dict[object, set[time]] = {}
        for at in out:
            by_day.setdefault(at.date(), set()).add(at.time())
        if all(len(left) == len(times) for day, left in by_day.items() if day not in self._days_out):
            ways = [(rule, {at.date() for at in out})]
        elif len(times) <= _MOST_TIMES_APART:
            ways = [
                ({**rule, "times": [moment.isoformat()]}, {at.date() for at in out if at.time() == moment})
                for moment in times
            ]
        else:
            raise Unusable(
                "EXDATE excludes one of several times in a day; only whole days can be excluded.",
                code="ical_exdate_of_times",
            )
        found: list[Planned] = []
        for one, days in ways:
            coming = sorted(day for day in days | self._days_out if day >= self._local_now.date())
            if len(coming) > MOST_EXCLUDED:
                raise Unusable(
                    "This event excludes {count} days; the limit is {most_excluded}.",
                    code="ical_too_many_excluded",
                    count=len(coming),
                    most_excluded=MOST_EXCLUDED,
                )
            out_args = {"except": [day.isoformat() for day in coming]} if coming else {}
            trigger = Trigger("calendar", {"rule": one, **bounds, **out_args})
            found.append(Planned(part.text, trigger, self._zone))
        return self._if_it_comes(found)

    def _if_it_comes(self, jobs: list[Planned]) -> list[Planned]:
        return [
            job
            for job in jobs
            if schedule_of(job.trigger, anchor=self._now, zone=job.zone).next_after(self._now) is not None
        ]

    # ---------------------------------------------------------------- dates

    def _instances(self) -> Iterator[datetime]:
        return _merged(self._rules, self._without)

    def _dates(self, part: _Part) -> list[Planned]:
        """The coming dates of a part, a job each."""
        coming = dropwhile(
            lambda at: at < part.since or at + part.shift <= self._local_now, self._instances()
        )
        within = takewhile(lambda at: at < part.before, coming)
        left = (at for at in within if at not in self._out and at.date() not in self._days_out)
        ends = part.before is not _BOUNDLESS or all(rule.ends for rule in self._rules)
        most = MOST_DATES if ends else NEXT_DATES
        dates = [at + part.shift for at in islice(left, most + 1)]
        if ends and len(dates) > most:
            raise _too_many(most)
        if not ends:
            if len(dates) > most and dates[most - 1] - dates[0] < _A_YEAR:
                raise _too_many(most)
            dates = [at for at in dates[:most] if at - self._local_now < _TEN_YEARS] or dates[:1]
            note = Sentence(
                "No single job can repeat like this event, so each of its next dates becomes a job: "
                "{count} in all.",
                "ical_next_dates",
                count=len(dates),
            )
        else:
            note = Sentence(
                "No single job can repeat like this event, so each of its dates becomes a job.",
                "ical_all_dates",
            )
        found = self._listed(dates, part.text, filtered=True)
        if found:
            found[0] = replace(found[0], notes=(note,))
        return found

    def _listed(self, dates: Sequence[datetime], text: Event, *, filtered: bool = False) -> list[Planned]:
        """A job for each of these dates that is still to come."""
        left = sorted(
            {at for at in dates if filtered or (at not in self._out and at.date() not in self._days_out)}
        )
        instants = sorted({self._event.frame.instant(at) for at in left})
        coming = [at for at in instants if at > self._now]
        if len(coming) > MOST_DATES:
            raise _too_many(MOST_DATES)
        return [Planned(text, _once(at), self._zone) for at in coming]


def _too_many(most: int) -> Unusable:
    return Unusable(
        "No single job can repeat like this event, and it has more than {most} dates: too many to create "
        "a job for each.",
        code="ical_too_many_dates",
        most=most,
    )


def _merged(rules: Sequence[Recurrence], without: Sequence[Recurrence]) -> Iterator[datetime]:
    """The instances of any of some rules, less those of others, in order."""
    out = heapq.merge(*(rule.instances() for rule in without))
    next_out = next(out, None)
    previous: datetime | None = None
    for at in heapq.merge(*(rule.instances() for rule in rules)):
        while next_out is not None and next_out < at:
            next_out = next(out, None)
        if at != next_out and at != previous:
            yield at
        previous = at


def _once(at: datetime) -> Trigger:
    return Trigger("date", {"run_date": to_iso(at.astimezone(UTC))})
