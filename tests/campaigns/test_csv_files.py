"""Understanding exports: column names, preambles, sums, days and numbers, and what is wrong where."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.sync import csv_files
from campaigns.sync.csv_columns import recognise
from campaigns.sync.csv_values import NotReadable

TODAY = date(2026, 11, 20)
GOOGLE = """Campaign report
"1 November 2026 - 3 November 2026"
Campaign status,Campaign,Campaign ID,Currency code,Budget,Day,Impr.,Clicks,Cost,Conversions,Conv. value
Enabled,Cold brew,111,EUR,455.00,2026-11-01,"12,345",678,"1,234.56",12.50,"3,200.00"
Paused,Espresso,112,EUR, --,2026-11-01,10,1,0.00,0.00,0.00
Total: Campaigns, --, --,EUR, --, --,"12,355",679,"1,234.56",12.50,"3,200.00"
"""
META = """Day,Campaign name,Campaign budget,Amount spent (EUR),Impressions,Link clicks,Results,Reporting starts,Reporting ends
,,,2570.40,9000,300,17,2026-11-01,2026-11-02
2026-11-01,Spring kitchens,90,85.20,5000,150,8,2026-11-01,2026-11-02
2026-11-02,Spring kitchens,Using ad set budget,2485.20,4000,150,,2026-11-01,2026-11-02
"""


def _parse(text: str, currency: str = "EUR", **columns: int) -> csv_files.Parsed:
    found = csv_files.table(text)
    return csv_files.parse(found, columns or found.recognised.columns, currency=currency, today=TODAY)


def test_a_google_export_is_understood_with_its_preamble_and_without_its_sums():
    parsed = _parse(GOOGLE)
    assert (parsed.blocking, parsed.problems, len(parsed.rows)) == ("", [], 2)
    row = parsed.rows[0]
    assert (row.line, row.on, row.campaign, row.campaign_key) == (4, date(2026, 11, 1), "Cold brew", "111")
    assert (row.spend_micros, row.impressions, row.clicks) == (1_234_560_000, 12_345, 678)
    assert (row.conversions_milli, row.conversion_value_micros, row.budget_micros) == (
        12_500,
        3_200_000_000,
        455_000_000,
    )
    assert parsed.rows[1].budget_micros is None


def test_a_meta_export_is_understood_with_the_currency_in_its_column_name():
    found = csv_files.table(META)
    assert (found.recognised.platform, found.recognised.currency) == ("meta", "EUR")
    parsed = _parse(META)
    assert (parsed.blocking, parsed.problems, len(parsed.rows)) == ("", [], 2)
    assert [row.budget_micros for row in parsed.rows] == [90_000_000, None]
    assert parsed.rows[1].conversions_milli is None


def test_utf_16_with_tabs_as_google_downloads_it_reads_the_same():
    text = csv_files.decode("Day\tCampaign\tCost\n2026-11-01\tBüro\t1.50\n".encode("utf-16"))
    assert _parse(text).rows[0].campaign == "Büro"


def test_continental_numbers_and_days_are_understood_for_the_whole_file():
    parsed = _parse("Day;Campaign;Cost\n01.11.2026;A;1.234\n02.11.2026;A;1.234,50\n")
    assert [row.spend_micros for row in parsed.rows] == [1_234_000_000, 1_234_500_000]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(("13/11/2026", "02/11/2026"), [date(2026, 11, 13), date(2026, 11, 2)]),
     (("11/13/2026", "11/02/2026"), [date(2026, 11, 13), date(2026, 11, 2)])],
)  # fmt: skip
def test_slashed_days_are_read_as_the_file_proves(days, expected):
    parsed = _parse("Day,Campaign,Cost\n" + "".join(f"{day},A,1.00\n" for day in days))
    assert [row.on for row in parsed.rows] == expected


def test_slashed_days_nobody_can_tell_are_refused():
    parsed = _parse("Day,Campaign,Cost\n01/02/2026,A,1.00\n")
    assert "day/month" in parsed.problems[0].problem
    assert not parsed.rows


def test_each_bad_cell_is_named_with_its_row_column_and_fix():
    parsed = _parse(
        "Day,Campaign,Cost\n2026-11-01,A,abc\n2026-13-01,A,1\n2026-11-02,A,\n2026-11-03,,5\n2026-11-04,A,-1\n"
    )
    assert [(p.row, p.column) for p in parsed.problems] == [
        (2, "Cost"), (3, "Day"), (4, "Cost"), (5, "Campaign"), (6, "Cost"),
    ]  # fmt: skip
    assert all(problem.problem and problem.fix for problem in parsed.problems)
    assert not parsed.rows


def test_a_day_that_is_there_twice_is_refused_on_its_second_row():
    parsed = _parse("Day,Campaign,Cost\n2026-11-01,A,1\n2026-11-01,B,1\n2026-11-01,A,2\n")
    (problem,) = parsed.problems
    assert problem.row == 4
    assert "row 2" in problem.problem
    assert len(parsed.rows) == 2


def test_a_day_in_the_future_is_refused():
    assert "future" in _parse("Day,Campaign,Cost\n2026-12-24,A,1\n").problems[0].problem


def test_mixed_currencies_block_the_file():
    parsed = _parse("Day,Campaign,Cost,Currency code\n2026-11-01,A,1,EUR\n2026-11-02,A,1,USD\n")
    assert "mixes currencies" in parsed.blocking
    assert not parsed.rows


def test_another_currency_than_the_accounts_blocks_the_file():
    assert "EUR" in _parse(META, currency="USD").blocking
    assert "USD" in _parse("Day,Campaign,Cost,Currency\n2026-11-01,A,1,USD\n").blocking


def test_missing_columns_are_named_with_what_the_file_has():
    parsed = _parse("Day,Kampagne,Kosten\n2026-11-01,A,1\n", day=0)
    assert "Campaign and Spend" in parsed.blocking
    assert "Kampagne" in parsed.blocking


def test_unknown_column_names_can_be_mapped_by_hand():
    parsed = _parse("Tag,Kampagne,Kosten\n2026-11-01,A,1\n", day=0, campaign=1, cost=2)
    assert parsed.rows[0].spend_micros == 1_000_000


@pytest.mark.parametrize("text", ["PK\0\0xlsx", "hello", "a,b\n1,2\n"])
def test_what_is_no_table_is_said_plainly(text):
    with pytest.raises(NotReadable):
        csv_files.table(text)


def test_a_row_that_covers_several_days_is_refused():
    text = "Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)\n2026-11-01,2026-11-30,A,9\n"
    assert recognise(text.split("\n")[0].split(",")).columns["day"] == 0
    assert "covers 2026-11-01 to 2026-11-30" in _parse(text).problems[0].problem
