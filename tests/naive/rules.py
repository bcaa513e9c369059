"""A rule evaluated the slow way: one row, three-valued logic, plain Python.

A condition is a nested tuple; `sql` spells it and `truth` answers it. Both are
written from the SQL standard, not from the library.
"""

from __future__ import annotations

import operator

_COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul}


_SPELT = {
    "not": "(NOT {0})",
    "null": "({0} IS NULL)",
    "between": "({0} BETWEEN {1} AND {2})",
    "case": "(CASE WHEN {0} THEN {1} ELSE {2} END)",
    "share": "({0} / NULLIF({1}, 0))",
}


def sql(node):
    """The condition as SQL text, with every bracket written."""
    kind, *parts = node
    if kind == "column":
        return parts[0]
    if kind == "literal":
        return _literal(parts[0])
    if kind == "in":
        return f"({sql(parts[0])} IN ({', '.join(_literal(each) for each in parts[1])}))"
    return _SPELT.get(kind, f"({{0}} {kind} {{1}})").format(*(sql(part) for part in parts))


def _literal(given):
    return "'" + given.replace("'", "''") + "'" if isinstance(given, str) else repr(given)


def columns(node):
    """The columns that a condition reads."""
    kind, *parts = node
    if kind == "column":
        return {parts[0]}
    if kind == "literal":
        return set()
    inner = parts[:1] if kind == "in" else parts
    return set().union(*(columns(part) for part in inner))


def value(node, row):
    """What a condition, or a part of one, is in a row: None is unknown."""
    kind, *parts = node
    if kind == "column":
        return _looked_up(parts[0], row)
    if kind == "literal":
        return parts[0]
    if kind == "in":
        inner = value(parts[0], row)
        return None if inner is None else inner in parts[1]
    if kind == "case":
        # An unknown condition takes the ELSE.
        return value(parts[1] if value(parts[0], row) is True else parts[2], row)
    return _worked_out(kind, [value(part, row) for part in parts])


def _worked_out(kind, known):
    match kind:
        case "null":
            answer = known[0] is None
        case "not":
            answer = _negated(known[0])
        case "AND":
            answer = _both(*known)
        case "OR":
            answer = _negated(_both(*(_negated(each) for each in known)))
        case "between":
            inner, low, high = known
            answer = _both(_compared(">=", inner, low), _compared("<=", inner, high))
        case "share":
            above, below = known
            answer = None if above is None or not below else above / below
        case _:
            answer = _compared(kind, *known)
    return answer


def _looked_up(name, row):
    plain = name.strip('"')
    if plain.startswith("customer."):
        customer = row["customer"]
        return None if customer is None else customer[plain.removeprefix("customer.")]
    return row[plain]


def _compared(sign, left, right):
    if left is None or right is None:
        return None
    return {**_COMPARE, **_ARITHMETIC}[sign](left, right)


def _both(left, right):
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _negated(inner):
    return None if inner is None else not inner


def hits(node, rows):
    """Which rows a condition is true of; unknown is no."""
    return [value(node, row) is True for row in rows]


def labels(policy, rules, otherwise, rows):
    """The label of each row under a policy; a rule is (name, condition, worth)."""
    labelled = []
    for row in rows:
        won = [(name, worth) for name, node, worth in rules if value(node, row) is True]
        if policy == "every":
            labelled.append([name for name, _ in won])
        elif not won:
            labelled.append(otherwise)
        elif policy == "first":
            labelled.append(won[0][0])
        else:
            top = max(worth for _, worth in won)
            labelled.append(next(name for name, worth in won if worth == top))
    return labelled
