"""The policy file: strict, kept when it breaks, taken up when it changes (docs/policy.md)."""

import hashlib

import pytest

from interconn.api.policies import POLICY_SHOW
from interconn.api.policy_file import read_policy
from interconn.management.policy.tables import PolicyVersion
from interconn.standard.errors import ConfigurationError, NotFound

RULE = """
[[rule]]
name = "known"
verdict = "approve"
kinds = ["PROJECT"]
partners = ["bank"]
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[rule]]\nname = 'a'\nverdict = 'approve'\nkinds = ['JOB']\npartner = ['bank']", "rule.0.partner"),
        ("[rules]", "rules"),
        ("[[rule]]\nname = 'a'\nverdict = 'approve'\nkinds = ['CONTRACT']\npartners = ['bank']", "rule.0.kinds.0"),
        ("[[rule]]\nname = 'a'\nverdict = 'approve'\nkinds = []\npartners = ['bank']", "rule.0.kinds"),
        ("[[rule]]\nname = 'a'\nverdict = 'approve'\nkinds = ['JOB']\npartners = []", "rule.0.partners"),
        ("[[rule]]\nname = 'a'\nverdict = 'approve'\nkinds = ['JOB']", "has to name the partners"),
        ("[[rule]]\nname = 'a'\nverdict = 'reject'\nkinds = ['JOB']\ntimes_limit = 1", "rules that approve"),
        ("[[rule]]\nname = 'a'\nverdict = 'maybe'\nkinds = ['JOB']", "rule.0.verdict"),
        (f"{RULE}{RULE}", "are called known"),
        (f"{RULE}expires_after = '30 days'", "rule.0.expires_after"),
        (f"{RULE}valid_until = 2030-01-01T00:00:00", "rule.0.valid_until"),
        (f"{RULE}times_limit = 0", "rule.0.times_limit"),
        ("[[four_eyes]]\nkinds = ['JOB']\ndataset = ['a']", "four_eyes.0.dataset"),
        ("[[release]]\nname = 'a'", "asks for nothing"),
        ("[[release]]\nname = 'a'\nminimum_rows = 1\nfour_eyes = true", "needs approval"),
        ("[termination]\nstop_running_jobs = true", "termination.stop_running_jobs"),
        ("[[release]]\nname = 'a'\nminimum_rows = true", "release.0.minimum_rows"),
        ("[[release]]\nname = 'a'\nminimum_rows = 1.0", "release.0.minimum_rows"),
        ("[[release]]\nname = 'a'\nminimum_rows = '1'", "release.0.minimum_rows"),
        ("[[release]]\nname = 'a'\nminimum_rows = inf", "release.0.minimum_rows"),
        (f"[[release]]\nname = 'a'\nminimum_rows = {10**30}", "release.0.minimum_rows"),
        ("[[release]]\nname = 'a'\napproval = 'off'\nminimum_rows = 1", "release.0.approval"),
        ("[[release]]\nname = 'a'\napproval = true\ncomponents = []", "release.0.components"),
        (f"{RULE}times_limit = true", "rule.0.times_limit"),
        (f"{RULE}counts_as_opinion = 1", "rule.0.counts_as_opinion"),
        (f"{RULE}valid_until = 20300101", "rule.0.valid_until"),
        (f"{RULE}valid_until = '2030-01-01T00:00:00Z'", "rule.0.valid_until"),
        (f"{RULE}datasets = []", "rule.0.datasets"),
        (RULE.replace("bank", "*"), "rule.0.partners.0"),
        (RULE.replace("[[rule]]", "[rule]"), "rule: "),
        (f"{RULE}times_limit = {'9' * 5000}", "no TOML"),
        (f"a = {'[' * 20_000}{']' * 20_000}", "nests without end"),
        (f"a = {'{a = ' * 20_000}1{'}' * 20_000}", "nests without end"),
        ("\ufeff[termination]", "no TOML"),
        ("name = ", "no TOML"),
        ("\x00", "TOML"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text, place):
    with pytest.raises(ConfigurationError, match=place) as refusal:
        read_policy(text.encode(), where="p.toml")
    assert refusal.value.where == "p.toml"


@pytest.mark.parametrize("text", [b"\xff\xfe", b"#" * 2_000_000])
def test_what_is_no_text_of_bounded_size_is_refused(text):
    with pytest.raises(ConfigurationError):
        read_policy(text)


async def test_a_change_is_taken_up_with_its_digest_and_can_be_read_for_ever(operator):
    assert (await operator.ask(POLICY_SHOW)).digest == ""
    await operator.declare(RULE)
    first = await operator.ask(POLICY_SHOW)
    assert (first.digest, first.in_force) == (hashlib.sha256(RULE.encode()).hexdigest(), True)
    await operator.declare(f"{RULE}times_limit = 3")
    second = await operator.ask(POLICY_SHOW)
    assert second.policy["rule"][0]["times_limit"] == 3
    old = await operator.ask(POLICY_SHOW, digest=first.digest[:12])
    assert (old.text, old.in_force) == (RULE, False)
    taken = [entry.details for entry in await operator.trail() if entry.action == "policy.taken_up"]
    assert [entry["digest"] for entry in taken] == [first.digest, second.digest]
    assert taken[1]["before"] == first.digest
    for entry in taken:  # by the export alone: the rule that a decision names, as it stood in the file
        assert hashlib.sha256(entry["text"].encode()).hexdigest() == entry["digest"]
    assert taken[0]["text"] == RULE
    with pytest.raises(NotFound):
        await operator.ask(POLICY_SHOW, digest="0" * 64)


@pytest.mark.parametrize("broken", ["[rules]", None], ids=["misspelt", "gone"])
async def test_a_broken_file_leaves_the_last_good_one_in_force_over_a_restart(operator, broken):
    await operator.declare(RULE)
    good = operator.management.policy.in_force.digest
    for _ in range(2):
        if broken is None:
            (operator.home / "policy.toml").unlink(missing_ok=True)
            await operator.management.policy.refresh()
        else:
            await operator.declare(broken)
        shown = await operator.ask(POLICY_SHOW)
        assert (shown.digest, shown.text, shown.in_force) == (good, RULE, True)
        assert shown.fault
        [warning] = operator.management.warnings()
        assert good[:16] in warning and "stays in force" in warning
        await operator.restart()
    await operator.declare(f"{RULE}times_limit = 2")
    assert operator.management.warnings() == []
    assert len(await operator.rows(PolicyVersion)) == 2


async def test_no_node_starts_on_a_broken_policy_that_never_was_a_good_one(operator):
    (operator.home / "policy.toml").write_text("[rules]")
    with pytest.raises(ConfigurationError, match="rules"):
        await operator.restart()
