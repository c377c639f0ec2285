"""Explanations: for any id, what it is, whom it waits for and since when, and what a person may do."""
