"""Taking a feed run back: what would go, what no longer can, and doing it whole."""
