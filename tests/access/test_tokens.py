"""People and tokens: made, narrowed, ended; what each leaves in the audit trail. On every kind of database."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import pytest
from sqlalchemy import select

from interconn.access import token_text
from interconn.access.issuing import DAY
from interconn.access.tables import Token
from interconn.access.token_text import BOOTSTRAP, new_secret, parse, present
from interconn.api import people
from interconn.api.roles import Role
from interconn.standard.errors import (
    BadToken,
    ConfigurationError,
    ContentConflict,
    InterconnError,
    InvalidRequest,
    NotFound,
    Refused,
    RoleMissing,
)
from tests.access.conftest import ROOT, Room


async def test_a_token_names_its_person_with_the_persons_roles(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR, Role.APPROVER)
    person = await room.enter(token)
    assert (person.actor, person.roles) == ("person:ann", {Role.OPERATOR, Role.APPROVER})
    assert person.token_id == token.split("_")[1]


async def test_two_tokens_of_one_person_are_one_person(room: Room) -> None:
    first = await room.take_in("ann", Role.APPROVER)
    second = (await room.ask(people.TOKEN_CREATE, first)).token
    one, other = await room.enter(first), await room.enter(second)
    assert one.name == other.name
    assert one.token_id != other.token_id


async def test_a_token_has_256_bits_and_is_kept_as_its_digest_alone(room: Room) -> None:
    tokens = {await room.take_in(f"ann-{number}", Role.OPERATOR) for number in range(3)}
    assert len({token.rpartition("_")[2] for token in tokens}) == 3
    assert all(len(token.split("_", 2)[2]) == 43 for token in tokens)  # 256 bits in base64url
    rows = await room.database.read(lambda session: list(session.scalars(select(Token))))
    kept = repr([vars(row) for row in rows])
    assert all(token not in kept and token.split("_", 2)[2] not in kept for token in tokens)
    assert all(len(row.digest) == 64 for row in rows)


async def test_a_token_is_shown_once(room: Room) -> None:
    await room.ask(people.USER_ADD, name="ann", roles=["operator"])
    issued = await room.ask(people.TOKEN_CREATE, user="ann")
    assert issued.token not in repr(issued)
    listed = await room.ask(people.TOKEN_LIST, user="ann")
    assert issued.token not in str(listed.to_wire())
    assert "digest" not in str(listed.to_wire())


async def test_digests_are_compared_in_constant_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []

    def compare(one: bytes, other: bytes) -> bool:
        assert len(one) == len(other) == 64
        compared.append(hmac.compare_digest(one, other))
        return compared[-1]

    monkeypatch.setattr(token_text, "hmac", type("Watched", (), {"compare_digest": staticmethod(compare)}))
    await room.enter(ROOT)
    for wrong in (new_secret(BOOTSTRAP), new_secret("0" * 16)):  # one that is known, one that is not
        with pytest.raises(BadToken, match="not known here"):
            await room.enter(wrong)
    assert compared == [True, False, False]


@pytest.mark.parametrize(
    "authorization",
    [
        "", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "bearer x", "Bearer interconn_bootstrap_",
        f"Bearer {ROOT}x", f"Bearer  {ROOT[:-1]}", f"Token {ROOT}", "Bearer interconn_UPPER_" + "a" * 43,
        "Bearer interconn__" + "a" * 43, f"Bearer {ROOT}, Bearer {ROOT}", "Bearer \ud800",
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused(authorization: str) -> None:
    with pytest.raises(BadToken):
        present(authorization)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    assert present(f"{scheme} {ROOT}").token_id == BOOTSTRAP


async def test_a_token_of_an_older_node_goes_on(room: Room) -> None:
    older = "o" * 43
    await room.access.start(older)
    assert (await room.enter(older)).name == BOOTSTRAP
    with pytest.raises(BadToken):
        await room.enter(ROOT)


# --- ends ---------------------------------------------------------------------------------------------------


async def test_an_expired_token_is_refused(room: Room) -> None:
    await room.ask(people.USER_ADD, name="ann", roles=["operator"])
    token = (await room.ask(people.TOKEN_CREATE, user="ann", expires_at=room.clock.time + 2 * DAY)).token
    room.clock.time += 2 * DAY - 1
    await room.enter(token)
    room.clock.time += 1
    with pytest.raises(BadToken, match="expired"):
        await room.enter(token)
    assert [t.status for t in (await room.ask(people.TOKEN_LIST, user="ann")).tokens] == ["EXPIRED"]


async def test_a_token_lasts_as_configured_and_no_longer_than_allowed(room: Room) -> None:
    await room.ask(people.USER_ADD, name="ann", roles=["operator"])
    issued = await room.ask(people.TOKEN_CREATE, user="ann")
    assert issued.expires_at == room.clock.time + 90 * DAY
    with pytest.raises(InvalidRequest, match="366 days at most"):
        await room.ask(people.TOKEN_CREATE, user="ann", expires_at=room.clock.time + 366 * DAY + 1)
    with pytest.raises(InvalidRequest, match="expired already"):
        await room.ask(people.TOKEN_CREATE, user="ann", expires_at=room.clock.time)


async def test_a_revoked_token_ends_at_once(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR)
    person = await room.enter(token)
    await room.ask(people.TOKEN_REVOKE, token_id=person.token_id)
    with pytest.raises(BadToken, match="revoked"):
        await room.enter(token)


async def test_a_disabled_person_is_out_with_all_tokens_and_in_again_with_them(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR)
    await room.ask(people.USER_DISABLE, name="ann")
    with pytest.raises(BadToken, match="kept out"):
        await room.enter(token)
    with pytest.raises(Refused, match="kept out"):
        await room.ask(people.TOKEN_CREATE, user="ann")
    await room.ask(people.USER_ENABLE, name="ann")
    await room.enter(token)


async def test_what_a_person_waits_for_ends_with_the_token(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR)
    person = await room.enter(token)
    begun = asyncio.Event()

    async def for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    waiting = asyncio.ensure_future(room.access.door.looking(person, for_ever()))
    await begun.wait()
    await room.ask(people.USER_DISABLE, name="ann")
    with pytest.raises(BadToken, match="revoked"):
        await waiting
    assert room.access.door._inside == {}


async def test_a_caller_who_leaves_is_not_told_of_a_revocation(room: Room) -> None:
    person = await room.enter(ROOT)
    begun = asyncio.Event()
    ended: list[str] = []

    async def for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    waiting = asyncio.ensure_future(room.access.door.looking(person, for_ever()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["ended"]


async def test_the_last_use_of_a_token_is_kept_to_the_minute(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR)

    async def last() -> int | None:
        found = (await room.ask(people.TOKEN_LIST, user="ann")).tokens[0].last_used_at
        return found if found is None else int(found)

    assert await last() is None
    began = room.clock.time
    await room.enter(token)
    room.clock.time += 59_999
    await room.enter(token)
    assert await last() == began
    room.clock.time += 1
    await room.enter(token)
    assert await last() == room.clock.time


# --- scopes -------------------------------------------------------------------------------------------------


async def test_a_token_may_be_narrower_than_its_person(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR, Role.APPROVER)
    narrow = (await room.ask(people.TOKEN_CREATE, token, roles=["operator"], read_only=True)).token
    person = await room.enter(narrow)
    assert person.roles == {Role.OPERATOR}
    assert person.may_change is False


async def test_a_narrow_token_takes_no_place_of_a_wider_one(room: Room) -> None:
    """Whoever got hold of one narrow token would else rotate its person's wide one, and hold its successor."""
    wide = await room.take_in("ann", Role.OPERATOR, Role.APPROVER)
    wide_id = (await room.enter(wide)).token_id
    narrow = (await room.ask(people.TOKEN_CREATE, wide, roles=["operator"])).token
    with pytest.raises(RoleMissing, match="no role approver"):
        await room.ask(people.TOKEN_ROTATE, narrow, token_id=wide_id)
    assert (await room.enter(wide)).roles == {Role.OPERATOR, Role.APPROVER}  # it goes on
    other = (await room.ask(people.TOKEN_CREATE, wide, roles=["approver"])).token
    with pytest.raises(RoleMissing, match="no role approver"):
        await room.ask(people.TOKEN_ROTATE, narrow, token_id=(await room.enter(other)).token_id)
    narrow_id = (await room.enter(narrow)).token_id
    renewed = (await room.ask(people.TOKEN_ROTATE, wide, token_id=narrow_id)).token
    assert (await room.enter(renewed)).roles == {Role.OPERATOR}


