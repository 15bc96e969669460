"""Online hook learning: samples, a learner per kind of hook, and requests that show what a decision costs."""
