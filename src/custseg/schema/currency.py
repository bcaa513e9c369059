"""Currencies and their smallest units (ISO 4217)."""

from __future__ import annotations

import difflib

from custseg.errors import Problem, SchemaError

__all__ = ["minor_digits"]

# ISO 4217 by the number of decimals, with the codes that old logs still hold;
# funds codes and metals have no smallest unit and are left out.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD"
    " HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA"
    " MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN"
    " QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP"
    " TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG BGN ANG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}


def minor_digits(currency: str) -> int:
    """How many decimals the money of a currency has.

    Raises:
        SchemaError: when `currency` is no code of ISO 4217.

    >>> minor_digits("EUR"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    digits = _DIGITS_OF.get(currency) if isinstance(currency, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
    if digits is None:
        near = difflib.get_close_matches(str(currency).upper(), _DIGITS_OF, n=1, cutoff=0.6)
        raise SchemaError.of(
            [
                Problem(
                    f"{currency!r} is not a currency code of ISO 4217",
                    where="currency",
                    fix=f"did you mean {near[0]!r}?" if near else 'write a code like "EUR"',
                )
            ]
        )
    return digits
