"""What people type in a text becomes what Discord's client would send. Pure.

The corpus is in the spirit of public reports about clients, bridges and exporters: mentions inside code
(matrix-appservice-discord 55, Discord.Net 1314, DiscordChatExporter 142), punctuation right after a name
(ircdiscord 25), names with blanks (discord-cli 29), addresses taken for mentions, nicknames that are words.
"""

from __future__ import annotations

import time

import pytest

from schedulezero.compose.typed_text import Code, as_sent, as_typed, directory_of, typed_roles, unsilenced

HERE = directory_of(
    roles=[
        (1, "Moderators"), (2, "Role With Blanks"), (3, "Role"), (4, "Twin"), (5, "Twin"), (6, "VIP+"),
        (7, "🎉 Party"), (8, "A.B"), (9, "Straße"), (10, "case"), (11, "CASE"), (12, "C++"),
        (13, "Event-Team"),
    ],
    members=[
        (21, ["Pia M."], "pia"), (22, ["Pia"], "pia.miller"), (23, ["Bob"], "bobby"), (24, ["Bob"], "bob2"),
        (25, ["Zoë"], "zoe"), (26, ["Twin Peaks"], "peaks_"), (27, ["am"], "am_i"),
    ],
    channels=[
        (31, "announcements"), (32, "general"), (33, "general-chat"), (34, "🎉-party"), (35, "Stage Night"),
        (36, "art"), (37, "art"), (38, "日本語"),
    ],
    emojis=[
        (41, "party", False), (42, "wave", True), (43, "two", False), (44, "two", False), (45, "Cat", False),
    ],
    commands=[("51", "schedule list"), ("51", "schedule create"), ("52", "remind")],
)  # fmt: skip

