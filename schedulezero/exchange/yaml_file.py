"""Writes jobs to a YAML file and reads them back, for backups and for moving jobs between guilds.

    jobs:
    - name: Game night
      do: send_announcement
      when: every Friday at 19:00
      timezone: Europe/Berlin
      with:
        channel_id: "123456789012345678"
        message: Who is in?

Reading trusts nothing: it accepts plain YAML only, no aliases (a few of which can expand to gigabytes), and
limits size, depth and number. It reads each entry separately, so that a bad one is reported with its line and
doesn't affect the others. It checks each limit during parsing, so that anything beyond it costs nothing.
"""

from __future__ import annotations

import re
import time as clock
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import yaml

from schedulezero import instants
from schedulezero.errors import TriggerError, WhenError
from schedulezero.exchange import part_entries
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.model.job import DEFAULT_GRACE
from schedulezero.model.part import Part
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.language.describe import describe
from schedulezero.when.language.left_out import bounded
from schedulezero.when.language.parse import understand

_yaml: Any = yaml  # its types are partly unknown

MOST_ENTRIES = 500
LARGEST_FILE = 512 * 1024
_MOST_NODES = 25_000
_MOST_LINES = 50_000
_DEEPEST_FILE = 100
_DEEPEST = 12
_LONGEST_WHEN = 500
_DAY_NUMBER = re.compile(r"\bday_of_week=[^\s=]*[0-9]")
_LONGEST_SAYING = 5.0
"""Seconds for the sentences of a file."""
_UNPARSABLE = Sentence("This isn't valid YAML.", "yaml_unparsable")
_LONGEST_GRACE = 7 * 86_400
_LONGEST_PLAIN = 100  # characters of a number or a date; texts may be longer
_KEYS = (
    "id", "name", "do", "when", "trigger", "timezone", "with", "missed", "overlap", "grace", "state",
    "parts", "in_quiet_hours",
)  # fmt: skip
_JOB_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_STATES = (JobState.ACTIVE, JobState.PAUSED)
_COMPARED = 24
"""How many instants a text must say again to stand for a trigger."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as a file describes it; nothing is checked against a guild yet.

    Attributes:
        line: Where the entry begins in the file.
        when: A text for `schedulezero.when.language.parse`, unless there is a ``trigger``.
        trigger: When it runs, in files without such texts.
        label: Prefixes messages about the entry, in files whose line numbers don't help.
        notes: What was taken otherwise than it stands in the file.
        job_id: The job from which the entry was written.
        is_event: Whether the entry is an event of such a job, which says less than the job.
        paused: Whether that job was paused.
        grace: How late a run may begin, in seconds; None for the default.
        parts: What it does before and after its own runs; None if the file doesn't say.
    """

    line: int
    name: str | None
    method: str
    params: dict[str, Any]
    when: str
    timezone: str | None = None
    missed: MissedPolicy = MissedPolicy.LATEST
    overlap: OverlapPolicy = OverlapPolicy.ALLOW
    trigger: Trigger | None = None
    label: str = ""
    notes: tuple[Sentence, ...] = ()
    job_id: str = ""
    is_event: bool = False
    paused: bool = False
    grace: float | None = None
    parts: tuple[Part, ...] | None = None
    in_quiet_hours: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in a file, and its line."""

    line: int
    message: str


def too_large(largest: int) -> Fault:
    """Return the fault of a file with more than so many bytes."""
    return Fault(
        1, Sentence("The file is larger than {largest} KiB.", "file_too_large", largest=largest // 1024)
    )


def unreadable(error: Exception) -> Sentence:
    """Return what is wrong with an entry on which reading failed in a way that has no text of ours."""
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return Sentence("This entry can't be read: “{reason}”.", "entry_unreadable", reason=reason)


def write_jobs(jobs: Iterable[Job], now: datetime | None = None) -> str:
    """Return jobs as a YAML file that `read_jobs` reads as the same jobs.

    Schedules are sentences where they say exactly when the job runs, and triggers in the wire format
    otherwise. An interval is counted from its next run, and a job that is held begins after that.

    Parameters:
        jobs: The jobs.
        now: The present instant.
    """
    now = now or instants.now()
    entries: list[dict[str, Any]] = []
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    stop = clock.monotonic() + _LONGEST_SAYING
    for job in jobs:
        entry: dict[str, Any] = {
            "id": job.id or None,
            "name": job.name,
            "do": job.method,
            **_said(job, now, known, quick=clock.monotonic() >= stop),
            "timezone": job.trigger.zone_or(job.timezone),
            "with": dict(job.params),
        }
        if job.missed is not MissedPolicy.LATEST:
            entry["missed"] = job.missed.value
        if job.overlap is not OverlapPolicy.ALLOW:
            entry["overlap"] = job.overlap.value
        if job.in_quiet_hours:
            entry["in_quiet_hours"] = True
        if job.grace != DEFAULT_GRACE:
            entry["grace"] = job.grace.total_seconds()
        if job.state is JobState.PAUSED:
            entry["state"] = job.state.value
        if job.parts:
            entry["parts"] = part_entries.written(job.parts)
        entries.append({key: value for key, value in entry.items() if value is not None})
    return yaml.safe_dump({"jobs": entries}, allow_unicode=True, sort_keys=False, width=100)


def _said(
    job: Job, now: datetime, known: dict[tuple[Any, ...], dict[str, Any]], *, quick: bool
) -> dict[str, Any]:
    """When a job runs, worked out once for all jobs that run alike."""
    counts_itself = job.trigger.type == "interval" or "interval" in job.trigger.args
    held = job.held_until is not None and job.held_until > now
    key = (
        job.trigger.type,
        repr(job.trigger.args),
        job.timezone,
        job.anchor_at if counts_itself else None,
        job.held_until if held else None,
    )
    if key not in known:
        known[key] = _when(job, now, quick=quick)
    return known[key]


def _when(job: Job, now: datetime, *, quick: bool) -> dict[str, Any]:
    """When a job runs: ``when`` with a sentence, or ``trigger`` if no sentence says the same.

    If it has to be ``quick``, nothing is said in words, which takes some milliseconds for each job.
    """
    anchor = job.anchor_at or job.created_at or now
    sentence = describe(job.trigger, job.timezone, "en")
    trigger = job.trigger
    try:
        trigger = _fixed(job, anchor, now)
        if quick:
            return {"trigger": {"type": trigger.type, "args": dict(trigger.args)}}
        wanted = list(upcoming(schedule_of(trigger, anchor=anchor, zone=job.timezone), now, _COMPARED))
        sentence = describe(trigger, job.timezone, "en")
        read = understand(sentence, zone=trigger.zone_or(job.timezone), locale="en", now=now)
        said = len(sentence) <= _LONGEST_WHEN and list(upcoming(read.schedule, now, _COMPARED)) == wanted
    except (TriggerError, WhenError):
        said = False
    return {"when": sentence} if said else {"trigger": {"type": trigger.type, "args": dict(trigger.args)}}


def _fixed(job: Job, anchor: datetime, now: datetime) -> Trigger:
    """A job's trigger without what only its server knows: from when it counts, and until when it is held."""
    trigger = job.trigger
    held = job.held_until if job.held_until is not None and job.held_until > now else None
    if trigger.type == "date" or trigger.args.get("count") is not None:
        return trigger
    counted = trigger.type == "interval" or (
        trigger.args.get("interval") is not None and trigger.args.get("starting") is None
    )
    if not counted and held is None:
        return trigger
    following = schedule_of(trigger, anchor=anchor, zone=job.timezone).next_after(held or now)
    return bounded(trigger, {"starting": to_iso(following)}) if following is not None else trigger


