"""Rules that make a platform misbehave on purpose, repeatably by seed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from campaigns.sandbox.market import fraction
from campaigns.sandbox.store import Store

READ, WRITE, AUTH = "read", "write", "auth"

# Effect -> the kinds of call it can hit.
EFFECTS: Mapping[str, frozenset[str]] = {
    "rate_limit": frozenset({READ, WRITE}),  # retry_after seconds
    "transient": frozenset({READ, WRITE}),
    "html_502": frozenset({READ, WRITE}),
    "expired_token": frozenset({READ, WRITE}),
    "revoked_refresh": frozenset({AUTH, READ, WRITE}),
    "slow": frozenset({READ, WRITE, AUTH}),  # seconds
    "drop_before_commit": frozenset({WRITE}),
    "drop_after_commit": frozenset({WRITE}),
    "late_apply": frozenset({WRITE}),  # seconds of real time
    "accept_but_ignore": frozenset({WRITE}),
    "partial_failure": frozenset({WRITE}),  # index
    "external_edit": frozenset({WRITE}),  # daily_budget_micros | status, entity_id, actor
    "restate": frozenset({READ}),  # days, factor
    "empty_page": frozenset({READ}),
    "mid_stream_abort": frozenset({READ}),
    "stale_read": frozenset({READ}),  # seconds
}
_ALIASES = {
    "drop_before": "drop_before_commit",
    "drop_after": "drop_after_commit",
    "transient_5xx": "transient",
}
_PLATFORMS = {"google": "google_ads"}
_RULE_KEYS = frozenset({"platform", "method", "account", "kind", "nth", "probability", "times", "effect"})
_ONCE_BY_DEFAULT = frozenset({"external_edit"})


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asked for. ``method`` as in ``GoogleAdsService.Search`` or ``GET act_1/campaigns``."""

    platform: str
    method: str
    kind: str
    account: str = ""


@dataclass(slots=True)
class Rule:
    """One fault: which calls it may hit, how often, and what then happens."""

    id: int
    effect: str
    platform: str = "*"
    method: str = "*"
    account: str = "*"
    kind: str = "*"
    nth: int | None = None  # only the nth matching call, counted from 1
    probability: float | None = None
    times: int | None = None  # at most so often
    params: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def number(self, name: str, default: float) -> float:
        """A numeric parameter of the effect."""
        return float(self.params.get(name, default))

    def fits(self, call: Call) -> bool:
        """Whether the rule is about such calls at all."""
        return (
            call.kind in EFFECTS[self.effect]
            and self.platform in {"*", call.platform}
            and self.kind in {"*", call.kind}
            and fnmatchcase(call.method, self.method)
            and self.account.removeprefix("act_") in {"*", call.account}
        )

    def describe(self) -> dict[str, Any]:
        """The rule as the control API shows it."""
        shown = {name: getattr(self, name) for name in (*sorted(_RULE_KEYS), "id", "seen", "fired")}
        return shown | self.params


class Faults:
    """The rules in force."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store, self.seed = store, seed
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.load()

    def load(self) -> None:
        """Read the rules from the store."""
        rows = self._store.rows("SELECT id, rule FROM faults ORDER BY id")
        self._rules = [Rule(id=number, **json.loads(text)) for number, text in rows]

    def add(self, body: Mapping[str, Any]) -> Rule:
        """A new rule; unknown effects and empty numbers are refused."""
        effect = _ALIASES.get(str(body.get("effect")), str(body.get("effect")))
        if effect not in EFFECTS:
            raise ValueError(f"Unknown effect {effect!r}; known are {', '.join(sorted(EFFECTS))}.")
        platform = str(body.get("platform") or "*")
        params = dict(body.get("params") or {})
        params |= {name: value for name, value in body.items() if name not in _RULE_KEYS | {"params"}}
        rule = Rule(
            id=0,
            effect=effect,
            platform=_PLATFORMS.get(platform, platform),
            method=str(body.get("method") or "*"),
            account=str(body.get("account") or "*"),
            kind=str(body.get("kind") or "*"),
            nth=_number(body, "nth", int),
            probability=_number(body, "probability", float),
            times=_number(body, "times", int) or (1 if effect in _ONCE_BY_DEFAULT else None),
            params=params,
        )
        with self._lock:
            rule.id = self._store.run("INSERT INTO faults (rule) VALUES (?)", _stored(rule))
            self._rules.append(rule)
        return rule

    def remove(self, rule_id: int | None = None) -> None:
        """Lift one rule, or all of them."""
        with self._lock:
            if rule_id is None:
                self._store.run("DELETE FROM faults")
            else:
                self._store.run("DELETE FROM faults WHERE id = ?", rule_id)
            self._rules = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]

    def listed(self) -> list[dict[str, Any]]:
        """All rules with how often they were looked at and fired."""
        return [rule.describe() for rule in self._rules]

    def take(self, call: Call) -> dict[str, Rule]:
        """The effects that hit this call; looking counts."""
        hit: dict[str, Rule] = {}
        with self._lock:
            for rule in self._rules:
                if not rule.fits(call):
                    continue
                rule.seen += 1
                if self._fires(rule) and rule.effect not in hit:
                    rule.fired += 1
                    hit[rule.effect] = rule
                self._store.run("UPDATE faults SET rule = ? WHERE id = ?", _stored(rule), rule.id)
        return hit

    def _fires(self, rule: Rule) -> bool:
        if rule.times is not None and rule.fired >= rule.times:
            return False
        if rule.nth is not None and rule.seen != rule.nth:
            return False
        if rule.probability is None:
            return True
        return fraction(self.seed, "fault", rule.id, rule.seen) < rule.probability


def _number(body: Mapping[str, Any], name: str, kind: type[int] | type[float]) -> Any:
    value = body.get(name)
    return None if value is None else kind(value)


def _stored(rule: Rule) -> str:
    return json.dumps({name: getattr(rule, name) for name in rule.__slots__ if name != "id"})
