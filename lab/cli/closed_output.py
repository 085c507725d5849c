"""End a command when the program that reads its output has ended, such as `head` after its last line."""

import os
import select
import signal
import sys
import threading


class OutputClosed(Exception):
    """The program that reads standard output has ended."""


def raise_when_output_closes() -> None:
    """From now on, raise OutputClosed in the main thread as soon as the reader of standard output ends."""

    def on_signal(*_: object) -> None:
        raise OutputClosed  # not BrokenPipeError: Path.mkdir and Path.touch ignore an OSError

    signal.signal(signal.SIGPIPE, on_signal)
    threading.Thread(target=_wait_for_close, daemon=True).start()


def discard_output(*descriptors: int) -> None:
    """Discard all further output to these file descriptors, so that writing and flushing cannot fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(null, descriptor)


def _wait_for_close() -> None:
    poll = select.poll()
    poll.register(sys.stdout, 0)  # poll reports errors and a closed reader for every mask
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGPIPE)
