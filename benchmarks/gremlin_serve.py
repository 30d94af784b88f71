"""The server under test: the Gremlin endpoint over a store's served graph, in a process of its own.

python -m benchmarks.gremlin_serve sqlite:///bench.sqlite 18182
"""

import socket
import sys
from contextlib import suppress

from starlette.applications import Starlette

from api.asgi import serve
from api.gremlin import gremlin_routes
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import ServedGraph
from graphstore.sql import SqlStore


def main() -> None:
    url, port = sys.argv[1], int(sys.argv[2])
    source = ServedGraph(SqlStore(url))
    source.keeper.warm()
    app = Starlette(routes=gremlin_routes(GremlinEngine(source), None))
    with suppress(KeyboardInterrupt):
        serve(app, socket.create_server(("127.0.0.1", port)))


if __name__ == "__main__":
    main()
