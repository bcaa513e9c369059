"""Slow obvious twins of the lifetime models: the formulas as they are printed, in 50 digits."""

from __future__ import annotations

import mpmath as mp

DIGITS = 50


def exact(function):
    """Reckon with so many digits, and give the nearest floats."""

    def with_digits(*arguments):
        with mp.workdps(DIGITS):
            return function(*[_exactly(each) for each in arguments])

    return with_digits


def _exactly(value):
    if isinstance(value, (list, tuple)):
        return [_exactly(each) for each in value]
    return mp.mpf(value) if isinstance(value, float) else value


def _with_gradient(log_likelihood, rows, params):
    """The weighted sum over rows, and its derivatives by the parameters."""

    def total(*at):
        return mp.fsum(weight * log_likelihood(row, at) for *row, weight in rows)

    found = [total(*params)]
    for place in range(len(params)):
        order = tuple(int(place == each) for each in range(len(params)))
        found.append(mp.diff(total, tuple(params), order))
    return [float(each) for each in found]


# BG/NBD (Fader, Hardie and Lee 2005) and MBG/NBD (Batislam, Denizel and Filiztekin 2007)


def _bgnbd(row, params, late):
    x, t_x, until = row
    r, alpha, a, b = params
    j = x + late
    common = mp.gamma(r + x) * alpha**r / mp.gamma(r)
    stays = mp.beta(a, b + j) / mp.beta(a, b) / (alpha + until) ** (r + x)
    leaves = mp.beta(a + 1, b + j - 1) / mp.beta(a, b) / (alpha + t_x) ** (r + x) if j > 0 else 0
    return common, stays, leaves


@exact
def bgnbd_log_likelihood(rows, params, late):
    """Rows are (x, t_x, T, weight)."""

    def one(row, at):
        common, stays, leaves = _bgnbd(row, at, late)
        return mp.log(common) + mp.log(stays + leaves)

    return _with_gradient(one, rows, params)


@exact
def bgnbd_alive(rows, params, late):
    """Rows are (x, t_x, T)."""
    found = []
    for row in rows:
        _, stays, leaves = _bgnbd(row, params, late)
        found.append(float(stays / (stays + leaves)))
    return found


@exact
def bgnbd_purchases(rows, params, late, horizons):
    """The conditional expectation as printed (eq. 10), which floats cannot hold from x = 200 on."""
    r, alpha, a, b = params
    # a = 1 is a limit; a hair beside it is near enough.
    a += mp.mpf(10) ** -25 if a == 1 else 0
    found = []
    for row in rows:
        x, _, until = row
        _, stays, leaves = _bgnbd(row, params, late)
        j = x + late
        for t in horizons:
            c = a + b + j - 1
            gauss = mp.hyp2f1(r + x, b + j, c, t / (alpha + until + t), maxterms=10**6)
            rest = ((alpha + until) / (alpha + until + t)) ** (r + x)
            found.append(float(c / (a - 1) * (1 - rest * gauss) * stays / (stays + leaves)))
    return found


# Pareto/NBD (Fader and Hardie 2005, "A note on deriving the Pareto/NBD model")


def _paretonbd(row, params):
    x, t_x, until = row
    r, alpha, s, beta = params
    common = mp.gamma(r + x) * alpha**r * beta**s / mp.gamma(r)
    stays = 1 / ((alpha + until) ** (r + x) * (beta + until) ** s)
    total = r + s + x

    def part(t):
        if alpha >= beta:
            gauss = mp.hyp2f1(total, s + 1, total + 1, (alpha - beta) / (alpha + t))
            return gauss / (alpha + t) ** total
        gauss = mp.hyp2f1(total, r + x, total + 1, (beta - alpha) / (beta + t))
        return gauss / (beta + t) ** total

    return common, stays, s / total * (part(t_x) - part(until))


@exact
def paretonbd_log_likelihood(rows, params):
    """Rows are (x, t_x, T, weight)."""

    def one(row, at):
        common, stays, leaves = _paretonbd(row, at)
        return mp.log(common) + mp.log(stays + leaves)

    return _with_gradient(one, rows, params)


@exact
def paretonbd_alive(rows, params):
    """Rows are (x, t_x, T)."""
    found = []
    for row in rows:
        _, stays, leaves = _paretonbd(row, params)
        found.append(float(stays / (stays + leaves)))
    return found


@exact
def paretonbd_purchases(rows, params, horizons):
    """The conditional expectation (eq. 41)."""
    r, alpha, s, beta = params
    found = []
    for row in rows:
        x, _, until = row
        _, stays, leaves = _paretonbd(row, params)
        for t in horizons:
            pace = (r + x) * (beta + until) / (alpha + until)
            # s = 1 is a limit as well.
            power = s - 1 if s != 1 else mp.mpf(10) ** -30
            reach = (1 - ((beta + until) / (beta + until + t)) ** power) / power
            found.append(float(pace * reach * stays / (stays + leaves)))
    return found


# NBD (Ehrenberg 1959)


@exact
def nbd_log_likelihood(rows, params):
    """Rows are (x, T, weight)."""

    def one(row, at):
        (x, until), (r, alpha) = row, at
        return mp.log(mp.gamma(r + x) / mp.gamma(r) * alpha**r / (alpha + until) ** (r + x))

    return _with_gradient(one, rows, params)


# BG/BB (Fader, Hardie and Shang 2010)


def _bgbb(row, params):
    x, t_x, periods = row
    a, b, g, d = params
    stays = (
        mp.beta(a + x, b + periods - x) / mp.beta(a, b) * mp.beta(g, d + periods) / mp.beta(g, d)
    )
    leaves = mp.fsum(
        mp.beta(a + x, b + t_x - x + i)
        / mp.beta(a, b)
        * mp.beta(g + 1, d + t_x + i)
        / mp.beta(g, d)
        for i in range(periods - t_x)
    )
    return stays, leaves


@exact
def bgbb_log_likelihood(rows, params):
    """Rows are (x, t_x, periods, weight)."""

    def one(row, at):
        return mp.log(mp.fsum(_bgbb(row, at)))

    return _with_gradient(one, rows, params)


@exact
def bgbb_scores(rows, params, horizons):
    """P(alive) in the next period (eq. 11), then purchases expected in so many more (eq. 13)."""
    a, b, g, d = params
    found = []
    for row in rows:
        x, _, n = row
        likelihood = mp.fsum(_bgbb(row, params))
        bought = mp.beta(a + x, b + n - x) / mp.beta(a, b)
        found.append(float(bought * mp.beta(g, d + n + 1) / mp.beta(g, d) / likelihood))
        for periods in horizons:
            again = mp.beta(a + x + 1, b + n - x) / mp.beta(a, b)
            there = mp.fsum(
                mp.beta(g, d + n + k) / mp.beta(g, d) for k in range(1, int(periods) + 1)
            )
            found.append(float(again * there / likelihood))
    return found


# Gamma-Gamma (Fader and Hardie 2013, eq. 1a)


@exact
def spend_log_likelihood(rows, params):
    """Rows are (x, mean spend, weight)."""

    def one(row, at):
        (x, spend), (p, q, v) = row, at
        above = mp.gamma(p * x + q) * v**q * spend ** (p * x - 1) * x ** (p * x)
        return mp.log(above / (mp.gamma(p * x) * mp.gamma(q) * (v + x * spend) ** (p * x + q)))

    return _with_gradient(one, rows, params)


def cells(rows):
    """The number of each row among the distinct ones, and where each stands first."""
    known = list(dict.fromkeys(rows))
    return [known.index(row) for row in rows], [rows.index(row) for row in known]
