"""Set-based SQL of the queue, of merges and of taking them back."""
