"""What Discord's client makes of a text as somebody types it: mentions, custom emoji, commands. Pure.

A person types ``@Moderators``, ``#announcements``, ``:party:`` or ``/schedule list``. Discord's client sends
``<@&id>``, ``<#id>``, ``<:party:id>`` and ``</schedule list:id>``
(https://discord.com/developers/docs/reference#message-formatting); a bot has to do the same itself.

`as_sent` converts what the names in a `Directory` explain, and reports what it left as it is although it
looks like a ping. `as_typed` is its inverse, for forms. Both leave code, links, variables, what a backslash
escapes, and mentions that are already in Discord's form as they are. A name is compared as it is written
first, then without regard to case; the longest one wins. Which of two roles with the same name is meant is
never guessed.
"""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple


class Sort(StrEnum):
    """What a name in a text can stand for."""

    ROLE = "role"
    MEMBER = "member"
    CHANNEL = "channel"
    EMOJI = "emoji"
    COMMAND = "command"


class Code(StrEnum):
    """Why a part of a text that looks like a mention stays as it is."""

    UNKNOWN_NAME = "unknown_name"
    """Nobody and no role here has the name."""
    UNKNOWN_CHANNEL = "unknown_channel"
    """No channel here has the name, but one has a similar name."""
    UNKNOWN_EMOJI = "unknown_emoji"
    """The guild has no custom emoji of the name."""
    AMBIGUOUS = "ambiguous"
    """Several have the name."""
    EVERYONE = "everyone"
    """@everyone or @here, which a text alone never pings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of a text that stays as it is.

    Attributes:
        code: why.
        typed: the part, such as ``@Moderators``.
        near: a known name that resembles it, with its sign, or the mentions that it may stand for; empty if
            there is none.
    """

    code: Code
    typed: str
    near: str = ""


class Entry(NamedTuple):
    """One meaning of a name.

    Attributes:
        sort: what it is.
        mention: how Discord writes it in a text.
        name: its name as Discord shows it.
        unique: whether the name is its own alone, as a user name is.
    """

    sort: Sort
    mention: str
    name: str
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """Who and what can be named in a guild; `directory_of` builds one.

    Attributes:
        at: entries by folded name, for what follows ``@``; ``channels`` for ``#``, ``commands`` for ``/``.
        emojis: entries by exact name.
        names: the typed form of each mention that has one.
        begins: each sign with the letters that begin a name after it, to rule out most signs at once.
    """

    at: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    channels: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    commands: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    emojis: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    begins: frozenset[str] = frozenset()


_SIGNS = {Sort.ROLE: "@", Sort.MEMBER: "@", Sort.CHANNEL: "#", Sort.COMMAND: "/"}
_LONGEST_NAME = 100  # a channel's or a role's, https://discord.com/developers/docs/resources/channel


def directory_of(
    *,
    roles: Iterable[tuple[int, str]] = (),
    members: Iterable[tuple[int, Iterable[str], str]] = (),
    channels: Iterable[tuple[int, str]] = (),
    emojis: Iterable[tuple[int, str, bool]] = (),
    commands: Iterable[tuple[str, str]] = (),
) -> Directory:
    """Return the directory of a guild.

    Parameters:
        roles: id and name of each role, without @everyone.
        members: id, shown names (nickname, display name) and user name of each person who is known.
        channels: id and name of each channel, forum and thread.
        emojis: id, name, and whether it is animated.
        commands: id and whole name, such as ``schedule list``, of each command that can be mentioned.
    """
    at: dict[str, list[Entry]] = {}
    for role_id, name in roles:
        _add(at, Entry(Sort.ROLE, f"<@&{role_id}>", name))
    for user_id, shown, user_name in members:
        for name in dict.fromkeys(shown):
            _add(at, Entry(Sort.MEMBER, f"<@{user_id}>", name))
        _add(at, Entry(Sort.MEMBER, f"<@{user_id}>", user_name, unique=True))
    places: dict[str, list[Entry]] = {}
    for channel_id, name in channels:
        _add(places, Entry(Sort.CHANNEL, f"<#{channel_id}>", name))
    offered: dict[str, list[Entry]] = {}
    for command_id, name in commands:
        _add(offered, Entry(Sort.COMMAND, f"</{name}:{command_id}>", name))
    pictures: dict[str, list[Entry]] = {}
    for emoji_id, name, animated in emojis:
        mention = f"<{'a' if animated else ''}:{name}:{emoji_id}>"
        pictures.setdefault(name, []).append(Entry(Sort.EMOJI, mention, name))
    typed: dict[str, str] = {}
    for entry in (item for table in (at, places, offered) for items in table.values() for item in items):
        typed.setdefault(entry.mention, f"{_SIGNS[entry.sort]}{entry.name}")
    for items in pictures.values():
        typed |= {entry.mention: f":{entry.name}:" for entry in items}
    begins = {
        sign + _letter(name) for sign, table in (("@", at), ("#", places), ("/", offered)) for name in table
    }
    return Directory(_fixed(at), _fixed(places), _fixed(offered), _fixed(pictures), typed, frozenset(begins))


