"""Who asks for what is not theirs: found by itself for every route, every table and every reader."""
