"""Keys of the ZeroMQ wires: CURVE, used beyond loopback, and on all addresses with `require_keys`.

Each side has its own key pair, created at its first start, and a list of the public keys it allows. The
folder contains ``own.secret``, ``own.public``, and ``allowed``: one key per line, followed by a name. Only
its user can read any of it. (CURVE: https://rfc.zeromq.org/spec/26/; access control: ZAP, spec 27.)
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

from schedulezero.errors import KeysUnusable, NoSuchKey
from schedulezero.storage import private_files
from schedulezero.wire.addresses import is_loopback

log = logging.getLogger(__name__)

_KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")


def is_key(text: str) -> bool:
    """Return whether a text has the form of a public key: 40 characters of Z85."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Our own key pair, and the keys we allow.

    Attributes:
        public, secret: our own keys, 40 characters of Z85 each.
        allowed_file: the file that lists the other allowed keys.
        peer: one key that is always allowed, whatever the file says; None for none.
        everywhere: whether loopback addresses use CURVE, too.
    """

    public: str
    secret: str
    allowed_file: Path
    peer: str | None = None
    everywhere: bool = False

    def __repr__(self) -> str:
        return f"KeyRing(public={self.public!r})"  # the secret stays out of logs and tracebacks

    def cover(self, address: str) -> bool:
        """Return whether the wire at an address uses CURVE."""
        return self.everywhere or not is_loopback(address)

    def allowed(self) -> dict[str, str]:
        """Return the allowed keys, including our own, each with its name.

        The file is read every time, so changes take effect at once.
        """
        try:
            lines = self.allowed_file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        except (OSError, UnicodeError) as error:
            # The doorkeeper asks for each peer; it must keep working and refuse any peer it can't look up.
            log.error("%s cannot be read, and nobody on it is let in: %s", self.allowed_file, error)
            lines = []
        found = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
        known = {parts[0]: parts[1] if len(parts) > 1 else "" for parts in found if is_key(parts[0])}
        known[self.public] = "this side"
        if self.peer is not None:
            known.setdefault(self.peer, "the server")
        return known

    def allow(self, key: str, name: str) -> None:
        """Allow a key; a key that is already allowed keeps its name unless a new one is given.

        Raises NoSuchKey if the key is invalid, or another key has the name.
        """
        if not is_key(key):
            raise NoSuchKey(
                "A public key has 40 characters; `schedulezero-bot keys` shows it on the other side."
            )
        name, known = " ".join(name.split())[:60], self.allowed()
        named = {other.casefold() for held, other in known.items() if held != key and other}
        if name.casefold() in named:
            raise NoSuchKey(f"Another key is named “{name}”; choose another name, or revoke that key first.")
        try:
            private_files.append(self.allowed_file, f"{key} {name or known.get(key, '')}\n")
        except OSError as error:
            raise self._not_writable(error) from error

    def lets_in(self, key: str | None) -> bool:
        """Return whether the holder of a key, as proved on a connection, is currently allowed."""
        return key is not None and key in self.allowed()

    def revoke(self, name_or_key: str) -> tuple[str, str]:
        """Revoke a key at once, and return the key and its name.

        The list is replaced atomically, so readers see either the old one or the new one.

        Raises NoSuchKey if no listed key has this name or value, or several have this name.
        """
        wanted = " ".join(name_or_key.split())
        own = {self.public, self.peer}
        found = {
            key: name
            for key, name in self.allowed().items()
            if key not in own and (key == wanted or name.casefold() == wanted.casefold())
        }
        if len(found) != 1:
            raise NoSuchKey(
                f"Several keys are named “{wanted}”; give the key itself: {', '.join(found)}."
                if found
                else f"There is no key {wanted[:100]!r} to take out; `schedulezero-bot keys` shows which are "
                "let in. This side's own key always is."
            )
        (gone,) = found
        fresh = self.allowed_file.with_name(f"{self.allowed_file.name}.new")
        try:
            lines = self.allowed_file.read_text(encoding="utf-8").splitlines(keepends=True)
            fresh.unlink(missing_ok=True)
            private_files.write_new(fresh, "".join(line for line in lines if line.split()[:1] != [gone]))
            fresh.replace(self.allowed_file)
        except OSError as error:
            raise self._not_writable(error) from error
        return gone, found[gone]

    def _not_writable(self, error: OSError) -> KeysUnusable:
        return KeysUnusable(
            f"{self.allowed_file} cannot be written ({error.strerror}). Give the user that runs the bot "
            "the right to write it and its folder, or name another folder under `keys`."
        )

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Make a socket that will be bound use CURVE; its doorkeeper decides which peers it accepts."""
        self._own(socket)
        socket.setsockopt(zmq.CURVE_SERVER, 1)

    def speak_to(self, socket: zmq.Socket[bytes], key: str) -> None:
        """Make a socket that will be connected use CURVE with the holder of a key."""
        self._own(socket)
        socket.setsockopt(zmq.CURVE_SERVERKEY, key.encode())

    def _own(self, socket: zmq.Socket[bytes]) -> None:
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.public.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.secret.encode())


def proved_key(frame: Any) -> str | None:
    """Return the public key that a received frame's sender has proved; None on a plain wire."""
    try:
        return frame.get("User-Id") or None
    except zmq.ZMQError:
        return None


def load_keys(folder: str | Path, peer: str | None = None, *, everywhere: bool = False) -> KeyRing:
    """Return the keys in a folder; create them if there are none yet.

    Parameters:
        folder: the folder with the keys.
        peer: a public key that is always allowed, whatever the folder's list says.
        everywhere: whether loopback addresses use CURVE, too.

    Raises KeysUnusable with a message that says what to do.
    """
    folder = Path(folder).absolute()
    secret_file, public_file = folder / "own.secret", folder / "own.public"
    try:
        if not secret_file.exists():
            private_files.make_folder(folder)
            public, secret = (key.decode("ascii") for key in zmq.curve_keypair())
            public_file.unlink(missing_ok=True)  # left over from a pair whose secret key is gone
            private_files.write_new(public_file, public + "\n")
            private_files.write_new(secret_file, secret + "\n")
        private_files.warn_of_open_folder(folder, "the keys")
        if secret_file.is_symlink():
            log.info("%s is a link; it and what it leads to keep their modes", secret_file)
        else:
            private_files.restrict(secret_file)
        secret = secret_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise KeysUnusable(f"The keys in {folder} cannot be read or made ({error}).") from error
    if not is_key(secret):
        raise KeysUnusable(f"{secret_file} holds no key; move it away, and a new pair is made.")
    public = zmq.curve_public(secret.encode()).decode("ascii")
    return KeyRing(public, secret, folder / "allowed", peer, everywhere)
