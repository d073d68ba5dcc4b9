"""What people look at before and after: the plan, schedules as a plot, contact sheets."""
