"""Discord's error codes that a job's requests can meet: what is wrong, what would be right, and what helps.

Discord's HTTP status says little: a full server, an archived thread and a text that AutoMod blocked are all
400 or 403. The code in the body decides what people read and whether another attempt can help. The meanings
follow https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes.
"""

from __future__ import annotations

from schedulezero.sentences import Sentence

# Read as: Discord's code, and why Discord refuses with it.
REASONS: dict[int, Sentence] = {
    10003: Sentence(
        "The channel or thread no longer exists. Choose another one in the job.",
        "discord_unknown_channel",
    ),
    10004: Sentence("I'm not in that server. Invite me again.", "discord_unknown_guild"),
    10007: Sentence(
        "The person isn't in this server any more. Take them out of the job.",
        "discord_unknown_member",
    ),
    10008: Sentence(
        "The message no longer exists. Edit the job and enter a link to another message.",
        "discord_unknown_message",
    ),
    10011: Sentence("The role no longer exists. Choose another one in the job.", "discord_unknown_role"),
    10013: Sentence(
        "There is no such Discord account. Choose another person in the job.", "discord_unknown_user"
    ),
    10014: Sentence(
        "I can't use one of the emojis. Choose one of Discord's own, or one from this server.",
        "discord_unknown_emoji",
    ),
    10015: Sentence(
        "Someone deleted my webhook in that channel. I'll create a new one on the next attempt.",
        "discord_unknown_webhook",
    ),
    10062: Sentence(
        "I can't respond to that button or command any more. Use it again.",
        "discord_unknown_interaction",
    ),
    10067: Sentence("The stage isn't open. Start its event first.", "discord_unknown_stage"),
    10070: Sentence(
        "The event no longer exists. Create it again, or choose another one.",
        "discord_unknown_event",
    ),
    10087: Sentence(
        "The forum no longer has one of the tags. Choose the tags again in the job.",
        "discord_unknown_tag",
    ),
    20009: Sentence(
        "Discord considers the message too explicit for the people who would receive it. Change the text "
        "or the picture.",
        "discord_explicit",
    ),
    20016: Sentence("The channel is in slow mode. I'll try again when it lets me.", "discord_slow_mode"),
    20022: Sentence(
        "Announcements may be edited only a few times an hour. I'll try again later.",
        "discord_announcement_edits",
    ),
    20028: Sentence(
        "Too much is being posted in the channel at once. I'll try again later.",
        "discord_channel_write_limit",
    ),
    20029: Sentence(
        "Too much is being posted in this server at once. I'll try again later.",
        "discord_server_write_limit",
    ),
    20031: Sentence(
        "Discord doesn't allow some of these words in names and topics. Change the text.",
        "discord_words_not_allowed",
    ),
    30003: Sentence(
        "The channel has 250 pinned messages, the maximum. Unpin one.",
        "discord_full_pins",
    ),
    30005: Sentence("The server has 250 roles, the maximum. Delete one.", "discord_full_roles"),
    30007: Sentence(
        "The channel has 15 webhooks, the maximum. Delete one under Edit Channel → Integrations.",
        "discord_full_webhooks",
    ),
    30010: Sentence(
        "The message has 20 different reactions, the maximum. Remove one.",
        "discord_full_reactions",
    ),
    30013: Sentence("The server has 500 channels, the maximum. Delete one.", "discord_full_channels"),
    30015: Sentence("A message can have at most 10 files. Remove some.", "discord_full_files"),
    30031: Sentence("The server already has a template. Change that one.", "discord_has_template"),
    30033: Sentence(
        "The thread has 1,000 members, the maximum. Create another one.",
        "discord_full_thread",
    ),
    30038: Sentence(
        "The server has 100 upcoming or running events, the maximum. Cancel one.",
        "discord_full_events",
    ),
    30046: Sentence(
        "Discord limits how often messages older than an hour can be edited. I'll try again later.",
        "discord_old_edits",
    ),
    30047: Sentence("The forum already has a pinned post. Unpin that one.", "discord_full_pinned_posts"),
    30058: Sentence(
        "The server has 1,000 webhooks, the maximum. Delete one under Server Settings → Integrations.",
        "discord_full_guild_webhooks",
    ),
    30060: Sentence(
        "The channel has permissions for 1,000 roles and people, the maximum. Remove some.",
        "discord_full_overwrites",
    ),
    40001: Sentence(
        "Discord doesn't accept my token. The bot's owner has to give me a valid one.",
        "discord_unauthorized",
    ),
    40003: Sentence(
        "I've opened too many direct messages in a short time. I'll try again in a minute.",
        "discord_opening_too_fast",
    ),
    40004: Sentence(
        "Discord isn't letting anyone send messages for now. I'll try again in a few minutes.",
        "discord_sending_off",
    ),
    40005: Sentence(
        "What I tried to send is too large for Discord. Use a smaller file or shorter text.",
        "discord_too_large",
    ),
    40006: Sentence(
        "Discord has switched off this feature for now. I'll try again in a few minutes.",
        "discord_feature_off",
    ),
    40007: Sentence(
        "The person is banned from this server. Lift the ban, or take them out of the job.",
        "discord_banned",
    ),
    40032: Sentence(
        "The person isn't in a voice channel. This works only while they're in one.",
        "discord_not_in_voice",
    ),
    40033: Sentence("The message is already published.", "discord_published_already"),
    40058: Sentence(
        "Messages can't be posted in a forum itself. Create a forum post, or choose an existing one.",
        "discord_forum_takes_posts",
    ),
    40060: Sentence(
        "I've already responded to that button or command. Use it again.", "discord_acknowledged"
    ),
    40062: Sentence(
        "Discord is limiting this service at the moment. I'll try again soon.",
        "discord_service_limited",
    ),
    40066: Sentence(
        "Only moderators may set the forum's tags. Give my role *Manage Threads* there.",
        "discord_tags_for_moderators",
    ),
    40067: Sentence("Posts in the forum need a tag. Choose one in the job.", "discord_tag_required"),
    40333: Sentence(
        "Discord's network is blocking my requests. I'll try again in a few minutes.",
        "discord_blocked_by_network",
    ),
    50001: Sentence(
        "I can't see the channel. Give my role *View Channel* there; for a private thread, add me to the "
        "thread.",
        "discord_missing_access",
    ),
    50003: Sentence(
        "Discord doesn't allow this in direct messages. Choose a channel in the server.",
        "discord_not_in_dm",
    ),
    50005: Sentence(
        "The message is by someone else, and only its author can edit it. Choose one of my posts.",
        "discord_not_the_author",
    ),
    50006: Sentence("There is nothing to send. Add text to the job.", "discord_empty"),
    50007: Sentence(
        "The person doesn't accept direct messages from me. They can allow direct messages in the "
        "server's privacy settings.",
        "discord_closed_to_me",
    ),
    50008: Sentence(
        "Messages can't be posted in that channel. Choose a text channel.", "discord_not_a_text_channel"
    ),
    50009: Sentence(
        "The server's verification level keeps me out of the channel. Give my role *Manage Server*, or "
        "lower the level.",
        "discord_verification_level",
    ),
    50013: Sentence(
        "I'm missing a permission, or my role isn't high enough. Under Server Settings → Roles, check "
        "that my role has the permissions the job needs and is high enough in the list.",
        "discord_missing_permissions",
    ),
    50021: Sentence(
        "Discord wrote the message itself, and nobody can change or delete it.",
        "discord_system_message",
    ),
    50024: Sentence(
        "Discord doesn't support this in that kind of channel. Choose another channel.",
        "discord_wrong_channel_type",
    ),
    50027: Sentence(
        "My webhook in that channel is no longer valid. I'll use another one on the next attempt.",
        "discord_webhook_token",
    ),
    50028: Sentence(
        "Discord doesn't accept the role for this. Choose another one in the job.",
        "discord_invalid_role",
    ),
    50033: Sentence(
        "Discord doesn't accept the recipient. Choose another person in the job.",
        "discord_invalid_recipient",
    ),
    50034: Sentence(
        "One of the messages is now older than 14 days, so they can't be deleted together. "
        "I'll delete them one by one on the next attempt.",
        "discord_too_old_for_bulk",
    ),
    50035: Sentence(
        "Discord doesn't accept part of what I sent, and says “{text}”. Change that part in the job.",
        "discord_invalid_form",
    ),
    50045: Sentence("The file is too large for this server. Use a smaller one.", "discord_file_too_large"),
    50055: Sentence(
        "Discord doesn't accept the server for this. Choose a channel in this server.",
        "discord_invalid_guild",
    ),
    50068: Sentence(
        "Discord doesn't support this for that kind of message. Choose an ordinary message.",
        "discord_wrong_message_type",
    ),
    50074: Sentence(
        "The server's Community features need this channel. Choose another one under Server Settings → "
        "Community first.",
        "discord_community_needs_it",
    ),
    50083: Sentence(
        "The thread is archived. Reopen it first, or choose another one.",
        "discord_thread_archived",
    ),
    50091: Sentence(
        "The event's location type doesn't match the one on Discord. Create the event again.",
        "discord_other_event_kind",
    ),
    50101: Sentence("The server needs more boosts for this.", "discord_needs_boosts"),
    50278: Sentence(
        "I don't share a server with this person, so I can't write to them. Invite them to one that I'm in.",
        "discord_no_shared_server",
    ),
    60003: Sentence(
        "This server requires two-factor authentication for moderation. The bot's owner has "
        "to switch it on for their own account.",
        "discord_two_factor",
    ),
    90001: Sentence(
        "The message's author has blocked me, so I can't react to it.",
        "discord_reaction_blocked",
    ),
    130000: Sentence("Discord is overloaded at the moment. I'll try again soon.", "discord_overloaded"),
    150006: Sentence(
        "The stage is already open. End what's going on there first.",
        "discord_stage_open",
    ),
    160002: Sentence(
        "I can't reply without seeing the channel's history. Give my role *Read Message History* there.",
        "discord_reply_needs_history",
    ),
    160004: Sentence("The message already has a thread. Choose another message.", "discord_has_thread"),
    160005: Sentence("The thread is locked. Unlock it, or choose another one.", "discord_thread_locked"),
    160006: Sentence(
        "The server has as many active threads as Discord allows. Archive some.",
        "discord_full_threads",
    ),
    160007: Sentence(
        "The server has as many active announcement threads as Discord allows. Archive some.",
        "discord_full_news_threads",
    ),
    180000: Sentence(
        "The event is over and can't be changed any more. Create a new one.",
        "discord_event_over",
    ),
    180002: Sentence(
        "Discord couldn't open the event's stage. Check that the stage channel exists and "
        "that I may moderate it.",
        "discord_stage_not_made",
    ),
    200000: Sentence(
        "AutoMod blocked the text. Change the text, or exempt my role from the AutoMod rule.",
        "discord_automod_message",
    ),
    200001: Sentence(
        "AutoMod blocked the title. Change the title, or exempt my role from the AutoMod rule.",
        "discord_automod_title",
    ),
    220001: Sentence(
        "In a forum, I can post under another name only inside an existing post. Choose a post in the forum.",
        "discord_webhook_needs_thread",
    ),
    240000: Sentence(
        "Discord considers a link in the post harmful. Remove the link.", "discord_harmful_link"
    ),
    400001: Sentence(
        "Discord limits file uploads in this server. Post without files.",
        "discord_uploads_limited",
    ),
    520002: Sentence(
        "That kind of channel can't have polls. Choose a text channel.",
        "discord_no_polls_here",
    ),
    520003: Sentence("A poll can't be edited. Delete it and post a new one.", "discord_polls_stay"),
}
GONE = frozenset({10003, 10007, 10008, 10011, 10013, 10067, 10070})
"""What a job acts on doesn't exist (any more)."""
FORBIDDEN = frozenset({50001, 50007, 50013, 50278, 60003, 160002})
"""Only people can change what is missing, and in most cases it is a permission."""
AGAIN = frozenset({10015, 50027, 50034})
"""The next attempt does it differently, so it may succeed; it counts as an attempt."""
# Read as: Discord's code, and the seconds to wait if Discord doesn't say. Such a wait uses up no attempt.
WAITS: dict[int, float] = {
    20016: 30.0,
    20022: 600.0,
    20028: 60.0,
    20029: 60.0,
    30046: 600.0,
    40003: 60.0,
    40004: 300.0,
    40006: 300.0,
    40062: 30.0,
    40333: 300.0,
    130000: 30.0,
}
UNREACHABLE = frozenset({50007, 50278})
"""The person can't get direct messages from the bot."""
