"""What the author of a component uses: environment, storage, transport, progress and results.

A whole component:

    from pathlib import Path
    from interconn.sdk import Component, Context

    def work(context: Context) -> None:
        rows = sum(batch.num_rows for batch in context.open_table("table").batches())
        context.write_json("report", {"rows": rows})

    if __name__ == "__main__":
        raise SystemExit(Component.load(Path("self_description.json"), work).main())
"""

from interconn.sdk.component import Component, Context
from interconn.sdk.environment import Environment, Party
from interconn.sdk.transport import TransportClient

__all__ = ["Component", "Context", "Environment", "Party", "TransportClient"]
