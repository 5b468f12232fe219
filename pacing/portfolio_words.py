"""What a look at a portfolio says: each sentence is written from exactly the numbers stored with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pacing.allocation import Allocation, ArmAllocation, Band, Decision, Problem
from pacing.explain import Sentence, write

Number = int | float | str
_HUNDRED = 100_000_000
CONVERSIONS = "conversions"

SKIPS: Mapping[str, str] = {
    "budget_unknown": "The daily amount of “{budget}” is not known. Sync its account, then look again.",
    "change_waits": "A change of these budgets waits for approval or is being written. One step at a time.",
    "never_read": "“{account}” was never read. Connect it, or sync it.",
    "stale": "The last report of “{account}” is {age_hours} old; after {limit_hours} Lane decides nothing.",
    "plan_not_active": "The plan “{plan}” is {status}, so there is no money of the day to share out.",
    "not_in_plan": "“{budget}” is no longer in the plan “{plan}”. Take it out of the portfolio, or back into the plan.",
    "plan_decides": "The plan “{plan}” decides what these budgets get together. Take the money from that plan.",
    "failed": "The look failed: {error}. Nothing was changed; the next look tries again.",
}
HELD_BY: Mapping[str, str] = {
    "locked": "Somebody locked it: it keeps its amount.",
    "from_files": "It comes from CSV files: Lane measures it and writes nothing.",
    "removed": "One of its budgets was removed at the platform.",
    "stopped": "Writes are stopped here.",
    "not_running": "Nothing that spends from it is switched on.",
}
_BOUNDS: Mapping[str, str] = {
    "step": "It takes the largest step allowed, to {new_micros} a day.",
    "floor": "It stays at its least share of {least_micros} a day.",
    "minimum": "It stays at the least amount allowed, {least_micros} a day.",
    "cap": "It stays at its cap of {most_micros} a day.",
    "learning": "The platform is still learning after a start or a big change: it keeps its amount.",
    "anomaly": "Its amount was changed outside Lane and nobody has settled that yet: it keeps its amount.",
    "recent_move": "It was moved lately: it rests.",
    "group": "The share of its group binds.",
}
_PLAIN: Mapping[str, str] = {
    "too_small": "The best split is so close to the present one that an edit is not worth it.",
    "nothing_movable": "Fewer than two arms may move now: the others are locked, learning or at rest.",
    "group_shares": "The shares of the groups ask for this split.",
    "roas_floor_led": "It gives up some expected value to keep the least return that was asked for.",
}
_PROBLEMS: Mapping[str, str] = {
    "no_arms": "There is nothing to split the money over.",
    "units": "The limits leave no split in whole units of {unit_micros}.",
    "locks_exceed_budget": "Locked amounts come to {sum_micros}, {difference_micros} more than the day's {budget_micros}. Unlock or lower one of: {arms}.",
    "locks_below_budget": "Every arm is locked, together at {sum_micros}, and {difference_micros} of the day's {budget_micros} is left. Unlock one of: {arms}.",
    "floors_exceed_budget": "Least amounts and locks come to {sum_micros}, {difference_micros} more than the day's {budget_micros}. Lower one of: {arms}.",
    "caps_below_budget": "Caps and locks leave room for {sum_micros}, {difference_micros} less than the day's {budget_micros}. Raise one of: {arms}.",
    "group_minimum": "The group “{group}” can get at most {sum_micros}, less than its least of {limit_micros}. Look at: {arms}.",
    "group_maximum": "The group “{group}” must get at least {sum_micros}, more than its most of {limit_micros}. Look at: {arms}.",
    "group_minimums_exceed_budget": "The least shares of groups need {sum_micros} of the day's {budget_micros}. Lower one of them.",
    "group_maximums_below_budget": "The most shares of groups leave room for {sum_micros} of the day's {budget_micros}. Raise one of them.",
    "groups_conflict": "The shares of the groups cannot all be kept. Lower a least share or raise a most share.",
    "group_out_of_reach": "The group “{group}” is at {sum_micros} and its limit at {limit_micros}, more than one step away: this split goes as near as it may.",
    "steps_too_small": "The shares of the groups cannot be reached with one step of the arms that may move: {arms}.",
    "roas_floor": "No allowed split keeps the return that was asked for, {floor_value}; at the cautious end it is {low_value}. Lower the least return or the day's money.",
}


def about_goal(name: str, value: float, goal: str) -> tuple[str, str, Number]:
    """A figure of the goal: its number's name, its place in a template with its unit, and the number."""
    if goal == CONVERSIONS:
        return f"{name}_value", f"{{{name}_value}} conversions", round(value, 2)
    return f"{name}_micros", f"{{{name}_micros}}", round(value * 1_000_000)


