"""Contacts: the customers as their cards in the shop have them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.datasets.columns import instants, some, words
from custseg.datasets.names import FEMALE, MALE, SURNAMES
from custseg.datasets.people import REGIONS, VIA
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac
    from custseg.datasets.people import People

__all__ = ["contacts"]

_PLAIN = str.maketrans("éèêëíïóöüáàãçñ", "eeeeiioouaaacn")
_GENDERS = ("female", "male", "other", None)
_MALE_GENDER = 1  # after female, before those whose name may be either
_GENDER_SHARES = (0.51, 0.395, 0.01, 0.085)
_DOMAINS = ("@example.com", "@example.net", "@example.org")  # reserved by RFC 2606
_PHONE_PREFIX = "+99988"  # a country code that nobody has
_PHONES, _PHONE_STRIDE = 99_999_989, 48_271  # a prime, so that no two customers share a number

_CONSENTS = (("email", 0.64), ("sms", 0.31), ("push", 0.27), ("post", 0.16))
_NO_NAME, _NO_EMAIL, _NO_PHONE, _NO_REGION, _NO_BIRTH_DATE, _NO_CONSENT = (
    0.02,
    0.07,
    0.34,
    0.015,
    0.16,
    0.05,
)

# How many people of an age shop here.
_AGES = (16, 20, 27, 36, 45, 58, 68, 78, 90)
_AGE_WEIGHTS = (0.35, 0.85, 1.2, 1.25, 1.0, 0.85, 0.55, 0.22, 0.03)


def contacts(people: People, almanac: Almanac, rng: np.random.Generator) -> pl.DataFrame:
    """The table of customers, by customer_id: in the order they joined."""
    size = len(people)
    ids = np.arange(1, size + 1)
    gender = Urn.of(_GENDER_SHARES).draw(rng, size)
    given, family = _names(gender, rng)
    referrer = pl.Series(people.referrer + 1)
    return pl.DataFrame(
        {
            "customer_id": ids,
            "joined_at": instants(people.joined),
            "birth_date": some(
                _birth_dates(size, almanac.first.year, rng), _known(size, _NO_BIRTH_DATE, rng)
            ),
            "name": some(
                pl.select(pl.concat_str(given, family, separator=" ")).to_series(),
                _known(size, _NO_NAME, rng),
            ),
            "email": some(_emails(given, family, ids, rng), _known(size, _NO_EMAIL, rng)),
            "phone": some(_phones(ids), _known(size, _NO_PHONE, rng)),
            "region": some(words(REGIONS, people.region), _known(size, _NO_REGION, rng)),
            "gender": words(_GENDERS, gender),
            "acquired_via": words(VIA, people.via),
            "consent": some(_consents(size, rng), _known(size, _NO_CONSENT, rng)),
            "referred_by": some(referrer, people.referrer >= 0),
        }
    )


def _known(size: int, missing: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random(size, dtype=np.float32) >= missing


def _names(gender: NDArray[Any], rng: np.random.Generator) -> tuple[pl.Series, pl.Series]:
    popular = 1 / (np.arange(len(FEMALE)) + 8)
    common = 1 / (np.arange(len(SURNAMES)) + 12)
    coin = rng.integers(0, 2, len(gender), dtype=np.uint8)
    male = np.where(gender <= _MALE_GENDER, gender, coin) == _MALE_GENDER
    given = Urn.of(popular).draw(rng, len(gender)) + np.where(male, len(FEMALE), 0)
    return words([*FEMALE, *MALE], given), words(SURNAMES, Urn.of(common).draw(rng, len(gender)))


def _emails(
    given: pl.Series, family: pl.Series, ids: NDArray[np.int64], rng: np.random.Generator
) -> pl.Series:
    plain = {name: name.lower().translate(_PLAIN) for name in (*FEMALE, *MALE, *SURNAMES)}
    domain = words(_DOMAINS, rng.integers(0, len(_DOMAINS), len(ids), dtype=np.uint8))
    local = (
        given.replace_strict(plain),
        pl.lit("."),
        family.replace_strict(plain),
        pl.Series(ids),
        domain,
    )
    return pl.select(pl.concat_str(local)).to_series()


def _phones(ids: NDArray[np.int64]) -> pl.Series:
    number = pl.Series(ids * _PHONE_STRIDE % _PHONES).cast(pl.String).str.zfill(8)
    return pl.select(pl.concat_str(pl.lit(_PHONE_PREFIX), number)).to_series()


def _birth_dates(size: int, year: int, rng: np.random.Generator) -> pl.Series:
    """Dates of birth, each day of a year alike: 29 February too."""
    ages = np.arange(_AGES[0], _AGES[-1] + 1)
    january = np.array([dt.date(year - age, 1, 1).toordinal() for age in (*ages, ages[0] - 1)])
    length = np.array([dt.date(year - age, 12, 31).timetuple().tm_yday for age in ages])
    age = Urn.of(np.interp(ages, _AGES, _AGE_WEIGHTS)).draw(rng, size)
    day = january[age] + (rng.random(size) * length[age]).astype(np.int64)
    return pl.Series((day - dt.date(1970, 1, 1).toordinal()).astype(np.int32)).cast(pl.Date)


def _consents(size: int, rng: np.random.Generator) -> pl.Series:
    subsets = [
        [name for bit, (name, _) in enumerate(_CONSENTS) if n >> bit & 1]
        for n in range(1 << len(_CONSENTS))
    ]
    choice = np.zeros(size, np.uint8)
    for bit, (_, share) in enumerate(_CONSENTS):
        choice |= (rng.random(size, dtype=np.float32) < share).astype(np.uint8) << bit
    return pl.Series(subsets, dtype=pl.List(pl.String)).gather(pl.Series(choice))
