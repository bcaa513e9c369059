"""Where published walkthroughs stopped: beside the top, as far as their optimiser let them.

BTYD's walkthrough (Dziurzynski, McCarthy and Wadsworth) fits a model with R's `optim`, L-BFGS-B on
logarithms, and fits it anew from where that ended, twice. Slopes are differences over 0.001 either
way, and a step that gains less than a part in 4.5e8 ends the search: the place is some hundredths
of a standard error beside the top, and figures of six digits show it.
"""

from __future__ import annotations

from itertools import repeat

import numpy as np
from scipy.optimize import minimize

_RUNS = 3
_STEP = 1e-3
# factr = 1e7 in units of the machine's precision.
_FACTOR = 1e7 * np.finfo(float).eps


def stopped(fit, source, start):
    """The model of a fit at the place where the walkthrough's fit to a source ends.

    Args:
        fit: Any fit of the model.
        source: Whom it is fitted to.
        start: Where the walkthrough begins.
    """
    cells = fit.cells(source)

    def falling(at):
        return -float(fit.family.log_likelihood(cells, np.exp(at))[0])

    def slopes(at):
        steps = _STEP * np.eye(at.size)
        return np.array([(falling(at + h) - falling(at - h)) / (2 * _STEP) for h in steps])

    at = np.log(start)
    options = {"ftol": _FACTOR, "gtol": 0.0, "maxcor": 5, "maxiter": 100}
    for _ in repeat(None, _RUNS):
        at = minimize(falling, at, jac=slopes, method="L-BFGS-B", options=options).x
    return fit.replaced(dict(zip(fit.params, np.exp(at).tolist(), strict=True)))


def spreadsheet(fit, t, *, terms):
    """The purchases of a new customer as the authors' spreadsheet adds them up.

    It has a column for each term of the hypergeometric series and so stops after a number of
    them; at t = 78 weeks z = 0.946, and 150 terms are short of the sum by 2e-5 of it.
    """
    r, alpha, a, b = fit.params.values()
    c, z = a + b - 1, t / (alpha + t)
    term = total = 1.0
    for j in range(1, terms):
        term *= (r + j - 1) * (b + j - 1) / (c + j - 1) / j * z
        total += term
    return c / (a - 1) * (1 - (alpha / (alpha + t)) ** r * total)
