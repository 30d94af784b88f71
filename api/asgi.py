"""How an ASGI application is served: uvicorn with the event loop and the parsers that answer fastest."""

import asyncio
import gc
import signal
import socket
import threading
from typing import Any

import uvicorn

from api.direct_socket import DirectWebSocket

__all__ = ["serve"]

_YOUNG = 20_000
"""Objects between two looks for garbage. Python's 700 are reached after a few requests, none of which leaves cycles."""


def serve(app: Any, listener: socket.socket) -> None:
    """Runs until interrupted. Raises KeyboardInterrupt, on SIGTERM too, once all connections are closed."""
    config = uvicorn.Config(
        app,
        ws=DirectWebSocket,
        log_config=None,
        access_log=False,
        ws_max_size=64 * 2**20,
        timeout_graceful_shutdown=5,
    )
    if threading.current_thread() is threading.main_thread():
        # uvicorn raises the signal again when it has ended; without a handler the caller could close nothing.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.freeze()  # what was imported stays as long as the process
    gc.set_threshold(_YOUNG, 20, 20)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))
