"""The portal: a carrier's file becomes policies in the FMO's book, and each agent's account gets those they wrote.

    carrier file ──▶ connectors ──▶ book ──▶ sync ──▶ crm ──▶ the agent's pages
      (bytes)        (rows and      (the     (apply,   (the Business's
                      errors)        FMO's    release,  Contacts and
                                     Policies) report)  Policies)

Data flows left to right and never back. Rooms, from the bottom; each imports only rooms below it:

    core          mechanism: scope, row filter, permissions, transaction, access collector, outbox, encryption
    compliance    the access log and the officer's pages
    identity      people who sign in: FMO, User, password, invitations, sessions
    activities    Log Activity: the registry of activity types, the activity record, timelines
    connectors    SmartConnectors, pure: bytes in, rows and errors out
    downline      agents, agencies, the crosswalk of carrier identifiers
    businesses    Agent CRM Businesses, their NPNs and users
    book          the FMO's Policies and members; feed runs, how files arrive, quarantine, own layouts
    crm           the Business's Contacts and Policies; the agent's pages
    sync          the copy from book to Business: apply, release, runs
    provisioning  the [Agent CRM] activities
    home          each role's landing page and the search box
    demo          invented people in real carrier files, loaded through all of the above
    frame         what every page's frame shows: the role's places, who is signed in
    factory       create_app: a list of calls
    runtime       servers, process tree, database upgrade
"""
