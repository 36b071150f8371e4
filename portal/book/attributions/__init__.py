"""Who wrote a policy by somebody's own word: for rows that name an agent by name alone, or by nothing that leads on."""
