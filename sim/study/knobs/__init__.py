"""Every knob of the evidence is turned: what it moves, and whether its row says so."""
