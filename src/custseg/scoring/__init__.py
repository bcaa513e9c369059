"""Numbers per customer: history, lifetime value, churn, engagement."""
