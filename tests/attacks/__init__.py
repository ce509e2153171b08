"""Attacks on the connector, from the attacker's side. `docs/security.md` names the promise that each tries to break."""