def read_jobs(text: str, most: int = MOST_ENTRIES, largest: int = LARGEST_FILE) -> list[Entry | Fault]:
    """Read the entries of a YAML file; each is an entry or a fault with its line.

    Parameters:
        text: The file's text.
        most: The most entries to read.
        largest: The most bytes it may have.
    """
    if len(text.encode("utf-8", "replace")) > largest:
        return [too_large(largest)]
    if text.count("\n") > _MOST_LINES:
        return [
            Fault(
                _MOST_LINES,
                Sentence(
                    "The file has more than {most_lines} lines.",
                    "yaml_too_many_lines",
                    most_lines=_MOST_LINES,
                ),
            )
        ]
    try:
        root = _Careful(text).get_single_node()
    except _Stopped as stopped:
        return [stopped.fault]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        said = (
            Sentence("This isn't valid YAML: “{problem}”.", "yaml_problem", problem=problem)
            if problem
            else _UNPARSABLE
        )
        return [Fault(mark.line + 1 if mark is not None else 1, said)]
    except (ValueError, RecursionError):
        return [Fault(1, _UNPARSABLE)]
    found = _jobs_node(root)
    if isinstance(found, Fault):
        return [found]
    read: list[Entry | Fault] = [_entry(node) for node in found.value[:most]]
    if len(found.value) > most:
        line = found.value[most].start_mark.line + 1
        read.append(
            Fault(
                line,
                Sentence(
                    "Only the first {most} of {count} jobs were read.",
                    "yaml_too_many_jobs",
                    most=most,
                    count=len(found.value),
                ),
            )
        )
    return read


