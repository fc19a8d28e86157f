"""Reads what our bot sends inside a job's params to a server that has no other place for it.

A published server stores a job's method and params, and nothing else. So the bot puts the job's guild,
creator and time zone into the params, under ``_meta``; at each call they take the place of the ``context``
that our own server sends. The job function never gets them.

Whoever can make such a server call us can also leave ``_meta`` out, and then the call acts with the bot's own
rights. ``_meta`` only narrows them: to its guild, and to what its creator may do. A malformed one is refused,
because the rights that were meant are unknown. If a call's ``context`` names a guild or a creator, ``_meta``
is ignored.
"""

from __future__ import annotations

from dataclasses import replace

from schedulezero.methods.job_meta import read_meta
from schedulezero.methods.spec import META_KEY
from schedulezero.wire.protocol import Call

_READ = ("guild_id", "creator_id", "timezone")
_IDS = ("guild_id", "creator_id")


def with_meta(call: Call) -> Call:
    """Return a call without ``_meta`` in its params, and with its guild, creator and zone in the context.

    Raises ParameterError if ``_meta`` is malformed.
    """
    if META_KEY not in call.params:
        return call
    params = {name: value for name, value in call.params.items() if name != META_KEY}
    if any(call.context.get(name) is not None for name in _IDS):
        return replace(call, params=params)
    meta = read_meta(call.params[META_KEY])
    read = {name: meta[name] for name in _READ if name in meta}
    return replace(call, params=params, context={**call.context, **read})
