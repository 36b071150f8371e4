"""The weekly review: what an officer looks at, what they make of it, and the signature under it; the watch list."""
