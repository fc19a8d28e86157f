"""Colours as people write them: ``#5865F2``, ``0x5865F2``, ``rgb(88, 101, 242)`` or a name. Pure."""

from __future__ import annotations

import re
from typing import Any

_HEX = re.compile(r"(?:#|0x)?([0-9a-f]{6})")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")

# Discord's own palette, with the names its clients and libraries use.
NAMES: dict[str, int] = {
    "blue": 0x3498DB, "blurple": 0x5865F2, "dark blue": 0x206694, "dark green": 0x1F8B4C,
    "dark red": 0x992D22, "fuchsia": 0xEB459E, "gold": 0xF1C40F, "green": 0x2ECC71, "grey": 0x95A5A6,
    "greyple": 0x99AAB5, "light grey": 0x979C9F, "magenta": 0xE91E63, "orange": 0xE67E22, "pink": 0xEB459F,
    "purple": 0x9B59B6, "red": 0xE74C3C, "teal": 0x1ABC9C, "white": 0xFFFFFF, "yellow": 0xFEE75C,
}  # fmt: skip
# What else people call them: American English, German, French, Spanish and Portuguese.
_ALSO_CALLED = {
    "blue": "blau, bleu, azul", "gold": "doré, dorado, dourado", "green": "grün, gruen, vert, verde",
    "grey": "gray, grau, gris, cinza", "light grey": "light gray", "orange": "naranja, laranja",
    "pink": "rosa, rose", "purple": "lila, violett, violet, morado, violeta, roxo",
    "red": "rot, rouge, rojo, vermelho", "teal": "türkis, turquoise, turquesa",
    "white": "weiß, weiss, blanc, blanco, branco", "yellow": "gelb, jaune, amarillo, amarelo",
}  # fmt: skip
_BY_WORD = NAMES | {word: NAMES[name] for name, words in _ALSO_CALLED.items() for word in words.split(", ")}


def parse_colour(value: Any) -> int | None:
    """Return a colour as 0xRRGGBB; None if the value isn't a colour."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= 0xFFFFFF else None
    text = str(value).strip().lower()
    if match := _HEX.fullmatch(text):
        return int(match[1], 16)
    if match := _RGB.fullmatch(text):
        red, green, blue = (int(part) for part in match.groups())
        return (red << 16) + (green << 8) + blue if max(red, green, blue) <= 255 else None
    return _BY_WORD.get(text.replace("_", " "))
