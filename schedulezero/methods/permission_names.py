"""The names of permissions in Discord's settings, as sentences, for readers of any language."""

from __future__ import annotations

from schedulezero.sentences import Sentence

# Read as: discord.py's name of a permission, its name in the settings.
_WORDS = {
    "add_reactions": Sentence("Add Reactions", "permission_add_reactions"),
    "attach_files": Sentence("Attach Files", "permission_attach_files"),
    "connect": Sentence("Connect", "permission_connect"),
    "create_events": Sentence("Create Events", "permission_create_events"),
    "create_private_threads": Sentence("Create Private Threads", "permission_create_private_threads"),
    "create_public_threads": Sentence("Create Public Threads", "permission_create_public_threads"),
    "embed_links": Sentence("Embed Links", "permission_embed_links"),
    "manage_channels": Sentence("Manage Channels", "permission_manage_channels"),
    "manage_events": Sentence("Manage Events", "permission_manage_events"),
    "manage_guild": Sentence("Manage Server", "permission_manage_guild"),
    "manage_messages": Sentence("Manage Messages", "permission_manage_messages"),
    "manage_roles": Sentence("Manage Roles", "permission_manage_roles"),
    "manage_threads": Sentence("Manage Threads", "permission_manage_threads"),
    "manage_webhooks": Sentence("Manage Webhooks", "permission_manage_webhooks"),
    "mention_everyone": Sentence("Mention @everyone, @here and All Roles", "permission_mention_everyone"),
    "move_members": Sentence("Move Members", "permission_move_members"),
    "mute_members": Sentence("Mute Members", "permission_mute_members"),
    "pin_messages": Sentence("Pin Messages", "permission_pin_messages"),
    "read_message_history": Sentence("Read Message History", "permission_read_message_history"),
    "request_to_speak": Sentence("Request to Speak", "permission_request_to_speak"),
    "send_messages": Sentence("Send Messages", "permission_send_messages"),
    "send_messages_in_threads": Sentence("Send Messages in Threads", "permission_send_messages_in_threads"),
    "send_polls": Sentence("Create Polls", "permission_send_polls"),
    "speak": Sentence("Speak", "permission_speak"),
    "view_audit_log": Sentence("View Audit Log", "permission_view_audit_log"),
    "view_channel": Sentence("View Channel", "permission_view_channel"),
    "use_application_commands": Sentence("Use Application Commands", "permission_use_application_commands"),
}


def permission_words(permission: str) -> str:
    """Return the name of a permission in Discord's settings, as a `Sentence` if the bot speaks of it."""
    return _WORDS.get(permission, permission.replace("_", " ").title())
