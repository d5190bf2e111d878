"""What the `wangge` command does first: a signal that comes while the program is loaded ends it in a sentence."""

from __future__ import annotations

import signal

from experiments.stopping import ENDING, end_at_once


def main() -> None:
    """Run the command that was typed."""
    for one in (signal.SIGINT, *ENDING):
        if signal.getsignal(one) is not signal.SIG_IGN:  # nohup
            signal.signal(one, end_at_once)
    from experiments.main import main as run

    run()


if __name__ == "__main__":
    main()
