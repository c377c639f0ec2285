"""Ports that no other lab takes between their choice and their use."""

import socket

from interconn.lab import ports


def test_two_labs_made_at_the_same_moment_get_different_ports() -> None:
    with ports.reserved(60) as first, ports.reserved(60) as second:
        assert len(set(first)) == len(set(second)) == 60
        assert set(first) & set(second) == set()


def test_a_port_that_is_in_use_is_not_chosen() -> None:
    with socket.socket() as busy:
        with ports.reserved(1) as chosen:
            busy.bind((ports.HOST, chosen[0]))
            busy.listen()
        assert not ports._is_free(chosen[0])
    assert ports._is_free(chosen[0])


def test_reserved_ports_can_be_listened_on() -> None:
    with ports.reserved(3) as chosen:
        for port in chosen:
            with socket.create_server((ports.HOST, port)):
                pass
