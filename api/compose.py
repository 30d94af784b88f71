"""The only place where parts are wired together."""

from collections.abc import Mapping
from functools import partial

from api.asking import Asking
from api.carrying import Carrying
from api.follower import Follower
from api.jobs import BuildJobs
from api.kept_predictions import KeptPredictions
from api.rebuilding import Rebuilding
from api.review import Review
from api.review_book import ReviewBook
from api.review_log import ReviewLog
from api.service import Service
from api.worker import ReadingOptions, make_reader
from bifrost.pipeline import Pipeline
from bifrost.ports import Connector, RowMapping
from bifrost.registry import Registry
from bifrost.secrets import SecretBox
from bifrost.settings import Settings
from bifrost.values import DatasetInfo
from extraction.encoder_minilm import load_encoder
from extraction.pool import DocumentPool, PoolOptions
from extraction.rdf_rows import RdfMapper
from extraction.rows import RowMapper, vertex_type_of
from graphstore.edits import Edits
from graphstore.export import Exporter
from graphstore.gremlin.served import gremlin_engine
from graphstore.search import SearchProjection
from graphstore.source_edits import SourceEdits
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from linking.kept_knowledge import KeptKnowledge
from linking.linker import BifrostLinker

__all__ = ["open_service", "open_store"]


def open_store(settings: Settings) -> SqlStore:
    """The system of record, its schema created or upgraded."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = SqlStore(settings.effective_store_url)
    store.migrate()
    return store


def row_mapping(
    source: str, dataset: DatasetInfo, vertex_type: str, catalog: Mapping[str, DatasetInfo], types: Mapping[str, str]
) -> RowMapping:
    """How the rows of a dataset are read: RDF subjects are no rows of a table."""
    mapper = RdfMapper if dataset.options.get("format") == "rdf" else RowMapper
    return mapper(source, dataset, vertex_type, catalog, types)


def open_service(settings: Settings) -> Service:
    """The whole product over one data directory. Opens no source and starts no build."""
    store = open_store(settings)
    search = SearchProjection(store)
    sparql = SparqlProjection(store, settings.data_dir / "sparql", settings.base_iri)
    reading = ReadingOptions.of(settings)
    documents = DocumentPool(partial(make_reader, reading), reading.version(), PoolOptions(settings.reading_workers))
    edits = Edits(store)
    knowledge = KeptKnowledge(settings.data_dir)
    service: Service
    pipeline = Pipeline(
        store=store,
        connect=lambda source: service.connect(source),
        row_mappings=row_mapping,
        vertex_type=vertex_type_of,
        documents=documents,
        linker=BifrostLinker(
            load_encoder(),
            gnn=settings.gnn_backend,
            knowledge=knowledge,
            kept=settings.data_dir / "matching",
        ),
        projections=(search, sparql),
        propose_share=settings.propose_share,
    )
    log = ReviewLog(settings)
    review = Review(store.links, ReviewBook(settings), pipeline.links.apply_accepted, log=log)
    pipeline.proposed = lambda: service.proposed()
    pipeline.links.matched = review.keep_matched
    service = Service(
        settings=settings,
        store=store,
        pipeline=pipeline,
        jobs=BuildJobs(settings, pipeline),
        connectors=Registry[Connector]("connectors"),
        secrets=SecretBox(settings),
        search=search,
        sparql=sparql,
        edits=edits,
        source_edits=SourceEdits(store),
        gremlin=gremlin_engine(store, edits),
        exporter=Exporter(store, settings.base_iri),
        review=review,
        asking=Asking(store.links, log, review, pipeline.linker, store.linking_data, twice=settings.review_twice),
        follower=Follower(pipeline.projections, settings.data_dir / "follower.lock"),
        rebuilding=Rebuilding(pipeline.projections),
        carrying=Carrying(store.links, review, pipeline.linker, knowledge),
        predictions=KeptPredictions(settings.data_dir / "predictions"),
    )
    return service
