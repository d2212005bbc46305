"""Training; needs the extra `train`."""

import os

# A thread of torch that waits for another spins. Where other programs want the processors too, that makes a step ten
# times slower (8.9 s instead of 1.0 s, measured on two busy cores); waiting asleep costs a few per cent on quiet ones.
# torch's OpenMP reads this once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
