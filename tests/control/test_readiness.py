"""Steps begin when what they read from has succeeded, each once, wherever a drive begins anew."""

from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interconn.control.flow import plan
from interconn.control.readiness import Readiness

MANY = 1000


def names(readiness: Readiness, room: int = MANY, stopped: frozenset[str] = frozenset()) -> list[str]:
    return [step.name for step in readiness.take(room, stopped)]


def diamond(make: SimpleNamespace) -> SimpleNamespace:
    return plan(
        make.job(
            make.component("d", "both", ["b.data0", "c.data0"]),
            make.component("c", "sum", ["a.data0"]),
            make.component("b", "sum", ["a.data0"]),
            make.component("a"),
        ),
        make.registry,
    )


def test_a_step_begins_once_and_after_all_it_reads_from(make: SimpleNamespace) -> None:
    readiness = Readiness(diamond(make), begun=(), succeeded=())
    assert names(readiness) == ["a"]
    assert names(readiness) == []
    readiness.succeed("a")
    assert sorted(names(readiness)) == ["b", "c"]
    readiness.succeed("b")
    readiness.succeed("b")
    assert names(readiness) == []
    readiness.succeed("c")
    assert names(readiness) == ["d"]
    assert readiness.missing() == {"d"}


def test_a_drive_that_begins_anew_goes_on_where_the_database_stands(make: SimpleNamespace) -> None:
    readiness = Readiness(diamond(make), begun=("a", "b"), succeeded=("a",))
    assert names(readiness) == ["c"]
    readiness.succeed("b")
    readiness.succeed("c")
    assert names(readiness) == ["d"]


def test_what_was_stopped_does_not_begin(make: SimpleNamespace) -> None:
    readiness = Readiness(diamond(make), begun=("a",), succeeded=("a",))
    assert names(readiness, stopped=frozenset({"b", "d"})) == ["c"]


def test_only_as_many_begin_as_there_is_room_for_their_shares(make: SimpleNamespace) -> None:
    readiness = Readiness(plan(make.job(*map(make.component, "abcde")), make.registry), begun=(), succeeded=())
    assert len(names(readiness, room=4)) == 2  # two parties each
    assert names(readiness, room=0) == []
    assert len(names(readiness)) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the makers keep nothing
@given(st.data())
def test_it_says_what_a_look_at_the_whole_job_would_say(make: SimpleNamespace, data: st.DataObject) -> None:
    parts = [make.component("c0")]
    for number in range(1, data.draw(st.integers(1, 12))):
        read = data.draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True))
        kind = "both" if len(read) == 2 else "join"
        parts.append(make.component(f"c{number}", kind, [f"c{each}.data0" for each in read]))
    planned = plan(make.job(*parts), make.registry)
    readiness = Readiness(planned, begun=(), succeeded=())
    begun: set[str] = set()
    succeeded: set[str] = set()
    while len(succeeded) < len(planned.steps):
        expected = {step.name for step in planned.steps.values() if step.upstream <= succeeded} - begun
        assert set(names(readiness)) == expected
        begun |= expected
        ended = data.draw(st.sampled_from(sorted(begun - succeeded)))
        succeeded.add(ended)
        readiness.succeed(ended)
