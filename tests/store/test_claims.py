from __future__ import annotations

import os
from pathlib import Path

import pytest
from setups.claiming import hold
from setups.killing import started, until

from sim.store.claims import NAME, claims

KEY = "ab" * 16


def test_what_another_process_has_claimed_is_refused_until_that_process_ends(tmp_path: Path) -> None:
    other = started(hold, tmp_path, KEY, 0, 3)
    until((tmp_path / "held").exists)
    with claims(tmp_path) as ours:
        assert [ours.take(KEY, replication) for replication in range(5)] == [False, True, True, False, True]
        assert [ours.holder(KEY, replication) for replication in (0, 2, 3)] == [other.pid, None, other.pid]
        assert ours.take("cd" * 16, 0)
        assert ours.take(KEY, 1)
        ours.give_back(KEY, 1)
        other.kill()
        other.join()
        assert [ours.take(KEY, replication) for replication in range(5)] == [True] * 5
    assert (tmp_path / NAME).read_bytes() == b""


@pytest.mark.parametrize("stands", ["no folder", "folder", "link", "pipe"])
def test_where_nothing_can_be_locked_every_claim_is_granted(tmp_path: Path, stands: str) -> None:
    victim, path = tmp_path / "victim", tmp_path / "kept" / NAME
    victim.write_text("mine")
    if stands != "no folder":
        path.parent.mkdir()
    if stands == "folder":
        path.mkdir()
    elif stands == "link":
        path.symlink_to(victim)
    elif stands == "pipe":
        os.mkfifo(path)
    with claims(path.parent) as ours:
        assert ours.take(KEY, 0)
        ours.give_back(KEY, 0)
        assert ours.holder(KEY, 0) is None
    assert victim.read_text() == "mine"
