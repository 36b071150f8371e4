"""Set-based SQL of the book, under the same row security as everything else. One module a step of a load:

staging (the file into a temporary table) → winners (which rows count, which change anything) → people (whose rows they
are) → members → policies → writers (whose policies they are, as intervals) → outcome (refused rows, counts). Beside
them prints: which policies the file told, for the files that come after it.
Every statement takes its FMO by name, `:fmo`, though row security would narrow it anyway.
"""
