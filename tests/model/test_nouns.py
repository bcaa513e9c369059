"""The nouns: their columns are those that the definitions name."""

from __future__ import annotations

import typing

import attrs
import pytest

import custseg as cu

COLUMNS = {
    cu.Customer: "customer_id joined_at? birth_date? name? email? phone? region? gender?"
    " acquired_via? consent? referred_by?",
    cu.Order: "order_id customer_id ordered_at total channel? store? status? paid_with_points?",
    cu.OrderLine: "order_id line? customer_id ordered_at product_id? category? quantity? total",
    cu.Event: "event_id customer_id at kind amount? points? refers_to? channel? reward? session?",
    cu.Feedback: "feedback_id customer_id? at kind score touchpoint? comment?",
    cu.Ticket: "ticket_id customer_id opened_at first_response_at? resolved_at? category?"
    " priority? channel? reopened? compensation?",
    cu.Opportunity: "opportunity_id customer_id opened_at stage amount? closed_at? won? owner?",
    cu.Entry: "entry_id customer_id at kind points balance_after lot_id? source source_kind rule?"
    " version desired? cap? available_at? expires_at?",
}


@pytest.mark.parametrize("noun", COLUMNS, ids=lambda noun: noun.__name__)
def test_a_noun_has_the_columns_of_its_definition(noun):
    table = cu.table(noun)
    told = [f"{column.name}?" if column.optional else column.name for column in table.columns]
    assert " ".join(told) == COLUMNS[noun]
    hints = [name for name in typing.get_type_hints(noun) if not name.startswith("__")]
    assert hints == list(table.schema)


@pytest.mark.parametrize("noun", COLUMNS, ids=lambda noun: noun.__name__)
def test_an_entity_is_a_frozen_value_made_by_name(noun):
    given = {each.name: 1 for each in attrs.fields(noun) if each.default is attrs.NOTHING}
    made = noun(**given)
    assert made == noun(**given)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, next(iter(given)), 2)
    with pytest.raises(TypeError):
        noun(1)
