"""Messages between the lab's own processes: a 4-byte big-endian length and a pickled value, over a stream socket."""

import pickle
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")


def send_message(channel: socket.socket, message: object) -> None:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    channel.sendall(_LENGTH.pack(len(body)) + body)


def receive_message(channel: socket.socket) -> Any:
    """Wait for one message. Raises EOFError when the other side has gone, TimeoutError as the socket is set."""
    (length,) = _LENGTH.unpack(_receive_exactly(channel, _LENGTH.size))
    return pickle.loads(_receive_exactly(channel, length))


def _receive_exactly(channel: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        try:
            part = channel.recv(size - len(received))
        except ConnectionResetError:
            part = b""
        if not part:
            raise EOFError("the other process has gone")
        received += part
    return bytes(received)
