"""The subscription root. Sources of events poll the catalog and the log, which other processes write."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import strawberry
from anyio.to_thread import run_sync

from api.graphql.context import Context
from api.graphql.predicting import PredictionProgressType, predicted
from api.graphql.types_sources import BuildType
from api.kept_predictions import PredictionOptions
from bifrost.catalog import Build, BuildState
from bifrost.errors import InputError

__all__ = ["Subscription"]

Info = strawberry.Info[Context, None]
_BUILD_SECONDS = 0.25
_LOG_SECONDS = 1.0
_MOST_BUILDS = 50
"""Newest builds that are watched; older ones have ended."""
_MOST_PREDICTED, _LONGEST = 200, 120.0
_ENDED = (BuildState.DONE, BuildState.FAILED, BuildState.CANCELLED)


@strawberry.type
class Subscription:
    @strawberry.subscription(description="A build whenever something about it changed; ends when the build ends.")
    async def build(self, info: Info, id: int) -> AsyncGenerator[BuildType, None]:
        catalog, before = info.context.service.store.catalog, None
        while True:
            started = time.monotonic()
            build = await run_sync(catalog.build, id)
            if build != before:
                yield BuildType.of(build)
                before = build
            if build.state in _ENDED:
                return
            await anyio.sleep(max(0.0, _BUILD_SECONDS - (time.monotonic() - started)))

    @strawberry.subscription(
        description="Builds of all sources whenever something about one changed, its progress included: first those that wait "
        "or run, then every change. Does not end."
    )
    async def builds(self, info: Info) -> AsyncGenerator[BuildType, None]:
        catalog = info.context.service.store.catalog
        before: dict[int, Build] | None = None
        while True:
            started = time.monotonic()
            found = {build.id: build for build in reversed(await run_sync(catalog.builds, _MOST_BUILDS))}
            for id, build in found.items():
                if build.state not in _ENDED if before is None else before.get(id) != build:
                    yield BuildType.of(build)
            before = found
            await anyio.sleep(max(0.0, _BUILD_SECONDS - (time.monotonic() - started)))

    @strawberry.subscription(description="Position of the change log, now and after changes, at most once a second.")
    async def graph_changed(self, info: Info) -> AsyncGenerator[int, None]:
        log, before = info.context.service.store.log, -1
        while True:
            position = await run_sync(log.position)
            if position != before:
                yield position
                before = position
            await anyio.sleep(_LOG_SECONDS)

    @strawberry.subscription(
        description="Links of a label that the graph probably lacks, with the paths that speak for them: how far it is, then the "
        "result. Asks for vertices that have no such link, or with linked for those that have some. Writes nothing."
    )
    async def predict_links(
        self, info: Info, label: str, limit: int = 20, linked: bool = False, seconds: float = 60.0
    ) -> AsyncGenerator[PredictionProgressType, None]:
        if not (0 < limit <= _MOST_PREDICTED and 0 < seconds <= _LONGEST):
            raise InputError(f"limit goes up to {_MOST_PREDICTED}, seconds up to {_LONGEST:g}.")
        service, options = info.context.service, PredictionOptions(label, linked=linked, seconds=seconds)
        async with aclosing(predicted(service.store, service.predictions, options, limit)) as events:
            async for event in events:
                yield event
