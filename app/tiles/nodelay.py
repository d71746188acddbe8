"""Answers leave at once: TCP_NODELAY on the sockets that listen.

The server makes its socket with protocol 0, and asyncio sets TCP_NODELAY for protocol TCP only.
An answer goes out in two writes, so the second one waits for the delayed acknowledgement of the
first: 44 ms a tile. uvloop sets the option itself; where there is no uvloop, this does.
Accepted sockets inherit the option from the listening one.
"""

import gc
import socket

_INTERNET = (socket.AF_INET, socket.AF_INET6)


def set_nodelay() -> int:
    """Set TCP_NODELAY on every listening TCP socket of this process.

    Call it in the ``lifespan`` of the server, when its socket is bound.

    Returns:
        How many sockets were found.
    """
    listening = [each for each in gc.get_objects() if _is_listening(each)]
    for each in listening:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return len(listening)


def _is_listening(candidate: object) -> bool:
    if type(candidate) is not socket.socket:
        return False
    try:
        if candidate.family not in _INTERNET or candidate.type != socket.SOCK_STREAM:
            return False
        return bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # already closed
        return False
