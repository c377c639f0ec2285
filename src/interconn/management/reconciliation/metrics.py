"""What was asked of partners to compare states, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from interconn.management.reconciliation.judgement import Answer, Mend

_QUESTIONS: Final = Counter(
    "interconn_reconciliations", "Questions to partners what they believe, by how they ended.", ["answer"]
)
_MENDS: Final = Counter("interconn_reconciliation_mends", "Differences mended, by the step taken.", ["step"])
for _answer in Answer:
    _QUESTIONS.labels(_answer.value)


def count_question(answer: Answer, mended: Mend) -> None:
    """Count a question, and the step that its answer led to."""
    _QUESTIONS.labels(answer.value).inc()
    if mended is not Mend.NONE:
        _MENDS.labels(mended.value).inc()
