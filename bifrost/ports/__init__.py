"""The ports: what the kernel asks of connectors, readers, stores and linkers. Implementations never import each other.

Every implementation of a port runs the contract suite of that port in ``tests/contracts``.
"""

from bifrost.ports.linking import Linker, ProgressSink, TeachRequest
from bifrost.ports.sources import (
    ConnectionReport,
    Connector,
    DocumentReading,
    Encoder,
    Extractor,
    Reader,
    RowMapping,
    RowMappings,
)
from bifrost.ports.store import (
    Catalog,
    ChangeLog,
    FragmentStore,
    Lag,
    LinkingData,
    LinkStore,
    PairScores,
    Projection,
    Reading,
    ReplaceReport,
    SearchIndex,
    Store,
)
from bifrost.ports.view import GraphView

__all__ = [
    "Catalog",
    "ChangeLog",
    "ConnectionReport",
    "Connector",
    "DocumentReading",
    "Encoder",
    "Extractor",
    "FragmentStore",
    "GraphView",
    "Lag",
    "LinkStore",
    "Linker",
    "LinkingData",
    "PairScores",
    "ProgressSink",
    "Projection",
    "Reader",
    "Reading",
    "ReplaceReport",
    "RowMapping",
    "RowMappings",
    "SearchIndex",
    "Store",
    "TeachRequest",
]
