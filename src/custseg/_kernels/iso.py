"""ISO 8601 text, byte by byte: days, and times with a zone or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DAY", "FINER", "NO_ZONE", "TIME", "UNREAD", "iso_times"]

UNREAD = 0
TIME = 1
DAY = 2
FINER = 3
"""A time with digits beyond microseconds, which are left out."""

NO_ZONE = -10_000
"""What stands for the minutes of a zone where none is named."""

_ZERO, _DASH, _PLUS, _COLON = ord("0"), ord("-"), ord("+"), ord(":")
_POINT, _COMMA, _T, _SPACE, _Z = ord("."), ord(","), ord("T"), ord(" "), ord("Z")
_MICROS_OF_DAY = 86_400_000_000


@kernel
def _number(text: NDArray[np.uint8], at: int, digits: int) -> int:
    """So many digits as a number; -1 when one is none."""
    number = 0
    for place in range(at, at + digits):
        digit = int(text[place]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
    return number


@kernel
def _day(text: NDArray[np.uint8], at: int) -> int:
    """Days since 1970-01-01 of `2026-05-01`; a number before year 1 when it is no day."""
    year, month, day = _number(text, at, 4), _number(text, at + 5, 2), _number(text, at + 8, 2)
    no_day = -1_000_000
    if int(text[at + 4]) != _DASH or int(text[at + 7]) != _DASH:
        return no_day
    if year < 1 or month < 1 or month > 12 or day < 1 or day > 31:
        return no_day
    longest = 31 - (month == 4 or month == 6 or month == 9 or month == 11)
    if month == 2:
        longest = 28 + (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    if day > longest:
        return no_day
    # A year that begins in March ends with its leap day.
    since_march = (month + 9) % 12
    years = year - (month <= 2)
    leaps = years // 4 - years // 100 + years // 400
    return years * 365 + leaps + (153 * since_march + 2) // 5 + day - 719_469


@kernel
def _zone(text: NDArray[np.uint8], at: int, end: int) -> int:
    """Minutes ahead of UTC of `Z`, `+01`, `+0130` or `-01:30`; below NO_ZONE for other texts."""
    size = end - at
    if size == 1 and int(text[at]) == _Z:
        return 0
    sign = int(text[at])
    colon = size == 6 and int(text[at + 3]) == _COLON
    if (sign != _PLUS and sign != _DASH) or not (size == 3 or size == 5 or colon):
        return NO_ZONE - 1
    hours = _number(text, at + 1, 2)
    minutes = 0 if size == 3 else _number(text, end - 2, 2)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return NO_ZONE - 1
    ahead = hours * 60 + minutes
    return -ahead if sign == _DASH else ahead


@kernel
def iso_times(
    text: NDArray[np.uint8],
    ends: NDArray[np.int64],
    micros: NDArray[np.int64],
    ahead: NDArray[np.int64],
    forms: NDArray[np.uint8],
) -> None:
    """Read texts that stand one behind the other.

    Args:
        text: uint8[], the bytes of all texts.
        ends: int64[n], where each text ends and the next one begins.
        micros: int64[n], room for microseconds since 1970-01-01 on the clock
            that a text means; 0 where it cannot be read.
        ahead: int64[n], room for the minutes by which that clock is ahead of
            UTC; NO_ZONE where no zone is named.
        forms: uint8[n], room for UNREAD, TIME, DAY or FINER. Cost: one pass.
            Twin: naive.door.iso_times.
    """
    at = 0
    for row in range(ends.size):
        start, end = at, ends[row]
        at = end
        micros[row] = 0
        ahead[row] = NO_ZONE
        forms[row] = UNREAD
        size = end - start
        if size != 10 and size < 16:
            continue
        day = _day(text, start)
        if day < -719_162:  # the first day of year 1
            continue
        if size == 10:
            micros[row] = day * _MICROS_OF_DAY
            forms[row] = DAY
            continue
        mark = int(text[start + 10])
        hour, minute = _number(text, start + 11, 2), _number(text, start + 14, 2)
        if (mark != _T and mark != _SPACE) or int(text[start + 13]) != _COLON:
            continue
        if hour < 0 or hour > 23 or minute < 0 or minute > 59:
            continue
        start += 16
        second, part = 0, 0
        if end - start >= 3 and int(text[start]) == _COLON:
            second = _number(text, start + 1, 2)
            if second < 0 or second > 59:
                continue
            start += 3
            if start < end and (int(text[start]) == _POINT or int(text[start]) == _COMMA):
                first = start + 1
                start = first
                while start < end and start - first < 9 and _number(text, start, 1) >= 0:
                    part = part * 10 + int(text[start]) - _ZERO
                    start += 1
                if start == first:
                    continue
                for _ in range(first + 9 - start):
                    part *= 10
        if start < end:
            zone = _zone(text, start, end)
            if zone < NO_ZONE:
                continue
            ahead[row] = zone
        seconds = (hour * 60 + minute) * 60 + second
        micros[row] = day * _MICROS_OF_DAY + seconds * 1_000_000 + part // 1_000
        forms[row] = FINER if part % 1_000 else TIME
