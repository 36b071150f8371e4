"""Why a policy is in an account, and why it is not."""