class _Stopped(Exception):
    """Parsing reached a limit."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(line, message)


class _Careful(yaml.SafeLoader):
    """Composes nodes during parsing and stops at the first one that isn't allowed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = cast(Any, self).peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Stopped(line, Sentence("Aliases (*name) aren't supported here.", "yaml_aliases"))
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise _Stopped(
                line,
                Sentence(
                    "The file has more than {most_nodes} keys and values.",
                    "yaml_too_many_nodes",
                    most_nodes=_MOST_NODES,
                ),
            )
        if self._level == _DEEPEST_FILE:
            raise _Stopped(line, Sentence("The file is nested too deeply.", "yaml_too_deep"))
        self._level += 1
        try:
            node: Any = cast(Any, super()).compose_node(parent, index)
        finally:
            self._level -= 1
        if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":str"):
            value = cast(str, node.value)
            if len(value) > _LONGEST_PLAIN:
                raise _Stopped(
                    line,
                    Sentence(
                        "This value has {length} characters, so it must be in quotes.",
                        "yaml_number_too_long",
                        length=len(value),
                    ),
                )
        return node


def _jobs_node(root: yaml.Node | None) -> yaml.SequenceNode | Fault:
    """Return the list of jobs: the file's root, or the value of ``jobs``."""
    if isinstance(root, yaml.MappingNode):
        root = next((value for key, value in root.value if getattr(key, "value", None) == "jobs"), None)
    if not isinstance(root, yaml.SequenceNode) or not root.value:
        return Fault(1, Sentence("The file needs `jobs:` with a list of jobs.", "yaml_needs_jobs"))
    return root


