"""What each framework does where the user gives no handlers."""
