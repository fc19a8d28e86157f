"""The product's domain objects, frozen and typed, and the JSON in which they are stored, sent and shown.

Nothing in this package depends on SQL, HTTP or Discord.
"""

from schedulezero.model.guild import GuildRules
from schedulezero.model.handler import HandlerInfo
from schedulezero.model.job import DEFAULT_GRACE, Job, JobState, JobVersion, MissedPolicy, OverlapPolicy
from schedulezero.model.json_object import JsonObject
from schedulezero.model.run import Run, RunState, Trouble, TroubleKind
from schedulezero.model.trigger import Trigger

__all__ = (
    "DEFAULT_GRACE",
    "GuildRules",
    "HandlerInfo",
    "Job",
    "JobState",
    "JobVersion",
    "JsonObject",
    "MissedPolicy",
    "OverlapPolicy",
    "Run",
    "RunState",
    "Trigger",
    "Trouble",
    "TroubleKind",
)