def _add(table: dict[str, list[Entry]], entry: Entry) -> None:
    if entry.name.strip():
        table.setdefault(_folded(entry.name), []).append(entry)


def _fixed(table: dict[str, list[Entry]]) -> dict[str, tuple[Entry, ...]]:
    return {name: tuple(dict.fromkeys(entries)) for name, entries in table.items()}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _letter(name: str) -> str:
    """Return the first letter of a name without accents, however it is composed."""
    return unicodedata.normalize("NFD", name[:1])[:1].casefold()[:1]


# What stays as it is. A link ends where Discord's client ends it; a variable is filled in at each run.
_ASIDE = re.compile(
    r"\\[\s\S]"
    r"|<(?:@[!&]?\d+|\#\d+|a?:\w{1,32}:\d+|/[^<>:\n]{1,200}:\d+|t:-?\d+(?::\w)?|id:\w{1,20})>"
    r"|https?://[^\s<>`]+"
    r"|\{\{|\{[a-zA-Z_]{1,20}(?::[^{}\n]{0,100})?\}"
    r"|[@#:/]",
    re.ASCII,
)
_EMOJI = re.compile(r":(\w{2,32}):", re.ASCII)
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_SILENT = re.compile(r"\s*@silent(?:\s+|$)")
_GOES_ON = re.compile(r"_+[^\W_]")
_NAME = re.compile(r"[@#]([^\W_][\w.\-]{0,99})")
_MENTION = re.compile(r"<(?:@[!&]?\d+|\#\d+|a?:\w{1,32}:\d+|/[^<>:\n]{1,200}:\d+)>", re.ASCII)
_PERSON = re.compile(r"<@!?(\d{15,20})>", re.ASCII)
_ROLE = re.compile(r"<@&(\d{15,20})>", re.ASCII)
_MOST_TRIED = 50
_MOST_FOUND = 20
_MOST_NEAR = 3
_NEAR = 0.75


def as_sent(text: str, directory: Directory) -> tuple[str, tuple[Finding, ...]]:
    """Return a text as Discord's client would send it, and what stays as it is although it looks like a ping.

    Parameters:
        text: what somebody typed.
        directory: the names that can be meant.
    """
    parts: list[str] = []
    found: list[Finding] = []
    done = 0
    for begin in _candidates(text):
        if begin < done:
            continue
        sign = text[begin]
        if sign == ":":
            read = _emoji(text, begin, directory)
        elif _is_inside(text, begin) and not (parts and begin == done):
            continue
        else:
            read = _named(text, begin, directory)
        if isinstance(read, Finding):
            found.append(read)
            continue
        if read is not None:
            mention, end = read
            parts += [text[done:begin], mention]
            done = end
    return "".join([*parts, text[done:]]), tuple(_with_near(dict.fromkeys(found), directory))


