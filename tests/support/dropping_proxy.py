"""A TCP proxy that can drop all bytes silently, as a network whose other end has vanished: no FIN, no RST."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from types import TracebackType


class DroppingProxy:
    """Forwards connections to a port of this machine until it drops them.

    Parameters:
        target: the port to forward to.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._dropping: Callable[[int], bool] | None = None
        self._ports: dict[socket.socket, int] = {}
        self._with_gaps: set[socket.socket] = set()
        self._swallowed: set[socket.socket] = set()
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> DroppingProxy:
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.close()
        self._thread.join(10)

    def drop(self, only: Callable[[int], bool] = lambda _: True) -> None:
        """Swallow every byte from now on, and let new connections hang.

        Parameters:
            only: returns whether to do so with the connection that comes from a port.
        """
        self._dropping = only

    def drop_present(self) -> None:
        """Swallow every byte of the connections that exist, as a firewall that has lost their state."""
        self._swallowed |= set(self._peers)

    def let_through(self) -> None:
        """Forward again. Connections that lost bytes are reset, since their streams have gaps."""
        self._dropping = None
        self._swallowed.clear()
        self._wake.send(b"!")

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                found: socket.socket = key.fileobj  # type: ignore[assignment]
                if found is self._woken:
                    if not self._woken.recv(1):
                        self._end_all()
                        self._listening.close()
                        return
                    self._end_those_with_gaps()
                elif found is self._listening:
                    self._accept()
                elif found in self._peers:
                    self._forward(found)

    def _accept(self) -> None:
        near, (_, port) = self._listening.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._peers[one] = other
            self._ports[one] = port
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, found: socket.socket) -> None:
        try:
            data = found.recv(65536)
            if data and self._is_dropped(found):
                self._with_gaps |= {found, self._peers[found]}
            elif data:
                self._peers[found].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._end(found)

    def _end(self, found: socket.socket) -> None:
        dropped = self._is_dropped(found)
        other = self._peers.pop(found)
        self._selector.unregister(found)
        found.close()
        if dropped:  # the other end doesn't learn of it
            self._with_gaps.add(other)
            return
        if other in self._peers:
            self._peers.pop(other)
            self._selector.unregister(other)
            other.close()

    def _is_dropped(self, found: socket.socket) -> bool:
        dropping = self._dropping
        return found in self._swallowed or (dropping is not None and dropping(self._ports[found]))

    def _end_those_with_gaps(self) -> None:
        for found in self._with_gaps & set(self._peers):
            self._peers.pop(found)
            self._selector.unregister(found)
            found.close()
        self._with_gaps.clear()

    def _end_all(self) -> None:
        for found in list(self._peers):
            self._peers.pop(found)
            with contextlib.suppress(KeyError):
                self._selector.unregister(found)
            found.close()
