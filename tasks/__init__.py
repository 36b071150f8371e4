"""What runs outside requests: the jobs, the worker that runs them, the relay that sends them."""
