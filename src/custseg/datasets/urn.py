"""Urn: weighted choices by table look-up, a couple of nanoseconds a draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Urn"]

_DRAW_BITS = 16


@frozen(eq=False)
class Urn:
    """Rows of weighted choices; a draw is one 16-bit number and one look-up.

    The weights are rounded to whole cells, which makes a choice rarer than half
    a cell impossible: fine for the odds of a shop, wrong for rare events.

    Attributes:
        cells: Shape (rows * 2**bits,): the choice of each cell, rows one after the other.
        bits: How many of a draw's 16 bits choose the cell.
    """

    cells: NDArray[np.unsignedinteger[Any]]
    bits: int

    @classmethod
    def of(cls, weights: ArrayLike, *, bits: int = _DRAW_BITS) -> Urn:
        """An urn for one row of weights, or for a matrix with a row each.

        >>> import numpy as np
        >>> from custseg.datasets.urn import Urn
        >>> coin = Urn.of([3, 1])
        >>> int(coin.draw(np.random.Generator(np.random.PCG64(1)), 1_000).sum())
        241
        """
        rows = np.atleast_2d(np.asarray(weights, np.float64))
        choice = np.uint8 if rows.shape[1] <= 1 << 8 else np.uint16
        shares = np.cumsum(rows, axis=1) / rows.sum(axis=1, keepdims=True)
        # A cell is the choice's whose share its middle falls into.
        bounds = np.ceil(shares * (1 << bits) - 0.5).astype(np.int64)
        bounds[:, -1] = 1 << bits
        cells = np.diff(bounds, axis=1, prepend=0).ravel()
        choices = np.tile(np.arange(rows.shape[1], dtype=choice), len(rows))
        return cls(np.repeat(choices, cells), bits)

    def draw(
        self, rng: np.random.Generator, size: int, *, row: NDArray[Any] | None = None
    ) -> NDArray[np.unsignedinteger[Any]]:
        """A choice for each of `size` draws, from the first row or from `row` of each."""
        cell = rng.integers(0, 1 << _DRAW_BITS, size, dtype=np.uint16) >> (_DRAW_BITS - self.bits)
        if row is None:
            return self.cells[cell]
        return self.cells[(row.astype(np.int64) << self.bits) | cell]