async def test_a_narrow_token_makes_no_wider_one(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR, Role.APPROVER)
    narrow = (await room.ask(people.TOKEN_CREATE, token, roles=["operator"])).token
    with pytest.raises(RoleMissing, match="approver"):
        await room.ask(people.TOKEN_CREATE, narrow, roles=["approver"])
    same = (await room.ask(people.TOKEN_CREATE, narrow)).token
    assert (await room.enter(same)).roles == {Role.OPERATOR}
    again = (await room.ask(people.TOKEN_ROTATE, narrow)).token
    assert (await room.enter(again)).roles == {Role.OPERATOR}


async def test_a_token_has_no_role_that_its_person_has_not(room: Room) -> None:
    await room.ask(people.USER_ADD, name="ann", roles=["operator"])
    with pytest.raises(InvalidRequest, match="no role admin"):
        await room.ask(people.TOKEN_CREATE, user="ann", roles=["admin"])


async def test_roles_that_are_taken_away_are_gone_from_every_token(room: Room) -> None:
    token = await room.take_in("ann", Role.OPERATOR, Role.APPROVER)
    narrow = (await room.ask(people.TOKEN_CREATE, token, roles=["approver"])).token
    await room.ask(people.USER_ROLES, name="ann", roles=["operator", "data_owner"], datasets=["loans"])
    assert (await room.enter(token)).roles == {Role.OPERATOR, Role.DATA_OWNER}
    assert (await room.enter(token)).datasets == {"loans"}
    assert (await room.enter(narrow)).roles == set()


