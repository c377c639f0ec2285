"""Results of tasks that this node's people may not have before a decision (docs/policy.md)."""
