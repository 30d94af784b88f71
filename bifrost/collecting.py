"""Python's garbage collector, and when it is better left out."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_garbage_collection"]


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """For work that makes millions of objects and no cycles: looking for cycles among them takes a third of its time or more.
    Other threads' cycles wait until its end."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
