"""The one decorator of all kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel"]

_Function = TypeVar("_Function", bound="Callable[..., object]")


def kernel(function: _Function) -> _Function:
    """Compile a kernel on its first call, on disk where that is writable.

    No fastmath (NaN exists), no `parallel` (threads come from above, over
    partitions of customers), division by zero as numpy has it. The Python
    original stays reachable as `.py_func`.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # numba raises at import when no cache directory can be written to.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
