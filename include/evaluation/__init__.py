"""How good the lists are: metrics, the comparison on a time split, the gate."""
