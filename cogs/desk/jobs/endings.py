"""What a job's card says about endings: the jobs that undo what a job did for a while.

`schedulezero.methods.debts` keeps them in the bot's memory: each open one is something that the bot owes.
"""

from __future__ import annotations

from cogs.desk.kit.context import Desk
from cogs.desk.kit.wording import relative, titled
from cogs.language import mark, t
from schedulezero.errors import NotFound
from schedulezero.instants import from_iso
from schedulezero.methods.debts import debt_of, read_debt
from schedulezero.methods.note_kinds import DEBT
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import ENDINGS

_MOST_SHOWN = 3

# Read as: the method of an ending, what its cancellation means; the empty name stands for all others.
_STAYS = {
    "unlock_channel": mark("Anything still locked stays locked until someone unlocks it."),
    "set_slowmode": mark("The slow mode stays until someone changes it."),
    "remove_role_scheduled": mark("Anyone who still has the role keeps it until someone removes it."),
    "set_thread": mark("The thread stays as it is until someone changes it."),
    "withdraw_post": mark("The post stays until someone deletes it."),
    "": mark("Whatever this job was going to undo will stay in place until someone undoes it by hand."),
}


async def what_stays(desk: Desk, job: Job) -> str | None:
    """Say what stays if a job is cancelled; None if it ends nothing that the bot owes."""
    debt = await debt_of(desk.memory, job.id) if job.id.startswith(ENDINGS) else None
    return t(_STAYS.get(debt.method, _STAYS[""])) if debt is not None else None


async def endings_of(desk: Desk, job: Job) -> list[str]:
    """Return a line for each ending that a job's runs have left open, the next one first."""
    notes = await desk.memory.notes(DEBT)
    debts = [read_debt(job_id, value) for job_id, value in notes.items() if value.get("follows") == job.id]
    here = sorted((debt for debt in debts if debt.guild_id == desk.guild_id), key=lambda debt: debt.due or "")
    lines: list[str] = []
    for debt in here:
        try:
            ending = await desk.client.job(debt.job_id, desk.guild_id)
        except NotFound:
            continue  # the bot saves it again, or it was called off
        at = ending.next_run_at or (from_iso(debt.due) if debt.due is not None else None)
        if ending.state is JobState.CANCELLED or at is None:
            continue
        lines.append(t("Ends {when}: {ending}", ending=titled(ending), when=relative(at)))
        if len(lines) == _MOST_SHOWN:
            break
    return lines
