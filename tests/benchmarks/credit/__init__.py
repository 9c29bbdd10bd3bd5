"""How right wire credits are: a sample of real articles, labelled by readers, and figures from the labels."""
