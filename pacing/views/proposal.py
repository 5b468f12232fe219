"""What the proposal card of a plan needs, whatever state its proposal is in."""

from __future__ import annotations

from datetime import date
from typing import Any

from lane.core.actors import Actor
from lane.core.money import Money, decimal_text
from pacing.models import BudgetPlan
from pacing.selectors.proposals import Proposal
from pacing.words import reason_texts


def card(plan: BudgetPlan, proposal: Proposal | None, actor: Actor) -> dict[str, Any] | None:
    """Rows, totals, reasons and projected ends of a live proposal; None when there is none."""
    if proposal is None or proposal.recommendation is None:
        return None
    advice = proposal.recommendation
    cur = advice.currency
    rows = [
        {
            "name": row["name"],
            "value": row["budget_id"],
            "old_micros": row["now_micros"],
            "new_micros": row["new_micros"],
            "currency": (own := row.get("currency", cur)),
            "typed": "" if row["new_micros"] is None else decimal_text(Money(row["new_micros"], own)),
            "note": _rate_note(row, cur),
        }
        for row in advice.rows
    ]
    moves = advice.kind in ("raise", "lower")
    return {
        "proposal": proposal,
        "advice": advice,
        "rows": rows,
        "moves_money": moves,
        "total": {"name": "Plan together", "old_micros": advice.now_micros, "new_micros": advice.new_micros},
        "step": advice.new_micros - advice.now_micros,
        "reasons": reason_texts(advice.reasons, cur, timezone=plan.timezone),
        "without": advice.effect.get("without") or {},
        "with": advice.effect.get("with") or {},
        "is_open": proposal.review == "recommendation",
    }


def _rate_note(row: Any, currency: str) -> str:
    """The rate a foreign budget counts by, with its day."""
    if not row.get("rate") or not row.get("rate_on"):
        return ""
    rate = f"{float(row['rate']):.4f}".rstrip("0").rstrip(".")
    on = date.fromisoformat(row["rate_on"])
    return f"1 {row['currency']} = {rate} {currency}, rate of {on:%-d %b}"
