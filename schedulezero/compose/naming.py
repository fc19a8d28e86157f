"""Names for jobs that nobody named: from a text as people read it, without markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from schedulezero.compose.typed_text import Directory, unsilenced
from schedulezero.methods.variables import turns

LONGEST = 60
_FILLED_IN = "\0"
"""Where a variable stood, until the first sentence is known, which an ellipsis would end."""
_SHORTEST_SENTENCE = 8
_LONGEST_READ = 2000  # characters of a line

_EMOJI = re.compile(r"<a?(:\w{1,32}:)\d+>", re.ASCII)
_COMMAND = re.compile(r"<(/[^<>:\n]{1,200}):\d+>", re.ASCII)
_MENTION = re.compile(r"<(?:@[!&]?|#)\d+>", re.ASCII)
_NO_NAME = re.compile(r"<(?:t:-?\d+(?::\w)?|id:\w+)>", re.ASCII)
_ROLE = re.compile(r"\{role:\s*@?([^{}\n]{1,100})\}", re.IGNORECASE)
_VARIABLE = re.compile(r"(?<!\{)\{[a-zA-Z_]{1,20}(?::[^{}\n]{0,100})?\}")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(<?https?://[^\s()<>]{1,500}>?\)")
_ADDRESS = re.compile(r"<?https?://([^\s/<>]{1,200})[^\s<>]*>?")
_FENCE = re.compile(r"^```\w*$", re.MULTILINE)
_LINE_MARKS = re.compile(r"^\s*(?:#{1,3}\s+|-#\s+|>{1,3}\s+|[-*]\s+|\d{1,3}\.\s+)+")
_MARKS = re.compile(r"(?<!\\)(?:\*{1,3}|_{2}|~~|\|\||`+)|(?<![\w\\])_(?=\S)|(?<=\S)(?<!\\)_(?!\w)")
_ESCAPED = re.compile(r"\\([^\sA-Za-z0-9])")
_BLANKS = re.compile(r"\s+(?=[,.;!?]|:(?:\s|$))")
_LEFT_OVER = re.compile(r"(?<![,;:])[,;:]+(?=[,.;!?])")
_AT_END = re.compile(r"^\0\s*[,;:–—-]+\s*|\s*[,;:–—-]+\s*\0$")
_SENTENCE = re.compile(r"[.!?…](?=\s)|[。！？]")


def name_from_text(text: str, directory: Directory) -> str:
    """Return a job's name from what it posts: its first sentence or line as people read it; empty if none.

    Parameters:
        text: the text, with markup, mentions and variables.
        directory: the names of what it mentions. What has none is left out: an id tells nobody anything.
    """
    first = unsilenced(turns(text)[0])[0]
    for raw in _FENCE.sub("", first).splitlines():
        line = _read(raw[:_LONGEST_READ], directory)
        if any(char.isalnum() for char in line):
            return cut_at_word(_sentence(line).replace(_FILLED_IN, "…"), LONGEST)
    return ""


def cut_at_word(text: str, most: int) -> str:
    """Return the beginning of a text up to the end of a word, with an ellipsis if something is missing."""
    if len(text) <= most:
        return text
    start = text[: most - 1]
    words = start if text[most - 1].isspace() else start.rpartition(" ")[0]
    # A long word, or a language without blanks, is cut where it has to be.
    return f"{(words if len(words) > most // 2 else start).rstrip(' ,;:–—-')}…"


def told_apart(name: str, taken: Collection[str]) -> str:
    """Return a name with the first number that makes it differ from those taken."""
    number, told = 1, name
    while told in taken:
        number += 1
        told = f"{name} ({number})"
    return told


def _read(line: str, directory: Directory) -> str:
    """Return a line as Discord shows it, as far as it can be shown without markup."""
    line = _LINE_MARKS.sub("", line)
    line = _MENTION.sub(lambda match: directory.names.get(match[0].replace("<@!", "<@"), ""), line)
    line = _NO_NAME.sub("", _COMMAND.sub(r"\1", _EMOJI.sub(r"\1", line)))
    line = _VARIABLE.sub(_FILLED_IN, _ROLE.sub(r"@\1", line)).replace("{{", "{")
    line = _ADDRESS.sub(r"\1", _LINK.sub(r"\1", line))
    line = _ESCAPED.sub(r"\1", _MARKS.sub("", line))
    line = _LEFT_OVER.sub("", _BLANKS.sub("", " ".join(line.split()))).strip(" ,;–—-")
    line = _AT_END.sub("", line)
    return line if re.search(r":\w+:$", line) else line.removesuffix(":")


def _sentence(line: str) -> str:
    for end in _SENTENCE.finditer(line):
        if end.start() >= _SHORTEST_SENTENCE or end[0] in "。！？":
            return line[: end.start() + (end[0] not in ".。")]
    return line.removesuffix(".")
