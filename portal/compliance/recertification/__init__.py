"""Access recertification: each quarter an officer confirms or withdraws the access of every user, and signs the whole.

Who there is and how access is withdrawn is known above this room and registered in `people`.
"""
