"""Discord's limits of a post, as one table that forms, review, sprockets and tests share.

Sources: the pages *Message*, *Poll*, *Webhook*, *Channel* and *Component Reference* under
https://discord.com/developers/docs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schedulezero.sentences import Sentence


class Unit(StrEnum):
    """What a limit counts."""

    CHARACTERS = "characters"
    ENTRIES = "entries"
    BYTES = "bytes"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        of: what it limits, as a sentence names it, such as ``title`` in *The title has…*.
        most: the largest number that Discord takes.
        unit: what is counted.
        least: the smallest number that Discord takes.
    """

    of: str
    most: int
    unit: Unit = Unit.CHARACTERS
    least: int = 0


TEXT = Limit("message", 2000)
EMBEDS = Limit("embeds", 10, Unit.ENTRIES)
EMBED_TOTAL = Limit("text of the embeds", 6000)
EMBED_TITLE = Limit("title", 256)
EMBED_DESCRIPTION = Limit("description", 4096)
EMBED_AUTHOR = Limit("author", 256)
EMBED_FOOTER = Limit("footer", 2048)
EMBED_FIELDS = Limit("fields", 25, Unit.ENTRIES)
EMBED_FIELD_NAME = Limit("name of a field", 256, least=1)
EMBED_FIELD_VALUE = Limit("value of a field", 1024, least=1)
ADDRESS = Limit("address", 2048)
FILES = Limit("files", 10, Unit.ENTRIES)
FILE_ALT = Limit("description of a file", 1024)
FILE_BYTES = Limit("file", 10 * 1024 * 1024, Unit.BYTES)
"""Of a guild without boosts; a guild's own limit is its ``filesize_limit``."""
BUTTONS = Limit("buttons", 25, Unit.ENTRIES)
BUTTON_LABEL = Limit("label of a button", 80)
BUTTON_ADDRESS = Limit("address of a button", 512)
POLL_QUESTION = Limit("question", 300, least=1)
POLL_ANSWERS = Limit("answers", 10, Unit.ENTRIES, least=1)
POLL_ANSWER = Limit("answer", 55, least=1)
POLL_HOURS = Limit("hours for a poll", 32 * 24, Unit.HOURS, least=1)
WEBHOOK_NAME = Limit("name", 80, least=1)
THREAD_TITLE = Limit("title of a thread", 100, least=1)
FORUM_TAGS = Limit("tags", 5, Unit.ENTRIES)
TOPIC = Limit("topic", 1024)
CHANNEL_NAME = Limit("name of a channel", 100, least=1)
REACTIONS = Limit("reactions", 20, Unit.ENTRIES)
MENTIONED_ROLES = Limit("pinged roles", 100, Unit.ENTRIES)
MENTIONED_PEOPLE = Limit("pinged people", 100, Unit.ENTRIES)
LAYOUT_COMPONENTS = Limit("components", 40, Unit.ENTRIES)
LAYOUT_TEXT = Limit("text of the layout", 4000)
SECTION_TEXTS = Limit("texts in a section", 3, Unit.ENTRIES, least=1)
ROW_BUTTONS = Limit("buttons in a row", 5, Unit.ENTRIES, least=1)
GALLERY_PICTURES = Limit("pictures in a gallery", 10, Unit.ENTRIES, least=1)
LARGEST_COLOUR = 0xFFFFFF
"""An edge's or a container's colour, as red × 65536 + green × 256 + blue."""

TABLE: dict[str, Limit] = {name: value for name, value in list(globals().items()) if isinstance(value, Limit)}
"""Every limit by its name."""


# Read as: what a sentence about a limit can name, with the code by which catalogues translate it.
_PARTS: dict[str, Sentence] = {
    str(part): part
    for part in (
        Sentence("address", "part_address"),
        Sentence("address of a button", "part_address_of_a_button"),
        Sentence("answer", "part_answer"),
        Sentence("answers", "part_answers"),
        Sentence("author", "part_author"),
        Sentence("buttons", "part_buttons"),
        Sentence("buttons in a row", "part_buttons_of_a_row"),
        Sentence("components", "part_components"),
        Sentence("description", "part_description"),
        Sentence("description of a file", "part_description_of_a_file"),
        Sentence("embeds", "part_embeds"),
        Sentence("fields", "part_fields"),
        Sentence("file", "part_file"),
        Sentence("files", "part_files"),
        Sentence("footer", "part_footer"),
        Sentence("heading", "part_heading"),
        Sentence("hours for a poll", "part_hours_of_a_poll"),
        Sentence("label of a button", "part_label_of_a_button"),
        Sentence("message", "part_message"),
        Sentence("name", "part_name"),
        Sentence("name of a channel", "part_name_of_a_channel"),
        Sentence("name of a field", "part_name_of_a_field"),
        Sentence("pinged people", "part_people_to_ping"),
        Sentence("pictures in a gallery", "part_pictures_of_a_gallery"),
        Sentence("question", "part_question"),
        Sentence("reactions", "part_reactions"),
        Sentence("pinged roles", "part_roles_to_ping"),
        Sentence("tags", "part_tags"),
        Sentence("text", "part_text"),
        Sentence("text of the embeds", "part_text_of_the_embeds"),
        Sentence("text of the layout", "part_text_of_the_layout"),
        Sentence("texts in a section", "part_texts_of_a_section"),
        Sentence("title", "part_title"),
        Sentence("title of a thread", "part_title_of_a_thread"),
        Sentence("title of the thread", "part_title_of_the_thread"),
        Sentence("topic", "part_topic"),
        Sentence("value of a field", "part_value_of_a_field"),
    )
}


def part_called(word: str) -> str:
    """Return a part of a post, such as ``title``, as a sentence that catalogues translate, if they do."""
    return word if isinstance(word, Sentence) else _PARTS.get(word, word)


def field_limits(number: int) -> tuple[tuple[str, Limit, Sentence], ...]:
    """Return the key, the limit and the name of each text of an embed's field, counted from 1."""
    return (
        ("name", EMBED_FIELD_NAME, Sentence("name of field {number}", "part_field_name", number=number)),
        ("value", EMBED_FIELD_VALUE, Sentence("value of field {number}", "part_field_value", number=number)),
    )
