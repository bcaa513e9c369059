"""The main job, as people call it: what it says, what it writes, how it fails."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import polars as pl
import pytest

import custseg as cu
from custseg.__main__ import main

ORDERS = """\
No,Who,When,Sum
1,007,2026-01-05,120.00
2,008,2026-02-11T10:30:00,35.50
3,007,2026-03-02,80.00
4,,2026-03-09,12.00
5,009,2026-03-15,-5.00
"""
NAMED = [
    "--column",
    "customer_id=Who",
    "--column",
    "ordered_at=When",
    "--column",
    "total=Sum",
]


def told(capsys, *arguments):
    """What the main job says when all is well."""
    assert main([str(argument) for argument in arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def complained(capsys, *arguments):
    """What it says when something is wrong."""
    assert main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err.splitlines()


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    return path


def test_without_arguments_a_simulated_shop_is_shown(capsys):
    shown = told(capsys)
    assert "a simulated shop: 20,000 customers" in shown
    for line in ("segments", "points", "champions", "issued", "redeemed", "expired", "available"):
        assert line in shown
    assert "Nothing was written" in shown


def test_a_csv_of_orders_becomes_segments_a_ledger_and_rejected_rows(orders, tmp_path, capsys):
    shown = told(capsys, orders, *NAMED, "--tz", "Europe/Paris", "--out", tmp_path / "out")
    assert "1 of 5 rows rejected" in shown
    written = {path.name: pl.read_parquet(path) for path in (tmp_path / "out").iterdir()}
    assert set(written) == {"segments.parquet", "ledger.parquet", "rejected.parquet"}
    segments = written["segments.parquet"]
    # Ids of a csv are read as text: leading zeros stay.
    assert segments["customer_id"].to_list() == ["007", "008", "009"]
    assert segments["orders"].to_list() == [2, 1, 0]
    assert written["rejected.parquet"]["reason"].to_list() == ["missing"]
    assert written["ledger.parquet"]["points"].to_list() == [120, 80, 35]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "ndjson"])
def test_every_kind_of_file_gives_the_same_segments(ending, orders, tmp_path, capsys):
    rows = pl.read_csv(orders, infer_schema=False).with_columns(pl.col("Sum").cast(pl.Float64))
    path = tmp_path / f"copy.{ending}"
    if ending == "csv":
        rows.write_csv(path)
    elif ending == "csv.gz":
        path.write_bytes(gzip.compress(rows.write_csv().encode()))
    elif ending == "parquet":
        rows.write_parquet(path)
    else:
        rows.write_ndjson(path)
    told(capsys, path, *NAMED, "--out", tmp_path / ending)
    told(capsys, orders, *NAMED, "--out", tmp_path / "first")
    made, first = (
        pl.read_parquet(tmp_path / folder / "segments.parquet") for folder in (ending, "first")
    )
    assert made.equals(first)


@pytest.mark.usefixtures("orders")
def test_a_pattern_reads_all_its_files(tmp_path, capsys):
    (tmp_path / "orders_2.csv").write_text(
        "No,Who,When,Sum\n9,010,2026-04-01,1.00\n", encoding="utf-8"
    )
    assert "6 rows" in told(capsys, tmp_path / "orders*.csv", *NAMED)


def test_lines_are_added_up_and_an_order_of_two_customers_is_rejected(tmp_path, capsys):
    path = tmp_path / "lines.parquet"
    pl.DataFrame(
        {
            "No": ["A", "A", "B", "B"],
            "Who": [1, 1, 2, 3],
            "When": ["2026-01-05", "2026-01-04", "2026-01-05", "2026-01-05"],
            "Quantity": [2, 1, 1, 1],
            "Price": [2.55, 1.0, 1.0, 1.0],
        }
    ).write_parquet(path)
    shown = told(
        capsys,
        path,
        *("--order-id", "No", "--column", "customer_id=Who", "--column", "ordered_at=When"),
        *("--column", "total=Quantity * Price", "--out", tmp_path / "out"),
    )
    assert "1 orders of 4 lines" in shown
    assert "conflict" in shown
    segments = pl.read_parquet(tmp_path / "out" / "segments.parquet")
    assert segments.select("customer_id", "spend").rows() == [(1, 6.1)]
    assert (
        pl.read_parquet(tmp_path / "out" / "rejected.parquet")["reason"].to_list()
        == ["conflict"] * 2
    )


def test_where_leaves_rows_unread_and_as_of_hides_later_ones(orders, capsys):
    shown = told(capsys, orders, *NAMED, "--where", "Sum > 0", "--as-of", "2026-02-28")
    assert "4 rows" in shown
    assert "2 customers as of 2026-02-28" in shown


@pytest.mark.parametrize("ending", ["json", "toml"])
def test_a_program_is_read_from_a_file(ending, orders, tmp_path, capsys):
    path = tmp_path / f"double.{ending}"
    if ending == "json":
        program = cu.Program("Double", earning=[cu.Earn.per("base", 2, per="1.00")])
        path.write_text(program.to_json(), encoding="utf-8")
    else:
        earning = '[[earning]]\nname = "base"\npoints = 2\nper = "1.00"\n'
        path.write_text(f'format = 1\nname = "Double"\n{earning}', encoding="utf-8")
    shown = told(capsys, orders, *NAMED, "--program", path)
    assert "Ledger of Double" in shown
    assert "471" in shown  # 2 × 235.50


def test_what_was_there_before_stays_when_writing_fails(orders, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    told(capsys, orders, *NAMED, "--out", out)
    before = {path: path.read_bytes() for path in out.iterdir()}

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)
    lines = complained(capsys, orders, *NAMED, "--out", out)
    assert "No space left on device" in lines[0]
    assert lines[1:] == ["  where: --out", "  fix:   give a folder that can be"]
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "what"),
    [("none.parquet", "there is no file"), ("n*.csv", "no file matches")],
)
def test_a_missing_file_is_one_clear_error_that_names_it_once(name, what, tmp_path, capsys):
    lines = complained(capsys, tmp_path / name)
    assert lines[0] == f"SchemaError: {what} '{tmp_path / name}'"
    assert [line.split(":")[0] for line in lines[1:]] == ["  where", "  fix"]


def test_a_name_that_is_nearly_there_is_offered(orders, capsys):
    lines = complained(capsys, orders.with_name("order.csv"))
    assert lines[-1].startswith(f"  fix:   did you mean '{orders}'?")


def test_a_file_that_is_not_what_its_ending_says_is_one_clear_error(orders, capsys):
    path = orders.rename(orders.with_suffix(".parquet"))
    lines = complained(capsys, path, *NAMED)
    assert lines[0].startswith(f"SchemaError: '{path}' cannot be read: ")
    assert lines[0].count(str(path)) == 1


def test_everything_wrong_is_told_together_in_the_words_of_the_command_line(
    orders, tmp_path, capsys
):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    lines = complained(
        capsys,
        orders,
        *NAMED[2:],
        *("--tz", "Europe/Pariss", "--currency", "EURO", "--as-of", "soon", "--out", blocked),
        *("--program", "nowhere.json", "--column", "channel", "--column", "store=LOWER("),
        *("--where", "Sum >"),
    )
    assert lines[0] == "SchemaError: 9 things are wrong"
    assert [line.removeprefix("  where: ") for line in lines if line.startswith("  where: ")] == [
        "--currency",
        "--tz",
        "--as-of",
        "--out",
        "--program",
        "--column",
        "--column store",
        "--column",
        "--where",
    ]


def test_a_folder_that_cannot_be_written_to_is_told_before_rows_are_read(orders, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(orders), *NAMED, "--out", str(tmp_path / "file" / "out")]) == 2
    shown = capsys.readouterr()
    assert "Not a directory" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("column", "where", "fix"),
    [
        ("ordered_at=Sum", "--column ordered_at", "CAST(NAME * 1000000 AS TIMESTAMP)"),
        ("customer_id=Sum > 1", "--column customer_id", "CAST(NAME AS VARCHAR)"),
        ("customer_id=Who = ", "--column customer_id", "name a column of the file"),
    ],
)
def test_what_the_door_refuses_is_told_in_the_words_of_the_command_line(
    column, where, fix, orders, capsys
):
    lines = complained(capsys, orders, *NAMED, "--column", column)
    assert lines[1] == f"  where: {where}"
    assert fix in lines[2]


def test_lines_with_a_number_of_their_own_keep_it(tmp_path, capsys):
    path = tmp_path / "numbered.csv"
    row = "A,1,1,2026-01-01,2.50\n"
    path.write_text(f"order_id,line,customer_id,ordered_at,total\n{row}{row}", encoding="utf-8")
    assert "duplicate" in told(capsys, path, "--order-id", "order_id")


def test_wrong_columns_are_one_clear_error(orders, capsys):
    lines = complained(capsys, orders, "--column", "customer_id=Whom", "--column", "total=Summ + 1")
    assert lines == [
        "SchemaError: 3 things are wrong",
        "'Whom' cannot be read: unable to find column \"Whom\"",
        "  where: --column customer_id",
        "  fix:   did you mean 'Who'? the file has No, Who, When, Sum",
        "'Summ + 1' cannot be read: unable to find column \"Summ\"",
        "  where: --column total",
        "  fix:   the file has No, Who, When, Sum",
        "nothing says which column is 'ordered_at'",
        "  where: --column",
        "  fix:   write --column ordered_at=NAME; the file has No, Who, When, Sum",
    ]


def test_dates_that_cannot_be_read_are_one_clear_error(tmp_path, capsys):
    path = tmp_path / "dates.csv"
    path.write_text("Who,When,Sum\n1,05.01.2026,1.00\n2,06.01.2026,2.00\n", encoding="utf-8")
    lines = complained(capsys, path, *NAMED)
    assert "no row" in lines[0]
    assert any("unreadable" in line and "ordered_at" in line for line in lines)
    assert "STRPTIME" in lines[-1]
    bad = path.with_name("totals.csv")
    bad.write_text("Who,When,Sum\n1,2026-01-05,1.001\n", encoding="utf-8")
    lines = complained(capsys, bad, *NAMED)
    assert "STRPTIME" not in lines[-1]
    bad.write_text("Who,When,Sum,currency\n1,2026-01-05,1,USD\n", encoding="utf-8")
    assert "--currency CODE" in complained(capsys, bad, *NAMED)[-1]
    mended = ["--column", "ordered_at=STRPTIME(When, '%d.%m.%Y')"]
    assert "2 customers" in told(capsys, path, *NAMED[:2], *mended, *NAMED[4:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--column", "total"], "does not say which column is which"),
        (["--column", "total=Sum +"], "neither a source column nor SQL"),
        (["--column", "total=SUM(Sum)"], "makes one value of all rows"),
        (["--column", "ordered_at=NOW()"], "reads the clock"),
        (["--where", "Sum >"], "--where"),
        (["--where", "SUM(Sum) > 0"], "--where"),
        (["--where", "NOW() > 'x'"], "clock"),
        (["--currency", "EURO"], "'EURO' is not a currency code"),
        (["--tz", "Europe/Pariss"], "is not a time zone"),
        (["--as-of", "soon"], "neither a day nor an instant"),
        (["--program", "nowhere.json"], "the program 'nowhere.json' cannot be read"),
    ],
)
def test_a_wrong_argument_says_what_where_and_how_to_mend(arguments, said, orders, capsys):
    text = "\n".join(complained(capsys, orders, *NAMED, *arguments))
    assert said in text
    assert "  where: " in text
    assert "  fix:   " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(NAMED, "no rows"), ([*NAMED, "--where", "Sum > 1000"], "no row that --where keeps")],
)
def test_a_file_without_rows_to_read_is_told_apart_from_bad_rows(
    arguments, said, orders, tmp_path, capsys
):
    path = orders if "--where" in arguments else tmp_path / "empty.csv"
    if path != orders:
        path.write_text("Who,When,Sum\n")
    assert main([str(path), *arguments]) == 2
    assert f"{path} has {said}" in capsys.readouterr().err


def test_a_file_of_another_kind_is_refused(tmp_path, capsys):
    lines = complained(capsys, tmp_path / "orders.xlsx")
    assert "no kind of file that can be read" in lines[0]


def test_options_about_a_file_need_one(capsys):
    lines = complained(capsys, "--where", "total > 0")
    assert lines[0] == "SchemaError: --where says what a file holds, and there is no file"


def test_threads_are_a_whole_number(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--threads", "0"])
    assert ended.value.code == 2
    assert "whole number from 1 on" in capsys.readouterr().err


def test_a_process_ends_with_2_and_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "custseg", str(tmp_path / "none.csv"), "--threads", "1"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert json.dumps(done.stderr).count("fix:") == 1


def test_orders_with_a_number_of_their_own_keep_it(tmp_path, capsys):
    path = tmp_path / "own.csv"
    path.write_text(
        "order_id,customer_id,ordered_at,total\nA,1,2026-01-01,2.50\nA,1,2026-01-01,2.50\n",
        encoding="utf-8",
    )
    assert "duplicate" in told(capsys, path, "--out", tmp_path / "out")
    ledger = pl.read_parquet(tmp_path / "out" / "ledger.parquet")
    assert ledger["source"].to_list() == ["A"]
