"""A kernel compiled and as it is written; the same thing once where nothing is compiled."""

from __future__ import annotations


def forms(*kernels):
    """The kernels compiled, then as plain Python."""
    plain = tuple(getattr(kernel, "py_func", kernel) for kernel in kernels)
    both = [kernels] if plain == kernels else [kernels, plain]
    return [each[0] for each in both] if len(kernels) == 1 else both