def as_typed(text: str, directory: Directory) -> str:
    """Return a text with its mentions as a person types them, where `as_sent` brings them back."""
    spans = [
        (match.start(), match.end(), directory.names[match[0].replace("<@!", "<@")])
        for match in _outside_code(text, _MENTION)
        if match[0].replace("<@!", "<@") in directory.names
    ]
    if not spans:
        return text
    whole = _replaced(text, spans)
    if as_sent(whole, directory)[0] == text:
        return whole
    # One of them doesn't come back: another role has its name, or what follows would belong to the name.
    kept: list[tuple[int, int, str]] = []
    for span in spans[:_MOST_TRIED]:
        if as_sent(_replaced(text, [*kept, span]), directory)[0] == text:
            kept.append(span)
    return _replaced(text, kept)


def typed_roles(text: str) -> list[int]:
    """Return the ids of the roles that a text mentions in Discord's form, each once."""
    return list(dict.fromkeys(int(number) for number in _ROLE.findall(text)))


def typed_people(text: str) -> list[int]:
    """Return the ids of the people whom a text mentions in Discord's form, each once."""
    return list(dict.fromkeys(int(number) for number in _PERSON.findall(text)))


def unsilenced(text: str) -> tuple[str, bool]:
    """Return a text without ``@silent`` at its beginning, and whether it was there.

    Discord's client sends such a message without notifications
    (https://support.discord.com/hc/en-us/articles/18061298226455).
    """
    found = _SILENT.match(text)
    return (text[found.end() :], True) if found is not None else (text, False)


def unresolved(findings: Iterable[Finding]) -> list[str]:
    """Return the names, without their sign, that no directory entry explains, for a look-up of members."""
    return [item.typed[1:] for item in findings if item.code is Code.UNKNOWN_NAME]


