"""Reading money: exact, in as many decimals as the currency has."""

from __future__ import annotations

import polars as pl

from custseg.schema.bridge import money, read_only
from custseg.schema.plain import exact_quotient, read_whole
from custseg.schema.reads import MONEY_DIGITS, Faults, Read, Unit, faults, kept

__all__ = ["read_minor", "read_money"]

_LIMIT = 10**MONEY_DIGITS
# The distance of 1.0 to the next float, where it is not that of 64 bits.
_EPSILON: dict[pl.DataType, float] = {pl.Float16(): 2.0**-10, pl.Float32(): 2.0**-23}
_TEXT = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"


def read_money(source: pl.Series, unit: Unit) -> Read:
    """Money from numbers that count major units, or plain decimal text."""
    dtype = source.dtype
    if dtype == pl.Decimal(MONEY_DIGITS, unit.scale):
        return Read(source)
    if dtype.is_float():
        return _money_float(source, unit.scale)
    if dtype == pl.String:
        return _money_text(source, unit.scale)
    if isinstance(dtype, pl.Decimal):
        return _money_decimal(source, dtype.scale, unit.scale)
    return _money_whole(source, unit.scale, unit.scale)


def read_minor(source: pl.Series, unit: Unit) -> Read:
    """Money from numbers that count smallest units."""
    whole = read_whole(source, unit)
    done = _money_whole(whole.values, 0, unit.scale)
    return Read(done.values, (*whole.faults, *done.faults))


def _money_whole(source: pl.Series, digits: int, scale: int) -> Read:
    """Integers in units of 10**digits smallest ones."""
    most = (_LIMIT - 1) // 10**digits
    small = source.dtype.is_signed_integer() and source.dtype != pl.Int128
    wide = source.cast(pl.Int64 if small else pl.Int128)
    low, high = wide.min(), wide.max()
    beyond: Faults = ()
    if isinstance(low, int) and isinstance(high, int) and (low < -most or high > most):
        within = (wide >= -most) & (wide <= most)
        wide, beyond = kept(wide, within), faults(range=~within)
    units = wide.cast(pl.Int64) * 10**digits
    return Read(money(units.alias(source.name), scale), beyond)


def _money_decimal(source: pl.Series, have: int, scale: int) -> Read:
    units = source.to_physical().alias(source.name)
    if have <= scale:
        return _money_whole(units, scale - have, scale)
    whole, exact = exact_quotient(units, 10 ** (have - scale))
    done = _money_whole(kept(whole, exact).alias(source.name), 0, scale)
    return Read(done.values, (*faults(scale=~exact), *done.faults))


def _money_text(source: pl.Series, scale: int) -> Read:
    """Plain decimal text: no exponent, no thousands separator."""
    plain = source.str.contains(_amounts_of(scale))
    amounts = source.cast(pl.Decimal(MONEY_DIGITS, scale), strict=False)
    if plain.all() and amounts.null_count() == source.null_count():
        return Read(amounts)
    fine = source.str.contains(_TEXT)
    finer = source.str.contains(rf"\.[0-9]{{{scale}}}[0-9]*[1-9]")
    return Read(
        kept(amounts, plain),
        # What has neither fault and is no amount has more digits than money.
        faults(unreadable=~fine, scale=fine & finer, range=fine & ~plain & ~finer),
    )


def _amounts_of(scale: int) -> str:
    """What amounts look like, as a pattern; only zeros stand beyond the smallest unit."""
    part = rf"\.[0-9]{{0,{scale}}}0*"
    return rf"^[+-]?(?:0*[0-9]{{1,{MONEY_DIGITS - scale}}}(?:{part})?|{part})$"


def _money_float(source: pl.Series, scale: int) -> Read:
    """The nearest amount, where the float is as good as one."""
    # numba is loaded when it is needed.
    from custseg._kernels.money import FAR, NOT_FINITE, TOO_LARGE, smallest_units

    floats = source if source.null_count() == 0 else source.fill_null(0.0)
    values = read_only(floats.cast(pl.Float64).rechunk().to_numpy())
    ulps = 8 * _EPSILON.get(source.dtype, 2.0**-52)
    units, status = smallest_units(values, 10**scale, _LIMIT, ulps)
    amounts = pl.Series(source.name, units)
    if source.null_count() == 0 and not status.any():
        return Read(money(amounts, scale))
    told = pl.Series(status)
    amounts = kept(amounts, (told == 0) & source.is_not_null())
    found = faults(not_finite=told == NOT_FINITE, scale=told == FAR, range=told == TOO_LARGE)
    return Read(money(amounts, scale), found)
