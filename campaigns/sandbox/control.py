"""The control API: clock, faults, journal, reset and edits by others. Every call needs the control token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.http import Request, Response, answer_json

HEADER = "x-control-token"


class Control:
    """What tests and the demo steer the sandbox with."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self.sandbox, self._token = sandbox, token
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/health"): self._health,
            ("GET", "/clock"): lambda request: self._clock(),
            ("POST", "/clock"): self._move,
            ("GET", "/faults"): lambda request: {"faults": sandbox.faults.listed()},
            ("POST", "/faults"): lambda request: sandbox.faults.add(request.json()).describe(),
            ("DELETE", "/faults"): self._lift,
            ("GET", "/journal"): self._journal,
            ("POST", "/reset"): self._reset,
            ("POST", "/edit"): self._edit,
            ("GET", "/edits"): self._edits,
            ("GET", "/world"): self._world,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one control call."""
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return answer_json({"error": "X-Control-Token is missing or wrong."}, 403)
        path = request.path.removeprefix("/_control").rstrip("/")
        handler = self._routes.get((request.method, path))
        if handler is None:
            return answer_json({"error": f"No {request.method} {path} here."}, 404)
        try:
            self.sandbox.settle()
            return answer_json(handler(request))
        except (ValueError, TypeError, KeyError) as error:
            return answer_json({"error": str(error)}, 400)

    def _health(self, request: Request) -> Any:
        return {"ok": True, "seed": self.sandbox.seed} | self._clock()

    def _clock(self) -> dict[str, Any]:
        return {"now": self.sandbox.clock.utc().isoformat(), "rate": self.sandbox.clock.rate}

    def _move(self, request: Request) -> Any:
        body, clock, world = request.json(), self.sandbox.clock, self.sandbox.world
        if not body.keys() & {"now", "advance_seconds", "advance", "rate"}:
            raise ValueError("Give now, advance_seconds or rate.")
        if body.get("rate") is not None:
            clock.run_at(_rate(body["rate"]))
        if body.get("now") is not None:
            world.move_clock(_instant(body["now"]))
        seconds = body.get("advance_seconds", body.get("advance"))
        if seconds is not None:
            if float(seconds) < 0:
                raise ValueError("advance_seconds must not be negative.")
            clock.move_to(clock.now() + float(seconds))
        return self._clock()

    def _lift(self, request: Request) -> Any:
        number = request.params.get("id")
        self.sandbox.faults.remove(int(number) if number else None)
        return {"faults": self.sandbox.faults.listed()}

    def _journal(self, request: Request) -> Any:
        return {
            "entries": self.sandbox.journal.entries(
                since=int(request.params.get("since", 0)), dry_runs=request.params.get("dry_runs") == "1"
            )
        }

    def _reset(self, request: Request) -> Any:
        """``{"seed"?, "now"?, "rate"?}``: begin again; without ``now`` at real time."""
        body = request.json()
        self.sandbox.reset(
            None if body.get("seed") is None else int(body["seed"]),
            None if body.get("now") is None else _instant(body["now"]),
            None if body.get("rate") is None else _rate(body["rate"]),
        )
        return self._health(request)

    def _edit(self, request: Request) -> Any:
        """``{"entity_id", "daily_budget_micros" | "status" | "spend_cap_micros", "actor"}``: somebody else's change."""
        body = request.json()
        entity_id = str(body["entity_id"])
        actor = {"actor": str(body["actor"])} if body.get("actor") else {}
        self.sandbox.edit(
            entity_id,
            micros=body.get("daily_budget_micros"),
            status=body.get("status"),
            spend_cap=body.get("spend_cap_micros"),
            **actor,
        )
        return {"ok": True}

    def _edits(self, request: Request) -> Any:
        edits = self.sandbox.world.edits(0, self.sandbox.clock.now())
        return {
            "edits": [
                {
                    "seq": edit.seq, "at": datetime.fromtimestamp(edit.at, UTC).isoformat(), "entity": edit.entity,
                    "field": edit.field, "before": edit.before, "after": edit.after, "actor": edit.actor,
                    "client": edit.client,
                }
                for edit in edits
            ]
        }  # fmt: skip

    def _world(self, request: Request) -> Any:
        """Every budget with its account, scenario key, role, amount of now and the plan it suggests."""
        world = self.sandbox.world
        return {
            "manager_id": world.market.manager.id,
            "budgets": [
                {
                    "id": budget.id, "key": budget.spec.key, "name": budget.name, "role": budget.spec.role,
                    "platform": budget.account.platform, "account_id": budget.account.id,
                    "account": budget.account.name, "currency": budget.account.currency,
                    "amount_micros": world.amount(budget), "lifetime": budget.lifetime,
                    "plan_per_day": budget.spec.plan_per_day,
                    "campaign_ids": [campaign.id for campaign in budget.campaigns],
                }
                for budget in world.market.budgets.values()
            ]
        }  # fmt: skip


def _instant(text: Any) -> float:
    at = datetime.fromisoformat(str(text))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _rate(value: Any) -> float:
    rate = float(value)
    if not 0 <= rate <= 100_000:
        raise ValueError("rate must be between 0 and 100000.")
    return rate
