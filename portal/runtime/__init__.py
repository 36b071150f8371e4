"""How the product starts: embedded servers, the process tree, the browser files, the database upgrade."""
