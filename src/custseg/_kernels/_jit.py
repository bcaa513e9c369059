"""The decorators of all kernels, and the two things Python has no word for.

What numba keeps on disk does not see that this file changed: touch the kernels that use it.
"""

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

__all__ = ["bare", "inlined", "kernel", "lowest", "part", "prefetch"]

_Function = TypeVar("_Function", bound="Callable[..., object]")


# No code in C calls a kernel: what would let it costs compile time.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: _Function) -> _Function:
    """Compile a kernel on its first call, on disk where that is writable.

    No fastmath (NaN exists), no `parallel` (threads come from above, over
    partitions of customers), division by zero as numpy has it. The Python
    original stays reachable as `.py_func`.
    """
    return _compiled_when_called(function)


def bare(function: _Function) -> _Function:
    """Compile a kernel that makes no arrays.

    It counts no references to those it is handed. Otherwise each array of each
    call is counted up and down by an instruction that locks memory, which can
    take longer than all else that a row needs.
    """
    return _compiled_when_called(function, _nrt=False)


def part(function: _Function) -> _Function:
    """Let bare kernels call a function; Python goes on to see it as it is.

    It is compiled once for all that call it, and without what lets Python in.
    """
    return _known_to_kernels(function)


def inlined(function: _Function) -> _Function:
    """Let bare kernels call a function without a call.

    A call costs some nanoseconds, so what every row needs is no call. What few
    rows need is a `part`: each copy of this costs compile time.
    """
    return _known_to_kernels(function, forceinline=True)


def _known_to_kernels(function: _Function, **more: bool) -> _Function:
    options = {**_OPTIONS, "_nrt": False, "no_cpython_wrapper": True, **more}
    made = numba.njit(**options)(function)
    if made is not function:  # as it is where nothing is compiled
        # numba asks values for their type; the type of what was compiled does not keep it.
        vars(function).update(_numba_type_=numba.types.Dispatcher(made), compiled=made)
    return function


def _compiled_when_called(function: _Function, **more: bool) -> _Function:
    try:
        return numba.njit(cache=True, **_OPTIONS, **more)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # numba raises at import when no cache directory can be written to.
        return numba.njit(**_OPTIONS, **more)(function)  # type: ignore[no-any-return]


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


def lowest(bits: int) -> int:
    """The place of the lowest bit that is set, in one instruction; one must be.

    >>> lowest(12)
    2
    """
    return (int(bits) & -int(bits)).bit_length() - 1


@intrinsic
def _lowest(_: Any, bits: Any) -> Any:  # noqa: ARG001 # pragma: no cover - as above
    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return numba.types.int64(numba.types.int64), code


@overload(lowest)
def _lowest_compiled(bits: Any) -> Any:  # noqa: ARG001 # pragma: no cover - as above
    def found(bits: Any) -> Any:
        return _lowest(bits)  # pyright: ignore[reportCallIssue] # its first is the compiler's

    return found
