"""A process that claims replications; it lies apart so that it has little to import."""

import time

from sim.store.claims import claims


def hold(folder, key, *replications):
    """Claim replications, say so and hold them until this process is killed."""
    with claims(folder) as held:
        assert all(held.take(key, replication) for replication in replications)
        (folder / "held").touch()
        time.sleep(600)
