"""Emergency access: for one hour somebody of the staff reads one Business's contacts; compliance is told at once.

Asked for with a reason, read-only, over at the hour, at sign-out and with the role, and judged afterwards by an
officer. What it opens hangs on a row of `emergency_access`: the login `emergency` sees nothing without a living one.
"""
