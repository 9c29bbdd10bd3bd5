"""Which column is which field of the article, and the articles made of them."""
