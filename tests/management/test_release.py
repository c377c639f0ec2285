"""Results wait for a decision where the policy says so; until then nobody here sees where they lie (docs/policy.md)."""

import os

import pytest

from interconn.api.datasets import DATASET_ADD
from interconn.api.models import MODEL_ADD, MODEL_LIST, MODEL_SHARE
from interconn.api.results import RESULT_LIST, RESULT_REFUSE, RESULT_RELEASE
from interconn.api.state import WHY
from interconn.components.environment import Place
from interconn.components.produced import ProducedModel
from interconn.control import jobs
from interconn.control.release import EndedShare
from interconn.control.tables import Job, Lane, Task
from interconn.management import given_files
from interconn.management.results.tables import Result
from interconn.standard.control import JobCreate
from interconn.standard.errors import DataError, IllegalTransition, NotApproved, NotFound, Refused
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.files import FileStore

APPROVAL = '[[release]]\nname = "joined"\ncomponents = ["psi"]\nkinds = ["dataset"]\napproval = true\n'
MINIMUM = '[[release]]\nname = "enough"\nminimum_rows = 3\nerase_refused = true\n'
NAME = "job-1/psi-1/aligned"
TABLE = b"id,age\n1,20\n2,30\n3,40\n"


@pytest.fixture
def ended(scene, make):
    """Ends a share of bank's well, and keeps what it leaves; `rows` is how many that has."""
    bank = scene.bank
    store = FileStore(bank.home / "storage")

    async def end(*, rows=3, component="psi", category="dataset", role="guest", partners=("operator",)):
        name = DatasetName(f"job-1-{role}-0", "task_1-aligned")
        with store.create(name, replace=True) as draft:
            with draft.open(0) as file:
                file.write(b"\n".join(TABLE.split(b"\n")[: rows + 1]) + b"\n")
            columns = (Column(name="id", type="int"), Column(name="age", type="int"))
            metadata = DatasetMetadata(
                name=name.name, namespace=name.namespace, count=rows, partitions=1, column_info=columns
            )
            draft.describe(metadata)
        output = {"category": category, "namespace": name.namespace, "name": name.name}
        share = EndedShare(
            job_id="job-1",
            task_id="task_1",
            task_name="psi-1",
            role=role,
            index=0,
            component=component,
            partners=partners,
            outputs={"aligned": output},
        )

        def work(session):
            if session.get(Job, "job-1") is None:
                request = JobCreate.model_validate(
                    {"job_id": "job-1", "flow_id": "flow-1", "dag": make.dag(), "config": make.config()}
                )
                session.add(jobs.new_job(request, scheduler="clearing", trace_id="t", now=1))
                session.flush()
            bank.management.release.ended(session, share)

        await bank.database.write(work)
        return store, name

    return end


async def held(scene):
    return await scene.bank.database.read(lambda session: scene.bank.management.release.held(session, ["task_1"]))


async def test_a_result_is_held_until_a_person_releases_it(scene, ended):
    await scene.bank.declare(APPROVAL)
    _, name = await ended()
    assert await held(scene) == {("task_1", "guest", 0): {"aligned": "HELD"}}
    [view] = (await scene.bank.ask(RESULT_LIST)).results
    assert (view.standing, view.waits_for) == ("HELD", "a person here to release or refuse")
    assert view.place == {} and str(scene.bank.home) not in view.model_dump_json()
    released = await scene.bank.ask(RESULT_RELEASE, result=NAME, reason="looked at")
    assert released.place["path"] == str(scene.bank.home / "storage" / name.namespace / name.name)
    assert await held(scene) == {}
    entries = [one for one in await scene.bank.trail() if one.action.startswith("result.")]
    assert [(one.action, one.actor) for one in entries] == [("result.hold", "system"), ("result.release", "person:ann")]
    assert entries[0].details["policy"] == scene.bank.management.policy.in_force.digest
    with pytest.raises(IllegalTransition, match="is RELEASED"):
        await scene.bank.ask(RESULT_REFUSE, result=NAME)


