"""The audit trail: every decision with what proves it, chained, headed, exported and verified anywhere.

`chain`, `evidence`, `heads`, `document`, `verification` and `questions` need no node and no database: an auditor
runs them on another machine. Nothing is imported here, so that they stay so.
"""
