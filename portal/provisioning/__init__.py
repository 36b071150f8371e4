"""The [Agent CRM] activities: provision, switch sync, add an agent, move one to another account, off-board one."""