async def test_a_job_that_is_over_waits_for_who_releases_its_result(scene, ended):
    await scene.bank.declare(APPROVAL)
    await ended()

    def over(session):
        job = session.get(Job, "job-1")
        job.status, job.outcome, job.closed, job.ended_at = "FINISHED", "SUCCESS", True, 2

    await scene.bank.database.write(over)
    [found] = (await scene.bank.ask(WHY, id="job-1")).explanations
    assert (found.state, found.whom) == ("FINISHED (SUCCESS)", "PERSON_HERE")
    assert found.waits_for == "a person here to release or refuse: job-1/psi-1/guest.0/aligned"
    assert found.since == scene.network.clock.time and found.command == "interconn result list"
    await scene.bank.ask(RESULT_RELEASE, result=NAME)
    [found] = (await scene.bank.ask(WHY, id="job-1")).explanations
    assert (found.waits_for, found.awaits) == ("", [])


async def test_what_is_held_is_no_file_to_add_by_whatever_name(scene, ended):
    await scene.bank.declare(APPROVAL)
    _, name = await ended()
    file = scene.bank.home / "storage" / name.namespace / name.name / "data_0"
    link = scene.bank.home / "innocent.csv"
    link.symlink_to(file)
    for path in (file, link, file.parent / ".." / name.name / "data_0"):
        with pytest.raises(NotApproved, match="is a result that is HELD"):
            await scene.bank.ask(DATASET_ADD, path=str(path), name="t", key_columns=["id"])
    await scene.bank.ask(RESULT_RELEASE, result=NAME)
    added = await scene.bank.ask(DATASET_ADD, path=str(link), name="t", key_columns=["id"])
    assert added.count == 3


async def refused_as_file(scene, path, match="is a result that is HELD"):
    for row, members in ((DATASET_ADD, {"key_columns": ["id"]}), (MODEL_ADD, {})):
        with pytest.raises(NotApproved, match=match):
            await scene.bank.ask(row, path=str(path), name="t", **members)


async def test_a_hard_link_to_what_is_held_is_no_file_to_add(scene, ended, tmp_path):
    await scene.bank.declare(APPROVAL)
    _, name = await ended()
    link = tmp_path / "innocent.csv"
    link.hardlink_to(scene.bank.home / "storage" / name.namespace / name.name / "data_0")
    await refused_as_file(scene, link)
    await scene.bank.ask(RESULT_RELEASE, result=NAME)
    assert (await scene.bank.ask(DATASET_ADD, path=str(link), name="t", key_columns=["id"])).count == 3


async def test_a_file_of_two_names_that_are_both_outside_is_taken_in(scene, tmp_path):
    (tmp_path / "one.csv").write_bytes(TABLE)
    (tmp_path / "two.csv").hardlink_to(tmp_path / "one.csv")
    added = await scene.bank.ask(DATASET_ADD, path=str(tmp_path / "two.csv"), name="t", key_columns=["id"])
    assert (added.count, added.source) == (3, "two.csv")


@pytest.mark.parametrize("turned", ["before it is opened", "while it is looked at"])
async def test_a_name_that_is_turned_to_what_is_held_after_the_look_reads_nothing_of_it(
    scene, ended, tmp_path, monkeypatch, turned
):
    """The folder in the file's path becomes a link to the result, between the node's look at it and its reading."""
    await scene.bank.declare(APPROVAL)
    _, name = await ended()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "data_0").write_bytes(b"id,age\n9,90\n")

    def turn():
        folder.rename(tmp_path / "away")
        folder.symlink_to(scene.bank.home / "storage" / name.namespace / name.name)

    really = given_files._opened

    def opened(real, shown):
        if turned == "before it is opened":
            turn()
            return really(real, shown)
        descriptor = really(real, shown)
        turn()
        return descriptor

    monkeypatch.setattr(given_files, "_opened", opened)
    if turned == "before it is opened":
        await refused_once(scene, folder / "data_0")
    else:
        added = await scene.bank.ask(DATASET_ADD, path=str(folder / "data_0"), name="t", key_columns=["id"])
        assert added.count == 1  # what was looked at, not what the name leads to by now


async def refused_once(scene, path):
    with pytest.raises(NotApproved, match="is a result that is HELD"):
        await scene.bank.ask(DATASET_ADD, path=str(path), name="t", key_columns=["id"])


