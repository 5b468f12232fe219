"""Arms and groups of a portfolio as people type them in its tables; what was typed survives a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from lane.core.errors import InvalidInput
from lane.core.money import Money, NotMoney, decimal_text, parse_amount
from pacing.models import Portfolio
from pacing.selectors.portfolios import ArmLine
from pacing.services.portfolios.terms import GroupTerms

_PERCENT = Decimal(100)


class ArmsForm:
    """Locks, floors, caps and groups of all arms as one table was typed; what was typed survives a refusal."""

    def __init__(self, lines: Sequence[ArmLine], currency: str, data: Any = None) -> None:
        self.errors: dict[str, str] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.typed: dict[str, dict[str, Any]] = {}
        for line in lines:
            if data is None:
                self.typed[line.key] = {
                    "locked": line.arm.locked,
                    "floor": _amount_text(line.arm.floor_micros, currency),
                    "cap": _amount_text(line.arm.cap_micros, currency),
                    "group": line.arm.group.name if line.arm.group else "",
                }
            elif f"arm-{line.key}" in data:
                self._read(line.key, data, currency)

    def _read(self, key: str, data: Any, currency: str) -> None:
        typed = self.typed[key] = {
            "locked": f"locked-{key}" in data,
            "floor": data.get(f"floor-{key}", "").strip(),
            "cap": data.get(f"cap-{key}", "").strip(),
            "group": data.get(f"group-{key}", "").strip(),
        }
        row: dict[str, Any] = {"locked": typed["locked"], "group": typed["group"]}
        for name in ("floor", "cap"):
            row[f"{name}_micros"] = None
            if typed[name]:
                try:
                    row[f"{name}_micros"] = parse_amount(typed[name], currency)
                except NotMoney as error:
                    self.errors[f"{key}.{name}"] = str(error)
        self.rows[key] = row

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service in the cells it names."""
        self.errors |= {name.replace("_micros", ""): words for name, words in refusal.fields.items()}
        if not refusal.fields:
            self.errors["all"] = refusal.message

    def cell(self, key: str, name: str) -> tuple[Any, str]:
        """What one cell holds, and what is wrong with it."""
        return self.typed.get(key, {}).get(name, ""), self.errors.get(f"{key}.{name}", "")


class GroupsForm:
    """Groups with the least and the most share in %; an empty name takes a group away."""

    def __init__(self, portfolio: Portfolio, data: Any = None) -> None:
        self.errors: dict[str, str] = {}
        self.groups: list[GroupTerms] = []
        self.rows = [
            {"name": g.name, "min": _share_text(g.min_ratio), "max": _share_text(g.max_ratio)}
            for g in portfolio.groups.all()
        ]
        if data is None:
            self.rows.append({"name": "", "min": "0", "max": "100"})
            return
        names, lows, highs = (data.getlist(name) for name in ("group-name", "group-min", "group-max"))
        self.rows = [
            {"name": name.strip(), "min": low.strip(), "max": high.strip()}
            for name, low, high in zip(names, lows, highs, strict=False)
        ]
        for row in self.rows:
            if row["name"]:
                self._read(row)

    def _read(self, row: Mapping[str, str]) -> None:
        try:
            low, high = (
                Decimal(row[name] or default) / _PERCENT for name, default in (("min", "0"), ("max", "100"))
            )
        except InvalidOperation:
            self.errors["groups"] = f"“{row['name']}”: write shares as numbers from 0 to 100."
            return
        if not (low.is_finite() and high.is_finite()):
            self.errors["groups"] = f"“{row['name']}”: write shares as numbers from 0 to 100."
            return
        self.groups.append(GroupTerms(row["name"][:80], low, high))

    def refuse(self, refusal: InvalidInput) -> None:
        """Show a refusal of the service."""
        self.errors["groups"] = " ".join(refusal.fields.values()) or refusal.message


def _amount_text(micros: int | None, currency: str) -> str:
    return "" if micros is None else decimal_text(Money(micros, currency))


def _share_text(ratio: Decimal) -> str:
    return f"{ratio * _PERCENT:.1f}".rstrip("0").rstrip(".")
