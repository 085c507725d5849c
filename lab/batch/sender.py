"""Send bundles to workers: once more if a worker was lost, never because of a result."""

from concurrent.futures import CancelledError, Future
from threading import BoundedSemaphore, Event, Lock

from lab import __version__
from lab.batch.child import Interrupted
from lab.batch.task import NotGraded
from lab.batch.workers import Workers
from lab.errors import EnvironmentFault

ATTEMPTS = 2
AGAIN = "Run the same command again: without --again, a submission that has its card is not graded again."


class ConnectionLost(EnvironmentFault):
    """The executor has given up everything that it was asked to do."""


class Sender:
    """Sends bundles to the workers, from any number of threads. Each grading may take `seconds`.

    Once `stop` is set, nothing more is sent.
    """

    def __init__(self, workers: Workers, seconds: float, stop: Event) -> None:
        self._workers, self._seconds, self._stop = workers, seconds, stop
        self._lost: tuple[type[Exception], ...] = (Interrupted, *workers.lost)
        self._sent: set[Future[bytes]] = set()
        self._lock = Lock()
        # A bundle that waits at a worker would be lost with it, through another submission's fault.
        self._slots = BoundedSemaphore(workers.width)

    def send(self, bundle: bytes) -> bytes:
        """Return the result of the bundle, once a worker is free and has graded it.

        Raises:
            NotGraded: the worker could not grade it, or each worker that tried was lost.
            Interrupted: `cancel` was called.
            ConnectionLost: the executor has given it up for another reason.
        """
        with self._slots:
            return self._send(bundle)

    def cancel(self) -> None:
        """Cancel what was sent: each `send` raises Interrupted, at once or when its worker has ended."""
        with self._lock:
            self._stop.set()
            sent = list(self._sent)
        for future in sent:
            future.cancel()

    def _send(self, bundle: bytes) -> bytes:
        for _ in range(ATTEMPTS):
            future = self._submit(bundle)
            try:
                return future.result()
            except NotGraded:
                raise
            except CancelledError:
                self._require_going()
                raise ConnectionLost("The connection to the workers was lost.", AGAIN) from None
            except self._lost:  # a worker that shuts down interrupts what it runs
                self._require_going()
            except Exception as error:  # whatever a worker without lab, or with another one, fails with
                self._require_going()
                raise NotGraded(f"The worker failed: {type(error).__name__}: {error}") from error
            finally:
                with self._lock:
                    self._sent.discard(future)
        raise NotGraded(f"{ATTEMPTS} workers were lost while they graded it.")

    def _submit(self, bundle: bytes) -> "Future[bytes]":
        with self._lock:
            self._require_going()
            try:
                future = self._workers.executor.submit(self._workers.run, bundle, __version__, self._seconds)
            except RuntimeError as error:  # the executor was shut down
                raise ConnectionLost(f"The workers take no more bundles: {error}.", AGAIN) from error
            self._sent.add(future)
        return future

    def _require_going(self) -> None:
        if self._stop.is_set():
            raise Interrupted("The grading was interrupted.")
