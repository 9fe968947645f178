"""One file per claim: what is measured, against whom, how to run it. `make bench` runs them all."""
