"""Catalogue: what the shop sells, for how much, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CATEGORIES", "CATEGORY_SHARES", "Catalogue", "price_level"]

CATEGORIES = (
    *("coffee", "food", "beauty", "fashion", "home", "kitchen"),
    *("books", "toys", "sports", "garden", "pets", "electronics"),
)
CATEGORY_SHARES = (0.15, 0.14, 0.13, 0.12, 0.10, 0.08, 0.08, 0.06, 0.05, 0.035, 0.035, 0.02)
_PRODUCTS = (40, 70, 60, 90, 60, 45, 80, 45, 40, 30, 25, 20)
# Price of a middling product, and the spread of the logarithm around it.
_MIDDLING = (9.0, 6.0, 16.0, 38.0, 24.0, 21.0, 13.0, 19.0, 34.0, 17.0, 15.0, 110.0)
_SPREAD = (0.45, 0.55, 0.6, 0.55, 0.75, 0.6, 0.4, 0.6, 0.7, 0.7, 0.6, 0.8)
# How many are bought at a time, by how cheap and how lasting the goods are.
_FEW, _ONE = (0.93, 0.055, 0.01, 0.005), (0.985, 0.013, 0.002)
_MANY = (0.62, 0.24, 0.07, 0.035, 0.012, 0.023)
_QUANTITIES = (_MANY, _MANY, _FEW, _FEW, _FEW, _FEW, _FEW, _FEW, _FEW, _MANY, _MANY, _ONE)
# Month by month, January first: gifts for Christmas, gardens in spring.
_SEASONS = {
    "toys": (0.6, 0.6, 0.7, 0.8, 0.8, 0.8, 0.7, 0.7, 0.8, 1.0, 2.1, 3.0),
    "books": (0.9, 0.9, 0.9, 0.9, 0.9, 1.1, 1.3, 1.2, 1.1, 0.9, 1.1, 1.6),
    "beauty": (0.9, 1.2, 0.9, 0.9, 1.2, 1.0, 0.9, 0.9, 0.9, 0.9, 1.2, 1.5),
    "garden": (0.2, 0.5, 1.7, 2.6, 2.4, 1.7, 1.1, 0.8, 0.8, 0.6, 0.3, 0.2),
    "sports": (1.5, 1.0, 1.0, 1.1, 1.2, 1.2, 1.1, 0.9, 1.0, 0.8, 0.8, 1.0),
    "electronics": (1.0, 0.7, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 0.9, 2.2, 1.8),
}
_FAVOURITE = 0.35  # of lines are from the customer's favourite category
_ZIPF = 0.85
_ENDS_IN_99 = 0.8
# What one euro is worth, roughly, by the decimals of the currency.
_LEVELS = {0: 160.0, 2: 1.0, 3: 0.33, 4: 0.025}


def price_level(digits: int) -> float:
    """How many units of a currency with so many decimals a euro is taken for."""
    return _LEVELS[digits]


@frozen(eq=False)
class Catalogue:
    """The products, category by category, the popular ones first.

    Attributes:
        names: The product_id of each product.
        category: Shape (products,): an index of CATEGORIES.
        price: Shape (products,): in the currency's smallest unit.
        successor: Shape (products,): the next product of the same category.
    """

    names: tuple[str, ...]
    category: NDArray[np.int64]
    price: NDArray[np.int64]
    successor: NDArray[np.int64]
    _categories: Urn = field(alias="categories")
    _products: Urn = field(alias="products")
    _quantities: Urn = field(alias="quantities")

    @classmethod
    def of(cls, digits: int, rng: np.random.Generator) -> Catalogue:
        """A catalogue priced in a currency with so many decimals."""
        category = np.repeat(np.arange(len(CATEGORIES)), _PRODUCTS)
        start = np.cumsum(_PRODUCTS) - _PRODUCTS
        rank = np.arange(len(category)) - start[category]
        within = (rank + 1) % np.array(_PRODUCTS)[category]
        level = np.array(_MIDDLING)[category] * np.exp(
            np.array(_SPREAD)[category] * rng.standard_normal(len(category))
        )
        popularity = np.where(
            category == np.arange(len(CATEGORIES))[:, None], (rank + 1.0) ** -_ZIPF, 0.0
        )
        quantities = [np.pad(shares, (0, len(_MANY) - len(shares))) for shares in _QUANTITIES]
        return cls(
            names=tuple(
                f"{CATEGORIES[c][:4].upper()}-{n + 1:03}"
                for c, n in zip(category, rank, strict=True)
            ),
            category=category,
            price=_prices(level * price_level(digits), digits, rng),
            successor=(start[category] + within).astype(np.int64),
            categories=Urn.of(_months()),
            products=Urn.of(popularity, bits=14),
            quantities=Urn.of(quantities, bits=12),
        )

    def pick(
        self, rng: np.random.Generator, month: NDArray[Any], taste: NDArray[Any]
    ) -> NDArray[np.unsignedinteger[Any]]:
        """A product for each line, by the month and by the customer's favourite category."""
        favourite = rng.random(len(taste), dtype=np.float32) < _FAVOURITE
        category = np.where(favourite, taste, self._categories.draw(rng, len(taste), row=month))
        return self._products.draw(rng, len(taste), row=category)

    def quantity(self, rng: np.random.Generator, product: NDArray[Any]) -> NDArray[np.int64]:
        """How many of each product are bought at a time."""
        row = self.category[product]
        return self._quantities.draw(rng, len(product), row=row).astype(np.int64) + 1


def _months() -> NDArray[np.float64]:
    shares = np.tile(CATEGORY_SHARES, (12, 1))
    for name, season in _SEASONS.items():
        shares[:, CATEGORIES.index(name)] *= season
    return shares


def _prices(price: NDArray[np.float64], digits: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Whole prices less a little: 12.99, now and then 12.95; 1,280 where there are no cents."""
    if digits == 0:
        return np.maximum(np.rint(price / 100), 1).astype(np.int64) * 100 - 20
    unit = 10**digits
    step = unit if price_level(digits) >= 1 else unit // 10
    less = np.where(rng.random(len(price)) < _ENDS_IN_99, 1, 5) * max(step // 100, 1)
    return np.maximum(np.rint(price * unit / step), 1).astype(np.int64) * step - less
