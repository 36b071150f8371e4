"""What the benchmarks print; how fast the portal is, is not asked in tests."""
