"""The main job: a file of orders goes in, labelled customers and points come out."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from custseg.errors import CustsegError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_ABOUT = """\
Labels the customers of a file of orders (RFM) and replays a points program over it.
Without a file, the same on a simulated shop of 20,000 customers."""

_EXAMPLE = """\
example:
  python -m custseg sales.parquet --order-id InvoiceNo --column customer_id=CustomerID
    --column ordered_at=InvoiceDate --column "total=Quantity * UnitPrice"
    --currency GBP --tz Europe/London --as-of 2011-12-09 --out june"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the main job.

    Args:
        arguments: What stands after `python -m custseg`; the process's own by
            default.

    Returns:
        0, or 2 when something is wrong with the arguments or the file.
    """
    options = _parser().parse_args(arguments)
    if options.threads is not None:
        # Before polars is loaded: it reads the number once.
        os.environ["POLARS_MAX_THREADS"] = os.environ["CUSTSEG_THREADS"] = str(options.threads)
    from custseg.job.run import run
    from custseg.job.wishes import Wishes

    try:
        wishes = Wishes(
            path=options.file,
            order_id=options.order_id,
            columns=tuple(options.column),
            where=options.where,
            currency=options.currency,
            tz=options.tz,
            as_of=options.as_of,
            program=options.program,
            out=options.out,
        )
        for line in run(wishes):
            print(line, flush=True)
    except CustsegError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m custseg",
        description=_ABOUT,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", nargs="?", help="csv, csv.gz, parquet or ndjson; * and ? match several files")
    add("--order-id", metavar="COLUMN", help="rows are order lines of the order this column names")
    add(
        "--column",
        metavar="X=TEXT",
        action="append",
        default=[],
        help="a column of the table: a source column's name, else SQL over source columns",
    )
    add("--where", metavar="SQL", help="which rows of the file to read at all")
    add("--currency", default="EUR", metavar="CODE", help="ISO 4217 code (EUR)")
    add("--tz", default="UTC", metavar="ZONE", help="zone of local days and naive times (UTC)")
    add("--as-of", metavar="DAY", help="the day to see the logs as of (the latest in them)")
    add("--program", metavar="FILE", help="a points program, JSON or TOML")
    add("--threads", type=_positive, metavar="N", help="how many threads to use")
    add("--out", metavar="DIR", help="where segments, ledger and rejected rows are written")
    return parser


def _positive(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    message = f"{text!r} is not a whole number from 1 on"
    raise argparse.ArgumentTypeError(message)


if __name__ == "__main__":
    sys.exit(main())