async def test_nobody_but_an_admin_touches_tokens_of_others(room: Room) -> None:
    ann, ben = await room.take_in("ann", Role.OPERATOR), await room.take_in("ben", Role.APPROVER)
    ben_id = (await room.enter(ben)).token_id
    with pytest.raises(RoleMissing, match="somebody else"):
        await room.ask(people.TOKEN_CREATE, ann, user="ben")
    for row in (people.TOKEN_REVOKE, people.TOKEN_ROTATE):
        with pytest.raises(NotFound):
            await room.ask(row, ann, token_id=ben_id)
    assert {t.user for t in (await room.ask(people.TOKEN_LIST, ann)).tokens} == {"ann"}
    await room.enter(ben)


async def test_an_admin_cannot_take_over_a_token_by_replacing_it(room: Room) -> None:
    ann = await room.take_in("ann", Role.DATA_OWNER)
    with pytest.raises(RoleMissing, match="for oneself"):
        await room.ask(people.TOKEN_ROTATE, token_id=(await room.enter(ann)).token_id)


async def test_a_token_is_replaced_at_once_or_after_an_overlap(room: Room) -> None:
    first = await room.take_in("ann", Role.OPERATOR)
    second = (await room.ask(people.TOKEN_ROTATE, first)).token
    with pytest.raises(BadToken, match="revoked"):
        await room.enter(first)
    third = (await room.ask(people.TOKEN_ROTATE, second, overlap_minutes=10)).token
    room.clock.time += 10 * 60_000 - 1
    await room.enter(second)
    room.clock.time += 1
    with pytest.raises(BadToken, match="expired"):
        await room.enter(second)
    await room.enter(third)


# --- duties -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("roles", [["admin", "data_owner"], ["admin", "approver"], ["auditor", "operator"]])
async def test_duties_are_kept_apart(room: Room, roles: list[str]) -> None:
    with pytest.raises(Refused):
        await room.ask(people.USER_ADD, name="ann", roles=roles)
    await room.ask(people.USER_ADD, name="ann", roles=["operator"])
    with pytest.raises(Refused):
        await room.ask(people.USER_ROLES, name="ann", roles=roles)
    assert (await room.ask(people.USER_LIST)).users[0].roles == [Role.OPERATOR]


async def test_nobody_changes_roles_of_ones_own(room: Room) -> None:
    ann = await room.take_in("ann", Role.ADMIN)
    with pytest.raises(Refused, match="of one's own"):
        await room.ask(people.USER_ROLES, ann, name="ann", roles=["data_owner"])


async def test_a_name_is_never_given_twice(room: Room) -> None:
    await room.take_in("ann", Role.OPERATOR)
    await room.ask(people.USER_DISABLE, name="ann")
    for name in ("ann", BOOTSTRAP):
        with pytest.raises(ContentConflict):
            await room.ask(people.USER_ADD, name=name, roles=["operator"])


async def test_somebody_is_always_left_to_manage_people(room: Room) -> None:
    with pytest.raises(Refused, match="nobody would be left"):
        await room.ask(people.TOKEN_REVOKE, token_id=BOOTSTRAP)
    ann = await room.take_in("ann", Role.ADMIN)
    await room.ask(people.TOKEN_REVOKE, ann, token_id=BOOTSTRAP)
    mine = (await room.enter(ann)).token_id
    for row, members in (
        (people.TOKEN_REVOKE, {"token_id": mine}),
        (people.USER_DISABLE, {"name": "ann"}),
    ):
        with pytest.raises(Refused, match="nobody would be left"):
            await room.ask(row, ann, **members)
    await room.enter(ann)


