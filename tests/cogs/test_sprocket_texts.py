"""A sprocket's own texts in the reader's language, from a `locale` folder beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import sprockets
from cogs.language import speaking, t, translated
from cogs.services import Refused
from cogs.sprocket_loading import loader
from cogs.sprocket_texts import read_texts
from schedulezero.errors import JobFailed
from tests.support.world import World

SPROCKET = """
from sprockets.kit import RegisteringCog, by_name, job

@job()
async def tidy(bot, shelf: int = 1):
    \"\"\"Tidy the shelves.\"\"\"

class TidySprocket(RegisteringCog):
    jobs = by_name(tidy)

async def setup(bot):
    await bot.add_cog(TidySprocket(bot))
"""
GERMAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Tidy the shelves."
msgstr "Räume die Regale auf."

msgid "Cancelled"
msgstr "Ours comes first"

msgctxt "error:shelf_missing"
msgid "There is no shelf {shelf}."
msgstr "Es gibt kein Regal {shelf}."

msgctxt "error:shelf_odd"
msgid "Shelf {shelf} is odd."
msgstr "Das Regal {other} ist seltsam."
"""


async def test_texts_of_a_sprocket_are_translated_while_it_is_loaded(world: World, tmp_path: Path) -> None:
    (tmp_path / "tidy_sprocket.py").write_text(SPROCKET)
    (tmp_path / "locale").mkdir()
    german = tmp_path / "locale" / "de.po"
    german.write_text(GERMAN, encoding="utf-8")
    missing = JobFailed("There is no shelf {shelf}.", code="shelf_missing", shelf=5).message
    odd = JobFailed("Shelf {shelf} is odd.", code="shelf_odd", shelf=5).message
    sprockets.__path__.append(str(tmp_path))
    try:
        await world.load("tidy")
        with speaking("de"):
            assert t("Tidy the shelves.") == "Räume die Regale auf."
            assert translated(missing) == "Es gibt kein Regal 5."
            assert translated(odd) == "Shelf 5 is odd."  # its translation has another placeholder
            assert t("Cancelled") != "Ours comes first"
        with speaking("fr"):
            assert t("Tidy the shelves.") == "Tidy the shelves."
        german.write_text("msgid nonsense", encoding="utf-8")
        with pytest.raises(Refused, match="its translations can't be read"):
            await loader.reload(world.bot, "tidy")
        with speaking("de"):
            assert t("Tidy the shelves.") == "Räume die Regale auf."  # the old one is at work
        await loader.unload(world.bot, "tidy")
        with speaking("de"):
            assert t("Tidy the shelves.") == "Tidy the shelves." and translated(missing) == missing
    finally:
        sprockets.__path__.remove(str(tmp_path))
        sys.modules.pop("sprockets.tidy_sprocket", None)


@pytest.mark.parametrize("forms", ["0", "-1", "7", "10000000", "999999999999"])
def test_a_catalogue_says_only_as_many_plural_forms_as_there_are(tmp_path: Path, forms: str) -> None:
    (tmp_path / "locale").mkdir()
    file = tmp_path / "locale" / "de.po"
    text = (
        'msgid ""\nmsgstr ""\n"Plural-Forms: npl"\n"urals={}; plural=0;\\n"\n\n'
        'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n'
    )
    file.write_text(text.format(forms))
    with pytest.raises(ValueError, match="must be 1 to 6"):
        read_texts(tmp_path / "x.py", ["de"])
    file.write_text(text.format("1"))
    assert read_texts(tmp_path / "x.py", ["de"])["de"][0].ngettext("a", "b", 2) == "c"