def _replaced(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end, new in spans:
        parts += [text[done:begin], new]
        done = end
    return "".join([*parts, text[done:]])


def _outside_code(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    inside = list(_code_spans(text))
    for match in pattern.finditer(text):
        if not any(begin <= match.start() < end for begin, end in inside):
            yield match


def _candidates(text: str) -> Iterator[int]:
    """Yield where a sign stands that may begin a mention, outside of all that stays as it is."""
    spans = _code_spans(text)
    code = next(spans, None)
    position = 0
    while (match := _ASIDE.search(text, position)) is not None:
        position = match.end()
        while code is not None and code[1] <= match.start():
            code = next(spans, None)
        if code is not None and code[0] <= match.start():
            position = code[1]
        elif match[0] in ("@", "#", ":", "/"):
            yield match.start()


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of each code block and code span: as many backticks before as after.

    A run of backticks without its like later on is text. In code, a backslash escapes nothing.
    """
    runs = [(match.start(), match.end()) for match in re.finditer("`+", text)]
    later: dict[int, deque[int]] = {}
    for number, (begin, end) in enumerate(runs):
        later.setdefault(end - begin, deque()).append(number)
    number = 0
    while number < len(runs):
        begin, end = runs[number]
        length = end - begin
        if (begin - _run_before(text, begin, "\\")) % 2:
            number += 1  # escaped
            continue
        ones = later[length]
        while ones and ones[0] <= number:
            ones.popleft()
        if not ones:
            number += 1
            continue
        yield begin, runs[ones[0]][1]
        number = ones[0] + 1


def _run_before(text: str, end: int, chars: str) -> int:
    """Return where a run of these characters begins that ends here."""
    begin = end
    while begin and text[begin - 1] in chars:
        begin -= 1
    return begin


def _emoji(text: str, begin: int, directory: Directory) -> tuple[str, int] | Finding | None:
    match = _EMOJI.match(text, begin)
    if match is None:
        return None
    entries = directory.emojis.get(match[1], ())
    if len(entries) == 1:
        return entries[0].mention, match.end()
    if entries:
        return Finding(Code.AMBIGUOUS, match[0], _choices(entries))
    around = text[begin - 1 : begin] + text[match.end() : match.end() + 1]
    if any(char.isalnum() or char in ":_/" for char in around) or match[1].isdigit():
        return None  # a time, a namespace, a path
    return Finding(Code.UNKNOWN_EMOJI, match[0])


def _is_inside(text: str, begin: int) -> bool:
    """Return whether a sign is part of an e-mail address, a path, or a word."""
    before = text[max(begin - _LONGEST_NAME, 0) : begin].rstrip("_")[-1:]
    return before.isalnum() or (text[begin] == "/" and before in ("<", "/", ".", "~"))


def _named(text: str, begin: int, directory: Directory) -> tuple[str, int] | Finding | None:
    """Return what the name after a sign means and where it ends, or why it stays as it is."""
    sign = text[begin]
    if sign == "@":
        if (match := _EVERYONE.match(text, begin)) is not None:
            return Finding(Code.EVERYONE, match[0])
        if _SILENT.match(text, begin):
            blank = _run_before(text, begin, "- \t\n")
            if not blank or "\n---" in text[blank:begin]:
                return None
    table = {"@": directory.at, "#": directory.channels, "/": directory.commands}[sign]
    for end in _ends(text, begin + 1, directory, table):
        entries = _meant(table[_folded(text[begin + 1 : end])], text[begin + 1 : end])
        if len({entry.mention for entry in entries}) > 1:
            return Finding(Code.AMBIGUOUS, text[begin:end], _choices(entries))
        return entries[0].mention, end
    name = _NAME.match(text, begin)
    if name is None or not any(char.isalpha() for char in name[1]):
        return None
    return Finding(Code.UNKNOWN_NAME if sign == "@" else Code.UNKNOWN_CHANNEL, name[0].rstrip("._-"))


def _ends(text: str, begin: int, directory: Directory, table: Mapping[str, object]) -> Iterator[int]:
    """Yield where a known name that begins here can end, the longest first."""
    if text[begin - 1] + _letter(text[begin : begin + 1]) not in directory.begins:
        return
    sign = text[begin - 1]
    line = text.find("\n", begin)
    for end in range(min(len(text) if line < 0 else line, begin + _LONGEST_NAME), begin, -1):
        following = text[end : end + 1]
        if following.isalnum() or (following == "_" and _GOES_ON.match(text, end)):
            continue
        after = text[end + 1 : end + 2]
        # "#general-chat" isn't "#general" with an appendix, nor is "@pia.miller" Pia.
        if (following == "." and after.isalnum()) or (following == "-" and sign != "@"):
            continue
        if _folded(text[begin:end]) in table:
            yield end


def _meant(entries: tuple[Entry, ...], typed: str) -> tuple[Entry, ...]:
    """Return the entries that a name can mean: those written alike, and a user name before other names."""
    exact = tuple(entry for entry in entries if entry.name == typed)
    among = exact or entries
    unique = tuple(entry for entry in among if entry.unique)
    roles = any(entry.sort is Sort.ROLE for entry in among)
    return unique if unique and not roles else among


def _with_near(found: Iterable[Finding], directory: Directory) -> Iterator[Finding]:
    """Add similar names to the first few findings; a word after # that resembles no channel is a hashtag."""
    tables = {"@": directory.at, "#": directory.channels, ":": directory.emojis}
    for number, item in enumerate(itertools.islice(found, _MOST_FOUND)):
        if item.code in (Code.AMBIGUOUS, Code.EVERYONE):
            yield item
            continue
        sign = item.typed[0]
        near = _near(item.typed.strip("@#:"), tables[sign]) if number < _MOST_NEAR else ""
        if near or item.code is not Code.UNKNOWN_CHANNEL:
            yield replace(item, near=f"{sign}{near}{':' if sign == ':' else ''}" if near else "")


def _choices(entries: Iterable[Entry]) -> str:
    """Return the mentions of several entries, each as it looks and as it is written."""
    mentions = list(dict.fromkeys(entry.mention for entry in entries))[:_MOST_NEAR]
    return ", ".join(f"{mention} `{mention}`" for mention in mentions)


def _near(name: str, table: Mapping[str, tuple[Entry, ...]]) -> str:
    wanted = _folded(name)
    similar = [known for known in table if known[0] == wanted[0] and abs(len(known) - len(wanted)) <= 3]
    found = difflib.get_close_matches(wanted, similar, 1, _NEAR)
    return table[found[0]][0].name if found else ""
