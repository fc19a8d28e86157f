"""Shows other people's text on Discord as it was typed: without formatting, links behind words, or pings.

discord.py's `escape_markdown` skips whatever looks like an address, escapes only the first of several links,
and takes cubic time for some texts. This escapes every character that can begin markup, in linear time.
"""

from __future__ import annotations

import re
import unicodedata

# An address stays as it is, since Discord shows a backslash in it; what could end it early isn't part of one.
_MARKUP = re.compile(
    r"(?P<address>https?://[^\s<>\[\]()*|~`\\]+)"
    r"|[\\*_~|`\[\]<]"
    r"|^[ \t]*(?:[#>-]|[0-9]+\.)",
    re.MULTILINE | re.ASCII,
)
_PING = re.compile(r"@(?=everyone|here|[!&]?[0-9]{15})", re.ASCII)
# Scripts and emoji need these; all other control and format characters can only hide or reorder text.
_KEPT = frozenset("\n\t\u200c\u200d\u200e\u200f")
_TAGS = range(0xE0020, 0xE0080)  # the letters in flags such as Scotland's


def escaped(text: str) -> str:
    """Return a text that Discord shows literally, and that pings nobody.

    Control characters and those that reorder text are left out. The source of the rules is Discord's guide to
    markdown (*Markdown Text 101*) and its documentation of message formatting.
    """
    shown = "".join(char for char in text if _is_shown(char))
    return _PING.sub("@\u200b", _MARKUP.sub(_literal, shown))


def _literal(found: re.Match[str]) -> str:
    if found["address"]:
        return found[0]
    return f"{found[0][:-1]}\\{found[0][-1]}"


def _is_shown(char: str) -> bool:
    if char.isascii():
        return char.isprintable() or char in _KEPT
    return char in _KEPT or ord(char) in _TAGS or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
