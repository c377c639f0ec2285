"""The header x-mprac-token-set (MGT-2.2-token-set)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.management.permits.permit_set import (
    MAXIMUM_PERMITS,
    PresentedPermit,
    read_permit_set,
    resource_name,
    write_permit_set,
)
from interconn.standard.errors import InvalidRequest

ids = st.from_regex(r"[A-Za-z0-9_.\-]{1,20}", fullmatch=True)
permits = st.builds(
    PresentedPermit,
    st.one_of(
        st.builds(resource_name, st.sampled_from(["DATASET", "PROJECT"]), ids, ids),
        st.from_regex(r"[a-z/:]{1,20}[a-z]", fullmatch=True),
    ),
    st.integers(0, 999_999_999),
    st.from_regex(r"[A-Za-z0-9_\-]{16,60}", fullmatch=True),
)


@given(st.lists(permits, max_size=8))
def test_what_is_written_is_read(presented):
    assert read_permit_set(write_permit_set(presented)) == presented


def test_tuple_is_split_at_its_last_two_slashes():
    [permit] = read_permit_set("https://holder/data/table/3/a-token")
    assert (permit.name, permit.level, permit.token) == ("https://holder/data/table", 3, "a-token")


@pytest.mark.parametrize(
    "text", ["a", "a/1", "/1/t", "a//t", "a/1/", "a/one/t", "a/-1/t", "a/1/t,", "a/١/t", "a/9999999999/t"]
)
def test_malformed_set_is_refused_without_quoting_it(text):
    with pytest.raises(InvalidRequest) as refusal:
        read_permit_set(text.replace("t", "the-secret-token"))
    assert "secret" not in str(refusal.value)


def test_set_is_bounded():
    assert len(read_permit_set(",".join(["a/1/t"] * MAXIMUM_PERMITS))) == MAXIMUM_PERMITS
    with pytest.raises(InvalidRequest, match="more than"):
        read_permit_set(",".join(["a/1/t"] * (MAXIMUM_PERMITS + 1)))


def test_token_is_in_no_repr():
    assert "the-token" not in repr(PresentedPermit("a", 1, "the-token"))
