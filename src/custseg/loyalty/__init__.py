"""Points: a Program is declared, run over a base, and gives a Ledger."""
