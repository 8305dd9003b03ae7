"""Who there is: people, projects and their members, service accounts and their keys."""
