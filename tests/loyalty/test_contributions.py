from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from custseg.loyalty.contributions import LARGEST, Contribution, granted
from custseg.loyalty.program import Program
from naive.points.earning import ROUND

RATES = st.sampled_from(
    [
        Fraction(1),
        Fraction(1, 2),
        Fraction(115, 10_000),
        Fraction(1, 3),
        Fraction(10**18),
        Fraction(1, 10**20),
    ]
)
AMOUNTS = st.integers(0, 12) | st.sampled_from([10**6, 10**17, LARGEST])
ROWS = 5


@st.composite
def contributions(draw):
    made = []
    for number in range(draw(st.integers(0, 4))):
        flags = draw(st.lists(st.booleans(), min_size=ROWS, max_size=ROWS))
        amounts = draw(st.none() | st.lists(AMOUNTS, min_size=ROWS, max_size=ROWS))
        made.append(
            Contribution(
                f"r{number}",
                draw(RATES),
                np.array(flags),
                None if amounts is None else np.array(amounts, np.int64),
            )
        )
    return made


def one(name, rate, amount=None):
    amounts = None if amount is None else np.full(ROWS, amount, np.int64)
    return Contribution(name, Fraction(rate), np.ones(ROWS, np.bool_), amounts)


def expected(program, rules, row):
    """Points and who took part, in Fractions; None beyond int64."""
    given_ = [
        (rule.name, rule.rate * (1 if rule.amounts is None else int(rule.amounts[row])))
        for rule in rules
        if rule.hits[row]
    ]
    if program.combine == "best" and given_:
        most = max(value for _, value in given_)
        given_ = [next(one for one in given_ if one[1] == most)]
    points = ROUND[program.rounding](sum((value for _, value in given_), Fraction(0)))
    return points, [name for name, _ in given_]


@given(
    st.sampled_from(["sum", "best"]),
    st.sampled_from(["floor", "half_up", "half_even", "ceil"]),
    contributions(),
)
@example("best", "floor", [one("a", 5), one("b", 5), one("c", 1, 5)])
@example("best", "floor", [one("a", 10**18, 9), one("b", 10**18, 9)])
@example("sum", "half_even", [one("a", Fraction(1, 2), 5)])
@example("sum", "half_up", [one("a", Fraction(1, 2), 5)])
@example("sum", "floor", [one("a", Fraction(115, 10_000), 10_000)])
@example("sum", "floor", [one("a", 1, LARGEST)])
@example("sum", "floor", [one("a", 1, LARGEST), one("b", 1)])
def test_points_are_the_exact_sum_or_best_rounded_once(combine, rounding, rules):
    program = Program("Blue", combine=combine, rounding=rounding)
    result = granted(program, rules, ROWS)
    wanted = [expected(program, rules, row) for row in range(ROWS)]
    beyond = next((row for row, (points, _) in enumerate(wanted) if points > LARGEST), None)
    assert result.beyond == beyond
    assert result.matched.tolist() == [any(rule.hits[row] for rule in rules) for row in range(ROWS)]
    if beyond is None:
        assert result.points.tolist() == [points for points, _ in wanted]
        for row, (_, names) in enumerate(wanted):
            assert [name for name, took in result.parts if took[row]] == names