class Writer:
    """Writes sentences in one portfolio's money and goal."""

    def __init__(self, currency: str, goal: str) -> None:
        self.currency, self.goal = currency, goal

    def say(self, code: str, template: str, /, *figures: tuple[str, float], **numbers: Number) -> Sentence:
        """One sentence; ``figures`` are of the goal and stand in the template as ``<name>``."""
        stored: dict[str, Number] = dict(numbers)
        for name, value in figures:
            key, place, number = about_goal(name, value, self.goal)
            stored[key] = number
            template = template.replace(f"<{name}>", place)
        return write(code, template, stored, currency=self.currency)

    def skipped(self, code: str, numbers: Mapping[str, Number]) -> Sentence:
        """Why nothing could be decided."""
        return write(code, SKIPS[code], numbers, currency=self.currency)

    def plain(self, code: str, text: str) -> Sentence:
        """A sentence without a figure."""
        return write(code, text, {}, currency=self.currency)

    def of_look(self, allocation: Allocation, least_probability: float) -> list[Sentence]:
        """What was decided for the portfolio as a whole and why, strongest first."""
        found = {finding.code: finding.numbers for finding in allocation.reasons}
        said = [self.problem(problem, allocation) for problem in allocation.problems]
        decision, gain = allocation.decision, allocation.gain
        now = sum(arm.now_micros for arm in allocation.arms)
        if "roll_back" in found:
            said.append(
                self.say(
                    "roll_back",
                    "The move of {moved_on} lost with {hurt_probability}, by all that is known of the days since: Lane would take it back.",
                    moved_on=str(found["roll_back"]["day"]),
                    hurt_probability=float(found["roll_back"]["probability"]),
                )
            )
        if gain is not None and decision in (Decision.MOVE, Decision.ROLL_BACK):
            said.append(self._gain(allocation, gain))
        if "gain_unsure" in found:
            said.append(
                self.say(
                    "gain_unsure",
                    "In {gain_probability} of the possible truths drawn the best split is better than its cost; Lane asks for {least_probability}.",
                    gain_probability=float(found["gain_unsure"]["probability"]),
                    least_probability=least_probability,
                )
            )
        for code, text in _PLAIN.items():
            if code in found:
                said.append(self.plain(code, text))
        if "not_enough_history" in found:
            said.append(
                self.say(
                    "not_enough_history",
                    "Too few days with known results to tell the arms apart: the best known arm has {usable_value}, {least_value} are needed.",
                    usable_value=float(found["not_enough_history"]["days"]),
                    least_value=float(found["not_enough_history"]["least"]),
                )
            )
        if allocation.budget_micros != now:
            said.append(
                self.say(
                    "follows_budget",
                    "The arms have {now_micros} a day together, the day's money is {budget_micros}: the split follows it.",
                    now_micros=now,
                    budget_micros=allocation.budget_micros,
                )
            )
        if allocation.explored_micros:
            said.append(
                self.say(
                    "explores",
                    "{explored_micros} a day is moved to learn, {explored_ratio} of the day's money.",
                    explored_micros=allocation.explored_micros,
                    explored_ratio=allocation.explored_micros / max(1, allocation.budget_micros),
                )
            )
        if allocation.roas_low is not None and "roas_floor_kept" in found:
            said.append(
                self.say(
                    "roas_floor_kept",
                    "At the cautious end the split returns {low_value} per unit of money; {floor_value} is asked for.",
                    low_value=round(allocation.roas_low, 2),
                    floor_value=float(found["roas_floor_kept"]["floor"]),
                )
            )
        if decision is Decision.MOVE and allocation.price_per_100 is not None:
            said.append(
                self.say(
                    "price",
                    "At this split the next {hundred_micros} a day is worth about <price> in every arm that may move freely.",
                    ("price", allocation.price_per_100),
                    hundred_micros=_HUNDRED,
                )
            )
        return said

    def problem(self, problem: Problem, allocation: Allocation) -> Sentence:
        """A wish that cannot be kept, and what to do about it."""
        names = {arm.key: arm.name for arm in allocation.arms}
        numbers: dict[str, Number] = {
            "arms": ", ".join(names.get(key, key) for key in problem.keys),
            **dict(problem.numbers),
        }
        for name in ("floor", "low"):
            if name in numbers:
                numbers[f"{name}_value"] = numbers[name]
        return write(problem.code, _PROBLEMS[problem.code], numbers, currency=self.currency)

    def _gain(self, allocation: Allocation, gain: Band) -> Sentence:
        moved = sum(max(0, arm.new_micros - arm.now_micros) for arm in allocation.arms)
        return self.say(
            "better_split",
            "Moving {moved_micros} a day is expected to bring <gain> more over {horizon_days} (P10 <gain_p10> to P90 <gain_p90>); "
            "in {gain_probability} of the possible truths drawn it is better than its cost.",
            ("gain", gain.p50),
            ("gain_p10", gain.p10),
            ("gain_p90", gain.p90),
            moved_micros=moved,
            horizon_days=allocation.horizon_days,
            gain_probability=allocation.gain_probability or 0.0,
        )

    def of_arm(self, arm: ArmAllocation, price: float | None, held_by: str = "") -> list[Sentence]:
        """Why one arm is raised, cut or kept, and what would change that."""
        said: list[Sentence] = []
        if arm.next_100_now is not None and arm.worth_now is not None:
            said.append(self._worth(arm, arm.next_100_now, arm.worth_now, price))
        if held_by:
            said.append(self.plain(held_by, HELD_BY[held_by]))
        elif arm.bound in _BOUNDS:
            said.append(
                write(
                    f"bound_{arm.bound}",
                    _BOUNDS[arm.bound],
                    {
                        "new_micros": arm.new_micros,
                        "least_micros": arm.least_micros,
                        "most_micros": arm.most_micros,
                    },
                    currency=self.currency,
                )
            )
        found = {finding.code: finding.numbers for finding in arm.reasons}
        if "nudge" in found:
            share = float(found["nudge"]["share"])
            said.append(
                self.say(
                    "nudge",
                    "It is moved by {nudge_change_ratio} to learn its curve.",
                    nudge_change_ratio=share,
                )
            )
        if "drawn" in found:
            said.append(self.plain("drawn", "It is moved to learn, by a draw of what its curve may be."))
        if "changed" in found:
            said.append(
                self.say(
                    "changed",
                    "Its results changed for good around {changed_on}: older days count for less.",
                    changed_on=str(found["changed"]["day"]),
                )
            )
        if "little_data" in found or not arm.days_used:
            said.append(
                self.say(
                    "little_data",
                    "Only {known_days} with known results: its curve leans on similar arms.",
                    known_days=arm.days_used,
                )
            )
        return said

    def _worth(self, arm: ArmAllocation, next_100: float, worth: float, price: float | None) -> Sentence:
        figures = [("next_100", next_100)]
        text = "The next {hundred_micros} a day brings about <next_100> by its curve"
        if price is not None:
            figures += [("worth", worth), ("price", price)]
            text += "; weighed with its average return it is worth <worth>, against <price> in arms that move freely"
        return self.say("next_100", f"{text}.", *figures, hundred_micros=_HUNDRED)

    def flips(self, arms: Sequence[ArmAllocation]) -> list[Sentence]:
        """What would have changed the decision: at which figure an arm would go the other way."""
        said = []
        for arm in sorted(arms, key=lambda one: abs(one.new_micros - one.now_micros), reverse=True)[:3]:
            raised = arm.new_micros > arm.now_micros
            edge = arm.raised_above if raised else arm.cut_below
            if arm.new_micros == arm.now_micros or edge is None:
                continue
            words = (
                "raised if its next {hundred_micros} were worth less"
                if raised
                else "cut if its next {hundred_micros} were worth more"
            )
            said.append(
                self.say(
                    "flip",
                    f"{{arm}} would not be {words} than <edge>.",
                    ("edge", edge),
                    arm=arm.name,
                    hundred_micros=_HUNDRED,
                )
            )
        return said

    def counterfactual(self, allocation: Allocation, caution: float) -> list[Sentence]:
        """What the present split is expected to bring, and what the curves alone say of the change."""
        if allocation.value_now is None or allocation.gain_by_curves is None:
            return []
        said = [
            self.say(
                "counterfactual",
                "If nothing changes a day is expected to bring <value_now>, P10 <low> to P90 <high>.",
                ("value_now", allocation.value_now.mean),
                ("low", allocation.value_now.p10),
                ("high", allocation.value_now.p90),
            )
        ]
        if caution:
            said.append(
                self.say(
                    "by_curves",
                    "By the curves alone the split would change the next {horizon_days} by <by_curves>; {caution_ratio} of the "
                    "decision rests on the arms' average returns.",
                    ("by_curves", allocation.gain_by_curves.p50),
                    horizon_days=allocation.horizon_days,
                    caution_ratio=caution,
                )
            )
        return said
