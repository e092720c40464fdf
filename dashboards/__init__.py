"""What people and machines see: pages, HTTP interface, command line."""
