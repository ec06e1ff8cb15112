"""Sums that language models get wrong."""

import math
from typing import Annotated

from msgspec import Meta
from simpleeval import InvalidExpression, SimpleEval

_Expression = Annotated[
    str,
    Meta(
        description="A sum in Python's notation, such as (12.5 * 4) ** 2 / 3. It may use sqrt, log, exp, sin, cos, "
        "tan, floor, ceil, factorial, gcd, abs, round, min, max, pi and e.",
        max_length=1000,
        examples=["6 * 7"],
    ),
]
_MATH = ("sqrt", "log", "log2", "log10", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "floor", "ceil", "gcd")
_FACTORIAL_MAX = 1000


def calculate(expression: _Expression) -> str:
    """Work out an arithmetic expression."""
    if set("'\"") & set(expression):
        raise ValueError(f"{expression!r} cannot be worked out: it has text in it.")
    functions = {name: getattr(math, name) for name in _MATH}
    functions |= {"abs": abs, "round": round, "min": min, "max": max, "factorial": _factorial}
    try:
        value = SimpleEval(functions=functions, names={"pi": math.pi, "e": math.e}).eval(expression)
        return str(value)
    except (InvalidExpression, SyntaxError, ArithmeticError, ValueError, TypeError) as error:
        raise ValueError(f"{expression!r} cannot be worked out: {str(error).rstrip('.')}.") from error


def _factorial(n: int) -> int:
    if n > _FACTORIAL_MAX:
        raise ValueError(f"factorials are known up to {_FACTORIAL_MAX}")
    return math.factorial(n)
