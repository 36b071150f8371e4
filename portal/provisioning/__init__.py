"""The three [Agent CRM] activities, with which everything starts: provision, enable or disable, add an agent."""
