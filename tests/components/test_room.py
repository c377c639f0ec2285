"""Room for components: what fits, what waits, whose turn is next; nobody starves, whoever comes meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.components.room import COMPONENTS, LONGEST_PASSING, Room, machine_room
from interconn.standard.errors import InvalidFlow


def enter(room: Room, task: str, job: str = "job", initiator: str = "bank", **needs: float) -> bool:
    room.enter(task, "guest.0", job_id=job, initiator=initiator, needs={COMPONENTS: 1.0, **needs})
    return room.may_run(task)


def test_what_fits_runs_and_what_does_not_waits_with_a_reason() -> None:
    room = Room({"cpu": 4.0})
    assert enter(room, "a", cpu=3)
    assert not enter(room, "b", cpu=2)
    assert "2 cores are needed and 1 of 4 free" in room.reason("b")
    assert room.reason("a") == ""
    room.leave("a", "guest.0")
    assert room.may_run("b")
    assert room.reason("b") == ""


def test_a_share_without_a_limit_counts_as_a_component_only() -> None:
    room = Room({"cpu": 1.0, COMPONENTS: 2.0})
    assert enter(room, "a")
    assert enter(room, "b")
    assert not enter(room, "c")
    assert "components at once" in room.reason("c")


@pytest.mark.parametrize("name", ["cpu", "memory", "disk", COMPONENTS])
def test_what_can_never_fit_is_refused_naming_what_there_is(name: str) -> None:
    room = Room({name: 8.0})
    room.check({name: 8.0}, "here")
    with pytest.raises(InvalidFlow, match=r"asks for 9 .* gives 8 at most"):
        room.check({name: 9.0}, "here")


def test_the_room_of_several_roles_is_free_once_all_have_ended() -> None:
    room = Room({COMPONENTS: 2.0})
    for share in ("guest.0", "arbiter.0"):
        room.enter("both", share, job_id="job", initiator="bank", needs={COMPONENTS: 2.0})
    assert not enter(room, "next")
    room.leave("both", "guest.0")
    assert not room.may_run("next")
    room.leave("both", "arbiter.0")
    assert room.may_run("next")


def test_what_an_earlier_life_launched_keeps_its_room_though_there_is_less_now() -> None:
    room = Room({"cpu": 1.0})
    room.enter("old", "guest.0", job_id="job", initiator="bank", needs={"cpu": 4.0}, runs=True)
    assert room.may_run("old")
    assert not enter(room, "new", cpu=1)
    room.leave("old", "guest.0")
    assert room.may_run("new")


def test_a_repeat_changes_nothing_and_one_that_gives_up_makes_way() -> None:
    room = Room({COMPONENTS: 1.0})
    assert enter(room, "a")
    for _ in range(3):
        assert not enter(room, "b")
    assert not enter(room, "c")
    room.leave("b", "guest.0")
    room.leave("b", "guest.0")
    room.leave("a", "guest.0")
    assert room.may_run("c")


def order_of(room: Room, admitted: list[str]) -> list[str]:
    """Let one after the other end, and return in which order all ran."""
    for task in admitted:  # it grows meanwhile
        room.leave(task, "guest.0")
    return admitted


def test_a_big_job_does_not_starve_the_others_of_its_initiator() -> None:
    admitted: list[str] = []
    room = Room({COMPONENTS: 1.0}, admitted.append)
    for number in range(100):
        enter(room, f"big-{number}", job="big")
    for name in "abc":
        enter(room, name, job=f"small-{name}")
    places = {task: place for place, task in enumerate(order_of(room, admitted))}
    assert max(places[name] for name in "abc") < 8
    assert len(places) == 103


def test_an_initiator_with_many_jobs_does_not_starve_another() -> None:
    admitted: list[str] = []
    room = Room({COMPONENTS: 1.0}, admitted.append)
    for number in range(100):
        enter(room, f"bank-{number}", job=f"job-{number}", initiator="bank")
    enter(room, "rare", job="rare", initiator="operator")
    assert order_of(room, admitted).index("rare") <= 2


def test_a_large_share_is_passed_by_only_so_often() -> None:
    admitted: list[str] = []
    room = Room({"cpu": 4.0}, admitted.append)
    for number in range(2):
        enter(room, f"s{number}", job="small", cpu=2)
    enter(room, "large", job="large", cpu=4)
    for number in range(2, 200):
        enter(room, f"s{number}", job="small", cpu=2)
    assert order_of(room, admitted).index("large") <= LONGEST_PASSING + 4


def test_the_machine_has_cores_and_memory() -> None:
    assert machine_room()["cpu"] >= 1
    assert machine_room()["memory"] > 0.1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 8), st.booleans()), min_size=1, max_size=40)
)
def test_never_more_than_there_is_and_all_run_in_the_end(drawn: list[tuple[int, int, int, bool]]) -> None:
    admitted: list[str] = []
    room = Room({"cpu": 8.0}, admitted.append)
    needs: dict[str, int] = {}
    ended: set[str] = set()

    def end_first() -> None:
        running = [task for task in admitted if task not in ended]
        assert sum(needs[task] for task in running) <= 8
        if running:
            ended.add(running[0])
            room.leave(running[0], "guest.0")

    for number, (job, initiator, cpu, end) in enumerate(drawn):
        needs[str(number)] = cpu
        enter(room, str(number), job=f"{initiator}-{job}", initiator=str(initiator), cpu=cpu)
        if end:
            end_first()
    for _ in drawn:
        end_first()
    assert ended == set(needs)
