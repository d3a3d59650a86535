"""Where submissions are judged: in processes of this machine, or on a Dask cluster.

A pool takes work in, a few pieces ahead of what it is judging, and gives back what was seen in the
order in which it is ready. Memory does not grow with the class.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import Any, Protocol

from tito.core.classroom.apart import BROKEN, Seen, judge_apart
from tito.core.errors import MachineError
from tito.core.python import import_extra
from tito.world import World

WorkJson = Mapping[str, Any]
FIRST_SECONDS = 30  # to reach a scheduler
POLL_SECONDS = 0.5  # Ctrl-C is noticed this often
# Dask's workers look at themselves up to a hundred times a second, which costs a tenth of a core
# each. A submission takes seconds, and what it needs is limited by its own process.
CALM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


class Pool(Protocol):
    """Judges several submissions at the same time."""

    ahead: int  # pieces of work to hand in before the first is back

    def submit(self, work: WorkJson) -> Any: ...
    def ready(self, pending: set[Any]) -> set[Any]: ...
    def seen(self, future: Any) -> Seen: ...


class Processes:
    """`jobs` processes of this machine."""

    def __init__(self, jobs: int, env: Mapping[str, str]) -> None:
        self.ahead, self._env = jobs, env
        self.stop = threading.Event()
        self.threads = futures.ThreadPoolExecutor(jobs)

    def submit(self, work: WorkJson) -> futures.Future[Seen]:
        return self.threads.submit(judge_apart, work, self._env, self.stop)

    def ready(self, pending: set[futures.Future[Seen]]) -> set[futures.Future[Seen]]:
        return futures.wait(pending, POLL_SECONDS, futures.FIRST_COMPLETED).done

    def seen(self, future: futures.Future[Seen]) -> Seen:
        return future.result()


@contextmanager
def processes(jobs: int, env: Mapping[str, str]) -> Iterator[Pool]:
    """A pool of this machine; whatever it is judging is ended with it."""
    pool = Processes(jobs, env)
    try:
        yield pool
    finally:
        pool.stop.set()
        pool.threads.shutdown(wait=True, cancel_futures=True)


def judge_there(work: WorkJson) -> Seen:
    """What a worker of a cluster calls, with its own environment."""
    return judge_apart(work, World().env)


class Cluster:
    """The workers of a Dask scheduler. If one dies, only its task is begun again elsewhere."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ahead = max(2, 2 * sum(client.nthreads().values()))

    def submit(self, work: WorkJson) -> Any:
        self.ahead = max(self.ahead, 2 * sum(self.client.nthreads().values()))
        return self.client.submit(judge_there, dict(work), pure=False)

    def ready(self, pending: set[Any]) -> set[Any]:
        try:
            found = _distributed().wait(pending, POLL_SECONDS, "FIRST_COMPLETED")
        except TimeoutError:
            return set()
        return set(found.done)

    def seen(self, future: Any) -> Seen:
        try:
            found: Seen = future.result()
        except Exception as error:  # whatever the cluster reports
            return {BROKEN: f"The cluster could not judge it: {type(error).__name__}: {error}"}
        return found


@contextmanager
def cluster(scheduler: str | None, workers: int) -> Iterator[Pool]:
    """A Dask cluster: the one at `scheduler`, or one of `workers` processes on this machine."""
    distributed, here = _distributed(), None
    try:
        if scheduler is None:
            distributed.dask.config.set(CALM)  # for workers that are begun again later, too
            here = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            )
        client = distributed.Client(here or scheduler, timeout=FIRST_SECONDS)
    except (OSError, ValueError) as error:
        raise MachineError(
            f"The Dask scheduler cannot be reached: {error}.",
            where=scheduler,
            hint="dask scheduler, then dask worker ADDRESS on each machine",
        ) from error
    try:
        yield Cluster(client)
    finally:
        client.close()
        if here is not None:
            here.close()


def _distributed() -> Any:
    """The package `distributed`; imported by name because it is optional."""
    return import_extra("distributed", extra="class", purpose="Grading on a cluster")
