"""The workbench for wrong deliveries: who was affected, what was seen, how likely harm is, and who is told by when."""