# Read as: what is typed, and what is sent.
CORPUS = [
    # names
    ("Hello @Moderators", "Hello <@&1>"),
    ("@Moderators", "<@&1>"),
    ("@moderators look", "<@&1> look"),
    ("@MODERATORS!", "<@&1>!"),
    ("@Moderators, look", "<@&1>, look"),
    ("@Moderators: look", "<@&1>: look"),
    ("(@Moderators)", "(<@&1>)"),
    ("**@Moderators**", "**<@&1>**"),
    ("_@Moderators_", "_<@&1>_"),
    ("||@Moderators||", "||<@&1>||"),
    ("> @Moderators", "> <@&1>"),
    ("@Moderators's day", "<@&1>'s day"),
    ("@Moderators @Role", "<@&1> <@&3>"),
    ("@Moderators@Role", "<@&1><@&3>"),
    ("@Role With Blanks today", "<@&2> today"),
    ("@role with blanks", "<@&2>"),
    ("@Role With blinks", "<@&3> With blinks"),
    ("@Role", "<@&3>"),
    ("@Roles", "@Roles"),
    ("@Role_x", "@Role_x"),
    ("@VIP+ and @C++.", "<@&6> and <@&12>."),
    ("@🎉 Party!", "<@&7>!"),
    ("@A.B", "<@&8>"),
    ("@STRASSE @straße", "<@&9> <@&9>"),
    ("@case @CASE", "<@&10> <@&11>"),
    ("@Case", "@Case"),  # either of two
    ("@Twin", "@Twin"),
    ("@Twin Peaks", "<@26>"),
    ("@Event-Team", "<@&13>"),
    ("@Role-play", "<@&3>-play"),
    ("@pia", "<@21>"),  # the user name, which is one's own, before a display name
    ("@Pia", "<@22>"),  # written like it
    ("@Pia M.", "<@21>"),
    ("@pia.", "<@21>."),
    ("@pia.miller", "<@22>"),
    ("@pia.smith", "@pia.smith"),
    ("@Bob", "@Bob"),  # two of the name
    ("@bobby", "<@23>"),
    ("@zoë @Zoë", "<@25> <@25>"),
    ("@Zoe\u0308", "<@25>"),  # the same name, composed otherwise
    ("I am here", "I am here"),
    ("@peaks_", "<@26>"),
    # channels
    ("see #announcements.", "see <#31>."),
    ("#general-chat", "<#33>"),
    ("#general-chats", "#general-chats"),
    ("#general, now", "<#32>, now"),
    ("#General", "<#32>"),
    ("#🎉-party", "<#34>"),
    ("#Stage Night", "<#35>"),
    ("#art", "#art"),
    ("#日本語", "<#38>"),
    ("# general", "# general"),
    ("## general", "## general"),
    ("issue#general", "issue#general"),
    ("#1 #2", "#1 #2"),
    # emojis
    (":party:", "<:party:41>"),
    (":party::wave:", "<:party:41><a:wave:42>"),
    ("yes:party:yes", "yes<:party:41>yes"),
    (":Party: :cat:", ":Party: :cat:"),
    (":Cat:", "<:Cat:45>"),
    (":two:", ":two:"),
    ("at 10:30:00", "at 10:30:00"),
    ("std::party::x", "std:<:party:41>:x"),
    # commands
    ("use /schedule list", "use </schedule list:51>"),
    ("/remind", "</remind:52>"),
    ("/schedule", "/schedule"),
    ("/schedule lists", "/schedule lists"),
    ("and/or /remind/me", "and/or </remind:52>/me"),
    ("~/remind ./remind //remind", "~/remind ./remind //remind"),
    # what stays
    ("`@Moderators`", "`@Moderators`"),
    ("``a ` @Moderators``", "``a ` @Moderators``"),
    ("```\n@Moderators\n``` @Moderators", "```\n@Moderators\n``` <@&1>"),
    ("```py\n@Moderators", "```py\n<@&1>"),  # never closed: text
    ("` @Moderators", "` <@&1>"),
    ("`a` @Moderators `b`", "`a` <@&1> `b`"),
    (r"\`@Moderators`", r"\`<@&1>`"),
    (r"`\` @Moderators", r"`\` <@&1>"),
    (r"\@Moderators", r"\@Moderators"),
    (r"\\@Moderators", r"\\<@&1>"),
    (r"\:party: \#general \/remind", r"\:party: \#general \/remind"),
    ("mail me@pia.miller or pia@Role", "mail me@pia.miller or pia@Role"),
    ("https://x.y/@Moderators#general", "https://x.y/@Moderators#general"),
    ("<https://x.y/@pia> @pia", "<https://x.y/@pia> <@21>"),
    ("[@pia](https://x.y/@pia)", "[<@21>](https://x.y/@pia)"),
    ("<@&1> <@21> <@!21> <#31> <:party:41> <a:wave:42>", "<@&1> <@21> <@!21> <#31> <:party:41> <a:wave:42>"),
    ("</schedule list:51> <t:1:F> <id:customize>", "</schedule list:51> <t:1:F> <id:customize>"),
    ("{role:@Moderators} {{ @pia }}", "{role:@Moderators} {{ <@21> }}"),
    ("{at:18:party:00}", "{at:18:party:00}"),
    ("@ @@ @. #. : / `", "@ @@ @. #. : / `"),
    ("@everyone @here", "@everyone @here"),
    ("@silent hi @pia", "@silent hi <@21>"),
    ("", ""),
    ("\\", "\\"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "sent"), CORPUS)
def test_a_text_becomes_what_the_client_sends(typed: str, sent: str) -> None:
    assert as_sent(typed, HERE)[0] == sent
    assert as_sent(sent, HERE)[0] == sent  # once is enough


