"""Notice that whoever reads our output has gone, also while there is nothing to write."""

import select
import signal
import sys
import threading


def end_with_reader() -> None:
    """Raise BrokenPipeError as soon as whoever reads our output has gone, and not at the next line only."""

    def end(*_: object) -> None:
        raise BrokenPipeError

    signal.signal(signal.SIGPIPE, end)
    threading.Thread(target=_signal_when_reader_goes, daemon=True).start()


def _signal_when_reader_goes() -> None:
    poll = select.poll()
    poll.register(sys.stdout, 0)  # the other end's closing is reported whatever is asked for
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGPIPE)
