"""What the platform's journal says against what was approved. Pure: records in, numbers out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Intent:
    """One approved change: entities are platform ids, values micros, ``order`` the order of approval."""

    entity: str
    base: int
    target: int
    order: int
    state: str = ""


@dataclass(slots=True)
class Verdict:
    """Damage done. ``lost``: never took effect. ``duplicated``: took effect more than once.

    ``surplus``: writes that landed although nothing was left to do, or that nobody approved. ``out_of_order``:
    entities whose values did not follow the order of approval. ``wrong_final``: entities that ended wrong.
    """

    lost: int = 0
    duplicated: int = 0
    surplus: int = 0
    out_of_order: int = 0
    wrong_final: int = 0
    unaudited: int = 0
    details: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every approved change took effect exactly once, in order, and nothing else did."""
        return not any(value for key, value in asdict(self).items() if key != "details")


def landed(journal: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The budget writes that took effect, by entity, in the order in which they did."""
    by_entity: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in journal:
        if entry["effective"] and entry["field"].startswith("budget"):
            by_entity[str(entry["entity"])].append(entry)
    for entries in by_entity.values():
        entries.sort(key=lambda entry: (str(entry.get("landed_real") or entry["at_real"]), entry["seq"]))
    return by_entity


def check(
    intents: Sequence[Intent], journal: Iterable[Mapping[str, Any]], final: Mapping[str, int]
) -> Verdict:
    """Judge a run whose intents are absolute values."""
    verdict = Verdict()
    writes = landed(journal)
    approved: dict[str, list[Intent]] = defaultdict(list)
    for intent in sorted(intents, key=lambda intent: intent.order):
        approved[intent.entity].append(intent)
    for entity in sorted({*approved, *writes}):
        wanted = [intent.target for intent in approved[entity]]
        moves = [entry for entry in writes.get(entity, []) if entry["after"] != entry["before"]]
        times = Counter(entry["after"] for entry in moves)
        verdict.surplus += len(writes.get(entity, [])) - len(moves)
        verdict.surplus += sum(count for value, count in times.items() if value not in wanted)
        verdict.lost += sum(1 for value in wanted if not times[value])
        verdict.duplicated += sum(max(0, times[value] - 1) for value in set(wanted))
        sequence = [entry["after"] for entry in moves]
        if sequence != wanted:
            verdict.out_of_order += 1
            verdict.details.append(f"{entity}: approved {wanted}, became {sequence}")
        if wanted and final.get(entity) != wanted[-1]:
            verdict.wrong_final += 1
    unfinished = [intent for intent in intents if intent.state != "verified"]
    verdict.lost = max(verdict.lost, len(unfinished))
    verdict.details += [f"{intent.entity} to {intent.target}: {intent.state}" for intent in unfinished[:20]]
    return verdict


def check_steps(
    intents: Sequence[Intent], journal: Iterable[Mapping[str, Any]], final: Mapping[str, int]
) -> Verdict:
    """Judge a run of relative steps: only their number and sum can be right, never their order."""
    verdict = Verdict()
    writes = landed(journal)
    steps: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        steps[intent.entity].append(intent)
    for entity, asked in steps.items():
        step = asked[0].target - asked[0].base
        first = min(intent.base for intent in asked)
        off = (final.get(entity, first) - first) // step - len(asked)
        verdict.lost += max(0, -off)
        verdict.duplicated += max(0, off)
        verdict.surplus += max(0, len(writes.get(entity, [])) - len(asked))
        if off:
            verdict.wrong_final += 1
            verdict.details.append(f"{entity}: {abs(off)} step(s) too {'many' if off > 0 else 'few'}")
    return verdict
