"""How a live target is asked why it fails: the questions, what is asked of its routes, what answers lack."""
