"""Everything that a sprocket needs, in one import: ``from sprockets.kit import …``.

* **Declaring a job**: `job` with the annotations `ChannelId`, `ChannelIds`, `ForumId`, `ThreadId`, `VoiceId`,
  `AnyChannelId`, `RoleId`, `RoleIds`, `MemberId`, `MemberIds`, `Text`, `LongText`, `Colour`, `Url`,
  `MessageLink` and `Duration`, and `SecretText` and `SecretUrl` for what nobody reads again once it is saved;
  the permissions it needs: `Need` and `in_channel`; a schedule of its own: `on_schedule`. A plain function
  declares the same with `needs`, `variables_in` and `resumable`.
* **Registering it**: `RegisteringCog` and `by_name`.
* **While it runs**: `current_run`, `progress`, `settings_of`, `get`, `put` and `saved` for what it remembers,
  and `step` for work that must happen only once; `JobFailed`, `Gone`, `Forbidden`, `ParameterError` and
  `Uncertain` for failures.
* **On Discord**: `asking_discord` turns Discord's errors into ours; `channel_of`, `guild_channel_of`,
  `guild_of`, `role_of`, `member_of`, `find_message`, `expect_guild` and `expect_member` look things up in the
  run's own guild; `post`, `Upload`, `posted`, `mentions`, `embed_of`, `colour_of`, `text_for`, `silenced`,
  `fitting` and `expect_texts` write messages; `for_each` and `partly` work on several channels.
* **On the web**: `send_out`, and `CALLING`, the permission for a job whose web address a person chooses.
* **Ending it later**: `follow_up`, `waiting`, `owed`, `debt_about` and `call_off`; `Lasting` and `end_of`
  read how long something lasts.
"""

from schedulezero.errors import Forbidden, Gone, JobFailed, ParameterError, Uncertain
from schedulezero.handler.run_context import current_run, progress
from schedulezero.handler.steps import nonce, step
from schedulezero.methods.annotations import OptionsFrom
from schedulezero.methods.lasting import Lasting, end_of
from schedulezero.methods.spec import Need, in_channel, needs, resumable, variables_in
from schedulezero.methods.sprocket_settings import settings_of
from schedulezero.methods.typed import (
    AnyChannelId,
    ChannelId,
    ChannelIds,
    Colour,
    Duration,
    ForumId,
    GuildId,
    LongText,
    MemberId,
    MemberIds,
    MessageLink,
    RoleId,
    RoleIds,
    SecretText,
    SecretUrl,
    Text,
    ThreadId,
    Url,
    VoiceId,
    job,
    on_schedule,
)
from schedulezero.web.outgoing import CALLING, send_out
from sprockets.kit import objects as objects  # finds a job's objects
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.follow_up import call_off, debt_about, follow_up, owed, waiting
from sprockets.kit.lookups import (
    channel_of,
    expect_guild,
    expect_member,
    find_message,
    guild_channel_of,
    guild_of,
    role_of,
)
from sprockets.kit.members import member_of
from sprockets.kit.messages import (
    colour_of,
    embed_of,
    expect_texts,
    fitting,
    mentions,
    silenced,
    text_for,
)
from sprockets.kit.outgoing import Upload
from sprockets.kit.posting import post, posted
from sprockets.kit.several import for_each, partly
from sprockets.kit.state import Saved, get, put, saved

__all__ = (
    "CALLING",
    "REASON",
    "AnyChannelId",
    "ChannelId",
    "ChannelIds",
    "Colour",
    "Duration",
    "Forbidden",
    "ForumId",
    "Gone",
    "GuildId",
    "JobFailed",
    "Lasting",
    "LongText",
    "MemberId",
    "MemberIds",
    "MessageLink",
    "Need",
    "OptionsFrom",
    "ParameterError",
    "RegisteringCog",
    "RoleId",
    "RoleIds",
    "Saved",
    "SecretText",
    "SecretUrl",
    "Text",
    "ThreadId",
    "Uncertain",
    "Upload",
    "Url",
    "VoiceId",
    "asking_discord",
    "by_name",
    "call_off",
    "channel_of",
    "colour_of",
    "current_run",
    "debt_about",
    "embed_of",
    "end_of",
    "expect_guild",
    "expect_member",
    "expect_texts",
    "find_message",
    "fitting",
    "follow_up",
    "for_each",
    "get",
    "guild_channel_of",
    "guild_of",
    "in_channel",
    "job",
    "member_of",
    "mentions",
    "needs",
    "nonce",
    "on_schedule",
    "owed",
    "partly",
    "post",
    "posted",
    "progress",
    "put",
    "resumable",
    "role_of",
    "saved",
    "send_out",
    "settings_of",
    "silenced",
    "step",
    "text_for",
    "variables_in",
    "waiting",
)