def _entry(node: yaml.Node) -> Entry | Fault:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        return Fault(
            line, Sentence("A job must consist of keys such as `do:` and `when:`.", "yaml_job_no_mapping")
        )
    lines: dict[str, int] = {
        str(key.value): key.start_mark.line + 1 for key, _ in node.value if isinstance(key, yaml.ScalarNode)
    }
    try:
        if _depth(node) > _DEEPEST:
            return Fault(
                line,
                Sentence(
                    "This job is nested more than {deepest} levels deep.",
                    "yaml_job_too_deep",
                    deepest=_DEEPEST,
                ),
            )
        data: Any = _yaml.SafeLoader("").construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        return Fault(
            line,
            Sentence(
                "This job can't be read: “{faults}”.",
                "yaml_job_unreadable",
                faults=" ".join(str(error).split())[:120],
            ),
        )
    given = cast("dict[Any, Any]", data)
    unknown = next((key for key in given if key not in _KEYS), None)
    if unknown is not None:
        where = lines.get(str(unknown), line)
        return Fault(
            where,
            Sentence(
                "The key {key!r} isn't allowed here. Allowed keys: {known}.",
                "yaml_unknown_key",
                key=str(unknown)[:40],
                known=[*_KEYS],
            ),
        )
    if given.get("when") is not None and given.get("trigger") is not None:
        return Fault(
            lines["trigger"],
            Sentence("A job needs either 'when' or 'trigger', not both.", "yaml_when_or_trigger"),
        )
    trigger = _trigger(given.get("trigger"))
    if given.get("trigger") is not None and trigger is None:
        return Fault(
            lines["trigger"],
            Sentence("'trigger' must contain `type:` and `args:`.", "yaml_trigger_no_mapping"),
        )
    for key in ("do",) if trigger is not None else ("do", "when"):
        if not isinstance(given.get(key), str | int | date) or isinstance(given.get(key), bool):
            return Fault(
                lines.get(key, line),
                Sentence("This job needs {key!r}, and it must be text.", "yaml_key_needed", key=key),
            )
    if trigger is None and _DAY_NUMBER.search(str(given["when"])[:_LONGEST_WHEN]):
        return Fault(
            lines["when"],
            Sentence(
                "Write weekdays as names, such as day_of_week=mon. In files from earlier versions, 0 was "
                "Monday; elsewhere it is Sunday.",
                "yaml_weekday_number",
            ),
        )
    params: Any = given.get("with") or {}
    if not isinstance(params, Mapping):
        return Fault(
            lines.get("with", line),
            Sentence("'with' must contain keys such as `message: Hello`.", "yaml_with_no_mapping"),
        )
    for key, kind in (("missed", MissedPolicy), ("overlap", OverlapPolicy), ("state", _STATES)):
        if given.get(key) is not None and given[key] not in [item.value for item in kind]:
            words = ", ".join(item.value for item in kind)
            return Fault(
                lines[key],
                Sentence("{key!r} must be one of: {words}.", "yaml_not_a_choice", key=key, words=words),
            )
    if not isinstance(given.get("in_quiet_hours") or False, bool):
        return Fault(
            lines["in_quiet_hours"],
            Sentence(
                "{key!r} must be one of: {words}.",
                "yaml_not_a_choice",
                key="in_quiet_hours",
                words="true, false",
            ),
        )
    grace = given.get("grace")
    if grace is not None and (
        isinstance(grace, bool) or not isinstance(grace, int | float) or not 1 <= grace <= _LONGEST_GRACE
    ):
        return Fault(
            lines["grace"],
            Sentence(
                "'grace' must be a number of seconds from 1 to {most}.", "yaml_grace", most=_LONGEST_GRACE
            ),
        )
    parts = part_entries.read(given["parts"]) if given.get("parts") is not None else None
    if isinstance(parts, Sentence):
        return Fault(lines["parts"], parts)
    name, zone, job_id = given.get("name"), given.get("timezone"), str(given.get("id") or "")
    return Entry(
        line=line,
        name=" ".join(str(name).split())[:100] if name is not None else None,
        method=str(given["do"])[:100],
        params={str(key): value for key, value in cast("Mapping[Any, Any]", params).items()},
        when=str(given["when"])[:_LONGEST_WHEN] if trigger is None else "",
        timezone=str(zone) if zone is not None else None,
        missed=MissedPolicy(given.get("missed") or MissedPolicy.LATEST),
        overlap=OverlapPolicy(given.get("overlap") or OverlapPolicy.ALLOW),
        trigger=trigger,
        job_id=job_id if _JOB_ID.fullmatch(job_id) else "",
        paused=given.get("state") == JobState.PAUSED,
        grace=float(grace) if grace is not None else None,
        parts=parts,
        in_quiet_hours=given.get("in_quiet_hours") is True,
    )


def _trigger(given: Any) -> Trigger | None:
    """The trigger that a job's ``trigger`` describes, or None if it is none."""
    if not isinstance(given, dict):
        return None
    found = cast("dict[Any, Any]", given)
    args: Any = found.get("args")
    if set(found) != {"type", "args"} or not isinstance(found["type"], str) or not isinstance(args, dict):
        return None
    plain = {str(key): value for key, value in cast("dict[Any, Any]", args).items()}
    return with_day_names(Trigger(found["type"][:20], plain))


def _depth(node: yaml.Node) -> int:
    deepest = 0
    stack: list[tuple[yaml.Node, int]] = [(node, 1)]
    while stack:
        item, depth = stack.pop()
        deepest = max(deepest, depth)
        if isinstance(item, yaml.SequenceNode):
            stack += [(child, depth + 1) for child in item.value]
        elif isinstance(item, yaml.MappingNode):
            stack += [(child, depth + 1) for pair in item.value for child in pair]
    return deepest
