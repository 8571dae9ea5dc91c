"""Tiny ladders, one for each hard case of the contract: what the tests of the engine prove and break."""
