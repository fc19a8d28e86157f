"""A file that the bot keeps, because Discord's links to attachments expire. Pure.

A file is known by its *digest*, the SHA-256 of its content in hexadecimal. A job names its files by digest in
its parameters, as in ``{"files": [{"file": "<digest>", "name": "poster.png"}]}``. A digest alone gives no
access: whoever opens a file also says for which guild, and only a guild that was given the file may open it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LONGEST_FILE_NAME = 100
_LONGEST_EXTENSION = 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNNAMED = "file"
# Separators and what Windows or a shell reads as something else; Discord itself replaces most of them.
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that can't be seen, such as marks that turn the direction of a text
(https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
"""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a kept file.

    Attributes:
        digest: the SHA-256 of its content, in lower-case hexadecimal.
        size: its size in bytes.
        name: its name as it was uploaded, cleaned by `clean_file_name`.
        type: its media type as Discord gave it, such as ``image/png``; empty if unknown.
    """

    digest: str
    size: int
    name: str
    type: str = ""


def is_digest(text: object) -> bool:
    """Return whether a value has the form of a digest; any such value may be forged."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def digests_among(values: Iterable[Any], wanted: frozenset[str]) -> frozenset[str]:
    """Return which of some digests occur anywhere in JSON values, also within longer texts."""
    text = "\n".join(json.dumps(value, default=str) for value in values).casefold()
    return frozenset(digest for digest in wanted if digest in text)


def clean_file_name(name: str) -> str:
    """Return a file's name without anything that could mislead: at most 100 characters, with its extension.

    Path separators, control characters and marks that turn the text's direction are left out, and so are dots
    and blanks at either end. A name of which nothing remains becomes ``file``.
    """
    shown = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
    shown = "".join(
        "_" if char in _NOT_IN_NAMES else char for char in shown if unicodedata.category(char) not in _HIDDEN
    )
    shown = " ".join(shown.split()).strip(". ")
    stem, dot, extension = shown.rpartition(".")
    if not dot or not stem.strip(". ") or len(extension) > _LONGEST_EXTENSION:
        stem, extension = shown, ""
    ending = f".{extension}" if extension else ""
    stem = stem[: LONGEST_FILE_NAME - len(ending)].strip(". ")
    return f"{stem or _UNNAMED}{ending}"
