"""Counters and gauges for Prometheus; one registry per process, served at `/metrics`.

The bot, its handler and the embedded server share a process, and so these metrics.
(https://prometheus.io/docs/)
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from schedulezero.model import JobState, Run, RunState

CONTENT_TYPE = CONTENT_TYPE_LATEST

RUNS = Counter("schedulezero_runs", "Runs that ended, by how.", ("outcome",))
LATENESS = Histogram(
    "schedulezero_run_lateness_seconds",
    "From a run's instant to its first call.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
WAITING = Histogram(
    "schedulezero_run_waiting_seconds",
    "From when a run might begin, within its guild's limits, to its call.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
DURATION = Histogram(
    "schedulezero_run_duration_seconds",
    "How long a run's last attempt took, or the whole run if it resumes in parts.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 21600),
)
REFUSALS = Counter(
    "schedulezero_limit_refusals", "Requests that one of the owner's limits refused, by limit.", ("limit",)
)
HELD_BACK = Counter("schedulezero_runs_held_back", "Runs that waited because of the number of runs a minute.")
JOBS = Gauge("schedulezero_jobs", "Jobs in the database, by state.", ("state",))
QUEUE_DEPTH = Gauge("schedulezero_queue_depth", "Runs that wait in this node's memory.")
UNDER_WAY = Gauge("schedulezero_runs_under_way", "Calls that handlers carry out for this node now.")
READY = Gauge(
    "schedulezero_ready", "1 while this node is ready; else 0, with the code of what is wrong.", ("reason",)
)
HANDLER_UP = Gauge(
    "schedulezero_handler_up", "1 while a handler's instance shows signs of life.", ("handler_id",)
)
DISCORD_REQUESTS = Counter(
    "schedulezero_discord_requests", "Answers of Discord's API, by status.", ("status",)
)
DISCORD_LIMITED = Counter("schedulezero_discord_rate_limited", "Answers of Discord's that said 429.")
BACKGROUND_TROUBLES = Counter(
    "schedulezero_background_troubles",
    "What went wrong in the bot's background work, by part and kind of error.",
    ("part", "kind"),
)
BACKGROUND_RESTARTS = Counter(
    "schedulezero_background_restarts", "Parts of the background work that died and began again.", ("part",)
)
DISCORD_INVALID = Counter(
    "schedulezero_discord_invalid_requests",
    "Answers that Discord counts towards a ban of the address: 401, 403, and 429 unless the limit is shared.",
    ("status",),
)
DISCORD_INVALID_LATELY = Gauge(
    "schedulezero_discord_invalid_requests_lately", "Such answers in the last ten minutes."
)
GATEWAY_SHARDS = Gauge("schedulezero_gateway_shards", "Connections to Discord's gateway that this bot keeps.")
GATEWAY_CONNECTED = Gauge("schedulezero_gateway_connected", "Those of them that are connected.")
GATEWAY_LATENCY = Gauge(
    "schedulezero_gateway_latency_seconds", "From a heartbeat to its answer, on the slowest of them."
)
GATEWAY_RECONNECTS = Counter(
    "schedulezero_gateway_reconnects", "Lost connections that came back, by how: resumed or new.", ("how",)
)

TROUBLE_KINDS = ("rate_limited", "outage", "refused", "unreachable", "job_server", "database", "bug")
"""What can go wrong in the background work."""

# A series that only begins with its first event has no rate at that event.
for _state in JobState:
    JOBS.labels(_state.value).set(0)
for _outcome in RunState:
    if _outcome is not RunState.QUEUED:
        RUNS.labels(_outcome.value)
for _status in ("2xx", "3xx", "4xx", "5xx"):
    DISCORD_REQUESTS.labels(_status)
for _status in ("401", "403", "429"):
    DISCORD_INVALID.labels(_status)
for _how in ("resumed", "new"):
    GATEWAY_RECONNECTS.labels(_how)


def expect_part(part: str) -> None:
    """Show a part of the background work with zeroes, before anything goes wrong in it."""
    BACKGROUND_RESTARTS.labels(part)
    for kind in TROUBLE_KINDS:
        BACKGROUND_TROUBLES.labels(part, kind)


def note_jobs(counts: Mapping[str, int]) -> None:
    """Set how many jobs there are in each state; those that aren't named have none."""
    for state in JobState:
        JOBS.labels(state.value).set(counts.get(state.value, 0))


def note_run(run: Run) -> None:
    """Count a run that ended."""
    RUNS.labels(run.state.value).inc()
    if run.lateness is not None:
        LATENESS.observe(max(run.lateness.total_seconds(), 0.0))
    if run.waited is not None:
        WAITING.observe(max(run.waited.total_seconds(), 0.0))
    if run.duration is not None:
        DURATION.observe(max(run.duration.total_seconds(), 0.0))


def note_refusal(limit: str) -> None:
    """Count a request that a limit refused."""
    REFUSALS.labels(limit).inc()


def note_discord(status: int) -> None:
    """Count a response from Discord."""
    DISCORD_REQUESTS.labels(f"{status // 100}xx").inc()
    if status == 429:
        DISCORD_LIMITED.inc()


def note_background_trouble(part: str, kind: str) -> None:
    """Count an error in the background work."""
    BACKGROUND_TROUBLES.labels(part, kind).inc()


def note_background_restart(part: str) -> None:
    """Count a part of the background work that died and begins again."""
    BACKGROUND_RESTARTS.labels(part).inc()


def note_discord_invalid(status: int, lately: int) -> None:
    """Count an answer that Discord counts towards a ban, and set how many there were lately."""
    DISCORD_INVALID.labels(str(status)).inc()
    DISCORD_INVALID_LATELY.set(lately)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
