"""What control hands to components and their transport: session and token in pairs, parameters by task (MGT-2.2)."""

from types import SimpleNamespace
from typing import Any


async def test_mgt_2_2_mprac_handover_a_pair_of_session_and_token_for_each_party_of_a_task(
    network: Any, make: SimpleNamespace
) -> None:
    opened: dict[str, list[tuple[str, str, str]]] = {}
    for node in (network.bank, network.operator):
        sessions, pairs = node.sessions, opened.setdefault(node.node_id, [])
        honest = sessions.open_session

        def opening(session: Any, *, honest: Any = honest, pairs: Any = pairs, **asked: Any) -> str:
            token = str(honest(session, **asked))
            pairs.append((asked["session_id"], asked["task_id"], token))
            return token

        sessions.open_session = opening
    await network.run(make.job(make.component("first"), make.component("second", "sum", ["first.data0"])))
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"
        got = [
            (environment["config.session_id"], environment["config.task_id"], environment["config.token"])
            for environment in node.machine.environments.values()
        ]
        assert sorted(got) == sorted(opened[node.node_id])  # unchanged on the way
        assert len({task for _, task, _ in got}) == 2
    tokens = [token for pairs in opened.values() for _, _, token in pairs]
    assert len(tokens) == len(set(tokens)) == 4  # one for each task and party, so that none opens another's
    sessions_of_tasks = [{(session, task) for session, task, _ in pairs} for pairs in opened.values()]
    assert sessions_of_tasks[0] == sessions_of_tasks[1]  # both parties of a task meet in one session


async def test_mgt_g2_1_1_1_task_a_job_of_n_components_makes_n_tasks_each_with_its_own_parameters(
    network: Any, make: SimpleNamespace
) -> None:
    parts = [make.component("first"), make.component("second", "sum", ["first.data0"]),
             make.component("third", "sum", ["second.data0"])]  # fmt: skip
    rounds = {"first": 1, "second": 2, "third": 3}
    common = {name: {"mode": "fast", "rounds": count} for name, count in rounds.items()}
    await network.run(make.job(*parts, common=common))
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert [task.name for task in view.tasks] == ["first", "second", "third"]
        assert len({task.task_id for task in view.tasks}) == 3
        names = {task.task_id: task.name for task in view.tasks}
        got = {
            names[environment["config.task_id"]]: environment["runtime.component.parameter.rounds"]
            for environment in node.machine.environments.values()
        }
        assert got == {name: str(count) for name, count in rounds.items()}
