"""What was disclosed of a member, to whom, and whether it must be accounted for (45 CFR 164.528).

Every delivery of a policy is in the log. Here stand what the log cannot know by itself: who the recipient was then,
which deliveries were wrong, what was disclosed outside the portal, and who asked for an accounting.
"""
