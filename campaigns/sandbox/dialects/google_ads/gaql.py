"""The part of Google's query language that reporting tools use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from campaigns.sandbox.dialects.google_ads.errors import Refusal

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<op>!=|>=|<=|=|>|<|\(|\)|,)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[A-Za-z_][\w.]*))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}
_RANGES = {"LAST_7_DAYS": 7, "LAST_14_DAYS": 14, "LAST_30_DAYS": 30}


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of WHERE; ``values`` are texts or numbers."""

    name: str
    operator: str
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """Whether a row's value passes."""
        if self.operator == "BETWEEN":
            low, high = (_like(value, bound) for bound in self.values)
            return bool(low <= value <= high)
        if self.operator in {"IN", "NOT IN"}:
            return (value in {_like(value, item) for item in self.values}) is (self.operator == "IN")
        if value is None:
            return self.operator == "!="
        return _COMPARE[self.operator](value, _like(value, self.values[0]))


@dataclass(frozen=True, slots=True)
class Query:
    """A query taken apart."""

    select: tuple[str, ...]
    source: str
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()  # (field, descending)
    limit: int | None = None

    @property
    def fields(self) -> set[str]:
        """Every field the query mentions."""
        return {*self.select, *(c.name for c in self.where), *(name for name, _ in self.order)}

    def on(self, name: str) -> list[Condition]:
        """Conditions on one field."""
        return [condition for condition in self.where if condition.name == name]


def bad(code: str, message: str) -> Refusal:
    """A query error."""
    return Refusal("query_error", code, message)


def parse(text: str, today: date) -> Query:
    """Take a query apart or refuse it as Google does. ``today`` is the account's, for DURING."""
    return _Reader(_tokens(text), today).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad("UNEXPECTED_INPUT", f"Error in query: unexpected input {text[at : at + 20].strip()}.")
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        at = match.end()
    return found


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    today: date
    at: int = field(default=0)

    def query(self) -> Query:
        self._keyword("SELECT", "EXPECTED_SELECT")
        select = self._names()
        self._keyword("FROM", "EXPECTED_FROM")
        source = self._word()
        where = self._conditions() if self._took("WHERE") else ()
        order: list[tuple[str, bool]] = []
        if self._took("ORDER"):
            self._keyword("BY", "EXPECTED_BY")
            while True:
                name = self._word()
                descending = self._took("DESC")
                if not descending:
                    self._took("ASC")
                order.append((name, descending))
                if not self._took(","):
                    break
        limit = self._limit() if self._took("LIMIT") else None
        if self._took("PARAMETERS"):
            self.at = len(self.tokens)
        if self.at < len(self.tokens):
            raise bad("UNEXPECTED_INPUT", f"Error in query: unexpected input {self.tokens[self.at][1]}.")
        return Query(tuple(select), source, tuple(where), tuple(order), limit)

    def _conditions(self) -> list[Condition]:
        found = [self._condition()]
        while self._took("AND"):
            found.append(self._condition())
        return found

    def _condition(self) -> Condition:
        name = self._word()
        if self._took("BETWEEN"):
            low = self._value()
            self._keyword("AND", "EXPECTED_AND")
            return Condition(name, "BETWEEN", (low, self._value()))
        if self._took("DURING"):
            return self._during(name)
        negated = self._took("NOT")
        if self._took("IN"):
            return Condition(name, "NOT IN" if negated else "IN", self._list())
        kind, operator = self._next()
        if kind != "op" or operator not in _COMPARE:
            raise bad("BAD_OPERATOR", f"Error in query: operator {operator} is not supported.")
        return Condition(name, operator, (self._value(),))

    def _during(self, name: str) -> Condition:
        word, today = self._word().upper(), self.today
        first_of_month = today.replace(day=1)
        yesterday = today - timedelta(days=1)
        named = {
            "TODAY": (today, today),
            "YESTERDAY": (yesterday, yesterday),
            "THIS_MONTH": (first_of_month, today),
            "LAST_MONTH": (
                (first_of_month - timedelta(days=1)).replace(day=1),
                first_of_month - timedelta(days=1),
            ),
        } | {label: (today - timedelta(days=days), yesterday) for label, days in _RANGES.items()}
        if word not in named:
            raise bad("INVALID_VALUE_WITH_DURING_OPERATOR", f"Error in query: {word} is not a date range.")
        low, high = named[word]
        return Condition(name, "BETWEEN", (low.isoformat(), high.isoformat()))

    def _list(self) -> tuple[Any, ...]:
        if not self._took("("):
            raise bad("EXPECTED_LIST", "Error in query: expected a list of values.")
        if self._took(")"):
            raise bad("PROHIBITED_EMPTY_LIST_IN_CONDITION", "Error in query: the list is empty.")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        if not self._took(")"):
            raise bad("UNEXPECTED_INPUT", "Error in query: expected ).")
        return tuple(values)

    def _limit(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdigit() or int(text) < 1:
            raise bad("BAD_LIMIT_VALUE", f"Error in query: {text} is not a limit.")
        return int(text)

    def _names(self) -> list[str]:
        names = [self._word()]
        while self._took(","):
            names.append(self._word())
        return names

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word":
            return text
        raise bad("BAD_VALUE", f"Error in query: {text} is not a value.")

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise bad("BAD_FIELD_NAME", f"Error in query: {text} is not a field.")
        return text

    def _keyword(self, word: str, code: str) -> None:
        if not self._took(word):
            raise bad(code, f"Error in query: expected {word}.")

    def _took(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].upper() == word:
            if self.tokens[self.at][0] == "text":
                return False
            self.at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise bad("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end of query.")
        self.at += 1
        return self.tokens[self.at - 1]


def _like(value: Any, given: Any) -> Any:
    """A query's value as the type of the row's: ids may come quoted, booleans as words."""
    try:
        if isinstance(value, bool):
            return str(given).lower() == "true"
        if isinstance(value, int | float):
            return type(value)(given)
    except ValueError:
        raise bad("BAD_VALUE", f"Error in query: {given} has the wrong type.") from None
    return str(given)
