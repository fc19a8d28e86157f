"""Encrypts secret settings, with a key that is kept apart from the database.

A sealed value is AES-256-GCM over the text, with a random nonce of 96 bits (NIST SP 800-38D, 8.2.2). Its
place (the sprocket, the guild and the setting's name) is associated data, so a value that is copied to
another place in the database can't be opened there.

The key is 32 random bytes in base64, given by the configuration or kept in a file. The file is created when
the first secret is sealed. It is read each time, so a restored key works at once. Each sealed value says by
which key it was sealed, with the beginning of the key's digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schedulezero.errors import SecretUnusable
from schedulezero.storage import private_files

log = logging.getLogger(__name__)

KEY_FILE = "secrets.key"
_KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=?")
_NONCE_BYTES = 12


def key_in(text: str) -> bytes | None:
    """Return the key that a text holds, in either alphabet of base64; None if it holds none."""
    text = text.strip()
    if _KEY.fullmatch(text) is None:
        return None
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(f"{plain}=")


class SecretBox:
    """Seals and opens secret settings. Its calls read files: call them in a thread.

    Parameters:
        file: where the key is kept; None if the configuration must give it.
        given: the key that the configuration gives, which takes precedence over the file.
    """

    def __init__(self, file: Path | None, given: str | None = None) -> None:
        self._file = file
        self._given = given

    def __repr__(self) -> str:
        return f"SecretBox({str(self._file)!r})"  # the key stays out of logs and tracebacks

    def seal(self, text: str, place: Sequence[str]) -> dict[str, str]:
        """Return a text sealed for its place, as JSON; raises SecretUnusable if there can be no key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # takes time and memory

        key = self._key() or self._create()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(place))
        return {"sealed": base64.b64encode(sealed).decode(), "key": _name(key)}

    def open(self, value: Mapping[str, Any], place: Sequence[str]) -> str:
        """Return the text that was sealed for a place; raises SecretUnusable if it can't be decrypted."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key()
        if key is None:
            raise SecretUnusable(f"There is no key for secret settings{self._where()}.")
        if value.get("key") != _name(key):
            raise SecretUnusable("It was encrypted with another key.")
        try:
            sealed = base64.b64decode(str(value.get("sealed")), validate=True)
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(place)).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SecretUnusable("It is damaged, or belongs to another setting.") from error

    def key_name(self) -> str | None:
        """Return the name of the present key, as sealed values have it; None if there is no key yet.

        Raises SecretUnusable if the key can't be read.
        """
        key = self._key()
        return _name(key) if key is not None else None

    def _where(self) -> str:
        return f" at {self._file}" if self._file is not None else ""

    def _key(self) -> bytes | None:
        if self._given is not None:
            return key_in(self._given) or self._holds_none("`SCHEDULEZERO_SECRETS_KEY`")
        if self._file is None:
            return None
        try:
            if self._file.is_symlink():
                log.debug("%s is a link; it and what it leads to keep their modes", self._file)
            else:
                private_files.restrict(self._file)
            text = self._file.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except UnicodeError:
            text = ""
        except OSError as error:
            raise _no_access(self._file, error) from error
        return key_in(text) or self._holds_none(str(self._file))

    def _holds_none(self, where: str) -> bytes:
        raise SecretUnusable(f"{where} holds no key for secret settings: 32 bytes in base64.")

    def _create(self) -> bytes:
        """Create the key's file; another process that does so first has made the key of both."""
        if self._file is None:
            raise SecretUnusable("Set `SCHEDULEZERO_SECRETS_KEY`: there is no folder for a key.")
        text = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        try:
            private_files.make_folder(self._file.parent)
            if private_files.write_once(self._file, f"{text}\n"):
                log.info("created %s, the key of secret settings; a backup doesn't contain it", self._file)
        except OSError as error:
            raise _no_access(self._file, error) from error
        key = self._key()
        return key if key is not None else self._holds_none(str(self._file))


def _name(key: bytes) -> str:
    return hashlib.sha256(b"schedulezero secrets key " + key).hexdigest()[:12]


def _bound(place: Sequence[str]) -> bytes:
    return json.dumps(list(place)).encode()


def _no_access(file: Path, error: OSError) -> SecretUnusable:
    return SecretUnusable(
        f"The key of secret settings, {file}, can't be read or created ({error.strerror}). Give the bot's "
        "user the right to, or set `SCHEDULEZERO_SECRETS_KEY`."
    )
