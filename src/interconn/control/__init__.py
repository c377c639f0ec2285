"""The control layer: runs jobs between nodes, task after task, as scheduler and as participant (CTL-1)."""
