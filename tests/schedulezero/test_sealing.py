"""Secret settings at rest: sealed for their place, with a key that several processes share."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from schedulezero.errors import SecretUnusable
from schedulezero.storage.sealing import KEY_FILE, SecretBox, key_in

PLACE = ("web", "7", "secret")
KEY = base64.b64encode(bytes(range(32))).decode()


def test_what_is_sealed_for_a_place_opens_there_alone(tmp_path: Path) -> None:
    box = SecretBox(tmp_path / "new" / KEY_FILE)
    sealed = box.seal("hush, naïve 🤫", PLACE)
    assert "hush" not in str(sealed) and sealed != box.seal("hush, naïve 🤫", PLACE)
    assert SecretBox(tmp_path / "new" / KEY_FILE).open(sealed, PLACE) == "hush, naïve 🤫"
    for other in (
        ("web", "8", "secret"),
        ("other", "7", "secret"),
        ("web", "7", "token"),
        ("web7", "", ""),
    ):
        with pytest.raises(SecretUnusable, match="belongs to another setting"):
            box.open(sealed, other)


def test_a_sealed_value_that_was_changed_is_refused() -> None:
    box = SecretBox(None, KEY)
    sealed = box.seal("hush", PLACE)
    raw = bytearray(base64.b64decode(sealed["sealed"]))
    raw[-1] ^= 1
    for wrong in (base64.b64encode(raw).decode(), "", "AAAA", "not base64", None, 7):
        with pytest.raises(SecretUnusable, match="damaged"):
            box.open({**sealed, "sealed": wrong}, PLACE)


def test_another_key_or_none_opens_nothing_and_says_so(tmp_path: Path) -> None:
    sealed = SecretBox(None, KEY).seal("hush", PLACE)
    box = SecretBox(tmp_path / KEY_FILE)
    assert box.key_name() is None
    with pytest.raises(SecretUnusable, match="There is no key for secret settings at"):
        box.open(sealed, PLACE)
    assert not (tmp_path / KEY_FILE).exists()  # reading creates none
    box.seal("other", PLACE)
    with pytest.raises(SecretUnusable, match="another key"):
        box.open(sealed, PLACE)
    assert KEY not in repr(SecretBox(tmp_path / KEY_FILE, KEY))
    # The given key comes first, in either alphabet, and the file is read each time.
    assert SecretBox(tmp_path / KEY_FILE, KEY.rstrip("=")).open(sealed, PLACE) == "hush"
    (tmp_path / KEY_FILE).write_text(f"{KEY}\n")
    assert box.open(sealed, PLACE) == "hush"
    for unusable in ("", "short", "é" * 44):
        (tmp_path / KEY_FILE).write_text(unusable)
        with pytest.raises(SecretUnusable, match="holds no key"):
            box.seal("hush", PLACE)
        assert (tmp_path / KEY_FILE).read_text() == unusable  # it may be somebody's key, damaged
    with pytest.raises(SecretUnusable, match="SCHEDULEZERO_SECRETS_KEY"):
        SecretBox(None).seal("hush", PLACE)
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretUnusable, match="can't be read or created"):
        SecretBox(tmp_path / "file" / KEY_FILE).seal("hush", PLACE)


def test_a_key_is_32_bytes_in_either_alphabet() -> None:
    raw = bytes([251, 255] * 16)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(raw).decode()
        assert key_in(f" {text}\n") == key_in(text.rstrip("=")) == raw
    assert [key_in(wrong) for wrong in ("", "a" * 42, "a" * 44, "a" * 43 + "==", "ä" * 43)] == [None] * 5


MAKE = """
import sys
from pathlib import Path
from schedulezero.storage.sealing import SecretBox
box = SecretBox(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(box.seal("hush", ("web", "7", "secret"))["key"])
"""


def test_processes_that_create_the_key_at_once_have_one(tmp_path: Path) -> None:
    file = tmp_path / KEY_FILE
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    names = {process.communicate("go\n", timeout=60)[0].strip() for process in processes}
    assert names == {SecretBox(file).key_name()}
    assert list(tmp_path.iterdir()) == [file]  # nothing unfinished stays
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
