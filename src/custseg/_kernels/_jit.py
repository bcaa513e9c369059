"""The one decorator of all kernels, and the one thing Python has no word for: prefetching."""

# numba and llvmlite are untyped, and what they hand to makers of code is theirs to know.
# ruff: noqa: ANN401
# pyright: basic
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba
from llvmlite import ir
from numba.extending import intrinsic, overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel", "prefetch"]

_Function = TypeVar("_Function", bound="Callable[..., object]")


def kernel(function: _Function) -> _Function:
    """Compile a kernel on its first call, on disk where that is writable.

    No fastmath (NaN exists), no `parallel` (threads come from above, over
    partitions of customers), division by zero as numpy has it. The Python
    original stays reachable as `.py_func`.
    """
    # No code in C calls a kernel: what would let it costs compile time.
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # numba raises at import when no cache directory can be written to.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]


def prefetch(table: object, row: object) -> None:
    """Have a row of a table in cache by the time it is changed.

    It changes no value, and in plain Python it does nothing. A fold whose
    table outgrows the cache waits for memory at each row; asked for some rows
    ahead, the waits overlap: 10M orders of 1M customers took half the time.

    Args:
        table: A two-dimensional contiguous array.
        row: uint64, a row of it.
    """


# What numba hands to the makers of code has no types.
@intrinsic
def _prefetched(_: Any, table: Any, row: Any) -> Any:  # pragma: no cover - runs in the compiler
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        stride = builder.extract_value(array.strides, 0)
        byte, flag = ir.IntType(8), ir.IntType(32)
        start = builder.bitcast(array.data, byte.as_pointer())
        place = builder.gep(start, [builder.mul(values[1], stride)])
        name = "llvm.prefetch.p0"
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), flag, flag, flag])
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        # It will be written to, soon, and is data.
        builder.call(function, [place, *(ir.Constant(flag, value) for value in (1, 3, 1))])
        return context.get_dummy_value()

    return numba.types.void(table, row), code


@overload(prefetch)
def _compiled(table: Any, row: Any) -> Any:  # noqa: ARG001 # pragma: no cover - as above
    def prefetched(table: Any, row: Any) -> None:
        _prefetched(table, row)  # pyright: ignore[reportCallIssue] # its first is the compiler's

    return prefetched