@pytest.mark.parametrize("sent", [sent for _, sent in CORPUS])
def test_a_form_shows_names_that_come_back(sent: str) -> None:
    assert as_sent(as_typed(sent, HERE), HERE)[0] == sent


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<@&1> and <#31> <:party:41> <a:wave:42>", "@Moderators and #announcements :party: :wave:"),
        ("</schedule list:51>", "/schedule list"),
        ("<@!21>", "<@!21>"),  # would come back otherwise
        ("<@&4>", "<@&4>"),  # one of two of the name
        ("<@&3> With Blanks", "<@&3> With Blanks"),  # would become another role
        ("<@&1>s <@&1>", "<@&1>s @Moderators"),
        ("`<@&1>`", "`<@&1>`"),
        ("<@&99>", "<@&99>"),
    ],
)
def test_what_would_not_come_back_is_shown_as_it_is(sent: str, shown: str) -> None:
    assert as_typed(sent, HERE) == shown


# Read as: what is typed, and the findings about it.
FINDINGS = [
    ("@Moderatos", [(Code.UNKNOWN_NAME, "@Moderatos", "@Moderators")]),
    ("@nobody, really", [(Code.UNKNOWN_NAME, "@nobody", "")]),
    ("@Twin", [(Code.AMBIGUOUS, "@Twin", "<@&4> `<@&4>`, <@&5> `<@&5>`")]),
    ("#art", [(Code.AMBIGUOUS, "#art", "<#36> `<#36>`, <#37> `<#37>`")]),
    (":two:", [(Code.AMBIGUOUS, ":two:", "<:two:43> `<:two:43>`, <:two:44> `<:two:44>`")]),
    ("#anouncements", [(Code.UNKNOWN_CHANNEL, "#anouncements", "#announcements")]),
    ("#wednesday", []),
    (":smile:", [(Code.UNKNOWN_EMOJI, ":smile:", "")]),
    (":Party:", [(Code.UNKNOWN_EMOJI, ":Party:", ":party:")]),
    ("@everyone", [(Code.EVERYONE, "@everyone", "")]),
    ("@here and @here", [(Code.EVERYONE, "@here", "")]),
    ("me@everyone.example `@here` \\@everyone", []),
    ("@silent hello", []),
    ("one\n---\n@silent two", []),
    ("one @silent", [(Code.UNKNOWN_NAME, "@silent", "")]),
    ("@Moderators", []),
    ("@1 @5pm 10:30", [(Code.UNKNOWN_NAME, "@5pm", "")]),
]


@pytest.mark.parametrize(("typed", "expected"), FINDINGS)
def test_what_only_looks_like_a_mention_is_told(typed: str, expected: list[tuple[Code, str, str]]) -> None:
    assert [(item.code, item.typed, item.near) for item in as_sent(typed, HERE)[1]] == expected


@pytest.mark.parametrize("part", ["@", "`", "@a ", "``` ", "\\`", ":a:", "{a:", "<@", "@Role With ", "#a `"])
def test_a_hostile_text_is_read_once(part: str) -> None:
    text = part * (4000 // len(part))
    sent, found = as_sent(text, HERE)
    assert as_sent(sent, HERE)[0] == sent and len(found) <= 20
    assert as_typed(text, HERE) in (text, as_typed(text, HERE))


@pytest.mark.parametrize("part", ["\\`", "`a` @", "- ", "@Role" + "_" * 90, "@silent ", "<"])
def test_a_long_hostile_text_takes_no_time(part: str) -> None:
    before = time.process_time()
    as_sent(part * (200_000 // len(part)), HERE)
    assert time.process_time() - before < 2


def test_at_silent_counts_at_the_beginning_only() -> None:
    assert unsilenced("@silent hello") == ("hello", True)
    assert unsilenced("@silent\nhello") == ("hello", True)
    assert unsilenced("@silent") == ("", True)
    assert unsilenced("@silently hello") == ("@silently hello", False)
    assert unsilenced("hello @silent") == ("hello @silent", False)


def test_typed_roles_are_listed_once() -> None:
    number = 123456789012345678
    assert typed_roles(f"<@&{number}> <@&{number}> <@{number}> <@&12>") == [number]
