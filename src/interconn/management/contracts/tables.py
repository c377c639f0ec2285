"""Contracts with other nodes, as rows."""

from __future__ import annotations

from sqlalchemy import String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Contract(Table):
    """A cooperation contract with another node (MGT-3-contract-state).

    Attributes:
        contract_id: made by the partner of the application; ours and provisional until its reply is in.
        node_id: the other side, whose name card, credential and address the row holds.
        fingerprint: of the other side's key, empty while it is unknown.
        expected_fingerprint: what a person said it will be, before the key was known.
        key_proven: the other side has signed with the key it sent.
        key_compared: a person has compared the fingerprint.
        repeat_of: trace id and digest of the application; a repeat of it is the same application.
        management_plane: whether the other side can be asked for approvals and asks for them; a person says if not.
        reason: why the other side would not have it.
        wound_up_at: when all under it was made void, after it was terminated or had expired.
        own_fingerprint: of this node's key that the other side knows; empty where that is the only one there was.
        told: digest of the name card and credential that the other side was told last; empty where unknown.
        former_auth_type, former_credential, former_fingerprint: the other side's key before its present one.
        former_until: until when the former key is accepted, epoch milliseconds.
        next_auth_type, next_credential, next_fingerprint: a key that waits for a person to compare its fingerprint.
        next_proven: the other side has proven to hold it.
    """

    __tablename__ = "contracts"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    contract_id: Mapped[str] = mapped_column(String(128), unique=True)
    provisional: Mapped[bool] = mapped_column(default=False)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    inst_id: Mapped[str] = mapped_column(String(128), default="")
    institution: Mapped[str] = mapped_column(String(256), default="")
    name: Mapped[str] = mapped_column(String(256), default="")
    address: Mapped[str] = mapped_column(String(512))
    system: Mapped[str] = mapped_column(String(256), default="")
    system_version: Mapped[str] = mapped_column(String(256), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    direction: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), index=True)
    auth_type: Mapped[str] = mapped_column(String(32), default="")
    auth_credential: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    expected_fingerprint: Mapped[str] = mapped_column(String(128), default="")
    key_proven: Mapped[bool] = mapped_column(default=False)
    key_compared: Mapped[bool] = mapped_column(default=False)
    expired_time: Mapped[int | None]  # epoch milliseconds; None: it does not expire
    dialect: Mapped[str] = mapped_column(String(32), default="standard")
    management_plane: Mapped[bool] = mapped_column(default=True)
    repeat_of: Mapped[str] = mapped_column(String(200), default="", index=True)
    trace_id: Mapped[str] = mapped_column(String(256))
    reason: Mapped[str] = mapped_column(Text, default="")
    applied_at: Mapped[int]
    decided_at: Mapped[int | None]
    wound_up_at: Mapped[int | None]
    own_fingerprint: Mapped[str] = mapped_column(String(64), default="", server_default="")
    told: Mapped[str] = mapped_column(String(64), default="", server_default="")
    former_auth_type: Mapped[str] = mapped_column(String(32), default="", server_default="")
    former_credential: Mapped[str] = mapped_column(Text, default="", server_default="")
    former_fingerprint: Mapped[str] = mapped_column(String(64), default="", server_default="")
    former_until: Mapped[int | None]
    next_auth_type: Mapped[str] = mapped_column(String(32), default="", server_default="")
    next_credential: Mapped[str] = mapped_column(Text, default="", server_default="")
    next_fingerprint: Mapped[str] = mapped_column(String(64), default="", server_default="")
    next_proven: Mapped[bool] = mapped_column(default=False, server_default=false())


class KeyRotation(Table):
    """A change of this node's own key (MGT-3.4), from the making of the new one until nobody needs the old.

    Attributes:
        former, following: fingerprints of the old key and of the new.
        auth_type: of the new key.
        status: OPEN while a partner knows the old key alone, then DONE.
    """

    __tablename__ = "key_rotations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    former: Mapped[str] = mapped_column(String(64))
    following: Mapped[str] = mapped_column(String(64))
    auth_type: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[int]
    finished_at: Mapped[int | None]
