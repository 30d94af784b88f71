"""The process that parses one RDF file: ``python -m connectors._rdf_parse FILE FORMAT BASE BYTES SECONDS``.

It writes N-Triples to stdout, or one line about what is wrong to stderr and ends with 1. A file made to exhaust memory,
time or the stack ends this process and nothing else.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

_LONGEST = 10 * 2**20
"""Characters of one literal; a file that holds a longer one is broken, or was made to exhaust memory."""


def main() -> int:
    path, format, base, memory, seconds = sys.argv[1:]
    _limit(int(memory), int(seconds))
    try:
        with Path(path).open("rb") as stream:
            parsed = ox.parse(stream, format=_format(format), base_iri=base, rename_blank_nodes=True)
            ox.serialize(_triples(parsed), sys.stdout.buffer, ox.RdfFormat.N_TRIPLES)
        sys.stdout.buffer.flush()
    except (SyntaxError, ValueError, OSError, RecursionError) as error:
        sys.stderr.write((str(error) or type(error).__name__).splitlines()[0][:300])
        return 1
    return 0


def _triples(parsed: Iterator[ox.Quad]) -> Iterator[ox.Triple]:
    for quad in parsed:
        value = quad.object
        if isinstance(value, ox.Literal) and len(value.value) > _LONGEST:
            raise ValueError(f"a text has more than {_LONGEST >> 20} million characters")
        if not (isinstance(value, ox.Triple) and isinstance(value.object, ox.Triple)):
            yield quad.triple


def _format(name: str) -> ox.RdfFormat:
    found = ox.RdfFormat.from_extension(name)
    if found is None:
        raise ValueError(f"{name} is no RDF format")
    return found


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
