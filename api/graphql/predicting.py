"""Link prediction as a subscription: what it is doing, then what it found. One learns at a time in a process."""

import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import anyio
import strawberry

from api.kept_predictions import KeptPredictions, Prediction, PredictionOptions, Predictions
from api.predictions import find_links, known_links
from bifrost.errors import ConflictError
from bifrost.ports import Store

__all__ = ["PredictionProgressType", "predicted"]

_SECONDS = 0.25
_busy = threading.Lock()


@strawberry.type(name="PredictedLink", description="A link that the graph probably lacks. addEdge adds it.")
class PredictedLinkType:
    tail: strawberry.ID
    tail_name: str
    head: strawberry.ID
    head_name: str
    score: float = strawberry.field(description="Its probability among all heads.")
    paths: list[str] = strawberry.field(description="What speaks for it, the strongest first.")

    @classmethod
    def of(cls, found: Prediction) -> "PredictedLinkType":
        return cls(
            tail=strawberry.ID(found.tail),
            tail_name=found.tail_name,
            head=strawberry.ID(found.head),
            head_name=found.head_name,
            score=found.score,
            paths=list(found.paths),
        )


@strawberry.type(name="TriedModel")
class TriedModelType:
    name: str
    mrr: float = strawberry.field(description="Filtered mean reciprocal rank on held-out links of all labels.")


@strawberry.type(name="LinkPredictions")
class LinkPredictionsType:
    links: list[PredictedLinkType]
    asked: int = strawberry.field(description="Vertices asked for; 0 where each has such a link already.")
    serves: str = strawberry.field(description="The model that won on held-out links.")
    tried: list[TriedModelType]
    learnt: datetime | None = strawberry.field(
        description="When the model was trained, which serves until the graph changes; null where nothing was learnt."
    )

    @classmethod
    def of(cls, found: Predictions) -> "LinkPredictionsType":
        tried = [TriedModelType(name=name, mrr=mrr) for name, mrr in found.validation.items()]
        links = [PredictedLinkType.of(link) for link in found.links]
        return cls(links=links, asked=found.asked, serves=found.serves, tried=tried, learnt=found.learnt)


@strawberry.type(name="PredictionProgress")
class PredictionProgressType:
    message: str
    result: LinkPredictionsType | None = strawberry.field(default=None, description="Comes last.")


class _StoppedError(Exception):
    """The client went away: nobody wants the answer."""


async def predicted(
    store: Store, kept: KeptPredictions, options: PredictionOptions, limit: int
) -> AsyncGenerator[PredictionProgressType, None]:
    """Raises ConflictError while another prediction runs, unless the answer is kept, and what
    :func:`api.predictions.predict_links` raises."""
    said, stopped = ["starting"], threading.Event()

    def report(message: str) -> None:
        if stopped.is_set():
            raise _StoppedError
        said.append(message)

    def work() -> Predictions:
        known = known_links(store, kept, options, limit=limit)
        if known is not None:
            return known
        if not _busy.acquire(blocking=False):
            raise ConflictError("Links are being predicted already.", remedy="Try again in a minute.")
        try:
            return find_links(store, kept, options, limit=limit, report=report)
        finally:
            _busy.release()

    pool, shown = ThreadPoolExecutor(1, "predict-links"), 0
    try:
        found = pool.submit(work)
        while not found.done():
            if len(said) > shown:
                shown = len(said)
                yield PredictionProgressType(message=said[-1])
            await anyio.sleep(_SECONDS)
        yield PredictionProgressType(message="done", result=LinkPredictionsType.of(found.result()))
    finally:
        stopped.set()
        pool.shutdown(wait=False)