async def test_the_guides_flat_name_of_what_is_held_is_no_file_to_add(scene, ended):
    """A table may lie as one file `{namespace}-{name}` at the top of storage (resolution 15)."""
    await scene.bank.declare(APPROVAL)
    _, name = await ended()
    flat = scene.bank.home / "storage" / f"{name.namespace}-{name.name}"
    flat.write_bytes(TABLE)
    await refused_as_file(scene, flat)


@pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
async def test_what_a_task_wrote_that_has_not_ended_well_is_no_file_to_add(scene, ended, status):
    """It is entered as a result when its task succeeds: whoever took it before, or stopped the job, had it unheld."""
    _, name = await ended()

    def settle(session, status):
        session.add(Task(task_id="task_1", job_id="job-1", name="psi-1", created_at=1))
        session.flush()
        session.add(Lane(task_id="task_1", role="guest", index=0, node_id="bank", status=status))

    await scene.bank.database.write(lambda session: settle(session, status))
    file = scene.bank.home / "storage" / name.namespace / name.name / "data_0"
    await refused_as_file(scene, file, match="has not ended well")

    def succeed(session):
        session.get_one(Lane, ("task_1", "guest", 0)).status = "SUCCESS"

    await scene.bank.database.write(succeed)
    assert (await scene.bank.ask(DATASET_ADD, path=str(file), name="t", key_columns=["id"])).count == 3


async def test_what_is_being_written_is_no_file_to_add(scene):
    draft = scene.bank.home / "storage" / "job-1-guest-0" / ".0123456789abcdef"
    draft.mkdir(parents=True)
    (draft / "data_0").write_bytes(TABLE)
    await refused_as_file(scene, draft / "data_0", match="has not ended well")


