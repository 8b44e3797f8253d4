"""Resource quantities: what their text means, and the text that the API server stores.

After staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,suffix}.go (ParseQuantity, CanonicalizeBytes): a number with a decimal or
binary suffix or an exponent, rounded up to the nano, written with the largest suffix that leaves no fraction.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any, Final

Json = Any

_QUANTITY: Final = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?"
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_NANO: Final = Decimal("1e-9")
_LONGEST: Final = 1000  # no client writes longer ones
_EXACT: Final = 4 * _LONGEST  # digits: enough for any of them


def quantity(value: Json) -> Decimal | None:
    """What a quantity amounts to; None if it is none. An exponent of thousands counts as one of a thousand."""
    text = str(value).strip()
    if text in ("+", "-"):
        return Decimal(0)  # as Go reads them
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    number, suffix = Decimal(match[1]), match[2] or ""
    exponent = 0 if suffix in _BINARY else _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    exponent = max(-_LONGEST, min(exponent, _LONGEST))
    with localcontext(prec=_EXACT):
        return number * (Decimal(1024) ** _BINARY[suffix] if suffix in _BINARY else Decimal(10) ** exponent)


def canonical(value: Json) -> str:
    """The text that is stored for a quantity."""
    text = str(value).strip()
    match, amount = _QUANTITY.fullmatch(text), quantity(value)
    if match is None or amount is None:
        return text
    with localcontext(prec=_EXACT):
        return _canonical(amount, match[2] or "")


def _canonical(amount: Decimal, suffix: str) -> str:
    amount = amount.quantize(_NANO, rounding=ROUND_UP) if amount % _NANO else amount
    if suffix in _BINARY and abs(amount) >= 1024:
        return _binary(amount)
    if amount == 0:
        return "0"
    exponent = max((e for e in range(-9, 19, 3) if amount % Decimal(10) ** e == 0), default=-9)
    mantissa = int(amount.scaleb(-exponent))
    if suffix[:1] in ("e", "E") and suffix != "E":
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{next(s for s, e in _DECIMAL.items() if e == exponent)}"


def _binary(amount: Decimal) -> str:
    whole = int(amount.to_integral_value(rounding=ROUND_UP))
    power = 0
    while whole % 1024 == 0 and power < len(_BINARY):
        whole //= 1024
        power += 1
    return f"{whole}{next((s for s, p in _BINARY.items() if p == power), '')}"


def is_whole(amount: Decimal) -> bool:
    """Whether it has no fraction."""
    return amount == amount.to_integral_value()


def is_multiple(amount: Decimal, size: Decimal) -> bool:
    """Whether the amount, rounded up, is a whole number of times the size, which is whole and above zero."""
    with localcontext(prec=_EXACT):
        return size > 0 and is_whole(size) and amount.to_integral_value(rounding=ROUND_UP) % size == 0


def in_thousandths(text: str) -> str:
    """The quantity rounded up to a thousandth, as amounts of containers are (SetDefaults_ResourceList)."""
    amount = quantity(text)
    with localcontext(prec=_EXACT):
        if amount is None or amount % Decimal("1e-3") == 0:
            return text
        return canonical(f"{amount.quantize(Decimal('1e-3'), rounding=ROUND_UP):f}")
