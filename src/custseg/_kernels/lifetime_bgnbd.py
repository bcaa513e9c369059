"""BG/NBD and MBG/NBD: log-likelihood with gradient, and scores.

Fader, Hardie and Lee (2005), "Counting your customers the easy way", and Batislam, Denizel and
Filiztekin (2007). The two differ in one thing: the second lets a customer leave right after the
first purchase too. With j = x + `late` chances to leave, `late` being 0 or 1, all formulas are
the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["alive", "log_likelihood", "purchases"]

# exp of less is hardly a number any more, and of more none at all.
_STEEP = 600.0
_LARGE = 1e250
# A term this small beside the sum changes no digit of it.
_TINY = 1e-17
# The series of anything sensible has ended long before.
_TERMS = 20_000_000
# Pairs of x and T that are kept, a power of two.
_SLOTS = 4096


@kernel
def _rises(start: float, count: int) -> Floats:
    """Ln Γ(start + j) − ln Γ(start) and its derivative for j = 0 … count, as sums of j terms."""
    sums = np.zeros((count + 1, 2), np.float64)
    for j in range(count):
        sums[j + 1, 0] = sums[j, 0] + np.log(start + j)
        sums[j + 1, 1] = sums[j, 1] + 1.0 / (start + j)
    return sums


@kernel
def log_likelihood(
    x: Ints, t_x: Floats, observed: Floats, weights: Floats, params: Floats, late: int
) -> Floats:
    """The log-likelihood of weighted rows, with its gradient.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one; 0 where there is none.
        observed: float64[n], T, at least t_x.
        weights: float64[n], customers of each row.
        params: float64[4], r, alpha, a, b, all above 0.
        late: 0 for BG/NBD, 1 for MBG/NBD.

    Returns:
        float64[5]: the sum, then its derivatives by r, alpha, a and b.
        Cost: three logarithms and an exponential a row; gamma functions of
        whole steps are summed once (`_rises`). Twin: naive.lifetime.bgnbd_log_likelihood.
    """
    r, alpha, a, b = params[0], params[1], params[2], params[3]
    most = 0
    for i in range(x.size):
        most = max(most, x[i])
    by_r = _rises(r, most)
    by_b = _rises(b, most + 1)
    by_both = _rises(a + b, most + 1)
    log_alpha, log_a = np.log(alpha), np.log(a)
    total, d_r, d_alpha, d_a, d_b = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        j = x[i] + late
        w, rate = weights[i], r + x[i]
        after, until = alpha + observed[i], alpha + t_x[i]
        log_after = np.log(after)
        one = by_r[x[i], 0] + by_b[j, 0] - by_both[j, 0] + r * log_alpha - rate * log_after
        one_r = by_r[x[i], 1] + log_alpha - log_after
        one_alpha = r / alpha - rate / after
        one_a = -by_both[j, 1]
        one_b = by_b[j, 1] - by_both[j, 1]
        if j > 0:
            silent = np.log1p((observed[i] - t_x[i]) / until)
            odds = log_a - np.log(b + (j - 1)) + rate * silent
            if odds > 0:
                less = np.exp(-odds)
                one += odds + np.log1p(less)
                gone = 1.0 / (1.0 + less)
            else:
                more = np.exp(odds)
                one += np.log1p(more)
                gone = more / (1.0 + more)
            one_r += gone * silent
            one_alpha += gone * rate * (1.0 / after - 1.0 / until)
            one_a += gone / a
            one_b -= gone / (b + (j - 1))
        total += w * one
        d_r += w * one_r
        d_alpha += w * one_alpha
        d_a += w * one_a
        d_b += w * one_b
    return np.array([total, d_r, d_alpha, d_a, d_b])


@kernel
def _alive(j: int, rate: float, share: float, params: Floats) -> float:
    """P(alive): 1 / (1 + odds of having left), the odds in log space.

    Args:
        j: Chances to leave.
        rate: r + x.
        share: (T − t_x) / (alpha + t_x).
        params: float64[4].
    """
    if j == 0:
        return 1.0
    odds = np.log(params[2] / (params[3] + (j - 1))) + rate * np.log1p(share)
    if odds > 0:
        less = np.exp(-odds)
        return less / (1.0 + less)
    return 1.0 / (1.0 + np.exp(odds))


@kernel
def alive(x: Ints, t_x: Floats, observed: Floats, params: Floats, late: int, out: Floats) -> Floats:
    """The probability that each customer has not left.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one.
        observed: float64[n], T.
        params: float64[4], r, alpha, a, b.
        late: 0 for BG/NBD, 1 for MBG/NBD.
        out: float64[n], room for the result.

    Returns:
        `out`; 1 for BG/NBD customers without a repeat purchase: they had no
        chance to leave. Twin: naive.lifetime.bgnbd_alive.
    """
    for i in range(x.size):
        share = (observed[i] - t_x[i]) / (params[1] + t_x[i])
        out[i] = _alive(x[i] + late, params[0] + x[i], share, params)
    return out


@kernel
def _fleeting(chances: int, rate: float, log_rest: float, z: float, a: float, b: float) -> float:
    """The same where nearly everybody leaves at once: a is large, and Euler's series too long.

    (c / (a−1)) [1 − (1−z)^(r+x) 2F1(r+x, b+j; c; z)], as printed: with a large c its terms fall.
    """
    c = a + b + chances - 1.0
    term, total, grown = 1.0, 1.0, 0.0
    n = 0
    while term > _TINY * (1.0 - z) * total and n < _TERMS:
        term *= (rate + n) * (b + chances + n) / (c + n) * z / (n + 1)
        total += term
        n += 1
        if total > _LARGE:
            term /= _LARGE
            total /= _LARGE
            grown += np.log(_LARGE)
    return max(c / (a - 1.0) * (1.0 - np.exp(rate * log_rest + grown) * total), 0.0)


@kernel
def _expected(chances: int, rate: float, after: float, a: float, b: float, t: float) -> float:
    """Purchases within t of a customer who is alive, by Euler's transformation.

    (c / (a−1)) [1 − (1−z)^(a−1) 2F1(c−r−x, a−1; c; z)] with c = a + b + j − 1 and
    z = t / (alpha + T + t). All that is small is taken apart: with (1−z)^(a−1) = 1 + (a−1) e
    and 2F1 = 1 + (a−1) s / c it is −(c e + s (1−z)^(a−1)), where nothing is divided by a − 1
    or c.

    Args:
        chances: j.
        rate: r + x.
        after: alpha + T.
        a: Of the beta distribution.
        b: As well.
        t: The horizon.
    """
    z = t / (after + t)
    rest = after / (after + t)
    c = a + b + chances - 1.0
    log_rest = np.log(rest) if z > 0.5 else np.log1p(-z)  # noqa: PLR2004 - either is exact
    power = (a - 1.0) * log_rest
    if power < -_STEEP:
        return _fleeting(chances, rate, log_rest, z, a, b)
    # (e^u − 1) / u, which is 1 at 0.
    slope = np.expm1(power) / power if power != 0.0 else 1.0
    e = log_rest * slope
    upper = c - rate
    term = upper * z
    s = term
    n = 1
    while abs(term) > _TINY * rest * abs(s) and n < _TERMS:
        term *= (upper + n) * (a + (n - 1)) * z / ((c + n) * (n + 1))
        s += term
        n += 1
    return 0.0 - (c * e + s * np.exp(power))


@kernel
def purchases(
    x: Ints,
    t_x: Floats,
    observed: Floats,
    params: Floats,
    late: int,
    horizons: Floats,
    out: Floats,
) -> Floats:
    """Purchases that each customer is expected to make by each horizon.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one.
        observed: float64[n], T.
        params: float64[4], r, alpha, a, b.
        late: 0 for BG/NBD, 1 for MBG/NBD.
        horizons: float64[k], times from T on.
        out: float64[n, k], room for the result.

    Returns:
        `out`. Cost: a series for each pair of x and T that occurs, of some
        36 / (1 − z) terms at most. Twin: naive.lifetime.bgnbd_purchases.
    """
    r, alpha, a, b = params[0], params[1], params[2], params[3]
    # The series depends on x and T only, and few pairs of them occur: the last are kept.
    known, since = np.full(_SLOTS, -1, np.int64), np.empty(_SLOTS, np.float64)
    kept = np.empty((_SLOTS, horizons.size), np.float64)
    for i in range(x.size):
        slot = (x[i] * 40503 + int(min(observed[i], 1e9) * 1021.0)) & (_SLOTS - 1)
        if known[slot] != x[i] or since[slot] != observed[i]:
            known[slot] = x[i]
            since[slot] = observed[i]
            for k in range(horizons.size):
                after = alpha + observed[i]
                kept[slot, k] = _expected(x[i] + late, r + x[i], after, a, b, horizons[k])
        share = (observed[i] - t_x[i]) / (alpha + t_x[i])
        here = _alive(x[i] + late, r + x[i], share, params)
        for k in range(horizons.size):
            out[i, k] = here * kept[slot, k]
    return out
