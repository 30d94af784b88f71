"""Builds as durable workflows (DBOS): a killed process's build continues where it stopped.

One process at a time runs the builds of a data directory; it holds ``worker.lock``. Any other process (a command line
beside a running service) only queues them, and the lock's holder runs them.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSClient, SetWorkflowID
from filelock import FileLock, Timeout
from sqlalchemy import make_url

from bifrost.catalog import BuildState
from bifrost.errors import BifrostError
from bifrost.pipeline import BuildCancelledError, Pipeline, Step
from bifrost.settings import Settings

__all__ = ["BuildJobs"]

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_QUEUE = "builds"
_WORKFLOW = "build"
_VERSION = "1"
"""Changes when a build that an older version began cannot be continued by this one."""


class BuildJobs:
    """Queues builds, and runs them if no other process does."""

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        self._settings, self._pipeline = settings, pipeline
        self._lock = FileLock(settings.data_dir / "worker.lock")
        self._running = False

    @property
    def running(self) -> bool:
        """Whether this process is the one that runs the builds."""
        return self._running

    def start(self) -> bool:
        """Becomes the process that runs builds, if there is none yet; continues the builds that a crash interrupted."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        self._workflow = _in_a_thread(self._launch)
        self._running = True
        return True

    def _launch(self) -> Callable[[int, bool], None]:
        DBOS(
            config={
                "name": "bifrost",
                "system_database_url": _jobs_url(self._settings),
                "application_version": _VERSION,
                "executor_id": "local",
                "log_level": "ERROR",
                "use_listen_notify": False,
            }
        )
        workflow: Callable[[int, bool], None] = DBOS.workflow(name=_WORKFLOW)(self._make_workflow())
        DBOS.launch()
        DBOS.register_queue(_QUEUE, global_concurrency=1, polling_interval_sec=0.2)
        return workflow

    def stop(self) -> None:
        """Stops running builds. One in progress stays pending and is continued by the next process that starts."""
        if self._running:
            self._running = False
            DBOS.destroy(destroy_registry=True)
            self._lock.release()

    def submit(self, build: int, *, allow_removal: bool = False) -> None:
        """Queues a build. Submitting the same build twice runs it once."""
        _in_a_thread(lambda: self._submit(f"build-{build}", build, allow_removal))

    def _submit(self, workflow_id: str, build: int, allow_removal: bool) -> None:
        if self._running:
            with SetWorkflowID(workflow_id):
                DBOS.enqueue_workflow(_QUEUE, self._workflow, build, allow_removal)
            return
        client = DBOSClient(system_database_url=_jobs_url(self._settings), application_name="bifrost")
        try:
            client.enqueue(
                {
                    "queue_name": _QUEUE,
                    "workflow_name": _WORKFLOW,
                    "workflow_id": workflow_id,
                    "app_version": _VERSION,
                },
                build,
                allow_removal,
            )
        finally:
            client.destroy()

    def wait(self, build: int, on_progress: Callable[[], None], seconds: float = 0.25) -> None:
        """Returns when a build has ended, calling ``on_progress`` now and then.

        Takes the work over when the process that ran the builds has ended.
        """
        ended = (BuildState.DONE, BuildState.FAILED, BuildState.CANCELLED)
        while self._pipeline.store.catalog.build(build).state not in ended:
            on_progress()
            time.sleep(seconds)
            if not self._running:
                self.start()
        on_progress()

    def _make_workflow(self) -> Callable[[int, bool], None]:
        pipeline = self._pipeline

        def step(name: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
            return DBOS.run_step({"name": name}, function, *arguments, **options)

        def run_build(build: int, allow_removal: bool) -> None:
            try:
                step("begin", pipeline.begin, build)
                planned, errors = step("plan", pipeline.plan, build)
                for crawl in planned:
                    if crawl.source not in errors:
                        name = f"crawl {crawl.source}/{crawl.item}"
                        errors |= step(name, pipeline.run_step, build, crawl, allow_removal=allow_removal)
                step("propose", pipeline.run_step, build, Step("propose"))
                for link in step("plan links", pipeline.plan_links):
                    errors |= step(f"link {link.item}", pipeline.run_step, build, link)
                step("publish", pipeline.run_step, build, Step("publish"))
                step("end", pipeline.end, build, errors)
            except BuildCancelledError:
                _log.info("build cancelled", build=build)
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the build must not stay "running"
                _log.exception("build failed", build=build)
                step("fail", _fail, pipeline, build, error)

        return run_build


def _in_a_thread(function: Callable[[], T]) -> T:
    """DBOS refuses its blocking calls in a thread whose event loop runs, which a caller may not know of."""
    with ThreadPoolExecutor(1, "jobs") as pool:
        return pool.submit(function).result()


def _fail(pipeline: Pipeline, build: int, error: Exception) -> None:
    known = error if isinstance(error, BifrostError) else BifrostError(f"The build stopped: {error}")
    pipeline.store.catalog.set_build(build, BuildState.FAILED, error=known.to_dict())


def _jobs_url(settings: Settings) -> str:
    """Workflows live beside the store: in the same PostgreSQL database, or in a SQLite file of their own."""
    url = make_url(settings.effective_store_url)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    return f"sqlite:///{(settings.data_dir / 'jobs.sqlite').resolve()}"
