"""From a surface to its levels, their derivatives and files, with every choice made.

python examples/five_lines.py runs/h2o/surface.safetensors
"""

import sys

import pes

surface = pes.load(sys.argv[1])
levels = pes.levels(surface, count=5)
print(levels)
slopes = levels.sensitivity(masses=True, parameters=surface.parameters())
print(slopes)
levels.save("five_lines", sensitivity=slopes)
