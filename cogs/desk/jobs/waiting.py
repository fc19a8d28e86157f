"""What a person may do about a job that waits for approval, and who else may approve it."""

from __future__ import annotations

from dataclasses import dataclass

from cogs.command_mentions import with_mentions
from cogs.desk.jobs.lookup import MOST_VERSIONS
from cogs.desk.kit.context import Desk
from cogs.language import t
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import before_waiting, writers


@dataclass(frozen=True, slots=True)
class Waits:
    """A job that waits for approval, as one person sees it.

    Attributes:
        needed: whether the guild still wants the approval of a second person.
        wrote: whether the person had a part in what the job does.
        before: the version that ran until the job began to wait; None if it is new.
        version: its present version.
    """

    needed: bool
    wrote: bool
    before: int | None
    version: int

    @property
    def may_release(self) -> bool:
        """Whether the person may let it run, as far as that depends on who wrote it."""
        return not (self.needed and self.wrote)

    @property
    def told(self) -> str:
        """What the person should know."""
        if not self.needed:
            return t("Approval is switched off now, so whoever may create such a job can let this one run.")
        if not self.wrote:
            return t("It won't run until someone approves it.")
        alone = t("It won't run until someone other than you approves it.")
        return f"{alone} {_who_can()} {self.ways_out}"

    @property
    def refusal(self) -> str:
        """Why the person can't approve it, and what they can do."""
        return f"{t('Someone other than you must approve this.')} {_who_can()} {self.ways_out}"

    @property
    def ways_out(self) -> str:
        """What can be done where there is nobody to approve it."""
        found = [t("Whoever manages the server can switch approval off in `/schedule setup`.")]
        if self.before is not None:
            found.insert(0, t("*Take back the change* lets the job run as before."))
        return with_mentions(" ".join(found))


def _who_can() -> str:
    return t("Anyone who may schedule here and has the permissions to do what the job does can approve it.")


async def waits_of(desk: Desk, job: Job) -> Waits | None:
    """Return what a person may do about a job that waits; None if it doesn't wait."""
    if job.state is not JobState.PENDING:
        return None
    versions = await desk.client.versions(job.id, MOST_VERSIONS)
    settings = await desk.memory.settings(desk.guild.id)
    wrote = desk.actor_id in writers(job, versions)
    return Waits(
        settings.approval,
        wrote,
        before_waiting(versions),
        versions[0].job.version if versions else job.version,
    )
