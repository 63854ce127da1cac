"""What pages are made of: a topic's inputs and figures together, and the live components with their JavaScript."""
