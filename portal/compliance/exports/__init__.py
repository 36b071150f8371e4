"""Files of the log that are too long for a request: made by a job, kept encrypted for a week."""
