"""Builds whose steps are timed."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable

from api.service import Service
from bifrost.pipeline import Step

__all__ = ["timed_build"]


def timed_build(
    service: Service, name_of: Callable[[Step], str] = lambda step: step.stage
) -> dict[str, tuple[float, int]]:
    """Runs the steps of a build of all sources, and times them by name: seconds, records. Exits where a source fails."""
    pipeline = service.pipeline
    build = service.store.catalog.add_build(()).id
    pipeline.begin(build)
    steps, errors = pipeline.plan(build)
    stages: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))

    def run(step: Step) -> None:
        started, done = time.monotonic(), 0
        errors.update(pipeline.run_step(build, step))
        if step.stage == "crawl":
            summaries = service.store.catalog.datasets(step.source)
            done = sum(summary.records for summary in summaries if summary.info.name == step.item)
        seconds, records = stages[name_of(step)]
        stages[name_of(step)] = (seconds + time.monotonic() - started, records + done)

    for step in [*steps, Step("propose")]:
        run(step)
    for step in [*pipeline.plan_links(), Step("publish")]:
        run(step)
    pipeline.end(build, errors)
    if errors:
        sys.exit(f"The build failed: {errors}")
    return dict(stages)
