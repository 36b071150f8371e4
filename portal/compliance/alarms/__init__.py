"""Alarms: what an officer must look into today. Raised once for as long as it holds, told by mail, answered by a note.

What can be alarming is declared in `registry`; `watching` looks for it every few minutes, `kinds` has what this room
knows itself, and rooms above register what they know.
"""
