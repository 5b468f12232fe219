"""Every part of the design on one page, with sample figures; only served in development."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace as Sample

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lane.core import clock
from lane.web.charts import SpendCurve
from lane.web.templatetags.lane_ui import STATUS_WORDS

_E = 1_000_000


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField()
    amount = forms.DecimalField(min_value=1, help_text="Whole flight, in the currency of the client.")
    starts_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    strategy = forms.ChoiceField(choices=[("linear", "Linear"), ("adaptive", "Adaptive")])
    mode = forms.ChoiceField(
        choices=[("observe", "Observe"), ("recommend", "Recommend")], widget=forms.RadioSelect
    )
    notify = forms.BooleanField(required=False, label="Tell me when it goes off plan")


def _plan(name: str, who: str, health: str, reason: str, *money: int | None) -> Sample:
    budget, spent, planned, p10, p50, p90 = (None if each is None else each * _E for each in money)
    risk = None if p50 is None or budget is None else p50 - budget
    share = None if risk is None or not budget else risk / budget
    return Sample(
        name=name, who=who, health=health, reason=reason, currency="EUR", budget=budget, spent=spent,
        planned=planned, p10=p10, p50=p50, p90=p90, risk=risk, share=share,
    )  # fmt: skip


def _plans() -> list[Sample]:
    rows = [
        (
            "Spring kitchens",
            "Tervo Kitchens · Google Search",
            "cannot_spend",
            "Demand capped at €1,190 a day",
            48000,
            22910,
            30500,
            35200,
            36890,
            38400,
        ),
        (
            "Show homes",
            "Aldermoor Homes · Meta",
            "ahead",
            "Cheap clicks since 14 May, +41 %",
            30000,
            24260,
            19000,
            35100,
            36570,
            38200,
        ),
        (
            "Motor quotes",
            "Quillon Insurance · Google Search",
            "stale",
            "No report since 05:10, writes frozen",
            18500,
            10940,
            11600,
            12100,
            15300,
            17800,
        ),
        (
            "Cold brew",
            "Pinewick Coffee · Meta",
            "behind",
            "Weekends deliver 31 % under plan",
            16000,
            8870,
            10110,
            13420,
            14030,
            14690,
        ),
        (
            "Always-on shopping",
            "Maison Orlac · Google Shopping",
            "on_track",
            "Within ±5 % on 19 of 20 days",
            27500,
            16790,
            17300,
            25930,
            26640,
            27300,
        ),
        (
            "Home cover",
            "Quillon Insurance · Google Search",
            "unknown",
            "Day 1 of 30, too early to tell",
            15000,
            212,
            480,
            None,
            None,
            None,
        ),
        (
            "Sunglasses test",
            "Lindqvist Eyewear · Meta",
            "paused",
            "By Marta Kowal, 18 May: no stock",
            4500,
            2140,
            2900,
            None,
            None,
            None,
        ),
    ]
    return [_plan(*row) for row in rows]


def _curve() -> SpendCurve:
    actual = [0, 480, 760, 1080, 1600, 2120, 2640, 3080, 3520, 3800, 4080, 4560, 5040, 5600, 6200]
    actual += [6760, 7080, 7400, 8120, 8700]
    return SpendCurve(
        starts_on=date(2026, 5, 1),
        ends_on=date(2026, 5, 31),
        target=[(0.0, 0), (31.0, 16000 * _E)],
        actual=[*((float(day), micros * _E) for day, micros in enumerate(actual)), (19.6, 8870 * _E)],
        now=19.6,
        now_label="today 14:20",
        without=[(19.6, 8870 * _E, 8870 * _E, 8870 * _E), (31.0, 13420 * _E, 14030 * _E, 14690 * _E)],
        with_change=[(19.6, 8870 * _E, 8870 * _E, 8870 * _E), (31.0, 15420 * _E, 15840 * _E, 16000 * _E)],
        gap_label="€1,240 behind plan",
        events=[(11.0, "12 May: budget raised")],
    )


def _row(name: str, note: str, old: int, new: int, state: str) -> Sample:
    return Sample(name=name, note=note, old_micros=old * _E, new_micros=new * _E, state=state, value=name)


def gallery(request: HttpRequest) -> HttpResponse:
    """Sample figures only: nothing here is read from an account."""
    now = clock.now()
    context = {
        "plans": _plans(),
        "curve": _curve(),
        "fresh": now - timedelta(minutes=14),
        "stale": now - timedelta(hours=9),
        "due": now + timedelta(hours=2, minutes=28),
        "tabs": [
            Sample(label="All plans", url="?", count=37, current=True, edited=False),
            Sample(label="Cannot spend", url="?status=cannot_spend", count=3, current=False, edited=False),
            Sample(label="Needs my yes", url="?mine=1", count=2, current=False, edited=True),
        ],
        "rows": [
            _row("Prospecting", "", 250, 300, ""),
            _row("Retargeting", "", 120, 143, ""),
            _row("Stories video", "edited by Marta Kowal, was €104.00", 85, 102, "edited"),
            _row("Lookalike 3 %", "declined by Marta Kowal: creative is tired", 38, 46, "declined"),
        ],
        "total": Sample(name="3 of 4 rows", old_micros=455 * _E, new_micros=545 * _E),
        "stages": [
            Sample(name="Media check", person="Jonas Weber", time="Approved 14:24", state="done"),
            Sample(name="Budget owner", person="You", time="Due 17:00 today", state="current"),
            Sample(name="Apply and read back", person="Lane", time="At once", state="later"),
        ],
        "permissions": [
            Sample(may="alone", label="Pause at the target", note="Always, no approval"),
            Sample(may="approval", label="Step up to 20 % per day and budget", note="After approval"),
            Sample(may="never", label="Raise the approved €16,000", note="Never, amend the plan"),
        ],
        "statuses": list(STATUS_WORDS),
        "decisions": ["propose", "hold", "skip", "applied", "declined", "conflict", "stuck", "expired"],
        "form": SampleForm({"name": "Cold brew", "amount": "-3"})
        if "errors" in request.GET
        else SampleForm(),
    }
    return render(request, "design/gallery.html", context)
