"""The copy from the book to a Business: apply, release, runs, report. Only this room knows both book and crm."""
