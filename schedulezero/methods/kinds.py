"""The groups in which methods are offered to people. Pure.

A method's group follows from the permissions that it always needs, so that the methods of anybody's sprocket
have one without saying so.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from schedulezero.methods.spec import MethodSpec


class Group(StrEnum):
    """A group of jobs, in the order in which they are offered."""

    POSTS = "posts"
    EVENTS = "events"
    MESSAGES = "messages"
    PEOPLE = "people"
    CHANNELS = "channels"
    OTHERS = "others"


# Read as: a group, and the permissions of which its methods always need one; the first line that fits counts.
_BY_PERMISSION: tuple[tuple[Group, Collection[str]], ...] = (
    (Group.EVENTS, ("manage_events", "create_events")),
    (Group.MESSAGES, ("manage_messages",)),
    (Group.CHANNELS, ("manage_channels", "manage_threads")),
    (
        Group.PEOPLE,
        (
            "manage_roles",
            "moderate_members",
            "kick_members",
            "ban_members",
            "manage_nicknames",
            "mute_members",
            "deafen_members",
            "move_members",
        ),
    ),
    (Group.POSTS, ("send_messages", "create_public_threads", "create_private_threads")),
)


def group_of(spec: MethodSpec) -> Group:
    """Return the group of a method."""
    always = {need.permission for need in spec.needs if need.when is None and need.of != "invite"}
    for group, permissions in _BY_PERMISSION:
        if not always.isdisjoint(permissions):
            return group
    return Group.POSTS if spec.addressee is not None else Group.OTHERS
