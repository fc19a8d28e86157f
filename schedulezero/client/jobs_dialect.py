"""Dialect A, with all extensions of our embedded server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from schedulezero.client.decoding import items_of, job_of, job_path, read_answer, run_of
from schedulezero.client.dialect import (
    PAGE,
    AuditPage,
    BulkChange,
    BulkOutcome,
    Dialect,
    Feature,
    JobPage,
    JobQuery,
    RunPage,
)
from schedulezero.client.http import Http, error_of
from schedulezero.errors import ClientError
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import GuildRules, Job, JobVersion, JsonObject, Run, RunState, Trouble
from schedulezero.model.audit import AuditEntry, Change, changes_json
from schedulezero.model.busy import Busy
from schedulezero.model.feed import Feed, NewFeed, Shown
from schedulezero.model.fields import written_by_people
from schedulezero.model.limits import Allowance
from schedulezero.sentences import read_sentence


class JobsDialect(Dialect):
    """The full dialect; it lacks nothing."""

    lacks: Mapping[Feature, str] = {}

    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, job: Job, by: str | None = None) -> Job:
        by = by or job.creator_id
        return job_of(await self._http.request("POST", "/api/jobs", body=_new(job), actor_id=by))

    async def create_many(self, jobs: Sequence[Job], by: str | None = None) -> tuple[Job | ClientError, ...]:
        body: JsonObject = {"jobs": [_new(job) for job in jobs]}
        answer = await self._http.request("POST", "/api/jobs/bulk-create", body=body, actor_id=by)
        results = items_of(answer, "results")
        return read_answer(
            lambda _: tuple(
                job_of(item["job"]) if "job" in item else error_of(int(item["status"]), item)
                for _, item in zip(jobs, results, strict=True)
            ),
            answer,
            "a list of results",
        )

    async def show(self, job_id: str) -> Job:
        return job_of(await self._http.request("GET", job_path(job_id)))

    async def show_with_last_run(self, job_id: str) -> tuple[Job, Run | None]:
        answer = await self._http.request("GET", job_path(job_id), query={"last_run": 1})
        last = answer.get("last_run")
        return job_of(answer), run_of(last) if last is not None else None

    async def jobs(
        self,
        guild_id: str,
        query: JobQuery = JobQuery(),  # noqa: B008 - frozen, and the same for everybody
        *,
        cursor: str | None = None,
        limit: int = PAGE,
        last_states: bool = False,
        total: bool = False,
    ) -> JobPage:
        return await self._page(
            {
                "guild_id": guild_id,
                "state": query.state.value if query.state else None,
                "method": query.method,
                "channel_id": query.channel_id,
                "creator_id": query.creator_id,
                "text": query.text,
                "sort": query.sort,
                "cursor": cursor,
                "limit": limit,
                "last_states": 1 if last_states else None,
                "total": 1 if total else None,
            }
        )

    async def due_before(self, instant: datetime, *, cursor: str | None, limit: int) -> JobPage:
        return await self._page({"due_before": to_iso(instant), "cursor": cursor, "limit": limit})

    async def _page(self, query: Mapping[str, Any]) -> JobPage:
        answer = await self._http.request("GET", "/api/jobs", query=query)
        return JobPage(
            tuple(job_of(item) for item in items_of(answer, "jobs")),
            answer.get("next_cursor"),
            read_answer(_last_states, answer, "the states of the last runs"),
            total if isinstance(total := answer.get("total"), int) else None,
        )

    async def change(self, job: Job, version: int, by: str | None = None) -> Job:
        body = {**_written(job, later=True), "version": version}
        if job.state.value == "pending":
            body["state"] = "pending"
        return await self._changed("PATCH", job_path(job.id), body, by)

    async def cancel(self, job: Job, by: str | None = None) -> Job:
        return await self._changed("DELETE", job_path(job.id), None, by)

    async def restore(
        self,
        job_id: str,
        version: int | None = None,
        *,
        expected: int | None = None,
        by: str | None = None,
    ) -> Job:
        body: JsonObject = {"version": version, "expected": expected}
        return await self._changed("POST", f"{job_path(job_id)}/restore", body, by)

    async def pause(
        self,
        job_id: str,
        until: datetime | None = None,
        by: str | None = None,
        *,
        version: int | None = None,
    ) -> Job:
        body: JsonObject = {"until": to_iso(until) if until is not None else None, "version": version}
        return await self._changed("POST", f"{job_path(job_id)}/pause", body, by)

    async def resume(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        return await self._changed("POST", f"{job_path(job_id)}/resume", {"version": version}, by)

    async def skip(self, job_id: str, by: str | None = None, *, at: datetime | None = None) -> Job:
        body: JsonObject = {"at": to_iso(at) if at is not None else None}
        return await self._changed("POST", f"{job_path(job_id)}/skip", body, by)

    async def approve(
        self, job_id: str, by: str | None = None, *, version: int | None = None, past_at_once: bool = False
    ) -> Job:
        body: JsonObject = {"version": version, "past_at_once": past_at_once}
        return await self._changed("POST", f"{job_path(job_id)}/approve", body, by)

    async def ask_for_changes(
        self, job_id: str, comment: str, by: str | None = None, *, version: int | None = None
    ) -> Job:
        body: JsonObject = {"comment": comment, "version": version}
        return await self._changed("POST", f"{job_path(job_id)}/ask-changes", body, by)

    async def _changed(self, method: str, path: str, body: JsonObject | None, by: str | None) -> Job:
        return job_of(await self._http.request(method, path, body=body, actor_id=by))

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None = None) -> BulkOutcome:
        entries = [
            {"job_id": job_id, "expected": expected, "version": change.versions.get(job_id)}
            for job_id, expected in change.jobs.items()
        ]
        body: JsonObject = {
            "guild_id": guild_id,
            "action": change.action,
            "jobs": entries,
            "params": dict(change.params),
        }
        answer = await self._http.request("POST", "/api/jobs/bulk", body=body, actor_id=by)
        return BulkOutcome(
            changed={
                str(item["job_id"]): (int(item["before"]), int(item["version"]))
                for item in items_of(answer, "changed")
            },
            refused={
                str(item["job_id"]): read_sentence(item, "message") or ""
                for item in items_of(answer, "refused")
            },
        )

    async def versions(self, job_id: str, limit: int = 20) -> tuple[JobVersion, ...]:
        answer = await self._http.request("GET", f"{job_path(job_id)}/versions", query={"limit": limit})
        return tuple(
            read_answer(JobVersion.from_json, item, "a version") for item in items_of(answer, "versions")
        )

    async def run(self, job: Job, by: str | None = None) -> Run:
        body: JsonObject = {"version": job.version}
        return run_of(await self._http.request("POST", f"{job_path(job.id)}/run", body=body, actor_id=by))

    async def missing(self, job_id: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
        body: JsonObject = {"since": to_iso(since), "until": to_iso(until)}
        answer = await self._http.request("POST", f"{job_path(job_id)}/missing", body=body)
        return read_answer(
            lambda data: tuple(from_iso(text) for text in data["instants"]), answer, "a list of instants"
        )

    async def make_up(
        self, job_id: str, at: Sequence[datetime], by: str | None = None, *, version: int | None = None
    ) -> tuple[Run, ...]:
        body: JsonObject = {"instants": [to_iso(instant) for instant in at], "version": version}
        path = f"{job_path(job_id)}/make-up"
        answer = await self._http.request("POST", path, body=body, actor_id=by)
        return tuple(run_of(item) for item in items_of(answer, "runs"))

    async def runs(
        self,
        guild_id: str | None,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
        total: bool = False,
    ) -> RunPage:
        # Without a guild, the published server's dialect has this path, too; a cursor makes the request ours.
        begin = "0" if guild_id is None else None
        query = {
            "guild_id": guild_id,
            "job_id": job_id,
            "status": state.value if state else None,
            "cursor": cursor or begin,
            "limit": limit,
            "total": 1 if total else None,
        }
        answer = await self._http.request("GET", "/api/executions", query=query)
        return RunPage(
            tuple(run_of(item) for item in items_of(answer, "records")),
            answer.get("next_cursor"),
            known if isinstance(known := answer.get("total"), int) else None,
        )

    async def run_of_message(self, guild_id: str, message_id: int) -> Run | None:
        query = {"guild_id": guild_id, "message_id": message_id, "limit": 1}
        answer = await self._http.request("GET", "/api/executions", query=query)
        found = items_of(answer, "records")
        return run_of(found[0]) if found else None

    async def troubles(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[Trouble, ...], int]:
        query = {"after": after, "wait": wait_seconds}
        answer = await self._http.request("GET", "/api/troubles", query=query, timeout=wait_seconds + 10.0)
        found = tuple(
            read_answer(Trouble.from_json, item, "a trouble") for item in items_of(answer, "troubles")
        )
        return found, int(answer.get("next") or 0)

    async def audit(
        self,
        guild_id: str,
        *,
        job_id: str | None = None,
        actor_id: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> AuditPage:
        query = {
            "guild_id": guild_id, "job_id": job_id, "actor_id": actor_id, "cursor": cursor, "limit": limit,
        }  # fmt: skip
        answer = await self._http.request("GET", "/api/audit", query=query)
        following = answer.get("next")
        return AuditPage(_entries(answer), str(following) if following else None)

    async def audit_after(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[AuditEntry, ...], int]:
        if after is None:  # return only the current end
            answer = await self._http.request("GET", "/api/audit", query={"limit": 1})
            return (), int(answer.get("newest") or 0)
        query = {"after": after, "wait": wait_seconds, "limit": 100}
        answer = await self._http.request("GET", "/api/audit", query=query, timeout=wait_seconds + 10.0)
        return _entries(answer), int(answer.get("next") or 0)

    async def note(
        self,
        action: str,
        *,
        guild_id: str,
        name: str | None = None,
        changes: Sequence[Change] = (),
        by: str | None = None,
    ) -> None:
        body: JsonObject = {
            "action": action,
            "guild_id": guild_id,
            "name": name,
            "changes": changes_json(tuple(changes)),
        }
        await self._http.request("POST", "/api/audit", body=body, actor_id=by)

    async def rules(self, guild_id: str) -> GuildRules:
        answer = await self._http.request("GET", f"/api/guilds/{guild_id}/rules")
        return read_answer(GuildRules.from_json, answer, "rules")

    async def save_rules(self, rules: GuildRules, by: str | None = None) -> GuildRules:
        body = rules.to_json()
        del body["guild_id"]
        path = f"/api/guilds/{rules.guild_id}/rules"
        answer = await self._http.request("PUT", path, body=body, actor_id=by)
        return read_answer(GuildRules.from_json, answer, "rules")

    async def forget(self, place: str) -> None:
        await self._http.request("DELETE", f"/api/guilds/{place}")

    async def allowance(self, guild_id: str, person_id: str) -> Allowance:
        query = {"creator_id": person_id}
        answer = await self._http.request("GET", f"/api/guilds/{guild_id}/limits", query=query)
        return read_answer(Allowance.from_json, answer, "limits")

    async def busiest(self) -> Sequence[Busy]:
        answer = await self._http.request("GET", "/api/guilds/busiest")
        return [read_answer(Busy.from_json, item, "a guild") for item in items_of(answer, "guilds")]

    async def feeds(self, place: str) -> tuple[Feed, ...]:
        answer = await self._http.request("GET", "/api/feeds", query={"place": place})
        return tuple(read_answer(Feed.from_json, item, "a feed") for item in items_of(answer, "feeds"))

    async def guilds_with_feeds(self) -> tuple[str, ...]:
        answer = await self._http.request("GET", "/api/feeds/guilds")
        return read_answer(lambda data: tuple(map(str, data["guilds"])), answer, "a list of guilds")

    async def make_feed(
        self, place: str, shown: Shown, *, personal: bool = False, by: str | None = None
    ) -> NewFeed:
        body: JsonObject = {"place": place, "personal": personal, **shown.to_json()}
        answer = await self._http.request("POST", "/api/feeds", body=body, actor_id=by)
        return read_answer(NewFeed.from_json, answer, "a feed")

    async def show_in_feeds(self, place: str, shown: Shown) -> int:
        answer = await self._http.request("PUT", "/api/feeds", body={"place": place, **shown.to_json()})
        return read_answer(lambda data: int(data["feeds"]), answer, "a number of feeds")

    async def renew_feed(self, place: str, feed_id: str, by: str | None = None) -> NewFeed:
        path = f"/api/feeds/{quote(feed_id, safe='')}/renew"
        answer = await self._http.request("POST", path, body={"place": place}, actor_id=by)
        return read_answer(NewFeed.from_json, answer, "a feed")

    async def revoke_feed(self, place: str, feed_id: str, by: str | None = None) -> None:
        path = f"/api/feeds/{quote(feed_id, safe='')}/revoke"
        await self._http.request("POST", path, body={"place": place}, actor_id=by)


def _entries(answer: JsonObject) -> tuple[AuditEntry, ...]:
    return tuple(
        read_answer(AuditEntry.from_json, item, "an entry of the audit")
        for item in items_of(answer, "entries")
    )


def _new(job: Job) -> JsonObject:
    """Return a new job as a request body."""
    return {**_written(job), "state": job.state.value, **({"job_id": job.id} if job.id else {})}


def _last_states(answer: Mapping[str, Any]) -> dict[str, RunState]:
    return {job_id: RunState(state) for job_id, state in answer.get("last_states", {}).items()}


def _written(job: Job, *, later: bool = False) -> JsonObject:
    """Return the fields of a job that people write, or may change later, as a request body."""
    data = job.to_json()
    return {item.key: data[item.key] for item in written_by_people(Job, later=later)}
