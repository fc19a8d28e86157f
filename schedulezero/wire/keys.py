"""Keys of the ZeroMQ wires: CURVE, on where an address is not loopback, and everywhere with `require_keys`.

Each side has a pair of its own, made at its first start, and a list of the public keys that it lets in.
The folder holds ``own.secret``, ``own.public``, and ``allowed``: a line for each key, with a name behind it.
All of it is readable by its user only. (CURVE: https://rfc.zeromq.org/spec/26/; who is let in: ZAP, spec 27.)
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
    """Whether a text has the form of a public key: 40 characters of Z85."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Our own pair, and whom we let in.

    Attributes:
        public, secret: our own keys, 40 characters of Z85 each.
        allowed_file: where the keys of others are listed.
        peer: the one key that we let in whatever the file says; None for none.
        everywhere: whether loopback addresses speak CURVE, too.
    """

    public: str
    secret: str
    allowed_file: Path
    peer: str | None = None
    everywhere: bool = False

    def __repr__(self) -> str:
        return f"KeyRing(public={self.public!r})"  # the secret stays out of logs and tracebacks

    def cover(self, address: str) -> bool:
        """Whether the wire to or at an address speaks CURVE."""
        return self.everywhere or not is_loopback(address)

    def allowed(self) -> dict[str, str]:
        """The keys that are let in, our own among them, each with its name.

        Read anew each time, so that changes count at once.
        """
        try:
            lines = self.allowed_file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        except (OSError, UnicodeError) as error:
            # The doorkeeper asks for each peer; it must go on, and let in nobody whom it cannot look up.
            log.error("%s cannot be read, and nobody on it is let in: %s", self.allowed_file, error)
            lines = []
        found = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
        known = {parts[0]: parts[1] if len(parts) > 1 else "" for parts in found if is_key(parts[0])}
        known[self.public] = "this side"
        if self.peer is not None:
            known.setdefault(self.peer, "the server")
        return known

    def allow(self, key: str, name: str) -> None:
        """Lets somebody in; a key that is let in already keeps its name unless another one is given.

        Raises NoSuchKey when that is not a key, or another key has the name.
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
        """Whether the holder of a key, as proved on a connection, is let in at this moment."""
        return key is not None and key in self.allowed()

    def revoke(self, name_or_key: str) -> tuple[str, str]:
        """Lets somebody in no more, from now on, and returns their key and its name.

        The list is replaced in one step, so that whoever reads it finds the old one or the new one.

        Raises NoSuchKey when nobody on the list has that name or key, or several have that name.
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
        """Makes a socket that will be bound speak CURVE; whom it lets in, its doorkeeper says."""
        self._own(socket)
        socket.setsockopt(zmq.CURVE_SERVER, 1)

    def speak_to(self, socket: zmq.Socket[bytes], key: str) -> None:
        """Makes a socket that will be connected speak CURVE with the holder of a key."""
        self._own(socket)
        socket.setsockopt(zmq.CURVE_SERVERKEY, key.encode())

    def _own(self, socket: zmq.Socket[bytes]) -> None:
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.public.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.secret.encode())


def proved_key(frame: Any) -> str | None:
    """The public key that the sender of a received frame has proved; None on a plain wire."""
    try:
        return frame.get("User-Id") or None
    except zmq.ZMQError:
        return None


def load_keys(folder: str | Path, peer: str | None = None, *, everywhere: bool = False) -> KeyRing:
    """The keys of a folder; they are made when there are none yet.

    Parameters:
        folder: where they are.
        peer: a public key that is let in whatever the folder's list says.
        everywhere: whether loopback addresses speak CURVE, too.

    Raises KeysUnusable, in a sentence that says what to do.
    """
    folder = Path(folder).absolute()
    secret_file, public_file = folder / "own.secret", folder / "own.public"
    try:
        if not secret_file.exists():
            private_files.make_folder(folder)
            public, secret = (key.decode("ascii") for key in zmq.curve_keypair())
            public_file.unlink(missing_ok=True)  # of a pair whose secret half is gone
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
