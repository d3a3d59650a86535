"""Other correct frameworks, unlike the reference: milestones and module tests must accept them."""
