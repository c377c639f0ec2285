"""Whatever is lost, doubled, delayed or forgotten: in the end both sides agree, or the difference is named."""

import asyncio
import random

import pytest

from interconn.api import audits as api
from interconn.api import state as state_api
from interconn.standard.errors import InterconnError
from tests.databases import DATABASES
from tests.management.conftest import Scene, open_network, place
from tests.management.kinds import decide

STEPS = ("apply", "apply", "decide", "decide", "end", "pass", "pass", "settle", "late", "lose", "forget")
FATES = ("deliver", "deliver", "lose", "lose the answer", "double", "delay")


@pytest.mark.parametrize(
    ("seed", "steps"), [(0, 8), *(pytest.param(seed, 40, marks=pytest.mark.slow) for seed in range(1, 13))]
)
def test_arbitrary_loss_ends_in_agreement_or_a_named_difference(seed, steps, tmp_path, signers, stage_of_holders):
    place(stage_of_holders, tmp_path)
    asyncio.run(play(random.Random(seed), steps, tmp_path, signers))
    DATABASES.let_go(tmp_path)


async def play(chance, steps, folder, signers):
    network = open_network(folder, signers)
    scene = Scene.of(network)
    for node in network.nodes.values():
        await node.management.start()
    network.fate = lambda _sent: chance.choice(FATES)
    backups = []
    for _ in range(steps):
        await step(chance, scene, backups)
    network.fate = lambda _sent: "deliver"
    await network.arrive_late()
    await network.pass_time(72)
    await agree(scene.bank, scene.operator)
    for node in network.nodes.values():
        await node.stop()


async def step(chance, scene, backups):
    """Something happens: a person acts, time passes, something is forgotten."""
    node, other = chance.sample([scene.bank, scene.operator], 2)
    what = chance.choice(
        ("apply", "apply", "decide", "decide", "end", "pass", "pass", "settle", "late", "lose", "forget")
    )
    try:
        if what == "apply":
            await node.ask(api.PROJECT_CREATE, name="p", partners=[other.node_id])
        elif what in ("decide", "end"):
            await act(chance, node, what)
        elif what == "pass":
            await scene.network.pass_time(chance.choice((0.1, 1)))
        elif what == "settle":
            await scene.network.settle()
        elif what == "late":
            await scene.network.arrive_late()
        elif what == "lose":
            await node.lose_mail()
        elif len(backups) < 2:
            backups.append((node, await node.back_up(f"backup-{len(backups)}")))
        else:
            forgetful, backup = backups.pop()
            await forgetful.restore(backup)
    except InterconnError:
        pass  # what is not allowed just now is refused, and that is all


async def act(chance, node, what):
    audits = (await node.ask(api.AUDIT_LIST)).audits
    if what == "decide":
        waiting = [one for one in audits if one.status == "APPLIED" and one.direction == "PARTNER"]
        if waiting:
            await decide(node, chance.choice(waiting).audit_id, chance.choice(("APPROVED", "APPROVED", "REJECTED")))
    elif given := [one for one in audits if one.status == "APPROVED"]:
        await node.ask(api.AUDIT_TERMINATE, audit_id=chance.choice(given).audit_id)


async def agree(bank, operator):
    """Compare what both sides have: equal, both over, or told by the diff of the side that knows of it."""
    states = {}
    named = {}
    for node, other in ((bank, operator), (operator, bank)):
        states[node.node_id] = {
            one.audit_id: str(one.status) for one in (await node.ask(api.AUDIT_LIST)).audits
            if one.node_id == other.node_id
        }  # fmt: skip
        found = await node.ask(state_api.STATE_DIFF, node_id=other.node_id)
        assert found.unknown == found.left_out == 0
        for one in found.differences:
            assert one.step and (one.mendable or one.command)
            named[one.id] = one
    over = {"REJECTED", "TERMINATED", None}
    for audit_id in states["bank"] | states["operator"]:
        pair = {states["bank"].get(audit_id), states["operator"].get(audit_id)}
        if len(pair) == 2 and not pair <= over:
            assert audit_id in named, pair
        else:
            assert audit_id not in named, (pair, named[audit_id])
