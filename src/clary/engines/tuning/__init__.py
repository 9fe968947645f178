"""The search for good values: spaces, strategies that say what to try next, and rules that say when to stop."""