# --- the bootstrap token ------------------------------------------------------------------------------------


async def test_the_bootstrap_token_has_every_role_and_is_warned_of_beside_people(room: Room) -> None:
    assert (await room.enter(ROOT)).roles == set(Role)
    assert await room.access.warnings() == []
    ann = await room.take_in("ann", Role.ADMIN)
    assert "interconn token revoke bootstrap" in (await room.access.warnings())[0]
    await room.ask(people.TOKEN_REVOKE, ann, token_id=BOOTSTRAP)
    assert await room.access.warnings() == []


async def test_a_revoked_bootstrap_token_stays_so_until_another_lies_in_the_home(room: Room) -> None:
    ann = await room.take_in("ann", Role.ADMIN)
    await room.ask(people.TOKEN_REVOKE, ann, token_id=BOOTSTRAP)
    await room.access.start(ROOT)  # as after a restart
    with pytest.raises(BadToken, match="revoked"):
        await room.enter(ROOT)
    another = new_secret(BOOTSTRAP)
    await room.access.start(another)
    assert (await room.enter(another)).name == BOOTSTRAP
    await room.access.start(None)
    with pytest.raises(BadToken, match="revoked"):
        await room.enter(another)


@pytest.mark.parametrize("row", [people.USER_DISABLE, people.USER_ENABLE, people.USER_ROLES, people.TOKEN_CREATE])
async def test_the_bootstrap_token_is_nobody_to_manage(room: Room, row: Any) -> None:
    ann = await room.take_in("ann", Role.ADMIN)
    members: dict[str, Any] = {"user": BOOTSTRAP} if row is people.TOKEN_CREATE else {"name": BOOTSTRAP}
    with pytest.raises(Refused):
        await room.ask(row, ann, **members, **({"roles": ["auditor"]} if row is people.USER_ROLES else {}))
    with pytest.raises(Refused, match="replaced there"):
        await room.ask(people.TOKEN_ROTATE)


@pytest.mark.parametrize("text", ["", "short", "interconn_0123456789abcdef_" + "s" * 43])
async def test_a_home_whose_token_is_none_is_refused(room: Room, text: str) -> None:
    with pytest.raises(ConfigurationError):
        await room.access.start(text)


# --- the audit trail ----------------------------------------------------------------------------------------


async def test_every_change_of_people_and_tokens_is_in_the_audit_trail(room: Room) -> None:
    ann = await room.take_in("ann", Role.ADMIN)
    token_id = (await room.enter(ann)).token_id
    await room.ask(people.USER_ADD, ann, name="ben", roles=["data_owner"], datasets=["loans"])
    await room.ask(people.USER_ROLES, ann, name="ben", roles=["operator"])
    await room.ask(people.USER_DISABLE, ann, name="ben")
    await room.ask(people.USER_DISABLE, ann, name="ben")  # says nothing new
    await room.ask(people.USER_ENABLE, ann, name="ben")
    renewed = await room.ask(people.TOKEN_ROTATE, ann)
    await room.ask(people.TOKEN_REVOKE, renewed.token, token_id=BOOTSTRAP)
    found = [(e.actor, e.action, e.subject) for e in await room.trail()]
    assert found == [
        ("system", "token.bootstrap", "token:bootstrap"),
        ("person:bootstrap", "user.add", "user:ann"),
        ("person:bootstrap", "token.create", f"token:{token_id}"),
        ("person:ann", "user.add", "user:ben"),
        ("person:ann", "user.roles", "user:ben"),
        ("person:ann", "user.disable", "user:ben"),
        ("person:ann", "user.enable", "user:ben"),
        ("person:ann", "token.rotate", f"token:{renewed.token_id}"),
        ("person:ann", "token.revoke", "token:bootstrap"),
    ]
    kept = repr([e.details for e in await room.trail()])
    for secret in (ROOT, ann, renewed.token):
        assert secret not in kept
        assert parse(secret).digest not in kept


async def test_what_is_refused_leaves_no_trace(room: Room) -> None:
    before = len(await room.trail())
    for row, members in (
        (people.USER_ADD, {"name": "ann", "roles": ["admin", "data_owner"]}),
        (people.TOKEN_REVOKE, {"token_id": BOOTSTRAP}),
        (people.TOKEN_CREATE, {"user": "nobody"}),
    ):
        with pytest.raises(InterconnError):
            await room.ask(row, **members)
    assert len(await room.trail()) == before
    assert [u.name for u in (await room.ask(people.USER_LIST)).users] == [BOOTSTRAP]
