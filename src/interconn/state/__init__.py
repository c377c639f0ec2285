"""State of a node: the database engine, units of work, the outbox, the audit trail and migrations.

No layer's tables live here: each layer declares its own on `interconn.state.database.Table`.
"""
