from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.vouchers import vouchers
from loyalty.books_of import books
from loyalty.worlds import AS_OFS, logs, programs

KEY = b"sixteen bytes or more"


@given(st.binary(min_size=16, max_size=64), st.text(max_size=40))
def test_the_same_key_and_entry_give_the_same_code(key, entry_id):
    code = cu.voucher_code(key, entry_id)
    assert code == cu.voucher_code(key, entry_id)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code)
    assert code != cu.voucher_code(key + b"!", entry_id)
    assert code != cu.voucher_code(key, entry_id + "!")


def test_the_code_is_the_head_of_the_standard_hmac():
    # RFC 4231, test case 1: key of twenty bytes 0x0b, "Hi There".
    digest = "b0344c61d8db38535ca8afceaf0bf12b"
    bits = f"{int(digest[:20], 16):080b}"
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    told = "".join(letters[int(bits[place : place + 5], 2)] for place in range(0, 80, 5))
    assert cu.voucher_code(b"\x0b" * 20, "Hi There").replace("-", "") == told


@pytest.mark.parametrize("key", [b"short", "a text that is long enough", None])
def test_what_is_no_secret_is_refused(key):
    with pytest.raises(cu.LedgerError, match="is no secret"):
        cu.voucher_code(key, "x")


@given(programs(), logs(), AS_OFS)
def test_each_redemption_that_stands_has_a_code_of_its_own(program, log, as_of):
    ledger, outcome = books(program, log, as_of)
    found = vouchers(ledger, KEY)
    assert found["code"].n_unique() == found.height
    requests = {str(event["id"]) for event in log["events"] if event["kind"] == "redeem"}
    cancelled = [entry["source"] for entry in outcome.entries if entry["kind"] == "restore"]
    undone = {str(event["refers_to"]) for event in log["events"] if str(event["id"]) in cancelled}
    posted = {
        str(entry["source"]) for entry in outcome.entries if entry["kind"] == "redeem"
    } & requests
    assert {one for one in found["source"] if one in requests} == posted - undone
    assert not set(found["source"]) & undone
    assert (found["points"] > 0).all()
    assert found.schema["code"] == pl.String
