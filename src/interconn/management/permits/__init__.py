"""Multi-party resource access control: grants and permits (MGT-2.2-mprac-procedure)."""
