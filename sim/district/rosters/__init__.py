"""The rosters: when each member of staff is on duty, and what they serve then."""
