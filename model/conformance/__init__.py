"""The model's API server held against recorded answers of a real one."""
