"""The groups in which jobs are offered, and the names of methods as words."""

from __future__ import annotations

import pytest

from schedulezero.methods.kinds import Group, group_of
from schedulezero.methods.spec import MethodSpec, Need, in_channel
from schedulezero.model.method_names import spoken


@pytest.mark.parametrize(
    ("needs", "group"),
    [
        ((), Group.OTHERS),
        ((Need("manage_guild"),), Group.OTHERS),
        (in_channel("channel_id", "send_messages"), Group.POSTS),
        (
            (*in_channel("channel_id", "send_messages"), Need("manage_messages", "channel_id", when="pin")),
            Group.POSTS,
        ),
        ((*in_channel("channel_id", "send_messages"), Need("manage_roles", of="invite")), Group.POSTS),
        (in_channel("channel_id", "read_message_history", "manage_messages"), Group.MESSAGES),
        ((Need("manage_roles"),), Group.PEOPLE),
        (in_channel("channel_id", "manage_channels", "manage_roles"), Group.CHANNELS),
        ((Need("create_events"), *in_channel("voice_channel_id", "manage_channels")), Group.EVENTS),
    ],
)
def test_the_group_follows_from_what_a_job_always_needs(needs: tuple[Need, ...], group: Group) -> None:
    assert group_of(MethodSpec("job", "", (), needs=needs)) is group


def test_a_direct_message_is_a_post() -> None:
    assert group_of(MethodSpec("send_dm", "", (), addressee="user_id")) is Group.POSTS


def test_the_name_of_a_method_reads_as_words() -> None:
    assert spoken("add_role_scheduled") == "Add role scheduled"
    assert (spoken("__ring__"), spoken("ring"), spoken("")) == ("Ring", "Ring", "")
