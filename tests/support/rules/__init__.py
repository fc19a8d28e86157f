"""Discord's documented rules that simcord leaves out, one module for each.

`applying.applied` puts rules in force for a test. `tests/support/deletions.py` has those of deletions.
"""