async def test_a_pipe_is_no_file_and_is_not_waited_for(scene, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for row, members in ((DATASET_ADD, {"key_columns": ["id"]}), (MODEL_ADD, {})):
        with pytest.raises(DataError, match="this is no file"):
            await scene.bank.ask(row, path=str(tmp_path / "pipe.csv"), name="t", **members)


@pytest.mark.parametrize(
    "other",
    [{"component": "table-summary"}, {"category": "report"}],
    ids=["another component", "another kind"],
)
async def test_what_does_not_match_is_not_held(scene, ended, other):
    await scene.bank.declare(APPROVAL)
    await ended(**other)
    assert await scene.bank.rows(Result) == []


async def test_a_partner_in_the_list_is_enough(scene, ended):
    await scene.bank.declare(APPROVAL.replace('kinds = ["dataset"]', 'partners = ["operator"]'))
    await ended(partners=("clearing", "operator"))
    assert len(await scene.bank.rows(Result)) == 1


@pytest.mark.parametrize("rows", [2, 3])
async def test_too_few_rows_are_refused_and_erased_once_the_job_is_over(scene, ended, rows):
    await scene.bank.declare(MINIMUM)
    store, name = await ended(rows=rows)
    assert await held(scene) != {}
    results = scene.bank.management.results
    assert await results.see_to() == 1
    [view] = (await scene.bank.ask(RESULT_LIST)).results
    if rows == 3:
        assert (view.standing, view.decided_by, bool(view.place)) == ("RELEASED", "rule:enough", True)
        return
    assert (view.standing, view.reason) == ("REFUSED", "has fewer than 3 rows")
    assert (view.waits_for, store.exists(name)) == ("the end of its job, to be erased", True)
    assert await results.see_to() == 0  # a task of the job may read it still

    def finish(session):
        session.get_one(Job, "job-1").status = "FINISHED"

    await scene.bank.database.write(finish)
    assert await results.see_to() == 1
    assert not store.exists(name)
    assert await results.see_to() == 0
    [view] = (await scene.bank.ask(RESULT_LIST)).results
    assert view.erased_at and not view.place
    assert (await held(scene))["task_1", "guest", 0] == {"aligned": "REFUSED"}


async def test_a_result_whose_rows_cannot_be_counted_is_refused(scene, ended):
    await scene.bank.declare(MINIMUM)
    store, name = await ended()
    store.delete(name)
    await scene.bank.management.results.see_to()
    [view] = (await scene.bank.ask(RESULT_LIST)).results
    assert (view.standing, view.reason) == ("REFUSED", "its rows cannot be counted")


async def test_two_persons_release_and_one_refuses(scene, ended):
    await scene.bank.declare(f"{APPROVAL}four_eyes = true\n")
    await ended()
    await ended(role="host")
    for _ in range(2):
        view = await scene.bank.ask(RESULT_RELEASE, result="job-1/psi-1/guest.0/aligned")
        assert (view.standing, [one.by for one in view.opinions]) == ("HELD", ["person:ann"])
    with pytest.raises(Refused, match="names nobody"):
        await scene.bank.ask(RESULT_RELEASE, person="bootstrap", result="job-1/psi-1/guest.0/aligned")
    view = await scene.bank.ask(RESULT_RELEASE, person="ben", result="job-1/task_1/guest.0/aligned")
    assert (view.standing, view.decided_by) == ("RELEASED", "person:ann, person:ben")
    view = await scene.bank.ask(RESULT_REFUSE, result="job-1/psi-1/host.0/aligned", reason="no")
    assert (view.standing, view.reason, view.place) == ("REFUSED", "no", {})
    [found] = (await scene.bank.ask(WHY, id=view.result)).explanations
    assert (found.state, found.waits_for, found.next_step) == ("REFUSED", "", "nothing: that is final: no")


async def test_both_have_to_be_met_and_the_strictest_holds(scene, ended):
    await scene.bank.declare(APPROVAL + MINIMUM)
    await ended()
    await scene.bank.management.results.see_to()
    [view] = (await scene.bank.ask(RESULT_LIST)).results
    assert (view.standing, view.rules) == ("HELD", ["joined", "enough"])
    assert (await scene.bank.ask(RESULT_RELEASE, result=NAME)).standing == "RELEASED"


async def test_a_later_policy_lets_nothing_go(scene, ended):
    await scene.bank.declare(APPROVAL)
    await ended()
    await scene.bank.declare("")
    await scene.bank.management.results.see_to()
    await ended()  # told once more, as after a restart
    [view] = (await scene.bank.ask(RESULT_LIST, standing="HELD")).results
    assert view.standing == "HELD"


async def test_an_unknown_result_is_not_found(scene):
    with pytest.raises(NotFound):
        await scene.bank.ask(RESULT_RELEASE, result=NAME)


async def test_a_held_model_is_listed_without_its_place_and_neither_shared_nor_used(scene, ended):
    await scene.bank.declare(APPROVAL.replace('"dataset"', '"model"'))
    _, name = await ended(category="model")
    made = ProducedModel(
        model_id="model-1",
        name="weights",
        algorithm="interconn/lr 1.0",
        job_id="job-1",
        task_id="task_1",
        parties=("bank", "operator"),
        digest="ab" * 32,
        size=7,
        place=Place(namespace=name.namespace, name=name.name),
    )
    management = scene.bank.management
    await scene.bank.database.write(lambda session: management.models.produced(session, made))
    [view] = (await scene.bank.ask(MODEL_LIST)).models
    assert view.location == ""
    for thing in ("model-1", "job-1/psi-1/guest.0/aligned"):
        [found] = (await scene.bank.ask(WHY, id=thing)).explanations
        assert (found.state, found.whom) == ("HELD", "PERSON_HERE")
        assert found.waits_for == "a person here to release or refuse" and found.since
        assert found.command == "interconn result release job-1/psi-1/guest.0/aligned"
    with pytest.raises(NotApproved, match="the model is a result that is HELD"):
        await scene.bank.ask(MODEL_SHARE, model_id="model-1", to=["operator"])
    with pytest.raises(NotApproved):
        await scene.bank.database.read(lambda s: management.sources.locate(s, reference={"model_id": "model-1"}))
    with pytest.raises(NotApproved):
        path = str(scene.bank.home / "storage" / name.namespace / name.name / "data_0")
        await scene.bank.ask(MODEL_ADD, path=path, name="copy")
    await scene.bank.ask(RESULT_RELEASE, result=NAME)
    [view] = (await scene.bank.ask(MODEL_LIST)).models
    assert view.location.endswith(name.name)
    [found] = (await scene.bank.ask(WHY, id="model-1")).explanations
    assert (found.kind, found.state, found.waits_for) == ("model", "REGISTERED", "")
    await scene.bank.ask(MODEL_SHARE, model_id="model-1", to=["operator"])
