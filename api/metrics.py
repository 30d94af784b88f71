"""Prometheus metrics of one service: requests as they happen, the rest read from the store when scraped."""

from collections import Counter as Count
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.ports import Service
from bifrost.catalog import BuildState
from bifrost.links import LinkState

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Route labels are patterns, never paths, so their number is bounded."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "bifrost_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "bifrost_http_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self._registry
        )
        self._registry.register(_StoreCollector(service))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS") else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' text format. Blocks."""
        return generate_latest(self._registry)


class _StoreCollector(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that registering reads no store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        store = self._service.store
        builds = GaugeMetricFamily("bifrost_builds", "The last 1000 builds by state.", labels=("state",))
        states = Count(build.state for build in store.catalog.builds(1000))
        for state in BuildState:
            builds.add_metric((state.value,), states[state])
        yield builds
        datasets = store.catalog.datasets()
        yield _gauge("bifrost_records", "Records read and stored.", sum(one.records for one in datasets))
        yield _gauge(
            "bifrost_record_failures", "Records that could not be read.", sum(one.failures for one in datasets)
        )
        lag = GaugeMetricFamily(
            "bifrost_projection_lag", "Changes that a projection has still to apply.", labels=("projection",)
        )
        age = GaugeMetricFamily(
            "bifrost_projection_lag_seconds", "Age of the oldest of these changes.", labels=("projection",)
        )
        for one in self._service.projections():
            lag.add_metric((one.name,), one.behind)
            age.add_metric((one.name,), one.seconds)
        yield lag
        yield age
        proposed = len(store.links.link_types((LinkState.PROPOSED,)))
        yield _gauge("bifrost_review_queue", "Link types that wait for an answer.", proposed)
        yield _gauge("bifrost_change_log_position", "Number of the newest change.", store.log.position())


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value=value)
