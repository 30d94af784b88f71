"""``python -m api.gremlin_scratch --port 8182``: an empty throw-away graph on loopback, without sign-in."""

import argparse

import uvicorn
from starlette.applications import Starlette

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
    uvicorn.run(scratch_app(), host="127.0.0.1", port=arguments.port, log_level="warning", ws_max_size=16 * 1024 * 1024)


if __name__ == "__main__":
    main()
