"""``python -m api.gremlin_scratch --port 8182``: an empty throw-away graph on loopback, without sign-in."""

import argparse
import socket
from contextlib import suppress

from starlette.applications import Starlette

from api.asgi import serve
from api.gremlin import gremlin_routes
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.memory import MemoryGraph

__all__ = ["scratch_app"]


def scratch_app() -> Starlette:
    """The endpoint over an empty graph in memory. To be bound to loopback only: anybody may read and write."""
    return Starlette(routes=gremlin_routes(GremlinEngine(MemoryGraph()), None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8182)
    arguments = parser.parse_args()
    with suppress(KeyboardInterrupt):
        serve(scratch_app(), socket.create_server(("127.0.0.1", arguments.port)))


if __name__ == "__main__":
    main()
