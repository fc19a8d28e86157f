"""The nouns of the product, frozen and typed, with their JSON: stored, carried by REST, and shown.

Nothing in this package knows of SQL, HTTP or Discord.
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
