"""Reconciliation: what both sides of a contract or an approval believe is compared by the standard's queries."""
