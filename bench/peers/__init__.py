"""What the benchmark of loading compares with. These run under an interpreter of their own, which has the libraries."""
